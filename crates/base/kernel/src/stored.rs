//! A process's memory as it was at a moment, in less memory than it runs with.

use crate::space::Kernel;

impl Kernel {
    /// Returns a copy without the list of pages that are known to be resident, which is found out again: it has a byte for each page.
    #[inline]
    #[must_use]
    pub fn stored(&self) -> Self {
        let mut stored = self.clone();
        stored.warm = self.warm.emptied();
        stored
    }
}
