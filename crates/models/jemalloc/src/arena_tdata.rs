//! Ticks counted for each arena, after which a thread looks at the arena's decay.
//!
//! jemalloc 5.2.1, src/jemalloc.c, `arena_tdata_get_hard`; include/jemalloc/internal/arena_inlines_b.h,
//! `arena_decay_ticks`. The counts are in a block of arena 0, which is taken when a thread ticks for the first time and
//! exchanged when it ticks for an arena beyond those there were then.

use crate::Jemalloc;
use crate::shared::Call;
use crate::size_classes::Szind;
use crate::tsd::{ArenaTdata, TICKS_PER_DECAY};
use crate::units::ArenaIndex;
use highwater_allocator::{Bytes, Kernel, ThreadId};

/// `sizeof (arena_tdata_t)`
const TDATA_BYTES: Bytes = Bytes(8);

impl Jemalloc {
    /// Counts ticks of a thread for an arena; now and then that makes it look at the arena's decay
    /// (`arena_decay_ticks`).
    pub(crate) fn tick_arena(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        arena: ArenaIndex,
        count: i32,
    ) {
        let tsd = &self.threads[thread];
        let counted = tsd.arena_tdata.as_ref().map_or(0, |tdata| tdata.left.len());
        // One that began by freeing never counts (src/tsd.c, tsd_data_init_nocleanup: arenas_tdata_bypass).
        let counts = tsd.started && !tsd.ended && tsd.frees == 0;
        if !counts
            || (arena.index() >= counted && self.arena_tdata_get_hard(kernel, thread).is_none())
        {
            return;
        }
        let tdata = self.threads[thread].arena_tdata.as_mut();
        let Some(left) = tdata.and_then(|tdata| tdata.left.get_mut(arena.index())) else {
            return;
        };
        *left -= count;
        if *left < 0 {
            *left = TICKS_PER_DECAY;
            self.arena_decay(kernel, arena);
        }
    }

    /// Takes a block for the counts of all arenas there may be by now. `None` where there is no memory.
    #[cold]
    fn arena_tdata_get_hard(&mut self, kernel: &mut Kernel, thread: ThreadId) -> Option<()> {
        // While the library is loaded there is one arena.
        let arenas = if self.at_start.is_some() {
            self.arenas.len()
        } else {
            1
        };
        let bytes = TDATA_BYTES * arenas as u64;
        let class = Szind::of(bytes)?;
        let arena = self.arenas.get_mut(ArenaIndex::FIRST)?;
        let home = arena.a0malloc(&mut Call::new(kernel, &mut self.shared), class)?;
        kernel.touch(home, bytes);
        let old = self.threads[thread].arena_tdata.take();
        let mut left = vec![TICKS_PER_DECAY; arenas];
        if let Some(old) = &old {
            left[..old.left.len()].copy_from_slice(&old.left);
        }
        self.threads[thread].arena_tdata = Some(ArenaTdata { left, home });
        self.free_arena_tdata(kernel, old);
        Some(())
    }

    /// Frees the block of an ending thread's counts (`arenas_tdata_cleanup`).
    pub(crate) fn arenas_tdata_cleanup(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        let tdata = self.threads[thread].arena_tdata.take();
        self.free_arena_tdata(kernel, tdata);
    }

    fn free_arena_tdata(&mut self, kernel: &mut Kernel, tdata: Option<ArenaTdata>) {
        if let Some(tdata) = tdata
            && let Some(arena) = self.arenas.get_mut(ArenaIndex::FIRST)
        {
            arena.a0dalloc(&mut Call::new(kernel, &mut self.shared), tdata.home);
        }
    }
}
