//! A block that the program holds or held, and the event that made it so.

use highwater_allocator::{Address, Bytes, Micros, ThreadId};
use highwater_workload::SiteId;

/// What is known of a block of the program.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Where it is; null where there is none.
    pub address: Address,
    /// Bytes the program asked for.
    pub size: Bytes,
    /// The event that allocated it.
    pub allocated: Stamp,
}

/// An event as it is kept with a block.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Its time.
    pub time: Micros,
    /// Events before it; no source has more than 32 bits count.
    pub event: u32,
    /// The thread that made it.
    pub thread: ThreadId,
    /// Where in the program it was made.
    pub site: SiteId,
}

impl Held {
    /// What is held by a number that no block has.
    pub const NOTHING: Self = Self {
        address: Address::NULL,
        size: Bytes::ZERO,
        allocated: Stamp {
            time: Micros(0),
            event: 0,
            thread: ThreadId::MAIN,
            site: SiteId::UNKNOWN,
        },
    };

    /// Where it begins and ends; one of no bytes takes one.
    #[inline]
    pub fn place(&self) -> (Address, Address) {
        (self.address, self.address + self.size.max(Bytes(1)))
    }

    /// Whether the program holds it.
    #[inline]
    pub fn is_live(&self) -> bool {
        !self.address.is_null()
    }
}
