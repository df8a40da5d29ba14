//! khugepaged, which makes huge pages of small ones: Linux 6.18, mm/khugepaged.c, `khugepaged_scan_mm_slot`, `hpage_collapse_scan_pmd`.
//!
//! It needs one page that was used. Pages are taken for used from their first write on, for only a lack of memory makes the kernel look
//! again.

use crate::huge_pages::Khugepaged;
use crate::scan::SCAN_SLEEP;
use crate::space::Kernel;
use highwater_units::{Address, Bytes, Micros, Pages};

/// Ranges that it looks at each time (`pages_to_scan`).
const RANGES_TO_SCAN: u32 = 8;

impl Kernel {
    /// Whether anything happens as time passes.
    pub fn is_timed(&self) -> bool {
        self.config.huge_pages.khugepaged == Khugepaged::Clock
    }

    /// Lets khugepaged run up to `now`, where it runs by the clock.
    pub fn run_khugepaged(&mut self, now: Micros) {
        if self.config.huge_pages.khugepaged != Khugepaged::Clock || self.areas.is_none() {
            return;
        }
        // Whether nothing was found since it began with the lowest range, once it has.
        let mut is_quiet = None;
        while self.scan.wakes <= now {
            self.scan.wakes.0 += SCAN_SLEEP.0;
            let (has_worked, has_wrapped) = self.scan_ranges();
            if has_wrapped && !has_worked && is_quiet == Some(true) {
                // Nothing changes until the process does something.
                let missed = now.0.saturating_sub(self.scan.wakes.0);
                self.scan.wakes.0 += missed.next_multiple_of(SCAN_SLEEP.0);
                is_quiet = None;
            } else if has_wrapped || has_worked {
                is_quiet = Some(!has_worked).filter(|_| has_wrapped || is_quiet.is_some());
            }
        }
    }

    /// Looks at the next ranges, and begins again once after the last. Returns whether any became huge, and whether it began again.
    fn scan_ranges(&mut self) -> (bool, bool) {
        let mut has_wrapped = false;
        let mut has_work = false;
        for _ in 0..RANGES_TO_SCAN {
            let range = match self.next_whole_range(self.scan.at) {
                Some(range) => range,
                None if has_wrapped => break,
                None => {
                    has_wrapped = true;
                    self.scan.at = Address::NULL;
                    let Some(first) = self.next_whole_range(Address::NULL) else {
                        break;
                    };
                    first
                }
            };
            self.scan.at = self.tables.start_of(range + 1);
            has_work |= self.settle(range);
        }
        (has_work, has_wrapped)
    }

    /// The next range at or above `at` that lies whole in an area that may have huge pages.
    fn next_whole_range(&self, at: Address) -> Option<u64> {
        let span = self.tables.span();
        let mut at = at;
        loop {
            let (start, vma) = self.areas.as_ref()?.from(at)?;
            let first = start.max(at).align_up(span);
            if self.may_be_huge(&vma) && first + span <= vma.end {
                return Some(self.tables.range_of(first));
            }
            at = vma.end;
        }
    }

    /// Does what khugepaged does when it looks at a range, and returns whether that changed it.
    fn settle(&mut self, range: u64) -> bool {
        let is_eligible = self
            .area_of(range)
            .is_some_and(|vma| vma.has_pages() && self.may_be_huge(&vma));
        // At least one page must have been used.
        let most = self.tables.pages() - Pages(1);
        let set = self.config.huge_pages.max_ptes_none;
        let most = set.map_or(most, |set| Pages(set.into()).min(most));
        is_eligible && self.collapse(range, most)
    }

    /// Lets khugepaged look at once at the ranges that `[start, end)` reaches into, where it does that.
    pub(crate) fn settle_all(&mut self, start: Address, end: Address) {
        if self.areas.is_none()
            || start >= end
            || self.config.huge_pages.khugepaged != Khugepaged::Everything
        {
            return;
        }
        let last = self.tables.range_of(end - Bytes(1));
        let first = self.tables.range_of(start);
        let tables = self.tables.leaves.range(first, last + 1).iter();
        let ranges: Vec<u64> = tables.map(|(range, _)| *range).collect();
        for range in ranges {
            self.settle(range);
        }
    }
}
