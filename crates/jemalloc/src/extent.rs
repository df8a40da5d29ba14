//! Extents cut and joined, and what the map of pages knows of them.
//!
//! jemalloc 5.3.0, src/extent.c: `extent_split_impl`, `extent_merge_impl`, `extent_register`, `extent_try_coalesce_impl`.

use crate::edata::{EdataId, ExtentState, NO_CLASS, STRUCT_BYTES};
use crate::pac::{NewExtent, Pac};
use crate::shared::Shared;
use crate::size_classes::PAGE;
use highwater_allocator::{Bytes, Kernel};

/// What an extent is merged with.
#[derive(Clone, Copy)]
pub(crate) struct MergeLimit {
    /// The most bytes that may come of it.
    pub(crate) most: u64,
    /// Whether neighbours are left alone that the map takes for slabs.
    pub(crate) skips_marked: bool,
}

impl MergeLimit {
    /// Whatever is free.
    pub(crate) const ALL: Self = Self {
        most: u64::MAX,
        skips_marked: false,
    };
}

impl Shared {
    /// `edata_cache_get`
    pub(crate) fn new_struct(&mut self, kernel: &mut Kernel, pac: &mut Pac) -> Option<EdataId> {
        if let Some(id) = pac.free_structs.pop_first() {
            return Some(id);
        }
        let alignment = self.rules.layout.extent_alignment;
        let base = self.bases[usize::from(pac.arena)].as_mut()?;
        let (home, serial) = base.allocate_in(kernel, STRUCT_BYTES, alignment)?;
        kernel.touch(home, Bytes(STRUCT_BYTES));
        Some(self.edatas.add(home, serial))
    }

    /// `edata_cache_put`
    pub(crate) fn put_struct(&mut self, pac: &mut Pac, id: EdataId) {
        let extent = &mut self.edatas[id];
        extent.state = ExtentState::Unused;
        pac.free_structs
            .insert((extent.home_serial, extent.home.0), id);
    }

    /// Begins a structure's use (`edata_init`).
    pub(crate) fn init(
        &mut self,
        id: EdataId,
        pac: &Pac,
        range: (u64, u64),
        serial: u64,
        fresh: NewExtent,
    ) {
        let extent = &mut self.edatas[id];
        extent.base = range.0;
        extent.start = range.0;
        extent.size = range.1;
        extent.serial = serial;
        extent.arena = pac.arena;
        extent.state = ExtentState::Active;
        extent.zeroed = fresh.zeroed;
        extent.head = fresh.head;
        extent.slab = false;
        extent.marked = [false; 2];
        extent.class = NO_CLASS;
    }

    /// Enters the first and the last page in the map (`extent_register`).
    pub(crate) fn register(&mut self, kernel: &mut Kernel, id: EdataId) -> bool {
        let (first, last) = self.ends(id);
        let Some(base) = self.bases[0].as_mut() else {
            return false;
        };
        let prepared = self.emap.prepare(kernel, base, first, last);
        if prepared {
            self.enter(kernel, id, Some(id));
        }
        prepared
    }

    /// Takes the first and the last page out of the map (`extent_deregister`).
    pub(crate) fn deregister(&mut self, kernel: &mut Kernel, id: EdataId) {
        self.enter(kernel, id, None);
    }

    fn enter(&mut self, kernel: &mut Kernel, id: EdataId, entry: Option<EdataId>) {
        let (first, last) = self.ends(id);
        self.emap.set(kernel, first, entry);
        self.emap.set(kernel, last, entry);
    }

    fn ends(&self, id: EdataId) -> (u64, u64) {
        let extent = &self.edatas[id];
        (extent.base, extent.past() - PAGE)
    }

    /// Cuts an extent: it keeps the first `size` bytes, the rest is returned (`extent_split_impl`).
    pub(crate) fn split(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        id: EdataId,
        size: u64,
    ) -> Option<EdataId> {
        let trail = self.new_struct(kernel, pac)?;
        let cut = self.edatas[id].base + size;
        // Of an extent of many GiB only the ends are in the map up to now (`emap_split_prepare`).
        let base = self.bases[0].as_mut();
        if !base.is_some_and(|base| self.emap.prepare(kernel, base, cut - PAGE, cut)) {
            self.put_struct(pac, trail);
            return None;
        }
        let extent = &mut self.edatas[id];
        let (serial, zeroed) = (extent.serial, extent.zeroed);
        let range = (extent.base + size, extent.size - size);
        extent.size = size;
        extent.marked = [false; 2];
        let head = false;
        self.init(trail, pac, range, serial, NewExtent { zeroed, head });
        for part in [id, trail] {
            self.enter(kernel, part, Some(part));
        }
        Some(trail)
    }

    /// Joins two extents side by side; the first stays (`extent_merge_impl`).
    pub(crate) fn merge(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        lead: EdataId,
        trail: EdataId,
    ) {
        let (lead_first, lead_last) = self.ends(lead);
        let (trail_first, trail_last) = self.ends(trail);
        if lead_last != lead_first {
            self.emap.set(kernel, lead_last, None);
        }
        if trail_first != trail_last {
            self.emap.set(kernel, trail_first, None);
        }
        let (size, serial, zeroed) = {
            let trail = &self.edatas[trail];
            (trail.size, trail.serial, trail.zeroed)
        };
        let extent = &mut self.edatas[lead];
        extent.size += size;
        extent.serial = extent.serial.min(serial);
        extent.zeroed &= zeroed;
        extent.state = ExtentState::Active;
        extent.marked = [false; 2];
        self.emap.set(kernel, lead_first, Some(lead));
        self.emap.set(kernel, trail_last, Some(lead));
        self.put_struct(pac, trail);
    }

    /// A free neighbour that may be merged with (`emap_try_acquire_edata_neighbor`).
    pub(crate) fn neighbour(
        &self,
        id: EdataId,
        state: ExtentState,
        forward: bool,
    ) -> Option<EdataId> {
        let extent = &self.edatas[id];
        let at = if forward {
            extent.past()
        } else {
            extent.base.checked_sub(PAGE)?
        };
        let found = self.emap.get(at)?;
        let neighbour = &self.edatas[found];
        // The beginning of a mapping is not merged with what lies before it.
        let upper = if forward { neighbour } else { extent };
        (!upper.head && neighbour.state == state && neighbour.arena == extent.arena)
            .then_some(found)
    }

    /// Merges an extent with its free neighbours as far as `merging` allows: with all of them, or where
    /// merging is put off with one (`extent_try_coalesce_impl`). Returns what came of it, and whether anything did.
    pub(crate) fn coalesce(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        mut id: EdataId,
        state: ExtentState,
        limit: MergeLimit,
    ) -> (EdataId, bool) {
        let minimal = state == ExtentState::Dirty;
        let mut merged = false;
        loop {
            let mut again = false;
            let may = |shared: &Self, id: EdataId, other: EdataId, end: usize| {
                let (extent, other) = (&shared.edatas[id], &shared.edatas[other]);
                let fits = other.size <= limit.most.saturating_sub(extent.size);
                fits && !(limit.skips_marked && other.marked[end])
            };
            if let Some(next) = self.neighbour(id, state, true)
                && may(self, id, next, 0)
            {
                pac.set(state).remove(&mut self.edatas, next);
                self.merge(kernel, pac, id, next);
                (merged, again) = (true, true);
                if minimal {
                    return (id, true);
                }
            }
            if let Some(before) = self.neighbour(id, state, false)
                && may(self, id, before, 1)
            {
                pac.set(state).remove(&mut self.edatas, before);
                self.merge(kernel, pac, before, id);
                id = before;
                (merged, again) = (true, true);
                if minimal {
                    return (id, true);
                }
            }
            if !again {
                return (id, merged);
            }
        }
    }
}
