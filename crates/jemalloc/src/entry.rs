//! The calls of a program.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `imalloc_body`, `ifree`, `do_rallocx`; src/arena.c: `arena_ralloc`.

use crate::Jemalloc;
use crate::arena::Arena;
use crate::edata::EdataId;
use crate::size_classes::{
    self as sizes, CACHE_LINE, LARGE_MIN, Request, SHORT_WAY_MAX, SMALL_CLASSES,
};
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, DecisionLog, Figures, Kernel, Micros, PageRun,
    ThreadId, Whereabouts,
};

impl Jemalloc {
    /// A block as it is asked for most; by malloc's short way, if that serves it.
    #[inline]
    fn allocate(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
        short_way: bool,
    ) -> Option<Address> {
        let thread = self.thread(kernel, thread);
        let request = Request {
            short_way,
            ..self.shared.request(size.0)?
        };
        let block = self.arena_malloc(kernel, thread, request, false)?;
        self.allocated(kernel, thread, request.usable);
        Some(Address(block))
    }

    fn reallocate(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        block: u64,
        size: u64,
    ) -> Option<u64> {
        let extent = self.extent_of(block);
        let old_class = usize::from(self.shared.edatas[extent].class);
        let Request { class, usable, .. } = self.shared.request(size)?;
        let old = self.shared.usable_of(extent);
        let arena = usize::from(self.shared.edatas[extent].arena);
        let new = if class == old_class && class < SMALL_CLASSES {
            self.arena_decay_ticks(kernel, thread, arena, 1);
            block
        } else if old >= LARGE_MIN && usable >= LARGE_MIN {
            self.reallocate_large(kernel, thread, extent, block, usable)?
        } else {
            let request = Request::whole(class, usable);
            let new = self.arena_malloc(kernel, thread, request, false)?;
            kernel.touch(Address(new), Bytes(old.min(usable)));
            self.arena_dalloc(kernel, thread, extent, block, false);
            new
        };
        self.allocated(kernel, thread, usable);
        self.released(kernel, thread, old);
        Some(new)
    }

    /// In place where that can be, else in a new extent past the thread's cache (`large_ralloc`).
    fn reallocate_large(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        extent: EdataId,
        block: u64,
        usable: u64,
    ) -> Option<u64> {
        let index = usize::from(self.shared.edatas[extent].arena);
        let old = self.shared.usable_of(extent);
        let arena = self.arenas[index].as_mut()?;
        if arena.resize_large(kernel, &mut self.shared, extent, usable) {
            if usable < old {
                self.inactivity_check(kernel, index);
            }
            self.arena_decay_ticks(kernel, thread, index, 1);
            return Some(block);
        }
        let to = self.arena_choose_maybe_huge(kernel, thread, usable);
        let new = self.alloc_large(kernel, thread, to, (usable, CACHE_LINE), false)?;
        kernel.touch(Address(new), Bytes(old.min(usable)));
        self.arena_dalloc(kernel, thread, extent, block, false);
        Some(new)
    }
}

impl Allocator for Jemalloc {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        self.allocate(kernel, thread, size, size.0 <= SHORT_WAY_MAX)
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        let thread = self.thread(kernel, thread);
        let request = self.shared.request(count.checked_mul(size.0)?)?;
        let block = self.arena_malloc(kernel, thread, request, true)?;
        self.allocated(kernel, thread, request.usable);
        Some(Address(block))
    }

    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        let Some(old) = old else {
            return self.allocate(kernel, thread, size, false);
        };
        let thread = self.thread(kernel, thread);
        if size == Bytes::ZERO {
            let extent = self.extent_of(old.0);
            let usable = self.shared.usable_of(extent);
            self.arena_dalloc(kernel, thread, extent, old.0, false);
            self.released(kernel, thread, usable);
            return None;
        }
        self.reallocate(kernel, thread, old.0, size.0).map(Address)
    }

    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        let thread = self.thread(kernel, thread);
        if !alignment.0.is_power_of_two() {
            return None;
        }
        let size = match size.0 {
            0 if self.shared.rules.empty_memalign_is_one => 1,
            size => size,
        };
        let usable = self.shared.usable_aligned(size, alignment.0)?;
        let class = sizes::class_of(usable)?;
        let block = if class < SMALL_CLASSES {
            self.arena_malloc(kernel, thread, Request::whole(class, usable), false)?
        } else {
            let arena = self.arena_choose_maybe_huge(kernel, thread, usable);
            let alignment = alignment.0.max(CACHE_LINE);
            self.alloc_large(kernel, thread, arena, (usable, alignment), false)?
        };
        self.allocated(kernel, thread, usable);
        Some(Address(block))
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        let index = usize::from(thread.0);
        let extent = self.extent_of(block.0);
        let usable = self.shared.usable_of(extent);
        if self.threads.get(index).is_some_and(|thread| thread.started)
            || self.starts_by_freeing(kernel, index)
        {
            self.arena_dalloc(kernel, index, extent, block.0, true);
            self.released(kernel, index, usable);
        } else {
            self.arena_dalloc_no_tcache(kernel, index, extent, block.0);
        }
    }

    /// jemalloc has no such call.
    fn trim(&mut self, _: &mut Kernel, _: ThreadId, _: Bytes) -> bool {
        false
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        let index = usize::from(thread.0);
        if thread != ThreadId::MAIN && index < self.threads.len() {
            self.end_thread(kernel, index);
        }
    }

    fn advance(&mut self, kernel: &mut Kernel, now: Micros) {
        self.load(kernel);
        self.set_time(kernel, now);
    }

    fn usable_size(&self, _: &Kernel, block: Address) -> Bytes {
        Bytes(self.size_of_block(block.0))
    }

    fn whereabouts(&self, _: &Kernel, _: Address) -> Whereabouts {
        Whereabouts::Pages
    }

    fn accounting(&self, _: &Kernel) -> Accounting {
        let tcaches = self.threads.iter().filter_map(|t| t.tcache.as_ref());
        let figures = self.own_figures();
        Accounting {
            parked: Bytes(tcaches.map(|tcache| tcache.parked()).sum()),
            free: figures.dirty + figures.muzzy + figures.active.saturating_sub(figures.allocated),
            top: Bytes::ZERO,
            trim_threshold: Bytes::ZERO,
            mmap_threshold: Bytes::ZERO,
        }
    }

    fn reclaimable(&self, kernel: &Kernel) -> Bytes {
        self.free_resident(kernel)
    }

    fn reclaimable_cost(&self) -> u64 {
        let pages = |arena: &Arena| arena.pac.dirty.pages() + arena.pac.muzzy.pages();
        self.arenas.iter().flatten().map(pages).sum::<u64>() / 16
    }

    fn census(&self, _: &Kernel, visit: &mut dyn FnMut(Block)) {
        self.walk(visit);
    }

    fn figures(&self) -> Option<Figures> {
        Some(self.own_figures())
    }

    fn page_runs(&self, visit: &mut dyn FnMut(PageRun)) {
        self.runs(visit);
    }

    fn resident_at_start(&self) -> Bytes {
        self.resident_at_start.unwrap_or(Bytes::ZERO)
    }

    fn decisions(&self) -> &DecisionLog {
        &self.shared.log
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        &mut self.shared.log
    }
}
