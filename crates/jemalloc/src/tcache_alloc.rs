//! Blocks out of the thread caches and back: refilled from an arena when they are empty, flushed when they are full.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `imalloc_body`, `ifree`; src/tcache.c: `tcache_bin_flush_impl`.

use crate::Jemalloc;
use crate::edata::EdataId;
use crate::rules::Collection;
use crate::size_classes::{self as sizes, CACHE_LINE, Request, SMALL_CLASSES};
use crate::tcache::Flushed;
use crate::tsd::{EventWaits, Tsd};
use highwater_allocator::{Address, Bytes, Kernel};

impl Jemalloc {
    /// A block of a class, from the thread's cache if it has one (`arena_malloc`).
    #[inline]
    pub(crate) fn arena_malloc(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        request: Request,
        zero: bool,
    ) -> Option<u64> {
        let Request { class, usable, .. } = request;
        let classes = self.shape.classes;
        if let Some(tcache) = &mut self.threads[thread].tcache
            && class < classes
        {
            let found = tcache.bins[class].pop();
            let block = match found {
                Some(block) => {
                    if zero {
                        kernel.touch(Address(block), Bytes(usable));
                    }
                    block
                }
                None => self.tcache_alloc_hard(kernel, thread, class, zero)?,
            };
            if self.shared.rules.collection == Collection::Counted {
                self.took(kernel, thread, request.short_way, found.is_some());
            }
            return Some(block);
        }
        self.arena_malloc_hard(kernel, thread, request, zero)
    }

    /// A block was taken (`tcache_event`). The first call that tries the short way goes on by the other, as does one that
    /// finds nothing (`je_malloc`, for profiling's sake).
    fn took(&mut self, kernel: &mut Kernel, thread: usize, short_way: bool, found: bool) {
        let first = !self.threads[thread].took_short_way;
        self.threads[thread].took_short_way |= short_way;
        let twice = short_way && (first || !found);
        self.event(kernel, thread, 1 + i32::from(twice));
    }

    fn arena_malloc_hard(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        request: Request,
        zero: bool,
    ) -> Option<u64> {
        if request.class < SMALL_CLASSES {
            let arena = self.choose(kernel, thread);
            return self.alloc_small(kernel, thread, arena, request.class, zero);
        }
        // Whether it is very large is asked of the request, before it is rounded up (`arena_malloc_hard`).
        let arena = self.arena_choose_maybe_huge(kernel, thread, request.size);
        let wanted = (request.usable, CACHE_LINE);
        self.alloc_large(kernel, thread, arena, wanted, zero)
    }

    /// The cache's bin was empty: a small one is refilled, of a large one a single block is made (`tcache_alloc_small_hard`,
    /// `tcache_alloc_large`).
    fn tcache_alloc_hard(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        class: usize,
        zero: bool,
    ) -> Option<u64> {
        let arena = self.choose(kernel, thread);
        let size = sizes::size_of(class);
        if class >= SMALL_CLASSES {
            return self.alloc_large(kernel, thread, arena, (size, CACHE_LINE), zero);
        }
        let bin = &self.threads[thread].tcache.as_ref()?.bins[class];
        let counts = self.fill_counts(bin);
        let mut blocks = Vec::with_capacity(counts.1 as usize);
        self.arenas[arena]
            .as_mut()?
            .fill(kernel, &mut self.shared, class, counts, |block| {
                blocks.push(block);
            });
        if let Some(tcache) = &mut self.threads[thread].tcache {
            tcache.bins[class].refill(kernel, &blocks, counts.1);
        }
        self.arena_decay_ticks(kernel, thread, arena, 1);
        let tcache = self.threads[thread].tcache.as_mut()?;
        tcache.bins[class].was_refilled();
        let block = tcache.bins[class].pop()?;
        if zero {
            kernel.touch(Address(block), Bytes(size));
        }
        Some(block)
    }

    /// The thread has allocated so much (`thread_alloc_event`).
    #[inline]
    pub(crate) fn allocated(&mut self, kernel: &mut Kernel, thread: usize, size: u64) {
        self.wait(kernel, thread, size, |waits| &mut waits.allocated);
    }

    /// The thread has freed so much (`thread_dalloc_event`).
    #[inline]
    pub(crate) fn released(&mut self, kernel: &mut Kernel, thread: usize, size: u64) {
        self.wait(kernel, thread, size, |waits| &mut waits.freed);
    }

    /// Counts bytes down: now and then the thread's cache is collected.
    #[inline]
    fn wait(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        size: u64,
        counted: impl Fn(&mut EventWaits) -> &mut u64,
    ) {
        let step = self.shared.options.tcache_gc_incr_bytes;
        let left = counted(&mut self.threads[thread].until_collected);
        if size < *left {
            *left -= size;
        } else {
            *left = step;
            self.tcache_gc_event(kernel, thread);
        }
    }

    /// The extent a block lies in.
    #[inline]
    pub(crate) fn extent_of(&self, block: u64) -> EdataId {
        self.shared
            .emap
            .get(block)
            .expect("a block that is passed in is live, so its page is in the map")
    }

    /// The usable bytes of a block.
    pub(crate) fn size_of_block(&self, block: u64) -> u64 {
        self.shared.usable_of(self.extent_of(block))
    }

    /// Frees a block of a class, into the thread's cache if that takes it (`arena_dalloc`).
    #[inline]
    pub(crate) fn arena_dalloc(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        extent: EdataId,
        block: u64,
        short_way: bool,
    ) {
        let class = usize::from(self.shared.edatas[extent].class);
        if let Some(tcache) = &mut self.threads[thread].tcache
            && class < self.shape.classes
        {
            let bin = &mut tcache.bins[class];
            let full = bin.is_full();
            if full {
                self.dalloc_full_bin(kernel, thread, class, block);
            } else {
                bin.push(kernel, block);
            }
            if self.shared.rules.collection == Collection::Counted {
                let twice = full && short_way && class < SMALL_CLASSES;
                self.event(kernel, thread, 1 + i32::from(twice));
            }
            return;
        }
        self.arena_dalloc_no_tcache(kernel, thread, extent, block);
    }

    /// The bin was full: part of it is flushed first.
    fn dalloc_full_bin(&mut self, kernel: &mut Kernel, thread: usize, class: usize, block: u64) {
        let options = &self.shared.options;
        let lg_div = if class < SMALL_CLASSES {
            options.lg_tcache_flush_small_div
        } else {
            options.lg_tcache_flush_large_div
        };
        let bin = |threads: &[Tsd]| {
            let tcache = threads[thread].tcache.as_ref();
            tcache.map_or(0, |tcache| tcache.bins[class].slots)
        };
        let kept = bin(&self.threads).checked_shr(lg_div).unwrap_or(0);
        self.tcache_bin_flush(kernel, thread, class, kept);
        if let Some(tcache) = &mut self.threads[thread].tcache {
            tcache.bins[class].push(kernel, block);
        }
    }

    pub(crate) fn arena_dalloc_no_tcache(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        extent: EdataId,
        block: u64,
    ) {
        let index = usize::from(self.shared.edatas[extent].arena);
        let free = if !self.shared.edatas[extent].slab {
            Some(extent)
        } else if let Some(arena) = &mut self.arenas[index] {
            arena.free_region(&mut self.shared, extent, block)
        } else {
            None
        };
        if let Some(free) = free {
            self.free_whole(kernel, free);
        }
        self.arena_decay_ticks(kernel, thread, index, 1);
    }

    /// Returns all but the `kept` newest blocks of a bin to the arenas they came from (`tcache_bin_flush_impl`).
    pub(crate) fn tcache_bin_flush(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        class: usize,
        kept: u32,
    ) {
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        let oldest_first = self.shared.rules.flush_oldest_first;
        let blocks = tcache.bins[class].take_bottom(kept, oldest_first);
        for batch in blocks.chunks(self.shared.rules.flush_batch) {
            self.flush_batch(kernel, thread, class, batch);
        }
        if class >= SMALL_CLASSES
            && let Some(arena) = self.threads[thread].arena
            && let Some(arena) = &self.arenas[arena]
        {
            arena.count_large(kernel, &self.shared, class, |of| of.flushed);
        }
    }

    fn flush_batch(&mut self, kernel: &mut Kernel, thread: usize, class: usize, blocks: &[u64]) {
        let flushed = |block: &u64| Flushed {
            block: *block,
            extent: self.extent_of(*block),
        };
        let mut waiting: Vec<Flushed> = blocks.iter().map(flushed).collect();
        let mut empty = Vec::new();
        while let Some(first) = waiting.first() {
            let index = self.shared.edatas[first.extent].arena;
            let is_here = |one: &Flushed| self.shared.edatas[one.extent].arena == index;
            let here = if waiting.iter().all(is_here) {
                std::mem::take(&mut waiting)
            } else if self.shared.rules.flush_exchanges && class < SMALL_CLASSES {
                exchange(&mut waiting, is_here)
            } else {
                waiting.extract_if(.., |one| is_here(one)).collect()
            };
            let index = usize::from(index);
            for one in &here {
                if class >= SMALL_CLASSES {
                    self.free_whole(kernel, one.extent);
                } else if let Some(arena) = &mut self.arenas[index] {
                    let emptied = arena.free_region(&mut self.shared, one.extent, one.block);
                    match emptied {
                        Some(slab) if self.shared.rules.flush_frees_slabs_at_once => {
                            self.free_whole(kernel, slab);
                        }
                        emptied => empty.extend(emptied),
                    }
                }
            }
            self.arena_decay_ticks(kernel, thread, index, here.len() as u32);
        }
        for slab in empty {
            self.free_whole(kernel, slab);
        }
    }

    /// Frees the extent of an empty slab or of a large block.
    fn free_whole(&mut self, kernel: &mut Kernel, id: EdataId) {
        let extent = &self.shared.edatas[id];
        let (index, is_slab) = (usize::from(extent.arena), extent.slab);
        if let Some(arena) = &mut self.arenas[index] {
            if is_slab {
                arena.free_pages(kernel, &mut self.shared, id);
            } else {
                arena.free_large(kernel, &mut self.shared, id);
            }
            self.inactivity_check(kernel, index);
        }
    }
}

/// Takes out those of an arena, the first among them, each of them changing places with the first of the others.
fn exchange(waiting: &mut Vec<Flushed>, is_here: impl Fn(&Flushed) -> bool) -> Vec<Flushed> {
    let mut here = 1;
    for at in 1..waiting.len() {
        if is_here(&waiting[at]) {
            waiting.swap(here, at);
            here += 1;
        }
    }
    waiting.drain(..here).collect()
}
