//! The most of what others quote of a process's memory.

use highwater_units::Bytes;

/// The most of each since the last question; none need be of the same moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Peaks {
    /// Of [`Kernel::rss`](crate::Kernel::rss).
    pub resident: Bytes,
    /// Of [`Kernel::charged`](crate::Kernel::charged).
    pub charged: Bytes,
    /// Of [`Kernel::working_set`](crate::Kernel::working_set).
    pub working_set: Bytes,
}
