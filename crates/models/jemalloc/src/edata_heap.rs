//! Extents' structures in jemalloc's order: by serial number, then by address.
//!
//! jemalloc 5.3.0, include/jemalloc/internal/edata.h: `edata_heap` (by `edata_snad_comp`) and `edata_avail` (by
//! `edata_esnead_comp`), which are pairing heaps there.

use crate::edata::EdataId;
use crate::units::Serial;
use highwater_allocator::Address;
use std::collections::BTreeMap;

/// The key of an extent in the order: its serial number and address.
pub(crate) type SerialOrder = (Serial, Address);

/// A set of extents or of unused structures, the oldest and of these the lowest first.
#[derive(Clone, Default)]
pub(crate) struct EdataHeap(BTreeMap<SerialOrder, EdataId>);

impl EdataHeap {
    /// Adds `id`.
    #[inline]
    pub(crate) fn insert(&mut self, key: SerialOrder, id: EdataId) {
        self.0.insert(key, id);
    }

    /// Removes what was added with `key`; returns whether there was any.
    #[inline]
    pub(crate) fn remove(&mut self, key: SerialOrder) -> bool {
        self.0.remove(&key).is_some()
    }

    /// Removes and returns the first (`edata_heap_remove_first`).
    #[inline]
    pub(crate) fn pop_first(&mut self) -> Option<EdataId> {
        self.0.pop_first().map(|(_, id)| id)
    }

    /// Returns the first, with its key (`edata_heap_first`).
    #[inline]
    pub(crate) fn first(&self) -> Option<(SerialOrder, EdataId)> {
        self.0.first_key_value().map(|(key, id)| (*key, *id))
    }

    /// Returns all in order, each with its key.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SerialOrder, EdataId)> {
        self.0.iter().map(|(key, id)| (*key, *id))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
