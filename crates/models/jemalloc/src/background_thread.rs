//! Background threads: when they wake, and what they do then.
//!
//! jemalloc 5.3.0, src/background_thread.c: `background_work_sleep_once`, `background_thread_sleep`,
//! `background_thread_wakeup_early`; src/arena.c: `arena_maybe_do_deferred_work`, `arena_should_decay_early`. Thread
//! `i` serves the arenas `i`, `i + max`, and so on. A thread that is woken is taken to run at once.

use crate::arenas::Arenas;
use crate::edata::ExtentState;
use crate::pac::{DEFERRED_PURGE_PAGES, Pac, PurgeEagerness};
use crate::shared::Call;
use crate::units::{ArenaIndex, Nanos};
use highwater_allocator::Pages;

/// `BACKGROUND_THREAD_MIN_INTERVAL_NS`
const MIN_INTERVAL: Nanos = Nanos::from_millis(100);

/// One background thread (`background_thread_info_t`).
#[derive(Clone, Debug, Default)]
struct BackgroundThread {
    started: bool,
    /// The moment it wakes; `None` where it sleeps until something is freed (`background_thread_indefinite_sleep`).
    wakes: Option<Nanos>,
    /// Pages freed since it fell asleep that have to go before it wakes (`npages_to_purge_new`).
    new_pages: Pages,
}

/// All background threads; none where they are not enabled.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackgroundThreads(Vec<BackgroundThread>);

impl BackgroundThread {
    /// Returns whether `new` pages, freed in an arena whose decay began a new interval, are reason to wake early
    /// (`arena_maybe_do_deferred_work`, `arena_should_decay_early`).
    fn is_woken_by(&mut self, pac: &Pac, state: ExtentState, new: Pages) -> bool {
        if !self.started {
            return false;
        }
        let Some(wakes) = self.wakes else {
            return true;
        };
        let decay = pac.decay(state);
        if !decay.is_gradual() || wakes <= decay.epoch {
            return false;
        }
        let remaining = wakes - decay.epoch;
        if new > Pages(0) {
            self.new_pages += decay.pages_purged_in(remaining, new);
        }
        if self.new_pages <= DEFERRED_PURGE_PAGES {
            return false;
        }
        self.new_pages = Pages(0);
        // With little left to sleep, waking is not worth it.
        remaining >= MIN_INTERVAL
    }
}

impl BackgroundThreads {
    /// Makes that many threads, none of which is started.
    pub(crate) fn new(count: u32) -> Self {
        Self(vec![BackgroundThread::default(); count as usize])
    }

    /// Ends all of them: a forked process has none, and starts none (`background_thread_postfork_child`).
    pub(crate) fn end(&mut self) {
        self.0.clear();
    }

    /// Returns whether there are any (`background_thread_enabled`).
    #[inline]
    pub(crate) fn enabled(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns the thread that wakes next, and when; `None` where all sleep until something is freed.
    pub(crate) fn next_to_wake(&self) -> Option<(usize, Nanos)> {
        let numbered = self.0.iter().enumerate();
        let waking = numbered.filter_map(|(index, thread)| Some((index, thread.wakes?)));
        waking.min_by_key(|(_, wakes)| *wakes)
    }

    /// Lets a thread do what is due and fall asleep again (`background_work_sleep_once`).
    pub(crate) fn wake(&mut self, call: &mut Call<'_>, arenas: &mut Arenas, index: usize) {
        let step = self.0.len();
        let thread = &mut self.0[index];
        let slept_indefinitely = thread.wakes.is_none();
        let mut until = Nanos::NEVER;
        for arena in arenas.every(index, step) {
            // Woken because there is something now, it only finds out when that is due.
            if !slept_indefinitely {
                arena.decay(call, PurgeEagerness::Always);
            }
            if until > MIN_INTERVAL {
                until = until.min(arena.pac.time_until_deferred_work());
            }
        }
        thread.new_pages = Pages(0);
        let wakes = call.shared.now.saturating_add(until.max(MIN_INTERVAL));
        thread.wakes = (until != Nanos::NEVER).then_some(wakes);
    }

    /// Returns the thread that serves an arena, if such threads are enabled.
    fn serving(&self, arena: ArenaIndex) -> Option<usize> {
        self.enabled().then(|| arena.index() % self.0.len())
    }

    /// Starts the thread that serves an arena, if it was not (`background_thread_create`).
    pub(crate) fn create(&mut self, call: &mut Call<'_>, arenas: &mut Arenas, arena: ArenaIndex) {
        let Some(index) = self.serving(arena) else {
            return;
        };
        if !self.0[index].started {
            self.0[index].started = true;
            self.wake(call, arenas, index);
        }
    }

    /// Wakes the thread that serves an arena, if it sleeps indefinitely: something was freed that it has to deal with
    /// (`arena_background_thread_inactivity_check`).
    pub(crate) fn inactivity_check(
        &mut self,
        call: &mut Call<'_>,
        arenas: &mut Arenas,
        arena: ArenaIndex,
    ) {
        let Some(index) = self.serving(arena) else {
            return;
        };
        let thread = &self.0[index];
        if thread.started && thread.wakes.is_none() {
            self.wake(call, arenas, index);
        }
    }

    /// Lets a thread of the program look at the decays of an arena (`arena_decay`); that may wake the arena's
    /// background thread.
    pub(crate) fn arena_decay(
        &mut self,
        call: &mut Call<'_>,
        arenas: &mut Arenas,
        index: ArenaIndex,
    ) {
        let eagerness = if self.enabled() {
            PurgeEagerness::Never
        } else {
            PurgeEagerness::OnEpochAdvance
        };
        let Some(arena) = arenas.get_mut(index) else {
            return;
        };
        let freed = arena.decay(call, eagerness);
        let Some(thread) = self.serving(index) else {
            return;
        };
        for (state, new) in freed {
            if let Some(new) = new
                && let Some(arena) = arenas.get(index)
                && self.0[thread].is_woken_by(&arena.pac, state, new)
            {
                self.wake(call, arenas, thread);
            }
        }
    }
}
