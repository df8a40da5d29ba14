//! What somebody who explains a heap asks of the allocator: who uses an arena, and whose a thread cache's table is.

use crate::Glibc;
use crate::shared::Shared;
use crate::thp::{break_unit, heap_unit};
use highwater_allocator::{Address, Bytes, Kernel, ThreadId};

/// Who uses an arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArenaUse {
    /// Threads attached to it.
    pub threads: u32,
    /// Whether its last thread has ended: it waits for the next thread that needs an arena.
    pub is_left: bool,
}

impl Glibc {
    /// Returns who uses an arena, 0 the main one; `None` where there is no such arena.
    pub fn arena_use(&self, arena: u16) -> Option<ArenaUse> {
        let found = self.arenas.get(usize::from(arena))?;
        Some(ArenaUse {
            threads: found.attached,
            is_left: self.sharing.is_free(usize::from(arena)),
        })
    }

    /// Returns the limit of arenas, once a thread has needed it.
    pub fn arena_limit_in_force(&self) -> Option<u64> {
        self.sharing.limit_in_force()
    }

    /// Returns how many threads have an arena now.
    pub fn threads_with_arena(&self) -> u32 {
        let threads = self.threads.iter();
        threads.filter(|thread| thread.arena.is_some()).count() as u32
    }

    /// Returns the thread whose cache keeps its counts and list heads in the block at this user address.
    pub fn owner_of_cache(&self, block: Address) -> Option<ThreadId> {
        let is_home = |thread: &crate::thread::Thread| {
            let tcache = thread.tcache.as_ref();
            tcache.is_some_and(|tcache| tcache.home == block)
        };
        let thread = self.threads.iter().position(is_home)?;
        Some(ThreadId(thread as u16))
    }

    /// Returns the end of an arena's top of this size that a trim with the padding in force cuts off; the trim threshold is not looked at.
    ///
    /// glibc 2.36, malloc/malloc.c: `systrim`; malloc/arena.c: `heap_trim`.
    pub fn cut_from_top(&self, kernel: &Kernel, arena: u16, top: Bytes) -> Bytes {
        let Shared { params, rules, .. } = &self.shared;
        let unit = match arena {
            0 => break_unit(kernel, params, rules),
            _ => heap_unit(kernel, params, rules),
        };
        let beyond = top.saturating_sub(crate::chunk::MIN_SIZE + Bytes(1));
        beyond.saturating_sub(params.top_pad).align_down(unit)
    }
}
