//! Ticks counted for each arena, after so many of which a thread looks at the arena's decay.
//!
//! jemalloc 5.2.1, src/jemalloc.c, `arena_tdata_get_hard`; include/jemalloc/internal/arena_inlines_b.h,
//! `arena_decay_ticks`. The counts lie in a block of arena 0, which is taken when a thread ticks for the first time and
//! exchanged when it ticks for an arena beyond those there were then.

use crate::Jemalloc;
use crate::size_classes::{self as sizes, SMALL_CLASSES};
use highwater_allocator::{Address, Bytes, Kernel};

/// `ARENA_DECAY_NTICKS_PER_UPDATE`
pub(crate) const TICKS_PER_DECAY: i32 = 1000;

/// `sizeof (arena_tdata_t)`
const COUNT_BYTES: u64 = 8;

/// A thread's counts.
#[derive(Clone)]
pub(crate) struct ArenaTdata {
    /// Ticks left, by arena.
    left: Vec<i32>,
    /// The block they lie in.
    pub(crate) home: u64,
}

impl Jemalloc {
    /// Counts ticks of a thread for an arena; now and then that makes it look at the arena's decay.
    pub(crate) fn tick_arena(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        arena: usize,
        count: u32,
    ) {
        let state = &self.threads[thread];
        let counted = state
            .arena_tdata
            .as_ref()
            .map_or(0, |arena_tdata| arena_tdata.left.len());
        // One that began by freeing never counts (src/tsd.c, tsd_data_init_nocleanup: arenas_tdata_bypass).
        let counts = state.started && !state.ended && state.frees == 0;
        if !counts || (arena >= counted && !self.arena_tdata_get_hard(kernel, thread)) {
            return;
        }
        let arena_tdata = self.threads[thread].arena_tdata.as_mut();
        let Some(left) = arena_tdata.and_then(|arena_tdata| arena_tdata.left.get_mut(arena)) else {
            return;
        };
        *left -= count as i32;
        if *left < 0 {
            *left = TICKS_PER_DECAY;
            self.decay(kernel, arena);
        }
    }

    /// Takes a block for the counts of all arenas there are to be by now. Whether there was memory.
    #[cold]
    fn arena_tdata_get_hard(&mut self, kernel: &mut Kernel, thread: usize) -> bool {
        // While the library is loaded there is one arena.
        let arenas = if self.resident_at_start.is_some() {
            self.arenas.len()
        } else {
            1
        };
        let bytes = arenas as u64 * COUNT_BYTES;
        let Some(class) = sizes::class_of(bytes) else {
            return false;
        };
        let Some(home) = self.a0malloc(kernel, class) else {
            return false;
        };
        kernel.touch(Address(home), Bytes(bytes));
        let old = self.threads[thread].arena_tdata.take();
        let mut left = vec![TICKS_PER_DECAY; arenas];
        if let Some(old) = &old {
            left[..old.left.len()].copy_from_slice(&old.left);
        }
        self.threads[thread].arena_tdata = Some(ArenaTdata { left, home });
        if let Some(old) = old {
            self.a0dalloc(kernel, old.home);
        }
        true
    }

    /// Gives the block of an ending thread's counts back (`arenas_tdata_cleanup`).
    pub(crate) fn arena_tdata_cleanup(&mut self, kernel: &mut Kernel, thread: usize) {
        if let Some(arena_tdata) = self.threads[thread].arena_tdata.take() {
            self.a0dalloc(kernel, arena_tdata.home);
        }
    }

    /// A block of arena 0 for jemalloc itself, past caches and ticks (`a0malloc`).
    fn a0malloc(&mut self, kernel: &mut Kernel, class: usize) -> Option<u64> {
        let arena = self.arenas[0].as_mut()?;
        if class >= SMALL_CLASSES {
            return arena.alloc_own_large(kernel, &mut self.shared, class);
        }
        let mut block = None;
        let got = |at| block = Some(at);
        arena.fill(kernel, &mut self.shared, class, (1, 1), got);
        block
    }

    /// Frees it (`a0dalloc`).
    fn a0dalloc(&mut self, kernel: &mut Kernel, block: u64) {
        let extent = self.extent_of(block);
        let Some(arena) = self.arenas[0].as_mut() else {
            return;
        };
        if !self.shared.edatas[extent].slab {
            arena.free_large(kernel, &mut self.shared, extent);
        } else if let Some(empty) = arena.free_region(&mut self.shared, extent, block) {
            arena.free_pages(kernel, &mut self.shared, empty);
        }
    }
}
