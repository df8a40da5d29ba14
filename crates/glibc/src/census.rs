//! Every chunk of the allocator's memory, walked from header to header.

use crate::Glibc;
use crate::bins::bin_of;
use crate::bins::{BINS, UNSORTED};
use crate::chunk::{Chunk, HEADER};
use crate::mapped::mapping_of;
use highwater_allocator::{Address, Block, BlockState, Bytes, Cache, Kernel};
use rustc_hash::{FxHashMap, FxHashSet};

impl Glibc {
    pub(crate) fn walk(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        let parked = self.parked(kernel);
        let homes: FxHashSet<Chunk> = self
            .threads
            .iter()
            .filter_map(|thread| Some(thread.tcache.as_ref()?.home))
            .collect();
        for (number, arena) in self.arenas.iter().enumerate() {
            let unsorted: FxHashSet<Chunk> = arena.bins.backwards(kernel, UNSORTED).collect();
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
                    } else if !chunk.in_use(kernel, size) {
                        BlockState::Free {
                            bin: bin_number(&unsorted, chunk, size),
                        }
                    } else if let Some(cache) = parked.get(&chunk) {
                        BlockState::Parked(*cache)
                    } else if homes.contains(&chunk) {
                        BlockState::Metadata
                    } else {
                        BlockState::Live
                    };
                    visit(block(chunk, size, state));
                    chunk = chunk.at(size);
                }
            }
        }
        for chunk in self.shared.mapped.keys() {
            let chunk = Chunk(Address(*chunk));
            let (start, size) = mapping_of(kernel, self.shared.rules, chunk);
            let state = match parked.get(&chunk) {
                Some(cache) => BlockState::Parked(*cache),
                None => BlockState::Live,
            };
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

    fn parked(&self, kernel: &Kernel) -> FxHashMap<Chunk, Cache> {
        let mut parked = FxHashMap::default();
        for (thread, of) in self.threads.iter().enumerate() {
            for (bin, chunk) in of.tcache.iter().flat_map(|tcache| tcache.chunks(kernel)) {
                let thread = thread as u16;
                let bin = bin as u16;
                parked.insert(chunk, Cache::Tcache { thread, bin });
            }
        }
        for arena in &self.arenas {
            for (bin, chunk) in arena.fast.chunks(kernel) {
                parked.insert(chunk, Cache::Fastbin { bin: bin as u16 });
            }
        }
        parked
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

fn bin_number(unsorted: &FxHashSet<Chunk>, chunk: Chunk, size: Bytes) -> u16 {
    let bin = if unsorted.contains(&chunk) {
        UNSORTED
    } else {
        bin_of(size)
    };
    bin as u16
}
