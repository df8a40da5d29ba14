//! Extents of a page allocator: found, split, merged, kept and given back.
//!
//! jemalloc 5.3.0, src/extent.c; 5.2.1 has the same functions, with `extent_t` for `edata_t` and `extents_` for
//! `ecache_`.

use crate::edata::{EdataId, Edatas, ExtentState};
use crate::eset::Fit;
use crate::pac::{ExtentRequest, Pac};
use crate::shared::{Call, Shared};
use crate::size_classes::{LARGE_MAX, LARGE_MIN, PAGE};
use crate::thp::Thp;
use highwater_allocator::{Bytes, Decision, FreePages, Pages, PurgeReason};

/// The limit of what a free extent may be merged with.
#[derive(Clone, Copy)]
struct MergeLimit {
    /// The most bytes of the result.
    most: Bytes,
    /// Whether neighbours are left alone that the map takes for slabs.
    skips_marked: bool,
}

impl MergeLimit {
    /// Every free neighbour.
    const NONE: Self = Self {
        most: Bytes(u64::MAX),
        skips_marked: false,
    };

    /// Returns the limit of a large dirty extent of `size` bytes when it is freed (`extent_record`).
    fn of_large(shared: &Shared, size: Bytes) -> Self {
        let lg_most = shared.options.lg_extent_max_active_fit.min(63);
        let most = if !shared.rules.merging_bounded {
            u64::MAX
        } else if LARGE_MAX.0 >> lg_most > size.0 {
            size.0 << lg_most
        } else {
            LARGE_MAX.0
        };
        Self {
            most: Bytes(most),
            skips_marked: shared.rules.slab_marks_stay,
        }
    }

    /// Returns whether an extent may be merged with `other`, whose end next to it is `end`: 0 for the first page, 1 for
    /// the last.
    fn allows(self, edatas: &Edatas, id: EdataId, other: EdataId, end: usize) -> bool {
        let other = &edatas[other];
        let fits = other.size <= self.most.saturating_sub(edatas[id].size);
        fits && !(self.skips_marked && other.marked[end])
    }
}

/// The parts an extent is split into.
pub(crate) struct Interior {
    pub(crate) lead: Option<EdataId>,
    pub(crate) middle: EdataId,
    pub(crate) trail: Option<EdataId>,
}

impl Pac {
    // ---- split and merged

    /// Splits an extent: it keeps its first `size` bytes, the rest is returned (`extent_split_impl`). `None` where
    /// there is no memory for another structure.
    pub(crate) fn extent_split(
        &mut self,
        call: &mut Call<'_>,
        id: EdataId,
        size: Bytes,
    ) -> Option<EdataId> {
        let trail = self.edata_cache.get(call, self.arena)?;
        let cut = call.shared.edatas[id].base + size;
        // Of an extent of many GiB only the ends are in the map up to now (`emap_split_prepare`).
        let base = call.shared.bases[0].as_mut();
        if !base.is_some_and(|base| {
            call.shared
                .emap
                .make_leaves(call.kernel, base, cut - PAGE, cut)
        }) {
            self.edata_cache.put(&mut call.shared.edatas, trail);
            return None;
        }
        let edata = &mut call.shared.edatas[id];
        let (serial, zeroed) = (edata.serial, edata.zeroed);
        let rest = edata.size - size;
        edata.size = size;
        edata.marked = [false; 2];
        call.shared.edatas[trail].init(self.arena, cut, rest, serial, zeroed);
        let (edatas, emap) = (&call.shared.edatas, &mut call.shared.emap);
        // Its first page is in the map already.
        emap.set(call.kernel, edatas[id].last(), Some(id));
        emap.set_boundary(call.kernel, &edatas[trail], Some(trail));
        Some(trail)
    }

    /// Splits an extent into the request and what is before and after it (`extent_split_interior`). `None` where there
    /// is no memory for other structures.
    pub(crate) fn extent_split_interior(
        &mut self,
        call: &mut Call<'_>,
        id: EdataId,
        request: ExtentRequest,
    ) -> Option<Interior> {
        let edata = &call.shared.edatas[id];
        let lead_size = edata.base.align_up(request.alignment.align_up(PAGE)) - edata.base;
        let trail_size = edata.size - lead_size - request.size;
        let (mut lead, mut middle, mut trail) = (None, id, None);
        if lead_size > Bytes::ZERO {
            lead = Some(id);
            middle = self.extent_split(call, id, lead_size)?;
        }
        if trail_size > Bytes::ZERO {
            trail = Some(self.extent_split(call, middle, request.size)?);
        }
        Some(Interior {
            lead,
            middle,
            trail,
        })
    }

    /// Merges two neighbouring extents; `lead` becomes both (`extent_merge_impl`, `emap_merge_commit`).
    pub(crate) fn extent_merge(&mut self, call: &mut Call<'_>, lead: EdataId, trail: EdataId) {
        let (edatas, emap) = (&mut call.shared.edatas, &mut call.shared.emap);
        let (first, lead_last) = (edatas[lead].base, edatas[lead].last());
        let (trail_first, last) = (edatas[trail].base, edatas[trail].last());
        if lead_last != first {
            emap.set(call.kernel, lead_last, None);
        }
        if trail_first != last {
            emap.set(call.kernel, trail_first, None);
        }
        let (size, serial, zeroed) = {
            let trail = &edatas[trail];
            (trail.size, trail.serial, trail.zeroed)
        };
        let edata = &mut edatas[lead];
        edata.size += size;
        edata.serial = edata.serial.min(serial);
        edata.zeroed &= zeroed;
        edata.state = ExtentState::Active;
        edata.marked = [false; 2];
        // Its first page is in the map already.
        emap.set(call.kernel, last, Some(lead));
        self.edata_cache.put(edatas, trail);
    }

    /// Merges an extent with its free neighbours as far as `limit` allows: with all of them, or if it is dirty with one
    /// (`extent_try_coalesce_impl`). Returns the result, and whether anything was merged.
    fn extent_try_coalesce(
        &mut self,
        call: &mut Call<'_>,
        mut id: EdataId,
        state: ExtentState,
        limit: MergeLimit,
    ) -> (EdataId, bool) {
        let mut merged = false;
        loop {
            let mut again = false;
            if let Some(next) = call.shared.free_neighbour(id, state, true)
                && limit.allows(&call.shared.edatas, id, next, 0)
            {
                self.ecache_mut(state).remove(&mut call.shared.edatas, next);
                self.extent_merge(call, id, next);
                again = true;
                if state == ExtentState::Dirty {
                    return (id, true);
                }
            }
            if let Some(before) = call.shared.free_neighbour(id, state, false)
                && limit.allows(&call.shared.edatas, id, before, 1)
            {
                self.ecache_mut(state)
                    .remove(&mut call.shared.edatas, before);
                self.extent_merge(call, before, id);
                id = before;
                again = true;
                if state == ExtentState::Dirty {
                    return (id, true);
                }
            }
            if !again {
                return (id, merged);
            }
            merged = true;
        }
    }

    // ---- kept and found again

    /// Puts an extent among the free ones of a state (`extent_deactivate_locked`).
    fn extent_deactivate(&mut self, edatas: &mut Edatas, id: EdataId, state: ExtentState) {
        edatas[id].state = state;
        self.ecache_mut(state).insert(edatas, id);
    }

    /// Removes an extent from the free ones of a state (`extent_activate_locked`).
    fn extent_activate(&mut self, edatas: &mut Edatas, id: EdataId, state: ExtentState) {
        self.ecache_mut(state).remove(edatas, id);
        edatas[id].state = ExtentState::Active;
    }

    /// Keeps a free extent, merged with its neighbours; a very large dirty one goes back instead (`extent_record`).
    pub(crate) fn extent_record(
        &mut self,
        call: &mut Call<'_>,
        mut id: EdataId,
        state: ExtentState,
    ) {
        if state != ExtentState::Dirty {
            let limit = MergeLimit::NONE;
            (id, _) = self.extent_try_coalesce(call, id, state, limit);
        } else if call.shared.edatas[id].size >= LARGE_MIN {
            let limit = MergeLimit::of_large(call.shared, call.shared.edatas[id].size);
            let mut merged = true;
            while merged {
                (id, merged) = self.extent_try_coalesce(call, id, state, limit);
            }
            let size = call.shared.edatas[id].size;
            if size >= self.oversize_threshold && self.may_force_decay(call.shared) {
                call.shared.log.record(Decision::Purged {
                    arena: self.arena.0,
                    from: FreePages::Dirty,
                    offered: false,
                    bytes: size,
                    limit: Bytes::ZERO,
                    reason: PurgeReason::VeryLarge,
                });
                self.extent_dalloc_wrapper(call, id);
                return;
            }
        }
        self.extent_deactivate(&mut call.shared.edatas, id, state);
    }

    /// Returns whether a very large extent goes back when it is freed (`extent_may_force_decay`).
    fn may_force_decay(&self, shared: &Shared) -> bool {
        let decays = self.decay_dirty.time_ms != -1 && self.decay_muzzy.time_ms != -1;
        !shared.keeps_oversize() && (shared.rules.very_large_always_back || decays)
    }

    /// Allocates an extent from the free ones of a state (`ecache_alloc`, `extent_recycle`). `None` where none of them
    /// holds the request.
    pub(crate) fn ecache_alloc(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        request: ExtentRequest,
    ) -> Option<EdataId> {
        let fit = Fit {
            size: request.size,
            alignment: request.alignment,
            lg_max_fit: match state {
                ExtentState::Dirty => call.shared.options.lg_extent_max_active_fit,
                _ => 64,
            },
            mixed: !call.shared.options.large_size_classes,
        };
        let ecache = self.ecache_mut(state);
        let id = ecache.fit(&mut call.shared.edatas, fit)?;
        self.extent_recycle_split(call, state, id, request)
    }

    /// Allocates the `size` bytes after an extent, if these are free in a state (`extent_recycle_extract` with
    /// `expand_edata`). `None` where they are not.
    pub(crate) fn ecache_alloc_after(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        after: EdataId,
        size: Bytes,
    ) -> Option<EdataId> {
        let id = call.shared.free_neighbour(after, state, true)?;
        let request = ExtentRequest::pages(size);
        (call.shared.edatas[id].size >= size)
            .then(|| self.extent_recycle_split(call, state, id, request))?
    }

    /// Takes a free extent into use and keeps what is before and after the request (`extent_recycle_split`). `None`
    /// where there is no memory for other structures.
    fn extent_recycle_split(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        id: EdataId,
        request: ExtentRequest,
    ) -> Option<EdataId> {
        self.extent_activate(&mut call.shared.edatas, id, state);
        let parts = self.extent_split_interior(call, id, request)?;
        for rest in [parts.lead, parts.trail].into_iter().flatten() {
            self.extent_deactivate(&mut call.shared.edatas, rest, state);
        }
        let edata = &call.shared.edatas[parts.middle];
        if request.zero && !edata.zeroed {
            // `ehooks_default_zero_impl`; in 5.2.1 `extent_need_manual_zero`. A huge page is not to be split for that.
            match call.shared.options.thp {
                Thp::Always => call.kernel.touch_zeros(edata.base, edata.size),
                _ => call.kernel.madvise_dontneed(edata.base, edata.size),
            }
        }
        Some(parts.middle)
    }

    // ---- given back

    /// Takes out the extent that is to be purged next, leaving at least `limit` pages (`ecache_evict`). `None` where
    /// there are no more than that.
    pub(crate) fn ecache_evict(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        limit: Pages,
    ) -> Option<EdataId> {
        loop {
            let ecache = self.ecache(state);
            let id = ecache.oldest().filter(|_| ecache.pages() > limit)?;
            self.extent_activate(&mut call.shared.edatas, id, state);
            if state != ExtentState::Dirty {
                return Some(id);
            }
            // Merging was put off: the result takes the neighbour's place as the newest, and the search starts again
            // (`extent_try_delayed_coalesce`).
            let limit = MergeLimit::NONE;
            let (merged, any) = self.extent_try_coalesce(call, id, state, limit);
            if !any {
                return Some(merged);
            }
            self.extent_deactivate(&mut call.shared.edatas, merged, state);
        }
    }

    /// Gives an extent's pages back and keeps its address space, if that is kept (`extent_dalloc_wrapper`).
    pub(crate) fn extent_dalloc_wrapper(&mut self, call: &mut Call<'_>, id: EdataId) {
        let edata = &mut call.shared.edatas[id];
        edata.start = edata.base;
        let (base, size) = (edata.base, edata.size);
        if !call.shared.options.retain {
            call.shared.extent_deregister(call.kernel, id);
            call.kernel.munmap(base, size);
            self.edata_cache.put(&mut call.shared.edatas, id);
            return;
        }
        edata.zeroed = true;
        call.kernel.madvise_dontneed(base, size);
        self.extent_record(call, id, ExtentState::Retained);
    }
}
