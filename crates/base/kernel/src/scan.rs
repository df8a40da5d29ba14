//! Where khugepaged is in its scan of a process.

use highwater_units::{Address, Micros};

/// How often khugepaged wakes (`scan_sleep_millisecs`).
pub(crate) const SCAN_SLEEP: Micros = Micros(10_000_000);

/// Where khugepaged is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    /// When it wakes next.
    pub(crate) wakes: Micros,
    /// Where it goes on.
    pub(crate) at: Address,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            wakes: SCAN_SLEEP,
            at: Address::NULL,
        }
    }
}
