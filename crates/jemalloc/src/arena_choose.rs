//! Which arena serves a thread, and what it is asked for.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `arena_choose_hard`; src/arena.c: `arena_choose_huge`.

use crate::Jemalloc;
use crate::arena::Arena;
use crate::size_classes as sizes;
use highwater_allocator::{Address, Bytes, Kernel};

impl Jemalloc {
    /// The arena of a thread (`arena_choose`).
    #[inline]
    pub(crate) fn choose(&mut self, kernel: &mut Kernel, thread: usize) -> usize {
        match self.threads[thread].arena {
            Some(arena) => arena,
            None => self.arena_choose_hard(kernel, thread),
        }
    }

    /// Binds a thread: to an arena without threads, else to a new one, else to that with the fewest
    /// (`arena_choose_hard`).
    #[cold]
    fn arena_choose_hard(&mut self, kernel: &mut Kernel, thread: usize) -> usize {
        let load = |arena: &Option<Arena>| arena.as_ref().map(|arena| arena.threads);
        let automatic = &self.arenas[..self.automatic];
        let mut chosen = 0;
        for (index, arena) in automatic.iter().enumerate().skip(1) {
            if let Some(threads) = load(arena)
                && Some(threads) < load(&automatic[chosen])
            {
                chosen = index;
            }
        }
        let unused = automatic.iter().position(Option::is_none);
        if load(&automatic[chosen]) != Some(0)
            && let Some(unused) = unused
            && self.make_arena(kernel, unused)
        {
            chosen = unused;
        }
        if let Some(arena) = self.arenas[chosen].as_mut() {
            arena.threads += 1;
        }
        self.threads[thread].arena = Some(chosen);
        self.start_background_thread(kernel, chosen);
        chosen
    }

    fn make_arena(&mut self, kernel: &mut Kernel, index: usize) -> bool {
        self.arenas[index] = Arena::new(kernel, &mut self.shared, index as u16);
        self.arenas[index].is_some()
    }

    /// The arena for a large block of `size` bytes past the thread cache (`arena_choose_maybe_huge`): very large ones have their own, which
    /// keeps nothing dirty.
    pub(crate) fn arena_choose_maybe_huge(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        size: u64,
    ) -> usize {
        if size < self.shared.oversize() {
            return self.choose(kernel, thread);
        }
        let huge = self.automatic;
        if self.arenas[huge].is_none() && self.make_arena(kernel, huge) {
            let (now, options) = (self.shared.now, &self.shared.options);
            let (dirty, muzzy) = (options.dirty_decay_ms, options.muzzy_decay_ms);
            if self.shared.keeps_very_large() {
                self.start_background_thread(kernel, huge);
            } else if let Some(arena) = self.arenas[huge].as_mut() {
                if dirty > 0 {
                    arena.pac.dirty_decay.restart(now, 0);
                }
                if muzzy > 0 {
                    arena.pac.muzzy_decay.restart(now, 0);
                }
            }
        }
        huge
    }

    pub(crate) fn alloc_small(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        arena: usize,
        class: usize,
        zero: bool,
    ) -> Option<u64> {
        let mut block = None;
        let got = |at| block = Some(at);
        self.arenas[arena]
            .as_mut()?
            .fill(kernel, &mut self.shared, class, (1, 1), got);
        let block = block?;
        if zero {
            kernel.touch(Address(block), Bytes(sizes::size_of(class)));
        }
        self.arena_decay_ticks(kernel, thread, arena, 1);
        Some(block)
    }

    pub(crate) fn alloc_large(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        arena: usize,
        (usable, alignment): (u64, u64),
        zero: bool,
    ) -> Option<u64> {
        let wanted = (usable, alignment);
        let block = self.arenas[arena].as_mut()?.alloc_large(
            kernel,
            &mut self.shared,
            wanted,
            zero,
            &mut self.threads[thread].prng,
        )?;
        self.arena_decay_ticks(kernel, thread, arena, 1);
        Some(block)
    }
}
