//! A model of jemalloc that gives out the addresses the real one gives out, and keeps the same pages resident.
//!
//! It is the allocator itself: extents, slabs, bins and caches are those of the real one, and its own structures lie in
//! simulated memory where the real ones lie, so that which pages are resident follows from the rules. From the bottom:
//! `base` (its own memory), `extents` and `emap` (which extent a page belongs to), `eset` and `pac` (free extents and
//! how they are found and purged; `cut`: split and merged; `grow`: mapped), `decay` (how many may stay), `arena` (slabs and large
//! blocks), `tcache`, `choose` (which arena serves a thread), `cached` (blocks out of the caches and back), `collect` (the
//! caches' collections), `lifetime` (how the process and its threads begin and end) and `entry` (the calls of the program).
//! `background` is the background thread, `runs` says what pages are used for. Where releases differ the code asks `rules`; what is not named there is the same
//! in all. Each rule cites the function it follows.

mod arena;
mod arena_choose;
mod arena_tdata;
mod background_thread;
mod base;
mod census;
mod conf;
mod ctl;
mod decay;
mod differences;
mod edata;
mod edata_heap;
mod emap;
mod entry;
mod eset;
mod extent;
mod grow_retained;
mod init;
mod options;
mod pac;
mod page_runs;
mod pages;
mod prng;
mod rules;
mod shared;
mod size_classes;
mod tcache;
mod tcache_alloc;
mod tcache_gc;
mod tsd;
mod version;

pub use conf::{Preset, Settings, presets};
pub use options::{Options, ThreadData};
pub use version::Version;

use arena::{Arena, Eagerness};
use background_thread::BackgroundThread;
use edata::{Edatas, ExtentState};
use emap::Emap;
use highwater_allocator::{Bytes, DecayRule, DecisionLog, Figures, Kernel, Micros};
use rules::{Rules, Ticking};
use shared::Shared;
use tcache::CacheShape;
use tsd::Tsd;

/// The process's clock at the trace's time 0: a second, as the reference has it. Only differences matter.
const CLOCK_START: u64 = 1_000_000_000;

/// jemalloc in one process.
#[derive(Clone)]
pub struct Jemalloc {
    shared: Shared,
    arenas: Vec<Option<Arena>>,
    threads: Vec<Tsd>,
    background_threads: Vec<BackgroundThread>,
    shape: CacheShape,
    /// Arenas that threads are bound to by themselves.
    automatic: usize,
    /// What was resident when the library had been loaded, before the program's first call.
    resident_at_start: Option<Bytes>,
}

/// A moment of the process's clock, from the workload's start.
fn since_start(at: u64) -> Micros {
    Micros(at.saturating_sub(CLOCK_START) / 1000)
}

impl Jemalloc {
    /// The allocator of a process on a machine of so many cores, before the library is loaded.
    pub fn new(version: Version, options: Options, cores: u32) -> Self {
        let rules = Rules::of(version);
        let shape = CacheShape::new(&options, rules.cache_stacks);
        let automatic = match options.narenas {
            0 if cores > 1 => 4 * cores as usize,
            0 => 1,
            set => set as usize,
        };
        let automatic = automatic.min(4094);
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
        // An index more for the arena of very large blocks, if there can be any.
        let has_huge = shared.oversize() <= size_classes::LARGE_MAX;
        Self {
            shared,
            arenas: vec![None; automatic + usize::from(has_huge)],
            threads: vec![Tsd::default()],
            background_threads: Vec::new(),
            shape,
            automatic,
            resident_at_start: None,
        }
    }

    /// The figures jemalloc reports (`mallctl`, `stats.*`), and what decides how long free pages stay.
    fn own_figures(&self) -> Figures {
        let mut figures = Figures::default();
        let pages = |count: u64| Bytes(count * size_classes::PAGE);
        for arena in self.arenas.iter().flatten() {
            let pac = &arena.pac;
            figures.allocated += Bytes(arena.allocated());
            figures.active += pages(pac.active);
            figures.dirty += pages(pac.dirty.pages());
            figures.muzzy += pages(pac.muzzy.pages());
            figures.retained += pages(pac.retained.pages());
            figures.mapped += Bytes(pac.mapped());
        }
        for base in self.shared.bases.iter().flatten() {
            figures.mapped += Bytes(base.mapped());
            figures.metadata += Bytes(base.allocated());
            figures.resident += Bytes(base.resident());
        }
        figures.resident += figures.active + figures.dirty;
        if self.shared.rules.resident_has_muzzy {
            figures.resident += figures.muzzy;
        }
        for cache in self.threads.iter().filter_map(|t| t.tcache.as_ref()) {
            figures.metadata += Bytes(self.size_of_block(cache.home));
        }
        for counts in self.threads.iter().filter_map(|t| t.arena_tdata.as_ref()) {
            figures.metadata += Bytes(self.size_of_block(counts.home));
        }
        let options = &self.shared.options;
        figures.decay = DecayRule {
            dirty_ms: options.dirty_decay_ms,
            muzzy_ms: options.muzzy_decay_ms,
            background_thread: !self.background_threads.is_empty(),
        };
        let wakes = self
            .background_threads
            .iter()
            .filter_map(|background| background.wakes);
        figures.wakes = wakes
            .min()
            .map(|at| Micros(at.saturating_sub(CLOCK_START) / 1000));
        figures
    }

    /// Sets the process's clock, waking background threads on the way.
    fn set_time(&mut self, kernel: &mut Kernel, now: Micros) {
        let now = CLOCK_START.saturating_add(now.0.saturating_mul(1000));
        while let Some((index, wakes)) = self.next_to_wake().filter(|(_, wakes)| *wakes <= now) {
            self.shared.now = self.shared.now.max(wakes);
            self.shared.log.at(Some(since_start(wakes)));
            self.wake(kernel, index);
        }
        self.shared.log.at(None);
        self.shared.now = self.shared.now.max(now);
    }

    fn next_to_wake(&self) -> Option<(usize, u64)> {
        let background_threads = self.background_threads.iter().enumerate();
        let waking =
            background_threads.filter_map(|(index, background)| Some((index, background.wakes?)));
        waking.min_by_key(|(_, wakes)| *wakes)
    }

    fn wake(&mut self, kernel: &mut Kernel, index: usize) {
        let all = self.background_threads.len();
        let background = &mut self.background_threads[index];
        background.work(kernel, &mut self.shared, &mut self.arenas, (index, all));
    }

    /// The background thread that cares for an arena is started, if it was not (`background_thread_create`).
    fn start_background_thread(&mut self, kernel: &mut Kernel, arena: usize) {
        if self.background_threads.is_empty() {
            return;
        }
        let index = arena % self.background_threads.len();
        if !self.background_threads[index].started {
            self.background_threads[index].started = true;
            self.wake(kernel, index);
        }
    }

    /// Something was freed that a background thread will have to deal with; one that sleeps without end is woken
    /// (`arena_background_thread_inactivity_check`).
    fn inactivity_check(&mut self, kernel: &mut Kernel, arena: usize) {
        if self.background_threads.is_empty() {
            return;
        }
        let index = arena % self.background_threads.len();
        let background = &self.background_threads[index];
        if background.started && background.wakes.is_none() {
            self.wake(kernel, index);
        }
    }

    /// Ticks; now and then that makes a thread look at an arena's decay (`arena_decay_ticks`).
    #[inline]
    fn arena_decay_ticks(&mut self, kernel: &mut Kernel, thread: usize, arena: usize, count: u32) {
        if self.shared.rules.ticking == Ticking::PerArena {
            self.tick_arena(kernel, thread, arena, count);
            return;
        }
        let thread = &mut self.threads[thread];
        if thread.ticker.ticks(&mut thread.prng, count as i32) {
            self.decay(kernel, arena);
        }
    }

    /// A thread of the program looks at an arena's decay (`arena_decay`).
    fn decay(&mut self, kernel: &mut Kernel, index: usize) {
        let Some(arena) = self.arenas[index].as_mut() else {
            return;
        };
        let eagerness = if self.background_threads.is_empty() {
            Eagerness::OnAdvance
        } else {
            Eagerness::Never
        };
        let news = background_thread::decay(kernel, &mut self.shared, arena, eagerness);
        if self.background_threads.is_empty() {
            return;
        }
        let background = index % self.background_threads.len();
        for (state, new) in [ExtentState::Dirty, ExtentState::Muzzy]
            .into_iter()
            .zip(news)
        {
            let Some(new) = new else { continue };
            let Some(arena) = &self.arenas[index] else {
                continue;
            };
            if self.background_threads[background].is_woken_by(arena, state, new) {
                self.wake(kernel, background);
            }
        }
    }
}
