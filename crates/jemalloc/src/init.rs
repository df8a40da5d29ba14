//! How the process and its threads begin and end.
//!
//! jemalloc 5.3.0, src/jemalloc.c: `malloc_init_hard`; src/tsd.c: `tsd_data_init`; src/tcache.c: `tcache_destroy`.

use crate::Jemalloc;
use crate::arena::Arena;
use crate::background_thread::BackgroundThread;
use crate::base::Base;
use crate::edata::ExtentState;
use crate::prng::Prng;
use crate::rules::Collection;
use crate::size_classes::{self as sizes, CACHE_LINE, SMALL_CLASSES, SMALL_MAX};
use crate::tcache::Tcache;
use crate::tsd::EventWaits;
use highwater_allocator::{Bytes, Kernel, ThreadId};

/// `sizeof (background_thread_info_t)`
const BACKGROUND_THREAD_INFO: u64 = 208;

impl Jemalloc {
    /// Does what happens when the library is loaded, once (`malloc_init_hard`).
    #[inline]
    pub(crate) fn load(&mut self, kernel: &mut Kernel) {
        if self.resident_at_start.is_none() {
            self.load_now(kernel);
        }
    }

    #[cold]
    fn load_now(&mut self, kernel: &mut Kernel) {
        let before = kernel.rss();
        self.shared.bases.push(Base::new(kernel, self.shared.rules));
        let classes = self.shape.classes.max(SMALL_CLASSES) as u64;
        self.own_memory(kernel, classes * self.shared.rules.layout.cache_info);
        self.arenas[0] = Arena::new(kernel, &mut self.shared, 0);
        self.start_thread(kernel, 0, false);
        let background_threads = match self.shared.options.max_background_threads {
            0..=4095 => self.shared.options.max_background_threads,
            _ => 4,
        };
        self.own_memory(
            kernel,
            u64::from(background_threads) * BACKGROUND_THREAD_INFO,
        );
        self.resident_at_start = Some(kernel.rss() - before);
        if self.shared.options.asks_for_figures {
            self.first_question(kernel);
        }
        if self.shared.options.background_thread && background_threads > 0 {
            self.background_threads =
                vec![BackgroundThread::default(); background_threads as usize];
            self.start_background_thread(kernel, 0);
        }
    }

    fn own_memory(&mut self, kernel: &mut Kernel, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let base = self.shared.bases[0].as_mut();
        let at = base.and_then(|base| base.allocate(kernel, bytes, CACHE_LINE));
        if let Some(at) = at {
            kernel.touch(at, Bytes(bytes));
        }
    }

    /// The thread's number here, its data set up (`tsd_fetch`).
    #[inline]
    pub(crate) fn thread(&mut self, kernel: &mut Kernel, thread: ThreadId) -> usize {
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

    /// A thread that has only freed up to now frees again: whether its data are set up because it goes on doing so
    /// (`tsd_fetch_slow`).
    #[cold]
    pub(crate) fn starts_by_freeing(&mut self, kernel: &mut Kernel, index: usize) -> bool {
        if index >= self.threads.len() {
            self.threads.resize_with(index + 1, Default::default);
        }
        let frees = &mut self.threads[index].frees;
        *frees = frees.saturating_add(1);
        let starts = self.shared.rules.cache_after_frees == Some(*frees);
        if starts {
            self.start_thread(kernel, index, true);
        }
        starts
    }

    /// `tsd_data_init`, and `tsd_tcache_data_init` with the stacks from arena 0.
    #[cold]
    fn start_thread(&mut self, kernel: &mut Kernel, index: usize, loaded: bool) {
        let options = &self.shared.options;
        let step = match options.tcache_gc_incr_bytes {
            0 => u64::MAX,
            _ if self.shared.rules.collection == Collection::Counted => u64::MAX,
            step => step,
        };
        let seed = options.seed_of(index);
        let has_cache = options.tcache && !self.threads[index].ended;
        let thread = &mut self.threads[index];
        thread.started = true;
        thread.prng = Prng(seed);
        thread.until_collected = EventWaits {
            allocated: step,
            freed: step,
        };
        if !has_cache {
            return;
        }
        let alignment = self.shape.alignment;
        let Some(usable) = self.shared.usable_aligned(self.shape.bytes, alignment) else {
            return;
        };
        let home = if usable <= SMALL_MAX {
            let Some(class) = sizes::class_of(usable) else {
                return;
            };
            self.alloc_small(kernel, index, 0, class, true)
        } else {
            self.alloc_large(kernel, index, 0, (usable, alignment), true)
        };
        let Some(home) = home else { return };
        let cache = Tcache::new(kernel, &self.shape, &self.shared.options, home);
        self.threads[index].tcache = Some(cache);
        if loaded {
            self.choose(kernel, index);
        }
    }

    /// `tsd_cleanup`: the arena loses the thread, the cache is flushed and freed (`tcache_destroy`).
    pub(crate) fn end_thread(&mut self, kernel: &mut Kernel, index: usize) {
        let thread = &mut self.threads[index];
        thread.ended = true;
        let bound = thread.arena.take();
        if let Some(arena) = bound.and_then(|bound| self.arenas[bound].as_mut()) {
            arena.threads -= 1;
        }
        self.arena_tdata_cleanup(kernel, index);
        if self.threads[index].tcache.is_none() {
            return;
        }
        for class in 0..self.shape.classes {
            self.tcache_bin_flush(kernel, index, class, 0);
        }
        if let Some(tcache) = self.threads[index].tcache.take() {
            let extent = self.extent_of(tcache.home);
            self.arena_dalloc_no_tcache(kernel, index, extent, tcache.home);
        }
        self.decay(kernel, 0);
        let Some(bound) = bound else { return };
        let unused = self.arenas[bound].as_ref().map(|arena| arena.threads) == Some(0);
        if unused && self.background_threads.is_empty() {
            if let Some(arena) = self.arenas[bound].as_mut() {
                arena.decay_all(kernel, &mut self.shared, ExtentState::Dirty);
                arena.decay_all(kernel, &mut self.shared, ExtentState::Muzzy);
            }
        } else {
            self.decay(kernel, bound);
        }
    }
}
