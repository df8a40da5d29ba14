//! Every chunk of the allocator's memory, walked from neighbour to neighbour.

use crate::Glibc;
use crate::arena::Arena;
use crate::bins::{BINS, UNSORTED, bin_of};
use crate::chunk::{FREE_HEADER, HEADER, start_of};
use crate::mapped::mapping_of;
use highwater_allocator::{Address, Block, BlockState, Bytes, Cache, Kernel, States};

impl Glibc {
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(Block)) {
        let mut known = self.known();
        for (number, arena) in self.arenas.iter().enumerate() {
            for (first, end) in arena.stretches() {
                let mut chunk = self.chunks.find(first);
                while !chunk.is_none() && self.chunks.start(chunk) < end {
                    let start = self.chunks.start(chunk);
                    let size = self.chunks.size(chunk);
                    let state = if chunk == arena.top {
                        BlockState::Top
                    } else if let Some(state) = known.of(start.0) {
                        state
                    } else if self.chunks.is_free(chunk) {
                        let bin = bin_of(size) as u16;
                        BlockState::Free { bin }
                    } else {
                        BlockState::Live
                    };
                    visit(Block {
                        start,
                        size,
                        user: self.chunks.user(chunk),
                        state,
                        arena: number as u16,
                        mapped: false,
                    });
                    chunk = self.chunks.above(chunk);
                }
            }
        }
        for chunk in self.chunks.each_mapped() {
            let (start, size) = mapping_of(&self.chunks, self.shared.rules, chunk);
            let place = self.chunks.start(chunk);
            visit(Block {
                start,
                size,
                user: self.chunks.user(chunk),
                state: known.of(place.0).unwrap_or(BlockState::Live),
                arena: 0,
                mapped: true,
            });
        }
    }

    /// What is in a cache, what caches lie in, and what is free but in no bin of its size.
    fn known(&self) -> States {
        let mut known = States::default();
        let mut note = |start: Address, state| known.note(start.0, state);
        for (thread, of) in self.threads.iter().enumerate() {
            let Some(tcache) = &of.tcache else {
                continue;
            };
            note(start_of(tcache.home), BlockState::Metadata);
            for (bin, user) in tcache.blocks() {
                let thread = thread as u16;
                let bin = bin as u16;
                let cache = Cache::Tcache { thread, bin };
                note(start_of(user), BlockState::Parked(cache));
            }
        }
        for arena in &self.arenas {
            for (bin, chunk) in arena.fast.chunks(&self.chunks) {
                let bin = bin as u16;
                let cache = Cache::Fastbin { bin };
                note(self.chunks.start(chunk), BlockState::Parked(cache));
            }
            for chunk in arena.bins.backwards(&self.chunks, UNSORTED) {
                let bin = UNSORTED as u16;
                note(self.chunks.start(chunk), BlockState::Free { bin });
            }
        }
        known.in_order()
    }

    /// Checks what must hold between any two calls: the chunks fill each heap without a gap and know their neighbours, no
    /// two free ones touch, headers and links are resident, and the sums kept while running are those of the chunks.
    ///
    /// # Panics
    /// Where something does not hold; for tests.
    pub fn check(&self, kernel: &Kernel) {
        let (mut free, mut parked) = (Bytes::ZERO, Bytes::ZERO);
        let mut below: Option<Block> = None;
        self.walk(&mut |block| {
            let is_free = |b: &Block| matches!(b.state, BlockState::Free { .. } | BlockState::Top);
            let chunk = self.chunks.of_user(block.user);
            assert_eq!(self.chunks.user(chunk), block.user, "not found by address");
            assert_resident(kernel, start_of(block.user), HEADER);
            if let Some(below) = below
                && !block.mapped
                && below.start + below.size == block.start
            {
                assert!(!(is_free(&below) && is_free(&block)), "unmerged {block:?}");
                let known = self.chunks.start(self.chunks.below(chunk));
                assert_eq!(known, below.start, "the neighbour below {block:?}");
            }
            if is_free(&block) {
                free += block.size;
            }
            if matches!(block.state, BlockState::Parked(_)) {
                parked += self.chunks.size(chunk);
            }
            below = Some(block);
        });
        for arena in &self.arenas {
            self.check_bins(kernel, arena);
        }
        let sums = self.sums();
        assert_eq!((free, parked), (sums.free, sums.parked), "free and parked");
    }

    fn check_bins(&self, kernel: &Kernel, arena: &Arena) {
        let mut binned = Bytes::ZERO;
        for bin in UNSORTED..BINS {
            for chunk in arena.bins.backwards(&self.chunks, bin) {
                let (start, size) = (self.chunks.start(chunk), self.chunks.size(chunk));
                assert!(bin == UNSORTED || bin_of(size) == bin, "wrong bin");
                assert!(self.chunks.is_free(chunk), "in a bin and in use");
                let end = self.chunks.start(self.chunks.above(chunk));
                assert_eq!(self.chunks.end(chunk), end, "the neighbour above");
                assert_resident(kernel, start, FREE_HEADER.min(size));
                binned += size;
            }
        }
        assert_eq!(binned, arena.bins.bytes(), "sum of the bins");
    }
}

/// Asserts that the pages of a range are resident.
fn assert_resident(kernel: &Kernel, start: Address, length: Bytes) {
    let page = kernel.page_size();
    let pages = (start + length).align_up(page) - start.align_down(page);
    let resident = kernel.resident_in(start, start + length);
    assert_eq!(resident, pages, "a header or links at {start}");
}
