//! The calls of a program: which cache and which arena serve them.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `imalloc_body`, `ifree`, `do_rallocx`, `arena_choose_hard`, `malloc_init_hard`;
//! src/tcache.c: `tcache_bin_flush_impl`, `tcache_event`, `tcache_destroy`; src/arena.c: `arena_ralloc`,
//! `arena_choose_huge`.

use crate::Jemalloc;
use crate::arena::Arena;
use crate::background::Sleeper;
use crate::base::Base;
use crate::extents::{ExtentId, State};
use crate::prng::Prng;
use crate::sizes::{self, LARGE_MIN, PAGE, SMALL_CLASSES, SMALL_MAX};
use crate::tcache::{Flushed, Tcache, item_delay};
use crate::thread::Waits;
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, DecisionLog, Figures, Kernel, Micros, ThreadId,
    Whereabouts,
};

/// `sizeof (background_thread_info_t)`
const SLEEPER_STRUCT: u64 = 208;
/// `sizeof (cache_bin_info_t)`
const CACHE_INFO: u64 = 2;
const CACHE_LINE: u64 = 64;

impl Jemalloc {
    // ---- beginning

    /// Does what happens when the library is loaded, once (`malloc_init_hard`).
    #[inline]
    fn load(&mut self, kernel: &mut Kernel) {
        if self.resident_at_start.is_none() {
            self.load_now(kernel);
        }
    }

    #[cold]
    fn load_now(&mut self, kernel: &mut Kernel) {
        let before = kernel.rss();
        self.world.bases.push(Base::new(kernel));
        let classes = self.shape.classes.max(SMALL_CLASSES) as u64;
        self.own_memory(kernel, classes * CACHE_INFO);
        self.arenas[0] = Arena::new(kernel, &mut self.world, 0);
        self.start_thread(kernel, 0, false);
        let sleepers = match self.world.options.max_background_threads {
            0..=4095 => self.world.options.max_background_threads,
            _ => 4,
        };
        self.own_memory(kernel, u64::from(sleepers) * SLEEPER_STRUCT);
        self.resident_at_start = Some(kernel.rss() - before);
        if self.world.options.asks_for_figures {
            self.first_question(kernel);
        }
        if self.world.options.background_thread && sleepers > 0 {
            self.sleepers = vec![Sleeper::default(); sleepers as usize];
            self.start_sleeper(kernel, 0);
        }
    }

    fn own_memory(&mut self, kernel: &mut Kernel, bytes: u64) {
        let base = self.world.bases[0].as_mut();
        let at = base.and_then(|base| base.allocate(kernel, bytes, CACHE_LINE));
        if let Some(at) = at {
            kernel.touch(at, Bytes(bytes));
        }
    }

    /// The thread's number here, its data set up (`tsd_fetch`).
    #[inline]
    fn thread(&mut self, kernel: &mut Kernel, thread: ThreadId) -> usize {
        let index = usize::from(thread.0);
        if index >= self.threads.len() {
            self.threads.resize_with(index + 1, Default::default);
        }
        self.load(kernel);
        if !self.threads[index].started {
            self.start_thread(kernel, index, true);
        }
        index
    }

    /// `tsd_data_init`, and `tsd_tcache_data_init` with the stacks from arena 0.
    #[cold]
    fn start_thread(&mut self, kernel: &mut Kernel, index: usize, loaded: bool) {
        let options = &self.world.options;
        let step = match options.tcache_gc_incr_bytes {
            0 => u64::MAX,
            step => step,
        };
        // In a real process the address of the thread's data, which lie apart by threads' stacks.
        let seed = options.seed.wrapping_add((index as u64) << 23);
        let has_cache = options.tcache && !self.threads[index].ended;
        let thread = &mut self.threads[index];
        thread.started = true;
        thread.prng = Prng(seed);
        thread.until_collected = Waits {
            allocated: step,
            freed: step,
        };
        if !has_cache {
            return;
        }
        let Some(usable) = sizes::usable_aligned(self.shape.bytes, PAGE) else {
            return;
        };
        let home = if usable <= SMALL_MAX {
            let Some(class) = sizes::class_of(usable) else {
                return;
            };
            self.alloc_small(kernel, index, 0, class, true)
        } else {
            self.alloc_large(kernel, index, 0, (usable, PAGE), true)
        };
        let Some(home) = home else { return };
        let cache = Tcache::new(kernel, &self.shape, &self.world.options, home);
        self.threads[index].tcache = Some(cache);
        if loaded {
            self.choose(kernel, index);
        }
    }

    // ---- arenas

    /// The arena of a thread (`arena_choose`).
    #[inline]
    fn choose(&mut self, kernel: &mut Kernel, thread: usize) -> usize {
        match self.threads[thread].arena {
            Some(arena) => arena,
            None => self.choose_hard(kernel, thread),
        }
    }

    /// Binds a thread: to an arena without threads, else to a new one, else to that with the fewest
    /// (`arena_choose_hard`).
    #[cold]
    fn choose_hard(&mut self, kernel: &mut Kernel, thread: usize) -> usize {
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
        self.start_sleeper(kernel, chosen);
        chosen
    }

    fn make_arena(&mut self, kernel: &mut Kernel, index: usize) -> bool {
        self.arenas[index] = Arena::new(kernel, &mut self.world, index as u16);
        self.arenas[index].is_some()
    }

    /// The arena for a large block past the thread cache (`arena_choose_maybe_huge`): very large ones have their own, which
    /// keeps nothing dirty.
    fn choose_for(&mut self, kernel: &mut Kernel, thread: usize, size: u64) -> usize {
        if size < self.world.oversize() {
            return self.choose(kernel, thread);
        }
        let huge = self.automatic;
        if self.arenas[huge].is_none() && self.make_arena(kernel, huge) {
            let (now, options) = (self.world.now, &self.world.options);
            let (dirty, muzzy) = (options.dirty_decay_ms, options.muzzy_decay_ms);
            if let Some(arena) = self.arenas[huge].as_mut() {
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

    fn alloc_small(
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
            .fill(kernel, &mut self.world, class, 1, got);
        let block = block?;
        if zero {
            kernel.touch(Address(block), Bytes(sizes::size_of(class)));
        }
        self.tick(kernel, thread, arena, 1);
        Some(block)
    }

    fn alloc_large(
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
            &mut self.world,
            wanted,
            zero,
            &mut self.threads[thread].prng,
        )?;
        self.tick(kernel, thread, arena, 1);
        Some(block)
    }

    // ---- allocating

    /// A block of a class, from the thread's cache if it has one (`arena_malloc`).
    #[inline]
    fn take(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        class: usize,
        zero: bool,
    ) -> Option<u64> {
        let classes = self.shape.classes;
        if let Some(tcache) = &mut self.threads[thread].tcache
            && class < classes
        {
            let size = sizes::size_of(class);
            if let Some(block) = tcache.bins[class].pop() {
                tcache.parked -= size;
                if zero {
                    kernel.touch(Address(block), Bytes(size));
                }
                return Some(block);
            }
            return self.take_refilled(kernel, thread, class, zero);
        }
        self.take_uncached(kernel, thread, class, zero)
    }

    fn take_uncached(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        class: usize,
        zero: bool,
    ) -> Option<u64> {
        if class < SMALL_CLASSES {
            let arena = self.choose(kernel, thread);
            return self.alloc_small(kernel, thread, arena, class, zero);
        }
        let size = sizes::size_of(class);
        let arena = self.choose_for(kernel, thread, size);
        self.alloc_large(kernel, thread, arena, (size, CACHE_LINE), zero)
    }

    /// The cache's bin was empty: a small one is refilled, of a large one a single block is made (`tcache_alloc_small_hard`,
    /// `tcache_alloc_large`).
    fn take_refilled(
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
        let count = bin.slots >> bin.lg_fill_div;
        let mut blocks = Vec::with_capacity(count as usize);
        self.arenas[arena]
            .as_mut()?
            .fill(kernel, &mut self.world, class, count, |block| {
                blocks.push(block);
            });
        if let Some(tcache) = &mut self.threads[thread].tcache {
            tcache.bins[class].refill(kernel, &blocks);
            tcache.parked += size * blocks.len() as u64;
        }
        self.tick(kernel, thread, arena, 1);
        let tcache = self.threads[thread].tcache.as_mut()?;
        tcache.bins[class].refilled = true;
        let block = tcache.bins[class].pop()?;
        tcache.parked -= size;
        if zero {
            kernel.touch(Address(block), Bytes(size));
        }
        Some(block)
    }

    /// The thread has allocated so much: now and then its cache is collected (`thread_alloc_event`).
    #[inline]
    fn allocated(&mut self, kernel: &mut Kernel, thread: usize, size: u64) {
        let step = self.world.options.tcache_gc_incr_bytes;
        let left = &mut self.threads[thread].until_collected.allocated;
        if size < *left {
            *left -= size;
        } else {
            *left = step;
            self.collect(kernel, thread);
        }
    }

    /// The same for what it has freed (`thread_dalloc_event`).
    #[inline]
    fn released(&mut self, kernel: &mut Kernel, thread: usize, size: u64) {
        let step = self.world.options.tcache_gc_incr_bytes;
        let left = &mut self.threads[thread].until_collected.freed;
        if size < *left {
            *left -= size;
        } else {
            *left = step;
            self.collect(kernel, thread);
        }
    }

    // ---- freeing

    /// The extent a block lies in.
    #[inline]
    fn extent_of(&self, block: u64) -> ExtentId {
        self.world
            .emap
            .get(block)
            .expect("a block that is passed in is live, so its page is in the map")
    }

    /// The usable bytes of a block.
    pub(crate) fn size_of_block(&self, block: u64) -> u64 {
        let extent = &self.world.extents[self.extent_of(block)];
        sizes::size_of(usize::from(extent.class))
    }

    /// Frees a block of a class, into the thread's cache if that takes it (`arena_dalloc`).
    #[inline]
    fn give(&mut self, kernel: &mut Kernel, thread: usize, extent: ExtentId, block: u64) {
        let class = usize::from(self.world.extents[extent].class);
        if let Some(tcache) = &mut self.threads[thread].tcache
            && class < self.shape.classes
        {
            let bin = &mut tcache.bins[class];
            tcache.parked += sizes::size_of(class);
            if bin.is_full() {
                self.give_flushing(kernel, thread, class, block);
            } else {
                bin.push(kernel, block);
            }
            return;
        }
        self.free_uncached(kernel, thread, extent, block);
    }

    /// The bin was full: part of it is flushed first.
    fn give_flushing(&mut self, kernel: &mut Kernel, thread: usize, class: usize, block: u64) {
        let options = &self.world.options;
        let lg_div = if class < SMALL_CLASSES {
            options.lg_tcache_flush_small_div
        } else {
            options.lg_tcache_flush_large_div
        };
        let bin = |threads: &[crate::thread::Thread]| {
            let tcache = threads[thread].tcache.as_ref();
            tcache.map_or(0, |tcache| tcache.bins[class].slots)
        };
        let kept = bin(&self.threads).checked_shr(lg_div).unwrap_or(0);
        self.flush(kernel, thread, class, kept);
        if let Some(tcache) = &mut self.threads[thread].tcache {
            tcache.bins[class].push(kernel, block);
        }
    }

    fn free_uncached(&mut self, kernel: &mut Kernel, thread: usize, extent: ExtentId, block: u64) {
        let index = usize::from(self.world.extents[extent].arena);
        let Some(arena) = self.arenas[index].as_mut() else {
            return;
        };
        if self.world.extents[extent].slab {
            if let Some(slab) = arena.free_region(&mut self.world, extent, block) {
                arena.free_slab(kernel, &mut self.world, slab);
                self.freed_pages(kernel, index);
            }
        } else {
            arena.free_large(kernel, &mut self.world, extent);
            self.freed_pages(kernel, index);
        }
        self.tick(kernel, thread, index, 1);
    }

    /// Returns all but the `kept` newest blocks of a bin to the arenas they came from (`tcache_bin_flush_impl`).
    fn flush(&mut self, kernel: &mut Kernel, thread: usize, class: usize, kept: u32) {
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        let blocks = tcache.bins[class].take_bottom(kept);
        tcache.parked -= sizes::size_of(class) * blocks.len() as u64;
        let flushed = |block: &u64| Flushed {
            block: *block,
            extent: self.extent_of(*block),
        };
        let mut waiting: Vec<Flushed> = blocks.iter().map(flushed).collect();
        let mut empty = Vec::new();
        while let Some(first) = waiting.first() {
            let index = self.world.extents[first.extent].arena;
            let (here, elsewhere): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|one| self.world.extents[one.extent].arena == index);
            let index = usize::from(index);
            for one in &here {
                let Some(arena) = self.arenas[index].as_mut() else {
                    continue;
                };
                if class < SMALL_CLASSES {
                    empty.extend(arena.free_region(&mut self.world, one.extent, one.block));
                } else {
                    arena.free_large(kernel, &mut self.world, one.extent);
                    self.freed_pages(kernel, index);
                }
            }
            self.tick(kernel, thread, index, here.len() as u32);
            waiting = elsewhere;
        }
        for slab in empty {
            let index = usize::from(self.world.extents[slab].arena);
            if let Some(arena) = self.arenas[index].as_mut() {
                arena.free_slab(kernel, &mut self.world, slab);
                self.freed_pages(kernel, index);
            }
        }
    }

    /// Looks at one bin of a thread's cache: what it did not need since the last time is flushed in part, and a small bin
    /// that ran empty is refilled with more next time (`tcache_event`).
    #[cold]
    fn collect(&mut self, kernel: &mut Kernel, thread: usize) {
        let classes = self.shape.classes;
        let delay = |class| item_delay(&self.world.options, class);
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        let class = tcache.next_collected;
        let bin = &mut tcache.bins[class];
        let (len, low) = (bin.len(), bin.low_water);
        let mut kept = len;
        if low > 0 && class >= SMALL_CLASSES {
            kept = len - low + (low >> 2);
        } else if low > 0 {
            let flushed = low - (low >> 2);
            if flushed < u32::from(bin.delay) {
                bin.delay -= flushed as u8;
            } else {
                bin.delay = delay(class);
                kept = len - flushed;
                if bin.slots >> (bin.lg_fill_div + 1) >= 1 {
                    bin.lg_fill_div += 1;
                }
            }
        } else if class < SMALL_CLASSES && bin.refilled {
            if bin.lg_fill_div > 1 {
                bin.lg_fill_div -= 1;
            }
            bin.refilled = false;
        }
        if kept < len {
            self.flush(kernel, thread, class, kept);
        }
        if let Some(tcache) = &mut self.threads[thread].tcache {
            let bin = &mut tcache.bins[class];
            bin.low_water = bin.len();
            tcache.next_collected = (class + 1) % classes;
        }
    }

    // ---- realloc

    fn reallocate(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        block: u64,
        size: u64,
    ) -> Option<u64> {
        let extent = self.extent_of(block);
        let old_class = usize::from(self.world.extents[extent].class);
        let class = sizes::class_of(size)?;
        let (old, usable) = (sizes::size_of(old_class), sizes::size_of(class));
        let arena = usize::from(self.world.extents[extent].arena);
        let new = if class == old_class && class < SMALL_CLASSES {
            self.tick(kernel, thread, arena, 1);
            block
        } else if old >= LARGE_MIN && usable >= LARGE_MIN {
            self.reallocate_large(kernel, thread, extent, block, usable)?
        } else {
            let new = self.take(kernel, thread, class, false)?;
            kernel.touch(Address(new), Bytes(old.min(usable)));
            self.give(kernel, thread, extent, block);
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
        extent: ExtentId,
        block: u64,
        usable: u64,
    ) -> Option<u64> {
        let index = usize::from(self.world.extents[extent].arena);
        let old = sizes::size_of(usize::from(self.world.extents[extent].class));
        let arena = self.arenas[index].as_mut()?;
        if arena.resize_large(kernel, &mut self.world, extent, usable) {
            if usable < old {
                self.freed_pages(kernel, index);
            }
            self.tick(kernel, thread, index, 1);
            return Some(block);
        }
        let to = self.choose_for(kernel, thread, usable);
        let new = self.alloc_large(kernel, thread, to, (usable, CACHE_LINE), false)?;
        kernel.touch(Address(new), Bytes(old.min(usable)));
        self.give(kernel, thread, extent, block);
        Some(new)
    }

    // ---- thread exit

    /// `tsd_cleanup`: the arena loses the thread, the cache is flushed and freed (`tcache_destroy`).
    fn end_thread(&mut self, kernel: &mut Kernel, index: usize) {
        let thread = &mut self.threads[index];
        thread.ended = true;
        let bound = thread.arena.take();
        if let Some(arena) = bound.and_then(|bound| self.arenas[bound].as_mut()) {
            arena.threads -= 1;
        }
        if self.threads[index].tcache.is_none() {
            return;
        }
        for class in 0..self.shape.classes {
            self.flush(kernel, index, class, 0);
        }
        if let Some(tcache) = self.threads[index].tcache.take() {
            let extent = self.extent_of(tcache.home);
            self.free_uncached(kernel, index, extent, tcache.home);
        }
        self.decay(kernel, 0);
        let Some(bound) = bound else { return };
        let unused = self.arenas[bound].as_ref().map(|arena| arena.threads) == Some(0);
        if unused && self.sleepers.is_empty() {
            if let Some(arena) = self.arenas[bound].as_mut() {
                arena.decay_all(kernel, &mut self.world, State::Dirty);
                arena.decay_all(kernel, &mut self.world, State::Muzzy);
            }
        } else {
            self.decay(kernel, bound);
        }
    }
}

impl Allocator for Jemalloc {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        let thread = self.thread(kernel, thread);
        let class = sizes::class_of(size.0)?;
        let block = self.take(kernel, thread, class, false)?;
        self.allocated(kernel, thread, sizes::size_of(class));
        Some(Address(block))
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        let thread = self.thread(kernel, thread);
        let class = sizes::class_of(count.checked_mul(size.0)?)?;
        let block = self.take(kernel, thread, class, true)?;
        self.allocated(kernel, thread, sizes::size_of(class));
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
            return self.malloc(kernel, thread, size);
        };
        let thread = self.thread(kernel, thread);
        if size == Bytes::ZERO {
            let extent = self.extent_of(old.0);
            let class = usize::from(self.world.extents[extent].class);
            self.give(kernel, thread, extent, old.0);
            self.released(kernel, thread, sizes::size_of(class));
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
        let usable = sizes::usable_aligned(size.0, alignment.0)?;
        let class = sizes::class_of(usable)?;
        let block = if class < SMALL_CLASSES {
            self.take(kernel, thread, class, false)?
        } else {
            let arena = self.choose_for(kernel, thread, usable);
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
        let class = usize::from(self.world.extents[extent].class);
        if self.threads.get(index).is_some_and(|thread| thread.started) {
            self.give(kernel, index, extent, block.0);
            self.released(kernel, index, sizes::size_of(class));
        } else {
            // A thread that has only ever freed gets no cache.
            if index >= self.threads.len() {
                self.threads.resize_with(index + 1, Default::default);
            }
            self.free_uncached(kernel, index, extent, block.0);
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
            parked: Bytes(tcaches.map(|tcache| tcache.parked).sum()),
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

    fn resident_at_start(&self) -> Bytes {
        self.resident_at_start.unwrap_or(Bytes::ZERO)
    }

    fn decisions(&self) -> &DecisionLog {
        &self.world.log
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        &mut self.world.log
    }
}
