//! Which of many blocks may contain one of a few addresses.

/// A filter that tells, for nearly every block that contains none of a few addresses, that it contains none: whether one of
/// them is in a unit of 4 KiB or in the next, the units folded onto a few thousand.
pub(crate) struct AddressFilter([bool; 1 << 13]);

impl Default for AddressFilter {
    fn default() -> Self {
        Self([false; 1 << 13])
    }
}

impl AddressFilter {
    const UNIT: u32 = 12;
    /// A block of more units than this is taken to hold one.
    const MOST: u64 = 32;

    /// Adds an address.
    pub(crate) fn add(&mut self, at: u64) {
        let unit = at >> Self::UNIT;
        for unit in [unit.saturating_sub(1), unit] {
            self.0[unit as usize % self.0.len()] = true;
        }
    }

    /// Returns whether one of the addresses may lie between two.
    #[inline]
    pub(crate) fn may_be_in(&self, start: u64, end: u64) -> bool {
        let (mut unit, last) = (start >> Self::UNIT, (end - 1) >> Self::UNIT);
        if last - unit > Self::MOST {
            return true;
        }
        // Two at a time, for nearly all blocks reach into no more.
        while unit <= last {
            if self.0[unit as usize % self.0.len()] {
                return true;
            }
            unit += 2;
        }
        false
    }
}
