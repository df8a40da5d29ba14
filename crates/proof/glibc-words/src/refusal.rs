//! Saying why memory was not given back, and what stood in the way.

use crate::arena::Call;
use crate::chunk::{Chunk, MIN_SIZE};
use crate::free::Merged;
use highwater_allocator::{Bytes, Cache, Considered, Decision, Obstacle, Refusal};

impl Call<'_> {
    /// Records that giving back was considered and refused.
    pub(crate) fn refuse_trim(
        &mut self,
        considered: Considered,
        merged: Option<Merged>,
        reason: Refusal,
    ) {
        let decision = Decision::TrimRefused {
            arena: self.arena.number,
            considered,
            merged: merged.map_or(Bytes::ZERO, |merged| merged.size),
            top: self.arena.top.0,
            top_size: self.arena.top_size(self.kernel),
            reason,
            obstacle: merged.and_then(|merged| self.obstacle(merged.next)),
        };
        self.shared.log.record(decision);
    }

    /// The first chunk in use above a merged one, of which `chunk` is the next; `None` where that has become the top, or
    /// ends with its heap.
    fn obstacle(&self, mut chunk: Chunk) -> Option<Obstacle> {
        if chunk.is_none() {
            return None;
        }
        let top = self.arena.top;
        loop {
            if chunk >= top && chunk.0 < top.0 + self.arena.top_size(self.kernel) {
                return None;
            }
            let size = chunk.size(self.kernel);
            if size < MIN_SIZE {
                return None;
            }
            if chunk.in_use(self.kernel, size) {
                return Some(Obstacle {
                    chunk: chunk.0,
                    size,
                    parked: self.parked_in(chunk, size),
                });
            }
            // Consolidation may have freed it since the merge.
            chunk = chunk.at(size);
        }
    }

    /// The cache that holds a chunk. The fastbins were emptied before giving back was considered.
    fn parked_in(&self, chunk: Chunk, size: Bytes) -> Option<Cache> {
        let in_cache = |(number, thread): (usize, &crate::thread::Thread)| {
            let bin = thread.tcache.as_ref()?.holds(self.kernel, chunk, size)?;
            Some(Cache::Tcache {
                thread: number as u16,
                bin: bin as u16,
            })
        };
        let [before, after] = self.others;
        let own = before.len();
        in_cache((own, &*self.thread))
            .or_else(|| before.iter().enumerate().find_map(in_cache))
            .or_else(|| (own + 1..).zip(after).find_map(in_cache))
    }
}
