//! Extents of retained memory, and of memory newly mapped, of which the rest is retained.
//!
//! jemalloc 5.3.0, src/extent.c: `extent_grow_retained`, `extent_alloc_wrapper`; src/ecache.c; 5.3.1, src/pac.c:
//! `pac_alloc_retained_batched_size`.

use crate::edata::{EdataId, ExtentState};
use crate::pac::{ExtentRequest, NewExtent, Pac};
use crate::pages::{map_aligned, map_at};
use crate::shared::Shared;
use crate::size_classes::{HUGE_PAGE, LARGE_MAX, PAGE, page_class_of, page_class_size, request};
use highwater_allocator::Kernel;

impl Shared {
    /// Maps a stretch of the next size in the series, cuts the wanted extent out of it and retains the rest
    /// (`extent_grow_retained`).
    fn grow_retained(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        wanted: ExtentRequest,
    ) -> Option<EdataId> {
        let least = wanted
            .size
            .checked_add(wanted.alignment.next_multiple_of(PAGE) - PAGE)?;
        let mut skip = 0;
        while page_class_size(pac.grow_next + skip) < least {
            skip += 1;
            if pac.grow_next + skip >= page_class_of(LARGE_MAX) {
                return None;
            }
        }
        let length = page_class_size(pac.grow_next + skip);
        let id = self.new_struct(kernel, pac)?;
        let Some(start) = map_aligned(kernel, length, PAGE) else {
            self.give_up_mapping(kernel, pac, id, length);
            return None;
        };
        self.init_mapped(kernel, pac, id, (start.0, length), true)?;
        let (lead, id, trail) = self.cut_out(kernel, pac, id, wanted)?;
        for rest in [lead, trail].into_iter().flatten() {
            self.record(kernel, pac, rest, ExtentState::Retained);
        }
        pac.grow_next = (pac.grow_next + skip + 1).min(page_class_of(LARGE_MAX));
        Some(id)
    }

    /// There is no mapping of so many bytes. The program break is tried then, for which another structure is made ready; it
    /// has no room either (`extent_alloc_core`, src/extent_dss.c `extent_alloc_dss`).
    fn give_up_mapping(&mut self, kernel: &mut Kernel, pac: &mut Pac, id: EdataId, size: u64) {
        if i64::try_from(size).is_ok()
            && let Some(gap) = self.new_struct(kernel, pac)
        {
            self.put_struct(pac, gap);
        }
        self.put_struct(pac, id);
    }

    fn init_mapped(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        id: EdataId,
        range: (u64, u64),
        head: bool,
    ) -> Option<()> {
        let serial = pac.next_serial;
        pac.next_serial += 1;
        let zeroed = true;
        let head = head && !self.rules.mappings_merge;
        self.init(id, pac, range, serial, NewExtent { zeroed, head });
        self.register(kernel, id).then_some(())
    }

    /// An extent of retained or fresh memory (`ecache_alloc_grow`).
    pub(crate) fn fresh(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        after: Option<EdataId>,
        wanted: ExtentRequest,
    ) -> Option<EdataId> {
        let found = self.recycle(kernel, pac, ExtentState::Retained, after, wanted);
        if found.is_some() {
            return found;
        }
        if self.options.retain {
            if after.is_some() {
                return None;
            }
            let grown = self.grow_retained(kernel, pac, wanted);
            if grown.is_some() {
                return grown;
            }
        }
        let id = self.new_struct(kernel, pac)?;
        let start = match after {
            Some(after) => map_at(kernel, self.edatas[after].past(), wanted.size),
            None => {
                let alignment = wanted.alignment.next_multiple_of(PAGE);
                map_aligned(kernel, wanted.size, alignment)
            }
        };
        let Some(start) = start else {
            self.give_up_mapping(kernel, pac, id, wanted.size);
            return None;
        };
        let head = self.options.retain;
        self.init_mapped(kernel, pac, id, (start.0, wanted.size), head)?;
        Some(id)
    }

    /// An extent of retained or fresh memory, of which as much is taken as a size class has, within the huge page: what is
    /// left over is dirty, so that a block of about the same size finds it (`pac_alloc_retained_batched_size`).
    pub(crate) fn fresh_batch(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        wanted: ExtentRequest,
    ) -> Option<EdataId> {
        let size = wanted.size;
        let batch = match request(size, true) {
            Some(request) => request.usable.min(size.next_multiple_of(HUGE_PAGE)),
            None => size,
        };
        let id = self.fresh(
            kernel,
            pac,
            None,
            ExtentRequest {
                size: batch,
                ..wanted
            },
        )?;
        if batch > size {
            let trail = self.split(kernel, pac, id, size)?;
            self.free_extent(kernel, pac, trail);
        }
        Some(id)
    }
}
