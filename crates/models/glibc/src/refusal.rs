//! Saying why memory was not given back, and what stood in the way.

use crate::call::Call;
use crate::chunk::MIN_SIZE;
use crate::free::Merged;
use highwater_allocator::{Address, Bytes, Cache, Considered, Decision, Obstacle, Refusal};

impl Call<'_> {
    /// Records that giving back was considered and refused.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
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
            top: self.chunks.start(self.arena.top),
            top_size: self.top_size(),
            reason,
            obstacle: merged.and_then(|merged| self.obstacle(merged)),
        };
        self.shared.log.record(decision);
    }

    /// The chunk in use above a merged one; `None` where that has become the top, or ends with its heap.
    fn obstacle(&self, merged: Merged) -> Option<Obstacle> {
        let top = self.arena.top;
        if merged.start >= self.chunks.start(top) && merged.start < self.chunks.end(top) {
            return None;
        }
        let chunk = self.chunks.above(merged.chunk);
        let size = self.chunks.size(chunk);
        (size >= MIN_SIZE).then(|| Obstacle {
            chunk: self.chunks.start(chunk),
            size,
            parked: self.parked_in(self.chunks.user(chunk), size),
        })
    }

    /// The cache that holds a block. The fastbins were emptied before giving back was considered.
    fn parked_in(&self, user: Address, size: Bytes) -> Option<Cache> {
        if size >= self.shared.params.tcache_max_chunk {
            return None;
        }
        let mut threads = self.threads.iter().enumerate();
        threads.find_map(|(number, thread)| {
            let bin = thread.tcache.as_ref()?.holds(user, size)?;
            Some(Cache::Tcache {
                thread: number as u16,
                bin: bin as u16,
            })
        })
    }
}
