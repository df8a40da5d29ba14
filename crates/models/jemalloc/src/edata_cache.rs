//! The structures of an arena that no extent uses.
//!
//! jemalloc 5.3.0, src/edata_cache.c; jemalloc 5.2.1, src/extent.c: `extent_alloc`, `extent_dalloc`.

use crate::edata::{EDATA_BYTES, EdataId, Edatas, ExtentState};
use crate::edata_heap::{EdataHeap, HeapKind};
use crate::shared::Call;
use crate::units::ArenaIndex;

/// Structures to be used again, those of the oldest base block first and of these the lowest (`edata_cache_t`).
#[derive(Clone)]
pub(crate) struct EdataCache(EdataHeap);

impl EdataCache {
    /// Makes an empty one. Its heap always has the first structure at the root.
    pub(crate) fn new() -> Self {
        Self(EdataHeap::new(HeapKind::Waiting))
    }

    /// Returns a structure, from the base of `arena` if none is unused (`edata_cache_get`). `None` where there is no
    /// memory.
    pub(crate) fn get(&mut self, call: &mut Call<'_>, arena: ArenaIndex) -> Option<EdataId> {
        if let Some(id) = self.0.pop_first(&mut call.shared.edatas) {
            return Some(id);
        }
        let alignment = call.shared.rules.layout.edata_alignment;
        let base = call.shared.bases[arena.index()].as_mut()?;
        let (home, serial) = base.alloc(call.kernel, EDATA_BYTES, alignment)?;
        call.kernel.touch(home, EDATA_BYTES);
        Some(call.shared.edatas.add(home, serial))
    }

    /// Takes a structure back (`edata_cache_put`). While it is unused its place in the order is that of the structure itself
    /// (`edata_esnead_comp`).
    pub(crate) fn put(&mut self, edatas: &mut Edatas, id: EdataId) {
        let edata = &mut edatas[id];
        edata.state = ExtentState::Unused;
        (edata.serial, edata.base) = (edata.home_serial, edata.home);
        self.0.insert(edatas, id);
    }
}
