//! Where nothing is wrong, and where no allocator would do better.

use super::finding::Finding;
use super::kinds::Cause;
use super::scene::{Scene, WORTH};

impl Scene<'_> {
    /// Says what resident memory consists of.
    pub(super) fn nothing_wrong(&self) -> Finding {
        let diagnosis = self.diagnosis;
        let live = diagnosis.live_resident;
        let left = diagnosis.rss.saturating_sub(live);
        let parked = diagnosis.parked.min(left);
        let left = left.saturating_sub(parked);
        let free = diagnosis.free_resident.min(left);
        let cause = Cause::NothingWrong {
            live,
            parked,
            free,
            rest: left.saturating_sub(free),
        };
        Finding::new(cause, diagnosis.rss)
    }

    /// Finds a peak that the program itself held, nine tenths of it at least.
    pub(super) fn peak_held(&self) -> Option<Finding> {
        // Blocks that are not written need not be resident.
        if !self.simulation.feed.first().header.touch {
            return None;
        }
        let (peak_live, peak_resident) = (self.diagnosis.peak_live, self.diagnosis.peak_rss);
        let is_held = peak_resident >= WORTH && peak_live.0 * 10 >= peak_resident.0 * 9;
        let bytes = peak_live.min(peak_resident).min(self.diagnosis.rss);
        let cause = Cause::PeakHeld {
            peak_resident,
            peak_live: peak_live.min(peak_resident),
        };
        is_held.then(|| Finding::new(cause, bytes))
    }
}
