//! The start of the process, and the start and the end of its threads.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `malloc_init_hard`; src/tsd.c: `tsd_data_init`; src/tcache.c: `tcache_destroy`.

use crate::background_thread::BackgroundThreads;
use crate::base::Base;
use crate::ctl::ctl_init;
use crate::edata::ExtentState;
use crate::prng::Prng;
use crate::rules::Collection;
use crate::shared::Call;
use crate::size_classes::{CACHE_LINE, SMALL_CLASSES, SMALL_MAX, Szind};
use crate::tcache::Tcache;
use crate::tsd::EventWaits;
use crate::units::ArenaIndex;
use crate::{AtStart, Jemalloc};
use highwater_allocator::{Address, Bytes, Kernel, ThreadId};

/// `sizeof (background_thread_info_t)`
const BACKGROUND_THREAD_INFO: Bytes = Bytes(208);

impl Jemalloc {
    /// Does what happens when the library is loaded, once (`malloc_init`).
    #[inline]
    pub(crate) fn malloc_init(&mut self, kernel: &mut Kernel) {
        if self.at_start.is_none() {
            self.malloc_init_hard(kernel);
        }
    }

    #[cold]
    fn malloc_init_hard(&mut self, kernel: &mut Kernel) {
        let (before, unwritten) = (kernel.rss(), kernel.unwritten());
        let rules = self.shared.rules;
        let base = Base::new(kernel, ArenaIndex::FIRST, rules, &self.shared.options);
        self.shared.bases.push(base);
        let classes = self.shape.classes.max(SMALL_CLASSES) as u64;
        self.base_alloc(kernel, rules.layout.cache_info * classes);
        self.arenas
            .init(&mut Call::new(kernel, &mut self.shared), ArenaIndex::FIRST);
        self.tsd_data_init(kernel, ThreadId::MAIN, false);
        let options = &self.shared.options;
        let background_thread = options.background_thread;
        let threads = match options.max_background_threads {
            0..=4095 => options.max_background_threads,
            _ => 4,
        };
        self.base_alloc(kernel, BACKGROUND_THREAD_INFO * u64::from(threads));
        let resident = kernel.rss() - before;
        self.at_start = Some(AtStart {
            resident,
            written: resident.saturating_sub(kernel.unwritten() - unwritten),
        });
        if self.shared.options.asks_for_figures {
            ctl_init(kernel, &mut self.shared, &self.arenas);
        }
        if background_thread && threads > 0 {
            self.background_threads = BackgroundThreads::new(threads);
            self.create_background_thread(kernel, ArenaIndex::FIRST);
        }
    }

    /// Allocates and writes memory of the library's own, if there is enough (`base_alloc` from `b0`).
    fn base_alloc(&mut self, kernel: &mut Kernel, bytes: Bytes) {
        if bytes == Bytes::ZERO {
            return;
        }
        let base = self.shared.bases[0].as_mut();
        if let Some((at, _)) = base.and_then(|base| base.alloc(kernel, bytes, CACHE_LINE)) {
            kernel.touch(at, bytes);
        }
    }

    /// Sets the library and the thread's data up, if they were not; returns whether the data were (`tsd_fetch`).
    #[inline]
    pub(crate) fn tsd_fetch(&mut self, kernel: &mut Kernel, thread: ThreadId) -> bool {
        self.malloc_init(kernel);
        let was_set_up = self.threads.entry(thread).started;
        if !was_set_up {
            self.tsd_data_init(kernel, thread, true);
        }
        was_set_up
    }

    /// Counts another call of a thread that has only freed up to now; returns whether its data were set up because it
    /// goes on doing so (`tsd_fetch_slow`).
    #[cold]
    pub(crate) fn starts_by_freeing(&mut self, kernel: &mut Kernel, thread: ThreadId) -> bool {
        let frees = &mut self.threads.entry(thread).frees;
        *frees = frees.saturating_add(1);
        let starts = self.shared.rules.cache_after_frees == Some(*frees);
        if starts {
            self.tsd_data_init(kernel, thread, true);
        }
        starts
    }

    /// Sets a thread's data up, with the stacks of its cache from arena 0 (`tsd_data_init`, `tsd_tcache_data_init`).
    /// `loaded` says whether the library is; while it is not, the thread is not bound to an arena.
    #[cold]
    fn tsd_data_init(&mut self, kernel: &mut Kernel, thread: ThreadId, loaded: bool) {
        let options = &self.shared.options;
        let step = match self.shared.rules.collection {
            Collection::Counted => Bytes::ZERO,
            Collection::OneClass | Collection::Local => options.tcache_gc_incr_bytes,
        };
        let seed = options.seed_of(thread);
        let tsd = &mut self.threads[thread];
        let has_cache = options.tcache && !tsd.ended;
        tsd.started = true;
        tsd.prng = Prng(seed);
        tsd.until_gc = EventWaits::each(step);
        if !has_cache || self.tcache_init(kernel, thread).is_none() {
            return;
        }
        if loaded {
            self.arena_choose(kernel, thread);
        }
    }

    /// Makes a thread's cache (`tcache_init`). `None` where there is no memory.
    fn tcache_init(&mut self, kernel: &mut Kernel, thread: ThreadId) -> Option<()> {
        if self.shared.has_stacks_in_base() {
            let (rules, options) = (self.shared.rules, &self.shared.options);
            let home = self.shared.bases[0].as_mut()?.alloc_stack(
                kernel,
                self.shape.bytes,
                rules.layout.edata_alignment,
                options.large_size_classes,
            )?;
            self.set_tcache(kernel, thread, home);
            return Some(());
        }
        let (arena, alignment) = (ArenaIndex::FIRST, self.shape.alignment);
        let usable = self.shared.usable_aligned(self.shape.bytes, alignment)?;
        let home = if usable <= SMALL_MAX {
            let class = Szind::of(usable)?;
            self.arena_malloc_small(kernel, thread, arena, class, true)?
        } else {
            self.large_palloc(kernel, thread, arena, usable, alignment, true)?
        };
        self.set_tcache(kernel, thread, home);
        Some(())
    }

    fn set_tcache(&mut self, kernel: &mut Kernel, thread: ThreadId, home: Address) {
        let cache = Tcache::new(kernel, &self.shape, &self.shared.options, home);
        self.threads[thread].tcache = Some(cache);
    }

    /// Ends a thread: its arena loses it, its cache is flushed and freed (`tsd_cleanup`, `tcache_destroy`).
    pub(crate) fn tsd_cleanup(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        let tsd = &mut self.threads[thread];
        tsd.ended = true;
        let bound = tsd.arena.take();
        if let Some(arena) = bound.and_then(|bound| self.arenas.get_mut(bound)) {
            arena.threads -= 1;
        }
        self.arenas_tdata_cleanup(kernel, thread);
        if self.threads[thread].tcache.is_none() {
            return;
        }
        for class in 0..self.shape.classes {
            self.tcache_bin_flush(kernel, thread, Szind(class), 0);
        }
        let tcache = self.threads[thread].tcache.take();
        if self.shared.has_stacks_in_base() {
            if let (Some(tcache), Some(base)) = (tcache, self.shared.bases[0].as_mut()) {
                base.dalloc_stack(kernel, tcache.home);
            }
        } else if let Some(tcache) = tcache {
            let edata = self.shared.edata_of(tcache.home);
            self.arena_dalloc_no_tcache(kernel, thread, edata, tcache.home);
        }
        self.arena_decay(kernel, ArenaIndex::FIRST);
        let Some(bound) = bound else { return };
        let unused = self.arenas.get(bound).map(|arena| arena.threads) == Some(0);
        if unused && !self.background_threads.enabled() {
            if let Some(arena) = self.arenas.get_mut(bound) {
                for state in [ExtentState::Dirty, ExtentState::Muzzy] {
                    arena
                        .pac
                        .decay_all(&mut Call::new(kernel, &mut self.shared), state);
                }
            }
        } else {
            self.arena_decay(kernel, bound);
        }
    }
}
