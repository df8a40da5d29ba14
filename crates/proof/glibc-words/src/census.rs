//! Every chunk of the allocator's memory, walked from header to header.

use crate::Glibc;
use crate::bins::bin_of;
use crate::bins::{BINS, UNSORTED};
use crate::chunk::{Chunk, HEADER};
use crate::mapped::mapping_of;
use highwater_allocator::{Block, BlockState, Bytes, Cache, Kernel, States};

impl Glibc {
    pub(crate) fn walk(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        let mut known = self.known(kernel);
        for (number, arena) in self.arenas.iter().enumerate() {
            let block = |chunk: Chunk, size, state| Block {
                start: chunk.0,
                size,
                user: chunk.user(),
                state,
                arena: number as u16,
                mapped: false,
            };
            for (first, end) in arena.stretches() {
                let mut chunk = first;
                while chunk.0 < end {
                    let size = chunk.size(kernel);
                    debug_assert!(size >= HEADER, "a broken header at {}", chunk.0);
                    if size < HEADER {
                        break;
                    }
                    let state = if chunk == arena.top {
                        BlockState::Top
                    } else if let Some(state) = known.of(chunk.0.0) {
                        state
                    } else if !chunk.in_use(kernel, size) {
                        let bin = bin_of(size) as u16;
                        BlockState::Free { bin }
                    } else {
                        BlockState::Live
                    };
                    visit(block(chunk, size, state));
                    chunk = chunk.at(size);
                }
            }
        }
        for &chunk in &self.shared.mapped {
            let (start, size) = mapping_of(kernel, self.shared.rules, chunk);
            let state = known.of(chunk.0.0).unwrap_or(BlockState::Live);
            visit(Block {
                start,
                size,
                user: chunk.user(),
                state,
                arena: 0,
                mapped: true,
            });
        }
    }

    /// What is in a cache, what caches lie in, and what is free but in no bin of its size.
    fn known(&self, kernel: &Kernel) -> States {
        let mut known = States::default();
        let mut note = |chunk: Chunk, state| known.note(chunk.0.0, state);
        for (thread, of) in self.threads.iter().enumerate() {
            let Some(tcache) = &of.tcache else {
                continue;
            };
            note(tcache.home, BlockState::Metadata);
            for (bin, chunk) in tcache.chunks(kernel) {
                let thread = thread as u16;
                let bin = bin as u16;
                note(chunk, BlockState::Parked(Cache::Tcache { thread, bin }));
            }
        }
        for arena in &self.arenas {
            for (bin, chunk) in arena.fast.chunks(kernel) {
                let bin = bin as u16;
                note(chunk, BlockState::Parked(Cache::Fastbin { bin }));
            }
            for chunk in arena.bins.backwards(kernel, UNSORTED) {
                let bin = UNSORTED as u16;
                note(chunk, BlockState::Free { bin });
            }
        }
        known.in_order()
    }

    /// Checks what must hold between any two calls: the chunks fill each heap without a gap, no two free ones touch,
    /// and the sums kept while running are those of the chunks.
    ///
    /// # Panics
    /// Where something does not hold; for tests.
    pub fn check(&self, kernel: &Kernel) {
        let (mut free, mut parked) = (Bytes::ZERO, Bytes::ZERO);
        let mut below: Option<Block> = None;
        self.walk(kernel, &mut |block| {
            let is_free = |b: &Block| matches!(b.state, BlockState::Free { .. } | BlockState::Top);
            if let Some(below) = below
                && !block.mapped
                && below.start + below.size == block.start
            {
                assert!(!(is_free(&below) && is_free(&block)), "unmerged {block:?}");
            }
            if is_free(&block) {
                free += block.size;
            }
            if matches!(block.state, BlockState::Parked(_)) {
                parked += Chunk::of_user(block.user).size(kernel);
            }
            below = Some(block);
        });
        for arena in &self.arenas {
            let mut binned = Bytes::ZERO;
            for bin in UNSORTED..BINS {
                for chunk in arena.bins.backwards(kernel, bin) {
                    let size = chunk.size(kernel);
                    assert!(bin == UNSORTED || bin_of(size) == bin, "wrong bin");
                    assert!(!chunk.in_use(kernel, size), "in a bin and in use");
                    assert_eq!(chunk.at(size).prev_size(kernel), size, "wrong foot");
                    binned += size;
                }
            }
            assert_eq!(binned, arena.bins.bytes(), "sum of the bins");
        }
        let sums = self.sums(kernel);
        assert_eq!((free, parked), (sums.free, sums.parked), "free and parked");
    }
}
