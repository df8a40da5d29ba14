//! Which arena a thread allocates from: created, reused, shared, left behind.
//!
//! glibc 2.36 and 2.44, malloc/arena.c: `arena_get2`, `_int_new_arena`, `get_free_list`, `reused_arena`, `arena_get_retry`,
//! `__malloc_arena_thread_freeres`, `__malloc_fork_unlock_child`. Threads take turns, so an arena's lock is always free.

use crate::Glibc;
use crate::arena::{Arena, ArenaId, MAIN};
use crate::chunk::{ALIGNMENT, Chunk, start_of, user_of};
use crate::heap::{self, Heap};
use crate::host::Cores;
use crate::rules::ArenaLimit;
use highwater_allocator::{Bytes, Decision, Kernel, ThreadId};

/// What the arenas have in common: which are free, and which is next when they are shared out.
#[derive(Clone, Default)]
pub(crate) struct Sharing {
    /// Arenas no thread is attached to, the latest last (`free_list`).
    free: Vec<ArenaId>,
    /// `next_to_use`
    next: ArenaId,
    /// The limit, once it was computed (`narenas_limit`).
    limit: Option<u64>,
}

impl Sharing {
    /// Whether an arena waits for a thread.
    pub(crate) fn is_free(&self, arena: ArenaId) -> bool {
        self.free.contains(&arena)
    }

    /// The limit, once it was computed.
    pub(crate) fn limit_in_force(&self) -> Option<u64> {
        self.limit
    }
}

impl Glibc {
    /// The arena that a call of a thread works on first (`arena_get`); `None` where there is no memory for one.
    #[inline]
    pub(crate) fn arena_get(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
    ) -> Option<ArenaId> {
        if !self.host.threaded {
            return Some(MAIN);
        }
        match self.thread(thread).arena {
            Some(arena) => Some(arena),
            None => self.arena_get2(kernel, thread, size),
        }
    }

    /// Finds an arena for a thread that has none, or whose own has failed.
    #[cold]
    fn arena_get2(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
    ) -> Option<ArenaId> {
        if let Some(arena) = self.sharing.free.pop() {
            return Some(self.attach(thread, arena));
        }
        let arenas = self.arenas.len() as u64;
        // The real limit is 0 as long as it was not computed, and one less than that is no limit.
        if self.arena_limit(arenas).is_none_or(|limit| arenas < limit) {
            let arena = self.new_arena(kernel, size)?;
            self.replace_arena(thread, arena);
            self.shared.log.record(Decision::ArenaCreated {
                arena: arena as u16,
                thread: thread.0,
            });
            return Some(arena);
        }
        let arena = self.sharing.next;
        self.sharing.next = self.arena_after(arena);
        self.sharing.free.retain(|free| *free != arena);
        Some(self.attach(thread, arena))
    }

    /// The limit of arenas, once it is computed.
    fn arena_limit(&mut self, arenas: u64) -> Option<u64> {
        if self.sharing.limit.is_none() {
            let params = &self.shared.params;
            self.sharing.limit = match params.arena_max {
                0 => self.arenas_of_cores(arenas, params.arena_test),
                most => Some(most),
            };
        }
        self.sharing.limit
    }

    /// The limit of arenas that the cores give, if there are enough of `arenas` for it to be computed.
    fn arenas_of_cores(&self, arenas: u64, arena_test: u64) -> Option<u64> {
        let Cores { online, allowed } = self.host.cores;
        let rules = self.shared.rules;
        let cores = u64::from(if rules.arenas_by_affinity {
            allowed
        } else {
            online
        });
        match rules.arena_limit {
            // Where the cores cannot be counted two are assumed.
            ArenaLimit::EightPerCore => {
                (arenas > arena_test).then_some(8 * if cores == 0 { 2 } else { cores })
            }
            ArenaLimit::OnePerCore => (arenas >= arena_test).then_some(cores.max(arena_test)),
        }
    }

    /// The arena that follows in the ring: the main one, then the others, the latest first.
    fn arena_after(&self, arena: ArenaId) -> ArenaId {
        if arena == MAIN {
            self.arenas.len() - 1
        } else {
            arena - 1
        }
    }

    /// Every arena in the order of the ring.
    pub(crate) fn ring(&self) -> impl Iterator<Item = ArenaId> + use<> {
        std::iter::once(MAIN).chain((1..self.arenas.len()).rev())
    }

    fn attach(&mut self, thread: ThreadId, arena: ArenaId) -> ArenaId {
        self.replace_arena(thread, arena);
        self.arenas[arena].attached += 1;
        self.shared.log.record(Decision::ArenaShared {
            arena: arena as u16,
            thread: thread.0,
            attached: self.arenas[arena].attached,
        });
        arena
    }

    /// Gives a thread another arena than it had (`detach_arena`): the old one does not become free thereby.
    fn replace_arena(&mut self, thread: ThreadId, arena: ArenaId) {
        let before = self.thread(thread).arena.replace(arena);
        if let Some(before) = before {
            self.arenas[before].attached -= 1;
        }
    }

    /// Makes an arena in a heap of its own, with room for a request of `size` if that fits in a heap.
    fn new_arena(&mut self, kernel: &mut Kernel, size: Bytes) -> Option<ArenaId> {
        let number = u16::try_from(self.arenas.len()).ok()?;
        let rules = self.shared.rules;
        let header = rules.heap_info + rules.arena_struct;
        let least = header + ALIGNMENT;
        let wanted = Bytes(size.0.wrapping_add(least.0));
        let mut open = |size| heap::open(kernel, &mut self.shared, size);
        let (base, length) = open(wanted).or_else(|| open(least))?;
        // So that the first user address is aligned.
        let first = start_of(user_of(base + header).align_up(ALIGNMENT));
        let heap = Heap::new(base, length, first);
        kernel.touch(base, header);
        self.shared.arena_of_heap.insert(base.0, number.into());
        let top = self.chunks.add(kernel, first, heap.end - first, false);
        self.shared.log.record(Decision::HeapCreated {
            arena: number,
            base,
            bytes: length,
        });
        let mut arena = Arena::other(number, self.chunks.add_heads(), heap, top);
        arena.attached = 1;
        self.arenas.push(arena);
        Some(number.into())
    }

    /// Where a request that failed in one arena is tried again (`arena_get_retry`).
    #[cold]
    pub(crate) fn arena_get_retry(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        failed: ArenaId,
        size: Bytes,
    ) -> Option<ArenaId> {
        let to = if failed == MAIN {
            self.arena_get2(kernel, thread, size)?
        } else {
            MAIN
        };
        self.shared.log.record(Decision::ArenaRetried {
            from: failed as u16,
            to: to as u16,
            request: size,
        });
        Some(to)
    }

    /// The arena that a chunk of a heap was cut from (`arena_for_chunk`).
    #[inline]
    pub(crate) fn arena_of(&self, chunk: Chunk) -> ArenaId {
        if self.chunks.is_of_main_arena(chunk) {
            return MAIN;
        }
        let base = heap::base_of(self.chunks.start(chunk), self.shared.heap_span());
        self.shared.arena_of_heap.get(base.0).unwrap_or(0) as ArenaId
    }

    /// The same, for a chunk that a thread gives back: mostly it is one of the thread's own arena, in the heap with the top, which needs
    /// no look into the table.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub(crate) fn arena_of_freed(&self, thread: ThreadId, chunk: Chunk) -> ArenaId {
        let own = self.threads.get(usize::from(thread.0));
        if let Some(own) = own.and_then(|thread| thread.arena)
            && let Some(heap) = self.arenas[own].heaps.last()
            && heap.base == heap::base_of(self.chunks.start(chunk), self.shared.heap_span())
        {
            return own;
        }
        self.arena_of(chunk)
    }

    /// Makes all arenas free but that of the thread which goes on in a forked child (`__malloc_fork_unlock_child`). What
    /// the caches of other threads hold stays there: nobody can take it out.
    pub(crate) fn fork_unlock_child(&mut self, thread: ThreadId) {
        if !self.initialised || !self.host.threaded {
            return;
        }
        let own = self.thread(thread).arena;
        for (index, other) in self.threads.iter_mut().enumerate() {
            if index != usize::from(thread.0) {
                other.arena = None;
            }
        }
        for arena in &mut self.arenas {
            arena.attached = 0;
        }
        if let Some(own) = own {
            self.arenas[own].attached = 1;
        }
        self.sharing.free = self.ring().filter(|arena| Some(*arena) != own).collect();
    }

    /// The thread's arena loses a thread, and becomes free when that was its last.
    pub(crate) fn leave_arena(&mut self, thread: ThreadId) {
        if let Some(arena) = self.thread(thread).arena.take() {
            self.arenas[arena].attached -= 1;
            if self.arenas[arena].attached == 0 {
                self.sharing.free.push(arena);
            }
        }
    }
}
