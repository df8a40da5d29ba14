//! Blocks out of the thread caches and back: refilled from an arena when they are empty, flushed when they are full.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `imalloc_body`, `ifree`; src/tcache.c: `tcache_bin_flush_impl`;
//! include/jemalloc/internal/arena_inlines_b.h: `arena_malloc`, `arena_dalloc`.

use crate::Jemalloc;
use crate::edata::EdataId;
use crate::rules::Collection;
use crate::shared::Call;
use crate::size_classes::{CACHE_LINE, Request, Szind};
use crate::units::ArenaIndex;
use highwater_allocator::{Address, Bytes, Kernel, ThreadId};

/// A block that is to be flushed, and its extent.
#[derive(Clone, Copy)]
struct FlushItem {
    block: Address,
    edata: EdataId,
}

impl Jemalloc {
    /// Allocates a block, from the thread's cache if it has one (`arena_malloc`). `None` where there is no memory.
    #[inline]
    pub(crate) fn arena_malloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        request: Request,
        zero: bool,
    ) -> Option<Address> {
        let class = request.class;
        if let Some(tcache) = &mut self.threads[thread].tcache
            && self.shape.has(class)
        {
            let found = tcache.bin(class).alloc();
            let block = match found {
                Some(block) => {
                    if zero {
                        kernel.touch_zeros(block, request.usable);
                    }
                    block
                }
                None => self.tcache_alloc_hard(kernel, thread, class, zero)?,
            };
            if self.shared.rules.collection == Collection::Counted {
                self.tcache_alloc_event(kernel, thread, request.fast_path, found.is_some());
            }
            return Some(block);
        }
        self.arena_malloc_hard(kernel, thread, request, zero)
    }

    /// Counts a block taken (`tcache_event`). The first call that tries the fast path goes on by the other, as does one
    /// that finds nothing (`je_malloc`, for profiling's sake).
    fn tcache_alloc_event(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        fast_path: bool,
        found: bool,
    ) {
        let tsd = &mut self.threads[thread];
        let first = !tsd.tried_fast_path;
        tsd.tried_fast_path |= fast_path;
        let twice = fast_path && (first || !found);
        self.tcache_event(kernel, thread, 1 + i32::from(twice));
    }

    /// Allocates a block past the cache (`arena_malloc_hard`). `None` where there is no memory.
    fn arena_malloc_hard(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        request: Request,
        zero: bool,
    ) -> Option<Address> {
        if request.class.is_small() {
            let arena = self.arena_choose(kernel, thread);
            return self.arena_malloc_small(kernel, thread, arena, request.class, zero);
        }
        // Whether it is very large is asked of the request, before it is rounded up.
        let arena = self.arena_choose_maybe_huge(kernel, thread, request.size);
        self.large_palloc(kernel, thread, arena, request.usable, CACHE_LINE, zero)
    }

    /// Allocates a block of a class whose cache bin is empty: a small one is refilled, of a large one a single block is
    /// made (`tcache_alloc_small_hard`, `tcache_alloc_large`). `None` where there is no memory.
    fn tcache_alloc_hard(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        class: Szind,
        zero: bool,
    ) -> Option<Address> {
        let arena = self.arena_choose(kernel, thread);
        if !class.is_small() {
            return self.large_palloc(kernel, thread, arena, class.size(), CACHE_LINE, zero);
        }
        let local = self.gc_is_local();
        let bin = self.threads[thread].tcache.as_mut()?.bin(class);
        let counts = bin.fill_counts(local);
        self.arenas.get_mut(arena)?.fill_small(
            &mut Call::new(kernel, &mut self.shared),
            class,
            counts,
            |block| bin.put(block),
        );
        bin.finish_fill(kernel, counts.most);
        self.arena_decay_ticks(kernel, thread, arena, 1);
        let bin = self.threads[thread].tcache.as_mut()?.bin(class);
        let block = bin.alloc()?;
        if zero {
            kernel.touch_zeros(block, class.size());
        }
        Some(block)
    }

    /// Allocates a block of a small class from an arena (`arena_malloc_small`). `None` where there is no memory.
    pub(crate) fn arena_malloc_small(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        arena: ArenaIndex,
        class: Szind,
        zero: bool,
    ) -> Option<Address> {
        let shared = &mut self.shared;
        let block = self
            .arenas
            .get_mut(arena)?
            .malloc_small(&mut Call::new(kernel, shared), class)?;
        if zero {
            kernel.touch_zeros(block, class.size());
        }
        self.arena_decay_ticks(kernel, thread, arena, 1);
        Some(block)
    }

    /// Allocates a large block of a usable size from an arena (`large_palloc`). `None` where there is no memory.
    pub(crate) fn large_palloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        arena: ArenaIndex,
        usable: Bytes,
        alignment: Bytes,
        zero: bool,
    ) -> Option<Address> {
        let prng = &mut self.threads[thread].prng;
        let shared = &mut self.shared;
        let block = self.arenas.get_mut(arena)?.large_palloc(
            &mut Call::new(kernel, shared),
            usable,
            alignment,
            zero,
            prng,
        )?;
        self.arena_decay_ticks(kernel, thread, arena, 1);
        Some(block)
    }

    /// Counts bytes that the thread has allocated: now and then its cache is collected (`thread_alloc_event`).
    #[inline]
    pub(crate) fn thread_alloc_event(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) {
        let waits = &mut self.threads[thread].until_gc;
        if waits.alloc.count_down(bytes, &self.shared.options) {
            self.tcache_gc_event(kernel, thread);
        }
    }

    /// Counts bytes that the thread has freed, in the same way (`thread_dalloc_event`).
    #[inline]
    pub(crate) fn thread_dalloc_event(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) {
        let waits = &mut self.threads[thread].until_gc;
        if waits.dalloc.count_down(bytes, &self.shared.options) {
            self.tcache_gc_event(kernel, thread);
        }
    }

    /// Frees a block, into the thread's cache if that takes its class (`arena_dalloc`).
    #[inline]
    pub(crate) fn arena_dalloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        edata: EdataId,
        block: Address,
        fast_path: bool,
    ) {
        let class = self.shared.edatas[edata].class;
        if let Some(tcache) = &mut self.threads[thread].tcache
            && self.shape.has(class)
        {
            let bin = tcache.bin(class);
            let full = bin.is_full();
            if full {
                self.dalloc_full_bin(kernel, thread, class, block);
            } else {
                bin.dalloc(kernel, block);
            }
            if self.shared.rules.collection == Collection::Counted {
                let twice = full && fast_path && class.is_small();
                self.tcache_event(kernel, thread, 1 + i32::from(twice));
            }
            return;
        }
        self.arena_dalloc_no_tcache(kernel, thread, edata, block);
    }

    /// Frees a block into a full bin, of which a part is flushed first (`tcache_dalloc_small`, `tcache_dalloc_large`).
    fn dalloc_full_bin(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        class: Szind,
        block: Address,
    ) {
        let options = &self.shared.options;
        let lg_div = if class.is_small() {
            options.lg_tcache_flush_small_div
        } else {
            options.lg_tcache_flush_large_div
        };
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        let kept = tcache.bin(class).slots.checked_shr(lg_div).unwrap_or(0);
        self.tcache_bin_flush(kernel, thread, class, kept);
        if let Some(tcache) = &mut self.threads[thread].tcache {
            tcache.bin(class).dalloc(kernel, block);
        }
    }

    /// Frees a block past the cache (`arena_dalloc_no_tcache`).
    pub(crate) fn arena_dalloc_no_tcache(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        edata: EdataId,
        block: Address,
    ) {
        let arena = self.shared.edatas[edata].arena;
        let free = if !self.shared.edatas[edata].slab {
            Some(edata)
        } else {
            let arena = self.arenas.get_mut(arena);
            arena.and_then(|arena| arena.dalloc_bin(&mut self.shared, edata, block))
        };
        if let Some(free) = free {
            self.dalloc_extent(kernel, free);
        }
        self.arena_decay_ticks(kernel, thread, arena, 1);
    }

    /// Returns all but the `kept` newest blocks of a bin to their arenas (`tcache_bin_flush_impl`).
    pub(crate) fn tcache_bin_flush(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        class: Szind,
        kept: u32,
    ) {
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        let rules = self.shared.rules;
        let blocks = tcache.bin(class).flush(kept, rules.flush_oldest_first);
        for batch in blocks.chunks(rules.flush_batch) {
            self.flush_batch(kernel, thread, class, batch);
        }
        if !class.is_small()
            && let Some(arena) = self.threads[thread].arena
            && let Some(arena) = self.arenas.get(arena)
        {
            arena.large_stats_update(&mut Call::new(kernel, &mut self.shared), class, |of| {
                of.flushed
            });
        }
    }

    /// Returns blocks to their arenas, those of one arena at a time, the first block's first.
    fn flush_batch(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        class: Szind,
        blocks: &[Address],
    ) {
        let item = |block: &Address| FlushItem {
            block: *block,
            edata: self.shared.edata_of(*block),
        };
        let mut waiting: Vec<FlushItem> = blocks.iter().map(item).collect();
        let mut empty = Vec::new();
        while let Some(first) = waiting.first() {
            let arena = self.shared.edatas[first.edata].arena;
            let is_here = |item: &FlushItem| self.shared.edatas[item.edata].arena == arena;
            let here = if waiting.iter().all(is_here) {
                std::mem::take(&mut waiting)
            } else if self.shared.rules.flush_exchanges && class.is_small() {
                exchange(&mut waiting, is_here)
            } else {
                waiting.extract_if(.., |item| is_here(item)).collect()
            };
            for item in &here {
                if !class.is_small() {
                    self.dalloc_extent(kernel, item.edata);
                } else if let Some(arena) = self.arenas.get_mut(arena) {
                    match arena.dalloc_bin(&mut self.shared, item.edata, item.block) {
                        Some(slab) if self.shared.rules.flush_frees_slabs_at_once => {
                            self.dalloc_extent(kernel, slab);
                        }
                        emptied => empty.extend(emptied),
                    }
                }
            }
            self.arena_decay_ticks(kernel, thread, arena, here.len() as i32);
        }
        for slab in empty {
            self.dalloc_extent(kernel, slab);
        }
    }

    /// Frees the extent of an empty slab or of a large block (`arena_slab_dalloc`, `large_dalloc`).
    fn dalloc_extent(&mut self, kernel: &mut Kernel, id: EdataId) {
        let edata = &self.shared.edatas[id];
        let (index, is_slab) = (edata.arena, edata.slab);
        if let Some(arena) = self.arenas.get_mut(index) {
            if is_slab {
                arena.pa_dalloc(&mut Call::new(kernel, &mut self.shared), id);
            } else {
                arena.large_dalloc(&mut Call::new(kernel, &mut self.shared), id);
            }
            self.inactivity_check(kernel, index);
        }
    }
}

/// Takes out those of an arena, the first among them, each of them changing places with the first of the others
/// (5.3.1, src/arena.c, `arena_ptr_array_flush_impl_small`).
fn exchange(waiting: &mut Vec<FlushItem>, is_here: impl Fn(&FlushItem) -> bool) -> Vec<FlushItem> {
    let mut here = 1;
    for at in 1..waiting.len() {
        if is_here(&waiting[at]) {
            waiting.swap(here, at);
            here += 1;
        }
    }
    waiting.drain(..here).collect()
}
