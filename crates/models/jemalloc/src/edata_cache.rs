//! The structures of an arena that no extent uses.
//!
//! jemalloc 5.3.0, src/edata_cache.c; jemalloc 5.2.1, src/extent.c: `extent_alloc`, `extent_dalloc`.

use crate::edata::{EDATA_BYTES, EdataId, Edatas, ExtentState};
use crate::edata_heap::SerialOrder;
use crate::shared::Call;
use crate::units::ArenaIndex;
use highwater_allocator::Bytes;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Structures to be used again, those of the oldest base block first and of these the lowest (`edata_cache_t`).
#[derive(Clone, Default)]
pub(crate) struct EdataCache(BinaryHeap<Reverse<(SerialOrder, EdataId)>>);

impl EdataCache {
    /// Returns the bytes of the table.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        Bytes((self.0.capacity() * size_of::<Reverse<(SerialOrder, EdataId)>>()) as u64)
    }

    /// Returns a structure, from the base of `arena` if none is unused (`edata_cache_get`). `None` where there is no
    /// memory.
    pub(crate) fn get(&mut self, call: &mut Call<'_>, arena: ArenaIndex) -> Option<EdataId> {
        if let Some(Reverse((_, id))) = self.0.pop() {
            return Some(id);
        }
        let alignment = call.shared.rules.layout.edata_alignment;
        let base = call.shared.bases[arena.index()].as_mut()?;
        let (home, serial) = base.alloc(call.kernel, EDATA_BYTES, alignment)?;
        call.kernel.touch(home, EDATA_BYTES);
        Some(call.shared.edatas.add(home, serial))
    }

    /// Takes a structure back (`edata_cache_put`).
    pub(crate) fn put(&mut self, edatas: &mut Edatas, id: EdataId) {
        let edata = &mut edatas[id];
        edata.state = ExtentState::Unused;
        self.0.push(Reverse(((edata.home_serial, edata.home), id)));
    }
}
