//! The calls of a program.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `imalloc_body`, `ifree`, `do_rallocx`; src/arena.c: `arena_ralloc`.

use crate::edata::EdataId;
use crate::rules::Collection;
use crate::shared::Call;
use crate::size_classes::{CACHE_LINE, LARGE_MIN, LOOKUP_MAX, Request, Szind};
use crate::units::Nanos;
use crate::{CLOCK_START, Jemalloc};
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, DecisionLog, Figures, Kernel, Micros, PageRun,
    Reclaimable, ThreadId, Whereabouts,
};

impl Jemalloc {
    /// Takes a block out of the thread's cache, if there is one and blocks are not counted: what nearly every call comes to
    /// (`imalloc_fastpath`). Larger blocks than the real fast path serves go the same way here, since nothing tells that apart.
    #[inline]
    fn imalloc_fastpath(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
    ) -> Option<Address> {
        let shared = &self.shared;
        if shared.rules.collection == Collection::Counted {
            return None;
        }
        let Request { class, usable, .. } = shared.request(size)?;
        let tsd = self.threads.get_mut(thread)?;
        // A class that is not cached has no bin, or one without slots.
        let block = tsd.tcache.as_mut()?.bins.get_mut(class.0)?.alloc()?;
        if tsd.until_gc.alloc.count_down(usable, &shared.options) {
            self.tcache_gc_event(kernel, thread);
        }
        Some(block)
    }

    /// Puts a block in the thread's cache, if that has room and blocks are not counted; returns whether that was so
    /// (`free_fastpath`).
    #[inline]
    fn free_fastpath(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) -> bool {
        let shared = &self.shared;
        let edata = &shared.edatas[shared.edata_of(block)];
        let Some(tsd) = self.threads.get_mut(thread) else {
            return false;
        };
        let bin = (tsd.tcache.as_mut()).and_then(|tcache| tcache.bins.get_mut(edata.class.0));
        match bin {
            Some(bin) if !bin.is_full() && shared.rules.collection != Collection::Counted => {
                bin.dalloc(kernel, block);
                let usable = edata.usable(shared.options.large_pad());
                if tsd.until_gc.dalloc.count_down(usable, &shared.options) {
                    self.tcache_gc_event(kernel, thread);
                }
                true
            }
            _ => false,
        }
    }

    /// Allocates a block as it is asked for most; `fast_path` says whether malloc's fast path is tried
    /// (`imalloc_body`).
    #[inline(never)]
    fn imalloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
        fast_path: bool,
    ) -> Option<Address> {
        // The call that sets the thread's data up does not try it.
        let was_set_up = self.tsd_fetch(kernel, thread);
        let request = Request {
            fast_path: fast_path && was_set_up,
            ..self.shared.request(size)?
        };
        let block = self.arena_malloc(kernel, thread, request, false)?;
        self.thread_alloc_event(kernel, thread, request.usable);
        Some(block)
    }

    /// Frees a block as it may be done (`ifree`).
    #[inline(never)]
    fn ifree(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        let edata = self.shared.edata_of(block);
        let usable = self.shared.usable_of(edata);
        if self.threads.get(thread).is_some_and(|tsd| tsd.started)
            || self.starts_by_freeing(kernel, thread)
        {
            self.arena_dalloc(kernel, thread, edata, block, true);
            self.thread_dalloc_event(kernel, thread, usable);
        } else {
            self.arena_dalloc_no_tcache(kernel, thread, edata, block);
        }
    }

    /// Makes a block longer or shorter, in place or by another one (`arena_ralloc`). `None` where there is no memory.
    fn arena_ralloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        block: Address,
        size: Bytes,
    ) -> Option<Address> {
        let edata = self.shared.edata_of(block);
        let (old_class, arena) = {
            let edata = &self.shared.edatas[edata];
            (edata.class, edata.arena)
        };
        let Request { class, usable, .. } = self.shared.request(size)?;
        let old = self.shared.usable_of(edata);
        let new = if class == old_class && class.is_small() {
            self.arena_decay_ticks(kernel, thread, arena, 1);
            block
        } else if old >= LARGE_MIN && usable >= LARGE_MIN {
            self.large_ralloc(kernel, thread, edata, block, usable)?
        } else {
            let request = Request::whole(class, usable);
            let new = self.arena_malloc(kernel, thread, request, false)?;
            kernel.copy(block, new, old.min(usable));
            self.arena_dalloc(kernel, thread, edata, block, false);
            new
        };
        self.thread_alloc_event(kernel, thread, usable);
        self.thread_dalloc_event(kernel, thread, old);
        Some(new)
    }

    /// Makes a large block longer or shorter: in place where that can be, else in a new extent past the thread's cache
    /// (`large_ralloc`). `None` where there is no memory.
    fn large_ralloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        edata: EdataId,
        block: Address,
        usable: Bytes,
    ) -> Option<Address> {
        let index = self.shared.edatas[edata].arena;
        let old = self.shared.usable_of(edata);
        let arena = self.arenas.get_mut(index)?;
        if arena.large_ralloc_no_move(&mut Call::new(kernel, &mut self.shared), edata, usable) {
            if usable < old {
                self.inactivity_check(kernel, index);
            }
            self.arena_decay_ticks(kernel, thread, index, 1);
            return Some(block);
        }
        let to = self.arena_choose_maybe_huge(kernel, thread, usable);
        let new = self.large_palloc(kernel, thread, to, usable, CACHE_LINE, false)?;
        kernel.copy(block, new, old.min(usable));
        self.arena_dalloc(kernel, thread, edata, block, false);
        Some(new)
    }
}

impl Allocator for Jemalloc {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        match self.imalloc_fastpath(kernel, thread, size) {
            Some(block) => Some(block),
            None => self.imalloc(kernel, thread, size, size <= LOOKUP_MAX),
        }
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        self.tsd_fetch(kernel, thread);
        let bytes = Bytes(count.checked_mul(size.0)?);
        let request = self.shared.request(bytes)?;
        let block = self.arena_malloc(kernel, thread, request, true)?;
        self.thread_alloc_event(kernel, thread, request.usable);
        Some(block)
    }

    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        let Some(old) = old else {
            return self.imalloc(kernel, thread, size, false);
        };
        self.tsd_fetch(kernel, thread);
        if size == Bytes::ZERO {
            let edata = self.shared.edata_of(old);
            let usable = self.shared.usable_of(edata);
            self.arena_dalloc(kernel, thread, edata, old, false);
            self.thread_dalloc_event(kernel, thread, usable);
            return None;
        }
        self.arena_ralloc(kernel, thread, old, size)
    }

    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        self.tsd_fetch(kernel, thread);
        if !alignment.0.is_power_of_two() {
            return None;
        }
        let size = match size {
            Bytes::ZERO if self.shared.rules.empty_memalign_is_one => Bytes(1),
            size => size,
        };
        let usable = self.shared.usable_aligned(size, alignment)?;
        let class = Szind::of(usable)?;
        let block = if class.is_small() {
            self.arena_malloc(kernel, thread, Request::whole(class, usable), false)?
        } else {
            let arena = self.arena_choose_maybe_huge(kernel, thread, usable);
            let alignment = alignment.max(CACHE_LINE);
            self.large_palloc(kernel, thread, arena, usable, alignment, false)?
        };
        self.thread_alloc_event(kernel, thread, usable);
        Some(block)
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        if !self.free_fastpath(kernel, thread, block) {
            self.ifree(kernel, thread, block);
        }
    }

    /// Does nothing: jemalloc has no such call.
    fn trim(&mut self, _: &mut Kernel, _: ThreadId, _: Bytes) -> bool {
        false
    }

    /// Of the program's threads only this one is left (`jemalloc_postfork_child`).
    fn forked(&mut self, thread: ThreadId) {
        // Also where the process is forked before its first call.
        self.shared.options.background_thread = false;
        self.background_threads.end();
        self.arenas.keep_one_thread(self.threads[thread].arena);
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        if thread != ThreadId::MAIN && self.threads.get(thread).is_some() {
            self.tsd_cleanup(kernel, thread);
        }
    }

    #[inline]
    fn advance(&mut self, kernel: &mut Kernel, now: Micros) {
        self.malloc_init(kernel);
        let now = CLOCK_START.saturating_add(Nanos::from_micros(now));
        if self.background_threads.enabled() {
            self.wake_until(kernel, now);
        }
        self.shared.now = self.shared.now.max(now);
    }

    fn usable_size(&self, _: &Kernel, block: Address) -> Bytes {
        self.shared.usable_of(self.shared.edata_of(block))
    }

    fn whereabouts(&self, _: &Kernel, _: Address) -> Whereabouts {
        Whereabouts::Pages
    }

    fn accounting(&self, _: &Kernel) -> Accounting {
        self.sums()
    }

    fn reclaimable(&self, kernel: &Kernel) -> Reclaimable {
        let arenas = self.arenas.iter();
        let pages = arenas.map(|arena| (arena.pac.dirty.pages() + arena.pac.muzzy.pages()).0);
        Reclaimable {
            bytes: self.free_resident(kernel),
            looks: pages.sum::<u64>() / 16,
        }
    }

    fn census(&self, _: &Kernel, visit: &mut dyn FnMut(Block)) {
        self.visit_blocks(visit);
    }

    fn figures(&self) -> Option<Figures> {
        Some(self.stats())
    }

    fn page_runs(&self, visit: &mut dyn FnMut(PageRun)) {
        self.visit_runs(visit);
    }

    fn resident_at_start(&self) -> Bytes {
        self.at_start.map_or(Bytes::ZERO, |start| start.resident)
    }

    fn written_at_start(&self) -> Bytes {
        self.at_start.map_or(Bytes::ZERO, |start| start.written)
    }

    fn decisions(&self) -> &DecisionLog {
        &self.shared.log
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        &mut self.shared.log
    }
}
