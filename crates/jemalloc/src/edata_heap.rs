//! Extents, or their structures, by age and then by address (`edata_snad_comp`, `edata_esnead_comp` in jemalloc 5.3.0,
//! include/jemalloc/internal/edata.h).
//!
//! Both are one number here, so that a comparison is one, and the tree is the same as the kernel's: it is compiled once.

use crate::edata::EdataId;
use std::collections::BTreeMap;

/// Addresses have at most so many bits.
const ADDRESS_BITS: u32 = 48;

/// A set of them.
#[derive(Clone)]
pub(crate) struct EdataHeap {
    by_order: BTreeMap<u64, u64>,
    alignment_bits: u32,
}

impl EdataHeap {
    /// An empty set of what begins at multiples of 2 to the power of `alignment_bits`.
    pub(crate) fn new(alignment_bits: u32) -> Self {
        Self {
            by_order: BTreeMap::new(),
            alignment_bits,
        }
    }

    /// A serial number and an address as one. Numbers beyond what there is room for (millions of times that the process got
    /// memory from the system) count as the last of them.
    fn key(&self, (serial, address): (u64, u64)) -> u64 {
        let bits = ADDRESS_BITS - self.alignment_bits;
        serial.min(u64::MAX >> bits) << bits | address >> self.alignment_bits
    }

    /// Adds one.
    #[inline]
    pub(crate) fn insert(&mut self, order: (u64, u64), id: EdataId) {
        self.by_order.insert(self.key(order), id.0.into());
    }

    /// Takes one out; whether it was in.
    #[inline]
    pub(crate) fn remove(&mut self, order: (u64, u64)) -> bool {
        self.by_order.remove(&self.key(order)).is_some()
    }

    /// Takes the oldest, and of those the lowest.
    #[inline]
    pub(crate) fn pop_first(&mut self) -> Option<EdataId> {
        self.by_order.pop_first().map(|(_, id)| EdataId(id as u32))
    }

    /// All, the oldest and then the lowest first, with what they are ordered by.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, EdataId)> {
        let all = self.by_order.iter();
        all.map(|(order, id)| (*order, EdataId(*id as u32)))
    }

    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_ones_come_first_and_of_the_same_age_lower_ones() {
        let mut edata_heap = EdataHeap::new(12);
        let top = (1 << ADDRESS_BITS) - 4096;
        let order = [(0, top), (1, 4096), (1, 8192), (7, 0), (u64::MAX, 4096)];
        for (number, order) in order.iter().enumerate().rev() {
            edata_heap.insert(*order, EdataId(number as u32));
        }
        assert!(edata_heap.iter().map(|(_, id)| id.0).eq(0..5));
        assert!(edata_heap.remove((1, 8192)));
        assert!(!edata_heap.remove((1, 8192)));
        for number in [0, 1, 3, 4] {
            assert_eq!(edata_heap.pop_first(), Some(EdataId(number)));
        }
        assert!(edata_heap.is_empty());
    }
}
