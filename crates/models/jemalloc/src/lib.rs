//! A model of jemalloc that gives out the addresses the real one gives out, and keeps the same pages resident.
//!
//! It is the allocator itself: extents, slabs, bins and caches are those of the real one, and its own structures are in
//! simulated memory where the real ones are, so that which pages are resident follows from the rules. Files and
//! functions have the names of the C, mostly those of jemalloc 5.3.0. From the bottom: `base` (its own memory),
//! `edata`, `edata_heap` and `edata_cache` (the structures of extents), `emap` (the map from a page to its extent),
//! `eset` (free extents of one state), `decay` (how many pages may stay), `pac` with `extent` and `grow_retained` (the
//! page allocator of an arena), `bin` and `arena` (slabs and large blocks), `arenas` (which arena serves a thread),
//! `background_thread`, `cache_bin` and `tcache` (thread caches), `tsd` (the data of a thread). `thp` has the advice on huge pages.
//!
//! [`Jemalloc`] joins them: `tcache_alloc` (blocks out of the caches and back), `tcache_gc` (the caches' collections),
//! `arena_tdata` (ticks by arena, up to 5.2.1), `init` (how the process and its threads begin and end), `entry` (the
//! calls of the program), `ctl` and `stats` (its figures), `census` and `page_runs` (every block and every run of
//! pages), and `check` (what must hold, for tests). Where releases differ the code asks `rules`; what is not named
//! there is the same in all. Each rule cites the function it follows.

mod arena;
mod arena_tdata;
mod arenas;
mod background_thread;
mod base;
mod base_stacks;
mod bin;
mod cache_bin;
mod census;
mod check;
mod conf;
mod ctl;
mod decay;
mod differences;
mod edata;
mod edata_cache;
mod edata_heap;
mod edata_id;
mod emap;
mod entry;
mod eset;
mod extent;
mod grow_retained;
mod heap_links;
mod init;
mod options;
mod pac;
mod page_runs;
mod pages;
mod prng;
mod rules;
mod shared;
mod size_classes;
mod stats;
mod stored;
mod tcache;
mod tcache_alloc;
mod tcache_gc;
mod thp;
mod tsd;
mod units;
mod version;

pub use conf::{Preset, Settings, presets};
pub use options::{Options, ThreadData};
pub use stored::Stored;
pub use thp::{MetadataThp, Thp};
pub use version::Version;

use arenas::Arenas;
use background_thread::BackgroundThreads;
use edata::Edatas;
use emap::Emap;
use highwater_allocator::{Bytes, DecisionLog, Kernel, Micros, ThreadId};
use rules::{Rules, Ticking};
use shared::{Call, Shared};
use size_classes::LARGE_MAX;
use tcache::CacheShape;
use tsd::Threads;
use units::{ArenaIndex, Nanos};

/// The process's clock at the trace's time 0: a second, as in the oracle that the model is compared with. Only
/// differences matter.
const CLOCK_START: Nanos = Nanos::from_millis(1000);

/// jemalloc in one process.
#[derive(Clone)]
pub struct Jemalloc {
    shared: Shared,
    arenas: Arenas,
    threads: Threads,
    background_threads: BackgroundThreads,
    shape: CacheShape,
    /// What was resident when the library had been loaded, before the program's first call.
    at_start: Option<AtStart>,
}

/// What was resident when the library had been loaded.
#[derive(Clone, Copy)]
struct AtStart {
    /// All of it.
    resident: Bytes,
    /// The part that the library wrote. Huge pages brought in the rest, which the program may use later.
    written: Bytes,
}

/// Returns a moment of the process's clock as the time from the workload's start.
fn since_start(at: Nanos) -> Micros {
    at.saturating_sub(CLOCK_START).to_micros()
}

impl Jemalloc {
    /// Makes the allocator of a process for that many cores, as [`Version::counted_cores`] counts them, before the library is loaded.
    pub fn new(version: Version, options: Options, cores: u32) -> Self {
        let rules = Rules::of(version);
        let shape = CacheShape::new(&options, rules.cache_stacks);
        let shared = Shared {
            version,
            rules,
            edatas: Edatas::default(),
            emap: Emap::new(options.wide_addresses),
            options,
            bases: Vec::new(),
            now: CLOCK_START,
            log: DecisionLog::default(),
        };
        let has_huge = shared.oversize_threshold() <= LARGE_MAX;
        Self {
            arenas: Arenas::new(&shared.options, cores, has_huge),
            shared,
            threads: Threads::new(),
            background_threads: BackgroundThreads::default(),
            shape,
            at_start: None,
        }
    }

    /// Whether the options `thp` and `metadata_thp` ask for huge pages where the machine leaves that to programs.
    pub fn asks_for_huge_pages(&self) -> bool {
        let options = &self.shared.options;
        options.thp == Thp::Always || options.metadata_thp != MetadataThp::Disabled
    }

    /// Whether the option `thp` decides about the allocator's own structures as about extents: in releases that apply it to them, where
    /// `metadata_thp` says nothing else.
    pub fn thp_covers_metadata(&self) -> bool {
        let is_asked_for = self.shared.options.metadata_thp != MetadataThp::Disabled;
        self.shared.rules.base_sets_thp && !is_asked_for
    }

    /// Lets the background threads that wake up to a moment do what they do then.
    fn wake_until(&mut self, kernel: &mut Kernel, now: Nanos) {
        while let Some((index, wakes)) = self.background_threads.next_to_wake()
            && wakes <= now
        {
            self.shared.now = self.shared.now.max(wakes);
            self.shared.log.at(Some(since_start(wakes)));
            self.background_threads.wake(
                &mut Call::new(kernel, &mut self.shared),
                &mut self.arenas,
                index,
            );
        }
        self.shared.log.at(None);
    }

    /// Returns the arena of a thread, which is bound to one if it was not (`arena_choose`).
    #[inline]
    fn arena_choose(&mut self, kernel: &mut Kernel, thread: ThreadId) -> ArenaIndex {
        match self.threads[thread].arena {
            Some(arena) => arena,
            None => {
                let chosen = self
                    .arenas
                    .choose_hard(&mut Call::new(kernel, &mut self.shared));
                self.threads[thread].arena = Some(chosen);
                self.create_background_thread(kernel, chosen);
                chosen
            }
        }
    }

    /// Returns the arena for a large block of `size` bytes past the thread cache: very large ones have their own
    /// (`arena_choose_maybe_huge`).
    fn arena_choose_maybe_huge(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        size: Bytes,
    ) -> ArenaIndex {
        if size < self.shared.oversize_threshold() {
            return self.arena_choose(kernel, thread);
        }
        if self.shared.rules.very_large_binds {
            self.arena_choose(kernel, thread);
        }
        let (huge, made) = self
            .arenas
            .choose_huge(&mut Call::new(kernel, &mut self.shared));
        if made && self.shared.keeps_oversize() {
            self.create_background_thread(kernel, huge);
        }
        huge
    }

    /// Starts the background thread that serves an arena, if it was not (`arena_new_create_background_thread`).
    fn create_background_thread(&mut self, kernel: &mut Kernel, arena: ArenaIndex) {
        let (shared, arenas) = (&mut self.shared, &mut self.arenas);
        self.background_threads
            .create(&mut Call::new(kernel, shared), arenas, arena);
    }

    /// Wakes the background thread that serves an arena, if it sleeps indefinitely: something was freed
    /// (`arena_background_thread_inactivity_check`).
    fn inactivity_check(&mut self, kernel: &mut Kernel, arena: ArenaIndex) {
        let (shared, arenas) = (&mut self.shared, &mut self.arenas);
        self.background_threads
            .inactivity_check(&mut Call::new(kernel, shared), arenas, arena);
    }

    /// Lets a thread of the program look at the decays of an arena (`arena_decay`).
    fn arena_decay(&mut self, kernel: &mut Kernel, arena: ArenaIndex) {
        let (shared, arenas) = (&mut self.shared, &mut self.arenas);
        self.background_threads
            .arena_decay(&mut Call::new(kernel, shared), arenas, arena);
    }

    /// Counts ticks; now and then that makes a thread look at an arena's decay (`arena_decay_ticks`).
    #[inline]
    fn arena_decay_ticks(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        arena: ArenaIndex,
        count: i32,
    ) {
        if self.shared.rules.ticking == Ticking::PerArena {
            self.tick_arena(kernel, thread, arena, count);
            return;
        }
        let tsd = &mut self.threads[thread];
        if tsd.ticker.ticks(&mut tsd.prng, count) {
            self.arena_decay(kernel, arena);
        }
    }
}
