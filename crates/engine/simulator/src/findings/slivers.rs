//! What not even malloc_trim gives back: free pieces without a whole page. And what it does give.

use super::finding::Finding;
use super::kinds::Cause;
use super::regions::{Region, is_free, regions};
use super::scene::Scene;
use crate::arenas::Arena;
use highwater_allocator::{Block, BlockState, Bytes, Cache};

/// Sums over the pieces.
#[derive(Default)]
struct Pieces {
    bytes: Bytes,
    pieces: u64,
    parked: u64,
    live: u64,
}

impl Scene<'_> {
    /// Finds resident free memory that malloc_trim leaves, the tops of other arenas aside.
    pub(super) fn slivers(&self) -> Option<Finding> {
        let in_fastbin =
            |block: &Block| matches!(block.state, BlockState::Parked(Cache::Fastbin { .. }));
        let mut sum = Pieces::default();
        for arena in self.arenas {
            // It empties the fastbins before it looks.
            for region in regions(arena, &in_fastbin) {
                if region.has_top {
                    continue;
                }
                self.add_region(arena, &region, &mut sum);
            }
        }
        let cause = Cause::Slivers {
            pieces: sum.pieces,
            parked: sum.parked,
            live: sum.live,
        };
        self.is_worth(sum.bytes)
            .then(|| Finding::new(cause, sum.bytes).by("malloc_trim_takes_whole_pages", "mtrim"))
    }

    fn add_region(&self, arena: &Arena, region: &Region, sum: &mut Pieces) {
        let (from, to) = region.whole_pages(self.page());
        let mut bytes = Bytes::ZERO;
        for block in &arena.blocks[region.first..region.after] {
            let (start, end) = (block.start, block.start + block.size);
            // In front of the whole pages, and behind them.
            if is_free(block) {
                bytes += self.simulation.resident_within(start, end.min(from));
                bytes += self.simulation.resident_within(start.max(to), end);
            }
        }
        if bytes == Bytes::ZERO {
            return;
        }
        sum.bytes += bytes;
        sum.pieces += 1;
        match arena.blocks.get(region.after).map(|above| above.state) {
            Some(BlockState::Parked(_)) => sum.parked += 1,
            _ => sum.live += 1,
        }
    }

    /// Says what malloc_trim(0) would give back now.
    pub(super) fn malloc_trim(&self) -> Finding {
        let bytes = self.diagnosis.reclaimable;
        let cause = Cause::MallocTrim {
            pages: bytes.0 / self.page().0,
            per_cent: bytes.0 * 100 / self.diagnosis.rss.0.max(1),
        };
        Finding::new(cause, bytes).by("malloc_trim_takes_whole_pages", "mtrim")
    }
}
