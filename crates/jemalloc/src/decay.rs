//! Decay: how many free pages an arena may keep as time passes.
//!
//! jemalloc 5.3.0, src/decay.c. Time goes in 200 intervals to the decay time. Each interval notes how many pages became
//! free in it; of these a share that falls along a smooth step may stay.

use crate::prng::Prng;

/// `SMOOTHSTEP_NSTEPS`
pub(crate) const STEPS: usize = 200;
/// `SMOOTHSTEP_BFP`: binary digits of the share.
const FRACTION_BITS: u32 = 24;
/// Never: the time until a purge where nothing is to be purged.
pub(crate) const UNBOUNDED: u64 = u64::MAX;

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

/// The decay of an arena's dirty or muzzy pages. Times are in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Decay {
    /// The decay time in milliseconds; 0 for at once, -1 for never.
    pub(crate) time_ms: i64,
    interval: u64,
    pub(crate) epoch: u64,
    deadline: u64,
    seed: u64,
    jitter: Prng,
    /// Pages that were there at the last epoch, or were allowed then if those were more.
    unpurged: u64,
    limit: u64,
    backlog: [u64; STEPS],
}

impl Decay {
    /// `decay_init`
    pub(crate) fn new(now: u64, time_ms: i64, seed: u64) -> Self {
        let mut decay = Self {
            time_ms,
            interval: 0,
            epoch: now,
            deadline: now,
            seed,
            jitter: Prng(seed),
            unpurged: 0,
            limit: 0,
            backlog: [0; STEPS],
        };
        decay.restart(now, time_ms);
        decay
    }

    /// Begins anew with another decay time (`decay_reinit`).
    pub(crate) fn restart(&mut self, now: u64, time_ms: i64) {
        self.time_ms = time_ms;
        if time_ms > 0 {
            self.interval = (time_ms as u64 * 1_000_000) / STEPS as u64;
        }
        self.epoch = now;
        self.jitter = Prng(self.seed);
        self.set_deadline();
        self.unpurged = 0;
        self.backlog = [0; STEPS];
    }

    /// Whether pages go after a while, rather than at once or never (`decay_gradually`).
    pub(crate) fn is_gradual(&self) -> bool {
        self.time_ms > 0
    }

    /// Whether pages go at once.
    pub(crate) fn is_immediate(&self) -> bool {
        self.time_ms == 0
    }

    fn set_deadline(&mut self) {
        self.deadline = self.epoch.saturating_add(self.interval);
        if self.time_ms > 0 {
            let jitter = self.jitter.below(self.interval);
            self.deadline = self.deadline.saturating_add(jitter);
        }
    }

    /// Advances to the interval that `now` lies in, if the deadline was reached (`decay_maybe_advance_epoch`).
    pub(crate) fn advance(&mut self, now: u64, pages: u64) -> bool {
        if now < self.deadline {
            return false;
        }
        let passed = (now - self.epoch) / self.interval;
        self.epoch += passed * self.interval;
        self.set_deadline();
        self.note(passed, pages);
        self.limit = self.allowed();
        self.unpurged = self.limit.max(pages);
        true
    }

    /// Moves the notes by the intervals passed and adds what became free since (`decay_backlog_update`).
    fn note(&mut self, passed: u64, pages: u64) {
        let passed = passed.min(STEPS as u64) as usize;
        self.backlog.copy_within(passed.min(STEPS - 1).., 0);
        let kept = STEPS - passed;
        if passed >= STEPS {
            self.backlog[..STEPS - 1].fill(0);
        } else {
            self.backlog[kept..].fill(0);
        }
        self.backlog[STEPS - 1] = pages.saturating_sub(self.unpurged);
    }

    fn allowed(&self) -> u64 {
        let terms = self.backlog.iter().zip(SHARES);
        terms.map(|(pages, share)| pages * share).sum::<u64>() >> FRACTION_BITS
    }

    /// Pages that may stay until the next epoch.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Pages that became free in the last interval noted (`decay_epoch_npages_delta`).
    pub(crate) fn newest(&self) -> u64 {
        self.backlog[STEPS - 1]
    }

    /// How many of `new` pages will go within a time (`decay_npages_purge_in`).
    pub(crate) fn purged_in(&self, time: u64, new: u64) -> u64 {
        let epochs = (time / self.interval) as usize;
        if epochs >= STEPS {
            return new;
        }
        (new * (SHARES[STEPS - 1] - SHARES[STEPS - 1 - epochs])) >> FRACTION_BITS
    }

    /// How many pages will have to go after so many intervals (`decay_npurge_after_interval`).
    fn purged_after(&self, intervals: usize) -> u64 {
        let mut sum = 0;
        for (step, pages) in self.backlog.iter().enumerate() {
            let then = step.checked_sub(intervals).map_or(0, |step| SHARES[step]);
            sum += pages * (SHARES[step] - then);
        }
        sum >> FRACTION_BITS
    }

    /// How many of now `pages` pages may be left at most, and after which time, if somebody looks at every interval from
    /// the next on, none are taken and none become free; in steps of a fiftieth of the decay time.
    pub(crate) fn ahead(&self, now: u64, pages: u64) -> Vec<(u64, u64)> {
        if !self.is_gradual() {
            return vec![(0, 0)];
        }
        let look = self.deadline.max(now);
        let mut then = self.clone();
        then.advance(look, pages);
        let left = |intervals| {
            let wait = look - now + intervals as u64 * self.interval;
            (
                wait,
                then.limit.saturating_sub(then.purged_after(intervals)),
            )
        };
        (0..=STEPS).step_by(STEPS / 50).map(left).collect()
    }

    /// The time after which more than `threshold` of now `pages` pages will have to go (`decay_ns_until_purge`).
    pub(crate) fn until_purge(&self, pages: u64, threshold: u64) -> u64 {
        if !self.is_gradual() {
            return UNBOUNDED;
        }
        if pages == 0 && self.backlog.iter().all(|noted| *noted == 0) {
            return UNBOUNDED;
        }
        if pages <= threshold {
            return self.interval * STEPS as u64;
        }
        let (mut low, mut high) = (2, STEPS);
        let mut purged_low = self.purged_after(low);
        if purged_low > threshold {
            return self.interval * low as u64;
        }
        let mut purged_high = self.purged_after(high);
        if purged_high < threshold {
            return self.interval * high as u64;
        }
        while purged_low + threshold < purged_high && low + 2 < high {
            let middle = (low + high) / 2;
            let purged = self.purged_after(middle);
            if purged > threshold {
                (high, purged_high) = (middle, purged);
            } else {
                (low, purged_low) = (middle, purged);
            }
        }
        self.interval * (low + high) as u64 / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn shares_fall_from_all_to_none_along_a_smooth_step() {
        assert_eq!((SHARES[0], SHARES[1], SHARES[19]), (0x14, 0xa5, 0x230fc));
        assert_eq!(SHARES[STEPS - 1], 1 << FRACTION_BITS);
        assert!(SHARES.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(SHARES[99], 1 << (FRACTION_BITS - 1), "half of the way");
    }

    #[test]
    fn what_became_free_may_stay_less_and_less() {
        let mut decay = Decay::new(0, 1000, 1);
        let mut limits = Vec::new();
        let mut pages = 1000;
        for tenth in 1..=15 {
            decay.advance(tenth * 100 * MS, pages);
            pages = pages.min(decay.limit());
            limits.push(decay.limit());
        }
        assert!(
            limits.windows(2).all(|pair| pair[1] <= pair[0]),
            "{limits:?}"
        );
        assert_eq!(limits.last(), Some(&0));
    }

    #[test]
    fn without_pages_there_is_nothing_to_wait_for() {
        let decay = Decay::new(0, 1000, 1);
        assert_eq!(decay.until_purge(0, 1024), UNBOUNDED);
        assert_eq!(decay.until_purge(10, 1024), 1000 * MS);
        assert_eq!(Decay::new(0, -1, 1).until_purge(10, 1024), UNBOUNDED);
    }
}
