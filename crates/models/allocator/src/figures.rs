//! What an allocator that decides over whole pages reports of itself.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_kernel::{Bytes, Micros};
use serde::{Deserialize, Serialize};

/// The figures of an allocator that keeps free pages for a while: those jemalloc reports (`mallctl`), and what decides
/// how long it keeps them.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Figures {
    /// Blocks handed out, those in thread caches included.
    pub allocated: Bytes,
    /// Pages of extents in use.
    pub active: Bytes,
    /// Free pages as they were left.
    pub dirty: Bytes,
    /// Free pages offered to the kernel.
    pub muzzy: Bytes,
    /// What it takes to be resident: active and dirty pages, and its own structures by whole pages. Muzzy pages it leaves
    /// out, though until the kernel takes them they are resident too.
    pub resident: Bytes,
    /// Address space kept whose pages were given back.
    pub retained: Bytes,
    /// Active, dirty and muzzy pages, and the blocks of the allocator's own structures.
    pub mapped: Bytes,
    /// The allocator's own structures.
    pub metadata: Bytes,
    /// How they decay.
    pub decay: DecayRule,
    /// When the background thread will wake, from the workload's start; `None` where none runs or it sleeps until
    /// something is freed.
    pub wakes: Option<Micros>,
}

/// How long free pages may stay.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct DecayRule {
    /// Milliseconds until the last dirty page has to go; 0 at once, -1 never.
    pub dirty_ms: i64,
    /// The same for muzzy pages.
    pub muzzy_ms: i64,
    /// Whether a background thread looks at the clock; else only calls of the program do.
    pub background_thread: bool,
}

impl DecayRule {
    /// Of pages that became free `age` ago all at once, the share that may stay, in thousandths, under a decay time of
    /// `decay_ms` milliseconds: one less the smooth step 6x⁵ − 15x⁴ + 10x³.
    ///
    /// jemalloc 5.3.0, src/decay.c, `decay_backlog_npages_limit`.
    pub fn share_left(decay_ms: i64, age: Micros) -> u32 {
        if decay_ms < 0 {
            return 1000;
        }
        let x = age.0 as f64 / (decay_ms as f64 * 1000.0);
        if x >= 1.0 || decay_ms == 0 {
            return 0;
        }
        let step = x * x * x * (x * (6.0 * x - 15.0) + 10.0);
        ((1.0 - step) * 1000.0).round() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_falls_along_the_smooth_step() {
        let share = |ms, s: f64| DecayRule::share_left(ms, Micros((s * 1e6) as u64));
        assert_eq!(share(5000, 0.0), 1000);
        assert_eq!(share(5000, 2.5), 500);
        assert_eq!(share(5000, 4.0), 58);
        assert_eq!(share(5000, 5.0), 0);
        assert_eq!(share(1000, 4.0), 0);
        assert_eq!(share(0, 0.0), 0);
        assert_eq!(share(-1, 1e6), 1000);
    }
}
