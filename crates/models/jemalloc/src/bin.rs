//! The slabs of a small class in an arena.
//!
//! jemalloc 5.3.0, src/bin.c and the functions `arena_bin_*` of src/arena.c.

use crate::edata::{EdataId, Edatas};
use crate::edata_heap::EdataHeap;
use crate::size_classes::{Slab, Szind};
use highwater_allocator::{Address, Bytes};

/// The slabs of one small class (`bin_t`). Full ones other than `slabcur` are in no list.
#[derive(Clone)]
pub(crate) struct Bin {
    pub(crate) slab: Slab,
    /// The slab that regions are taken from; it may be full (`slabcur`).
    pub(crate) slabcur: Option<EdataId>,
    /// Other slabs with free regions (`slabs_nonfull`).
    pub(crate) nonfull: EdataHeap,
    /// The regions in use, those in thread caches included (`curregs`).
    pub(crate) regions: u64,
}

impl Bin {
    pub(crate) fn new(class: Szind) -> Self {
        Self {
            slab: Slab::of(class),
            slabcur: None,
            nonfull: EdataHeap::default(),
            regions: 0,
        }
    }

    /// Returns the bytes of the regions in use.
    pub(crate) fn allocated(&self) -> Bytes {
        self.slab.region * self.regions
    }

    /// Returns a slab with a free region, which is then `slabcur`, without allocating one
    /// (`arena_bin_refill_slabcur_no_fresh_slab`).
    #[inline]
    pub(crate) fn nonfull_slab(&mut self, edatas: &mut Edatas) -> Option<EdataId> {
        if let Some(slab) = self.slabcur
            && edatas[slab].free_regions > 0
        {
            return Some(slab);
        }
        self.slabcur = self.nonfull.pop_first(edatas);
        self.slabcur
    }

    /// Frees one region. Returns the slab if that has become empty; the caller frees it
    /// (`arena_dalloc_bin_locked_step`).
    pub(crate) fn dalloc(
        &mut self,
        edatas: &mut Edatas,
        slab: EdataId,
        block: Address,
    ) -> Option<EdataId> {
        let edata = &mut edatas[slab];
        edata.free_region(block, self.slab.region);
        self.regions -= 1;
        let is_current = self.slabcur == Some(slab);
        if edata.free_regions == self.slab.regions {
            if is_current {
                self.slabcur = None;
            } else if self.slab.regions > 1 {
                self.nonfull.remove(edatas, slab);
            }
            return Some(slab);
        }
        if edata.free_regions == 1 && !is_current {
            self.lower_slab(edatas, slab);
        }
        None
    }

    /// Puts a slab that is no longer full among the others, or makes it `slabcur` if it is older or lower
    /// (`arena_bin_lower_slab`).
    fn lower_slab(&mut self, edatas: &mut Edatas, slab: EdataId) {
        let key = edatas[slab].order();
        match self.slabcur {
            Some(current) if edatas[current].order() > key => {
                if edatas[current].free_regions > 0 {
                    let key = edatas[current].order();
                    self.nonfull.insert(edatas, key, current);
                }
                self.slabcur = Some(slab);
            }
            _ => self.nonfull.insert(edatas, key, slab),
        }
    }

    /// Returns `slabcur`, or the first other slab with a free region.
    pub(crate) fn first_slab(&self, edatas: &Edatas) -> Option<EdataId> {
        self.slabcur
            .or_else(|| self.nonfull.first(edatas).map(|(_, id)| id))
    }
}
