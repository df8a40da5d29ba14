//! Extents of retained memory, and of memory newly mapped, of which the rest is retained.
//!
//! jemalloc 5.3.0, src/extent.c: `ecache_alloc_grow`, `extent_grow_retained`, `extent_alloc_wrapper`; src/exp_grow.c;
//! src/ehooks.c: `ehooks_default_alloc_impl` (5.2.1: src/extent.c,
//! `extent_alloc_default_impl`); 5.3.1, src/pac.c: `pac_alloc_retained_batched_size`.

use crate::edata::{EdataId, ExtentState};
use crate::pac::{ExtentRequest, Pac};
use crate::pages::{pages_map, pages_map_at};
use crate::shared::Call;
use crate::size_classes::{HUGE_PAGE, LARGE_MAX, PAGE, Pszind, Request};
use crate::thp::set_thp_state;
use highwater_allocator::{Address, Bytes};

impl Pac {
    /// Allocates an extent of retained or of new memory, after another one if `after` says so (`ecache_alloc_grow`).
    /// `None` where there is no memory.
    pub(crate) fn ecache_alloc_grow(
        &mut self,
        call: &mut Call<'_>,
        after: Option<EdataId>,
        request: ExtentRequest,
    ) -> Option<EdataId> {
        let retained = ExtentState::Retained;
        let found = match after {
            Some(after) => self.ecache_alloc_after(call, retained, after, request.size),
            None => self.ecache_alloc(call, retained, request),
        };
        if found.is_some() {
            return found;
        }
        if call.shared.options.retain {
            if after.is_some() {
                return None;
            }
            let grown = self.extent_grow_retained(call, request);
            if grown.is_some() {
                return grown;
            }
        }
        self.extent_alloc_wrapper(call, after, request)
    }

    /// Maps a stretch of the next size in the series, cuts the request out of it and retains the rest
    /// (`extent_grow_retained`). `None` where there is no memory.
    fn extent_grow_retained(
        &mut self,
        call: &mut Call<'_>,
        request: ExtentRequest,
    ) -> Option<EdataId> {
        let slack = request.alignment.align_up(PAGE) - PAGE;
        let least = request.size.checked_add(slack)?;
        // `exp_grow_size_prepare`
        let limit = Pszind::of(LARGE_MAX);
        let mut class = self.exp_grow;
        while class.size() < least {
            class = class.after(1);
            if class >= limit {
                return None;
            }
        }
        let length = class.size();
        let id = self.edata_cache.get(call, self.arena)?;
        let Some(start) = pages_map(call.kernel, length, PAGE) else {
            self.give_up_mapping(call, id, length);
            return None;
        };
        set_thp_state(call.kernel, call.shared.options.thp, start, length);
        self.init_mapped(call, id, start, length, true)?;
        let parts = self.extent_split_interior(call, id, request)?;
        for rest in [parts.lead, parts.trail].into_iter().flatten() {
            self.extent_record(call, rest, ExtentState::Retained);
        }
        // `exp_grow_size_commit`
        self.exp_grow = class.after(1).min(limit);
        Some(parts.middle)
    }

    /// Maps an extent of the size asked for (`extent_alloc_wrapper`). `None` where there is no memory.
    fn extent_alloc_wrapper(
        &mut self,
        call: &mut Call<'_>,
        after: Option<EdataId>,
        request: ExtentRequest,
    ) -> Option<EdataId> {
        let id = self.edata_cache.get(call, self.arena)?;
        let start = match after {
            Some(after) => {
                pages_map_at(call.kernel, call.shared.edatas[after].past(), request.size)
            }
            None => pages_map(call.kernel, request.size, request.alignment.align_up(PAGE)),
        };
        let Some(start) = start else {
            self.give_up_mapping(call, id, request.size);
            return None;
        };
        let head = call.shared.options.retain;
        set_thp_state(call.kernel, call.shared.options.thp, start, request.size);
        self.init_mapped(call, id, start, request.size, head)?;
        Some(id)
    }

    /// Puts the structure of a mapping that failed back. The program break is tried first, for which another structure
    /// is made ready; it has no room either (`extent_alloc_core`, src/extent_dss.c `extent_alloc_dss`).
    fn give_up_mapping(&mut self, call: &mut Call<'_>, id: EdataId, size: Bytes) {
        if i64::try_from(size.0).is_ok()
            && let Some(gap) = self.edata_cache.get(call, self.arena)
        {
            self.edata_cache.put(&mut call.shared.edatas, gap);
        }
        self.edata_cache.put(&mut call.shared.edatas, id);
    }

    /// Makes a structure that of a new mapping and enters it in the map. `None` where there is no memory for that.
    fn init_mapped(
        &mut self,
        call: &mut Call<'_>,
        id: EdataId,
        start: Address,
        size: Bytes,
        head: bool,
    ) -> Option<()> {
        let serial = self.next_serial.take_next();
        let edata = &mut call.shared.edatas[id];
        edata.init(self.arena, start, size, serial, true);
        edata.head = head && !call.shared.rules.mappings_merge;
        call.shared.extent_register(call.kernel, id).then_some(())
    }

    /// Allocates an extent of retained or of new memory of which as much is taken as a size class has, within the huge
    /// page: what is left over is dirty, so that a block of about the same size finds it
    /// (`pac_alloc_retained_batched_size`). `None` where there is no memory.
    pub(crate) fn alloc_retained_batched(
        &mut self,
        call: &mut Call<'_>,
        request: ExtentRequest,
    ) -> Option<EdataId> {
        let size = request.size;
        let batch = match Request::of(size, true) {
            Some(rounded) => rounded.usable.min(size.align_up(HUGE_PAGE)),
            None => size,
        };
        let batched = ExtentRequest {
            size: batch,
            ..request
        };
        let id = self.ecache_alloc_grow(call, None, batched)?;
        if batch > size {
            let trail = self.extent_split(call, id, size)?;
            self.dalloc(call, trail);
        }
        Some(id)
    }
}
