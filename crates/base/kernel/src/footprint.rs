//! The memory that simulating takes, as opposed to what is simulated.

use crate::mappings::Mappings;
use crate::numbers::Numbers;
use crate::space::Kernel;
use crate::vmas::Vmas;
use crate::warm::Warm;
use highwater_units::{Address, Bytes};

/// Bytes of an entry in a tree of the standard library, whose nodes are two thirds full or more.
const TREE_ENTRY: u64 = 3 * size_of::<(Address, Address)>() as u64 / 2;

/// Returns the bytes that a table of values without memory of their own takes.
#[inline]
pub fn table_bytes<T>(table: &Vec<T>) -> Bytes {
    Bytes(table.capacity() as u64 * size_of::<T>() as u64)
}

impl Kernel {
    /// Returns the bytes that the tables take which grow with the process: of spans, of warm pages, and of mappings with the gaps
    /// between them.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        table_bytes(&self.spans)
            + table_bytes(&self.low)
            + table_bytes(&self.high)
            + self.warm.footprint()
            + self.mappings.footprint()
            + self.tables.footprint()
            + self.areas.as_deref().map_or(Bytes::ZERO, Vmas::footprint)
    }
}

impl Warm {
    #[inline]
    fn footprint(&self) -> Bytes {
        table_bytes(&self.low) + table_bytes(&self.high)
    }
}

impl Mappings {
    /// Each mapping is in one tree, and each gap in two.
    #[inline]
    fn footprint(&self) -> Bytes {
        Bytes(TREE_ENTRY * (self.by_start.len() + 2 * self.gaps.start_by_end.len()) as u64)
    }
}

impl Numbers {
    /// Returns the bytes that the table takes: key, value and one byte more for each place, of which seven eighths may be taken.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        let places = self.0.capacity() as u64 * 8 / 7;
        Bytes(places * (1 + size_of::<(u64, u64)>() as u64))
    }
}
