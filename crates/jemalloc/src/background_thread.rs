//! Background threads: when they wake, and what they do then.
//!
//! jemalloc 5.3.0, src/background_thread.c: `background_work_sleep_once`, `background_thread_sleep`,
//! `background_thread_wakeup_early`; src/arena.c: `arena_maybe_do_deferred_work`, `arena_should_decay_early`. Thread `i`
//! cares for the arenas `i`, `i + max`, and so on. A thread that is woken is taken to run at once.

use crate::arena::{Arena, Eagerness};
use crate::edata::ExtentState;
use crate::shared::Shared;
use highwater_allocator::Kernel;

/// `BACKGROUND_THREAD_MIN_INTERVAL_NS`
const SLEEP_MIN: u64 = 100_000_000;
/// `ARENA_DEFERRED_PURGE_NPAGES_THRESHOLD`: so many pages are worth waking for.
const PURGE_PAGES: u64 = 1024;

/// One background thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackgroundThread {
    pub(crate) started: bool,
    /// When it wakes; `None` where it sleeps until something is freed.
    pub(crate) wakes: Option<u64>,
    /// Pages freed since it fell asleep that will have to go before it wakes.
    new_pages: u64,
}

impl BackgroundThread {
    /// Does what is due and falls asleep again (`background_work_sleep_once`).
    pub(crate) fn work(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        arenas: &mut [Option<Arena>],
        (index, threads): (usize, usize),
    ) {
        let slept_without_end = self.wakes.is_none();
        let mut until = u64::MAX;
        for arena in arenas.iter_mut().skip(index).step_by(threads).flatten() {
            // Woken because there is something now, it only finds out when that will be due.
            if !slept_without_end {
                decay(kernel, shared, arena, Eagerness::Always);
            }
            if until > SLEEP_MIN {
                until = until.min(until_purge(arena));
            }
        }
        self.new_pages = 0;
        self.wakes = (until != u64::MAX).then(|| shared.now.saturating_add(until.max(SLEEP_MIN)));
    }

    /// Whether `new` pages, freed in an arena whose decay began a new interval, are reason to wake early.
    pub(crate) fn is_woken_by(&mut self, arena: &Arena, state: ExtentState, new: u64) -> bool {
        if !self.started {
            return false;
        }
        let Some(wakes) = self.wakes else {
            return true;
        };
        let decay = match state {
            ExtentState::Dirty => &arena.pac.dirty_decay,
            _ => &arena.pac.muzzy_decay,
        };
        if !decay.is_gradual() || wakes <= decay.epoch {
            return false;
        }
        let remaining = wakes - decay.epoch;
        if new > 0 {
            self.new_pages += decay.purged_in(remaining, new);
        }
        if self.new_pages <= PURGE_PAGES {
            return false;
        }
        self.new_pages = 0;
        // There is little left to sleep: it is not worth it.
        remaining >= SLEEP_MIN
    }
}

/// When pages of an arena will have to go (`pac_time_until_deferred_work`).
fn until_purge(arena: &Arena) -> u64 {
    let pac = &arena.pac;
    let dirty = pac.dirty_decay.until_purge(pac.dirty.pages(), PURGE_PAGES);
    dirty.min(pac.muzzy_decay.until_purge(pac.muzzy.pages(), PURGE_PAGES))
}

/// Looks at both decays of an arena (`arena_decay`). Returns for each the pages freed in the interval that ended, if one
/// did.
pub(crate) fn decay(
    kernel: &mut Kernel,
    shared: &mut Shared,
    arena: &mut Arena,
    eagerness: Eagerness,
) -> [Option<u64>; 2] {
    let dirty = arena.maybe_purge(kernel, shared, ExtentState::Dirty, eagerness);
    let idle = arena.pac.muzzy.pages() == 0 && arena.pac.muzzy_decay.time_ms <= 0;
    let muzzy = if idle {
        None
    } else {
        arena.maybe_purge(kernel, shared, ExtentState::Muzzy, eagerness)
    };
    [dirty, muzzy]
}
