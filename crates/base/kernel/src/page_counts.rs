//! How many pages are in each of the sets that a span keeps.

use highwater_units::Pages;
use std::ops::{AddAssign, SubAssign};

/// Numbers of pages, of a whole process or of a part of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageCounts {
    pub(crate) resident: Pages,
    /// Marked with MADV_FREE.
    pub(crate) lazy: Pages,
    /// Brought in by huge pages, and written by nobody since.
    pub(crate) unwritten: Pages,
    /// Written with nothing but zeros.
    pub(crate) zeros: Pages,
    /// Of huge ones that are mapped by small ones.
    pub(crate) torn: Pages,
    /// Shared with the process that this one was forked from.
    pub(crate) shared: Pages,
}

impl AddAssign for PageCounts {
    fn add_assign(&mut self, more: Self) {
        self.resident += more.resident;
        self.lazy += more.lazy;
        self.unwritten += more.unwritten;
        self.zeros += more.zeros;
        self.torn += more.torn;
        self.shared += more.shared;
    }
}

impl SubAssign for PageCounts {
    fn sub_assign(&mut self, fewer: Self) {
        self.resident -= fewer.resident;
        self.lazy -= fewer.lazy;
        self.unwritten -= fewer.unwritten;
        self.zeros -= fewer.zeros;
        self.torn -= fewer.torn;
        self.shared -= fewer.shared;
    }
}
