//! Decay: how many free pages an arena may keep as time passes.
//!
//! jemalloc 5.3.0, src/decay.c. Time goes in 200 intervals to the decay time. Each interval notes how many pages became
//! free in it; of these a share that falls along a smooth step may stay.

use crate::prng::Prng;
use crate::units::Nanos;
use highwater_allocator::Pages;

/// `SMOOTHSTEP_NSTEPS`
pub(crate) const STEPS: usize = 200;
/// Binary digits of a share (`SMOOTHSTEP_BFP`).
const FRACTION_BITS: u32 = 24;

/// The share, in units of 2 to the power of -24, of the pages freed `200 - step` intervals ago that may stay:
/// 6x⁵ − 15x⁴ + 10x³ for x = step / 200.
const SHARES: [u64; STEPS] = {
    let mut shares = [0; STEPS];
    let mut step = 1;
    while step <= STEPS as u128 {
        let above = step * step * step * (6 * step * step + 400_000 - 3_000 * step);
        shares[step as usize - 1] = ((above << FRACTION_BITS) / 320_000_000_000) as u64;
        step += 1;
    }
    shares
};

/// The decay of an arena's dirty or muzzy pages (`decay_t`).
#[derive(Clone, Debug)]
pub(crate) struct Decay {
    /// The decay time in milliseconds; 0 for at once, -1 for never.
    pub(crate) time_ms: i64,
    interval: Nanos,
    pub(crate) epoch: Nanos,
    deadline: Nanos,
    seed: u64,
    jitter: Prng,
    /// The pages at the last epoch, or those allowed then if that was more (`nunpurged`).
    unpurged: Pages,
    limit: Pages,
    /// The pages that became free in each interval, the newest last (`backlog`).
    backlog: [u64; STEPS],
}

impl Decay {
    /// Makes a decay whose jitter starts from `seed` (`decay_init`).
    pub(crate) fn new(now: Nanos, time_ms: i64, seed: u64) -> Self {
        let mut decay = Self {
            time_ms,
            interval: Nanos(0),
            epoch: now,
            deadline: now,
            seed,
            jitter: Prng(seed),
            unpurged: Pages(0),
            limit: Pages(0),
            backlog: [0; STEPS],
        };
        decay.restart(now, time_ms);
        decay
    }

    /// Starts again with another decay time (`decay_reinit`).
    pub(crate) fn restart(&mut self, now: Nanos, time_ms: i64) {
        self.time_ms = time_ms;
        if time_ms > 0 {
            self.interval = Nanos(Nanos::from_millis(time_ms as u64).0 / STEPS as u64);
        }
        self.epoch = now;
        self.jitter = Prng(self.seed);
        self.deadline_init();
        self.unpurged = Pages(0);
        self.backlog = [0; STEPS];
    }

    /// Returns whether pages go after a time, rather than at once or never (`decay_gradually`).
    pub(crate) fn is_gradual(&self) -> bool {
        self.time_ms > 0
    }

    /// Returns whether pages go at once (`decay_immediately`).
    pub(crate) fn is_immediate(&self) -> bool {
        self.time_ms == 0
    }

    /// Sets the deadline to one interval after the epoch, plus a random part of another (`decay_deadline_init`).
    fn deadline_init(&mut self) {
        self.deadline = self.epoch.saturating_add(self.interval);
        if self.time_ms > 0 {
            let jitter = Nanos(self.jitter.below(self.interval.0));
            self.deadline = self.deadline.saturating_add(jitter);
        }
    }

    /// Advances to the interval of `now` if the deadline was reached, with `pages` free now; returns whether it was
    /// (`decay_maybe_advance_epoch`).
    pub(crate) fn maybe_advance_epoch(&mut self, now: Nanos, pages: Pages) -> bool {
        if now < self.deadline {
            return false;
        }
        let passed = (now - self.epoch) / self.interval;
        self.epoch += self.interval * passed;
        self.deadline_init();
        self.update_backlog(passed, pages);
        self.limit = self.backlog_limit();
        self.unpurged = self.limit.max(pages);
        true
    }

    /// Moves the backlog by the intervals passed and adds what became free since (`decay_backlog_update`).
    fn update_backlog(&mut self, passed: u64, pages: Pages) {
        let passed = passed.min(STEPS as u64) as usize;
        self.backlog.copy_within(passed.min(STEPS - 1).., 0);
        if passed >= STEPS {
            self.backlog[..STEPS - 1].fill(0);
        } else {
            self.backlog[STEPS - passed..].fill(0);
        }
        self.backlog[STEPS - 1] = pages.0.saturating_sub(self.unpurged.0);
    }

    /// Returns the pages that may stay (`decay_backlog_npages_limit`).
    fn backlog_limit(&self) -> Pages {
        let terms = self.backlog.iter().zip(SHARES);
        Pages(terms.map(|(pages, share)| pages * share).sum::<u64>() >> FRACTION_BITS)
    }

    /// Returns the pages that may stay until the next epoch (`decay_npages_limit_get`).
    pub(crate) fn limit(&self) -> Pages {
        self.limit
    }

    /// Returns the pages that became free in the newest interval (`decay_epoch_npages_delta`).
    pub(crate) fn newest(&self) -> Pages {
        Pages(self.backlog[STEPS - 1])
    }

    /// Returns how many of `new` pages have to go within `time` (`decay_npages_purge_in`).
    pub(crate) fn pages_purged_in(&self, time: Nanos, new: Pages) -> Pages {
        let epochs = (time / self.interval) as usize;
        if epochs >= STEPS {
            return new;
        }
        let share = SHARES[STEPS - 1] - SHARES[STEPS - 1 - epochs];
        Pages((new.0 * share) >> FRACTION_BITS)
    }

    /// Returns how many pages have to go within that many intervals (`decay_npurge_after_interval`).
    fn pages_purged_after(&self, intervals: usize) -> Pages {
        let mut sum = 0;
        for (step, pages) in self.backlog.iter().enumerate() {
            let then = step.checked_sub(intervals).map_or(0, |step| SHARES[step]);
            sum += pages * (SHARES[step] - then);
        }
        Pages(sum >> FRACTION_BITS)
    }

    /// Returns how many of now `pages` pages may be left at most, and after which time, if the decay is looked at in
    /// every interval from the next on, none are taken and none become free; in steps of a fiftieth of the decay time.
    pub(crate) fn forecast(&self, now: Nanos, pages: Pages) -> Vec<(Nanos, Pages)> {
        if !self.is_gradual() {
            return vec![(Nanos(0), Pages(0))];
        }
        let look = self.deadline.max(now);
        let mut then = self.clone();
        then.maybe_advance_epoch(look, pages);
        let left = |intervals| {
            let wait = look - now + self.interval * intervals as u64;
            let purged = then.pages_purged_after(intervals);
            (wait, Pages(then.limit.0.saturating_sub(purged.0)))
        };
        (0..=STEPS).step_by(STEPS / 50).map(left).collect()
    }

    /// Returns the time after which more than `threshold` of now `pages` pages have to go (`decay_ns_until_purge`);
    /// [`Nanos::NEVER`] where none have to.
    pub(crate) fn time_until_purge(&self, pages: Pages, threshold: Pages) -> Nanos {
        if !self.is_gradual() {
            return Nanos::NEVER;
        }
        if pages == Pages(0) && self.backlog.iter().all(|noted| *noted == 0) {
            return Nanos::NEVER;
        }
        if pages <= threshold {
            return self.interval * STEPS as u64;
        }
        let (mut low, mut high) = (2, STEPS);
        let mut purged_low = self.pages_purged_after(low);
        if purged_low > threshold {
            return self.interval * low as u64;
        }
        let mut purged_high = self.pages_purged_after(high);
        if purged_high < threshold {
            return self.interval * high as u64;
        }
        while purged_low + threshold < purged_high && low + 2 < high {
            let middle = (low + high) / 2;
            let purged = self.pages_purged_after(middle);
            if purged > threshold {
                (high, purged_high) = (middle, purged);
            } else {
                (low, purged_low) = (middle, purged);
            }
        }
        Nanos((self.interval * (low + high) as u64).0 / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fall_from_all_to_none_along_a_smooth_step() {
        assert_eq!((SHARES[0], SHARES[1], SHARES[19]), (0x14, 0xa5, 0x230fc));
        assert_eq!(SHARES[STEPS - 1], 1 << FRACTION_BITS);
        assert!(SHARES.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(SHARES[99], 1 << (FRACTION_BITS - 1), "half of the way");
    }

    #[test]
    fn what_became_free_may_stay_less_and_less() {
        let mut decay = Decay::new(Nanos(0), 1000, 1);
        let mut limits = Vec::new();
        let mut pages = Pages(1000);
        for tenth in 1..=15 {
            decay.maybe_advance_epoch(Nanos::from_millis(tenth * 100), pages);
            pages = pages.min(decay.limit());
            limits.push(decay.limit());
        }
        assert!(
            limits.windows(2).all(|pair| pair[1] <= pair[0]),
            "{limits:?}"
        );
        assert_eq!(limits.last(), Some(&Pages(0)));
    }

    #[test]
    fn without_pages_there_is_nothing_to_wait_for() {
        let wait = |time_ms, pages| {
            let decay = Decay::new(Nanos(0), time_ms, 1);
            decay.time_until_purge(Pages(pages), Pages(1024))
        };
        assert_eq!(wait(1000, 0), Nanos::NEVER);
        assert_eq!(wait(1000, 10), Nanos::from_millis(1000));
        assert_eq!(wait(-1, 10), Nanos::NEVER);
    }
}
