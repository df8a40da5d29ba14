//! A block that the program holds or held, and the event that made it so.

use highwater_allocator::{Address, Bytes, Micros, ThreadId};
use highwater_workload::SiteId;

/// What is known of a block of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Where it is; null where there is none.
    pub(crate) address: Address,
    /// Bytes the program asked for.
    pub(crate) size: Bytes,
    /// The event that allocated it.
    pub(crate) allocated: Stamp,
}

/// An event as it is kept with a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) time: Micros,
    /// Events before it; no source has more than 32 bits count.
    pub(crate) event: u32,
    pub(crate) thread: ThreadId,
    pub(crate) site: SiteId,
}

impl Held {
    /// What is held by a number that no block has.
    pub(crate) const NOTHING: Self = Self {
        address: Address::NULL,
        size: Bytes::ZERO,
        allocated: Stamp {
            time: Micros(0),
            event: 0,
            thread: ThreadId::MAIN,
            site: SiteId::UNKNOWN,
        },
    };

    #[inline]
    pub(crate) fn is_live(&self) -> bool {
        !self.address.is_null()
    }
}
