//! An arena: bins of slabs for small classes, large blocks, and the page allocator below them.
//!
//! jemalloc 5.3.0, src/arena.c, src/large.c and src/pa.c.

use crate::base::Base;
use crate::bin::Bin;
use crate::cache_bin::FillCounts;
use crate::edata::{EdataId, ExtentState};
use crate::pac::{ExtentRequest, Pac, PurgeEagerness};
use crate::prng::Prng;
use crate::rules::{Field, LargeCounts};
use crate::shared::{Call, Shared};
use crate::size_classes::{CACHE_LINE, LARGE_MIN, PAGE, SMALL_CLASSES, Szind, pages};
use crate::units::ArenaIndex;
use highwater_allocator::{Address, Bytes, Pages};

/// One arena (`arena_t`).
#[derive(Clone)]
pub(crate) struct Arena {
    pub(crate) pac: Pac,
    pub(crate) bins: Vec<Bin>,
    /// The address of its structure.
    home: Address,
    /// The threads bound to it (`nthreads`).
    pub(crate) threads: u32,
    /// The bytes of large blocks in use.
    large_bytes: Bytes,
    /// The state from which a large block's first address follows that jemalloc takes for itself, with no thread to
    /// ask: jemalloc 5.2.1, src/arena.c, `arena_new` (`offset_state`).
    offset: Prng,
}

impl Arena {
    /// Makes an arena, with a base of its own (`arena_new`). `None` where there is no memory.
    pub(crate) fn new(call: &mut Call<'_>, index: ArenaIndex) -> Option<Self> {
        let slot = index.index();
        if call.shared.bases.len() <= slot {
            call.shared.bases.resize_with(slot + 1, || None);
        }
        if call.shared.bases[slot].is_none() {
            let (rules, options) = (call.shared.rules, &call.shared.options);
            let base = Base::new(call.kernel, index, rules, options)?;
            call.shared.bases[slot] = Some(base);
        }
        let layout = &call.shared.rules.layout;
        let bins = layout.bin * SMALL_CLASSES as u64;
        let base = call.shared.bases[slot].as_mut()?;
        let (home, _) = base.alloc(call.kernel, layout.arena + bins, CACHE_LINE)?;
        for written in layout.arena_written {
            call.kernel.touch(home + written.offset, written.bytes);
        }
        call.kernel.touch(home + layout.arena, bins);
        let heap = call.shared.rules.heap;
        Some(Self {
            pac: Pac::new(index, home, call.shared),
            bins: Szind::all_small()
                .map(|class| Bin::new(class, heap))
                .collect(),
            home,
            threads: 0,
            large_bytes: Bytes::ZERO,
            offset: Prng(home.0),
        })
    }

    /// Returns the bytes of the blocks in use, those in thread caches included (`stats.allocated`).
    pub(crate) fn allocated(&self) -> Bytes {
        let small = self.bins.iter().map(Bin::allocated);
        small.fold(self.large_bytes, |sum, bytes| sum + bytes)
    }

    // ---- pages

    /// Allocates the extent of a slab or of a large block (`pa_alloc`). `None` where there is no memory.
    fn pa_alloc(
        &mut self,
        call: &mut Call<'_>,
        request: ExtentRequest,
        class: Szind,
        slab: bool,
    ) -> Option<EdataId> {
        let id = self.pac.alloc(call, request)?;
        self.pac.active += pages(request.size);
        let edata = &mut call.shared.edatas[id];
        edata.class = class;
        edata.slab = slab;
        edata.marked[0] = slab;
        edata.marked[1] |= slab;
        if slab {
            let edata = &call.shared.edatas[id];
            call.shared.emap.set_interior(call.kernel, edata, Some(id));
        }
        Some(id)
    }

    /// Frees the extent of a slab or of a large block (`pa_dalloc`); of an empty slab that is all
    /// (`arena_slab_dalloc`).
    pub(crate) fn pa_dalloc(&mut self, call: &mut Call<'_>, id: EdataId) {
        let edata = &call.shared.edatas[id];
        if edata.slab {
            call.shared.emap.set_interior(call.kernel, edata, None);
        }
        self.pac.active -= pages(edata.size);
        call.shared.edatas[id].class = Szind::NONE;
        self.pac.dalloc(call, id);
        self.pac.handle_deferred_work(call);
    }

    /// Looks at both decays (`arena_decay`). Returns for the dirty and for the muzzy pages those freed in the interval
    /// that ended, if one did.
    pub(crate) fn decay(
        &mut self,
        call: &mut Call<'_>,
        eagerness: PurgeEagerness,
    ) -> [(ExtentState, Option<Pages>); 2] {
        let (dirty, muzzy) = (ExtentState::Dirty, ExtentState::Muzzy);
        let pac = &mut self.pac;
        let of_dirty = pac.maybe_decay_purge(call, dirty, eagerness);
        let idle = pac.muzzy.pages() == Pages(0) && pac.decay_muzzy.time_ms <= 0;
        let of_muzzy = if idle {
            None
        } else {
            pac.maybe_decay_purge(call, muzzy, eagerness)
        };
        [(dirty, of_dirty), (muzzy, of_muzzy)]
    }

    // ---- small blocks

    /// Allocates a slab (`arena_slab_alloc`). `None` where there is no memory.
    fn slab_alloc(&mut self, call: &mut Call<'_>, class: Szind) -> Option<EdataId> {
        let slab = self.bins[class.0].slab;
        let request = ExtentRequest::pages(slab.bytes);
        let id = self.pa_alloc(call, request, class, true)?;
        call.shared.edatas[id].free_all_regions(slab.regions);
        Some(id)
    }

    /// Allocates at least `counts.least` blocks of a small class, lowest first, and hands each to `got`; more if the
    /// slab in use has more and that makes no more than `counts.most`. Fewer where there is no memory
    /// (`arena_cache_bin_fill_small`, `arena_malloc_small`).
    pub(crate) fn fill_small(
        &mut self,
        call: &mut Call<'_>,
        class: Szind,
        counts: FillCounts,
        mut got: impl FnMut(Address),
    ) {
        let region = self.bins[class.0].slab.region;
        let mut filled = 0;
        while filled < counts.least {
            let slab = match self.bins[class.0].nonfull_slab(&mut call.shared.edatas) {
                Some(slab) => slab,
                None => {
                    let Some(fresh) = self.slab_alloc(call, class) else {
                        break;
                    };
                    self.bins[class.0].slabcur = Some(fresh);
                    fresh
                }
            };
            let edata = &mut call.shared.edatas[slab];
            let free = edata.free_regions;
            let taken = if filled + free > counts.most {
                counts.least - filled
            } else {
                free
            };
            for _ in 0..taken {
                got(edata.take_region(region));
            }
            filled += taken;
        }
        self.bins[class.0].regions += u64::from(filled);
    }

    /// Allocates one block of a small class (`arena_malloc_small`). `None` where there is no memory.
    pub(crate) fn malloc_small(&mut self, call: &mut Call<'_>, class: Szind) -> Option<Address> {
        let mut block = None;
        let got = |at| block = Some(at);
        self.fill_small(call, class, FillCounts::ONE, got);
        block
    }

    /// Frees one region. Returns the slab if that has become empty; the caller frees it (`arena_dalloc_bin`).
    pub(crate) fn dalloc_bin(
        &mut self,
        shared: &mut Shared,
        slab: EdataId,
        block: Address,
    ) -> Option<EdataId> {
        let bin = &mut self.bins[shared.edatas[slab].class.0];
        bin.dalloc(&mut shared.edatas, slab, block)
    }

    // ---- large blocks

    /// Writes counts of a large class (`arena_large_malloc_stats_update` and its kin).
    pub(crate) fn large_stats_update(
        &self,
        call: &mut Call<'_>,
        class: Szind,
        which: fn(&LargeCounts) -> Field,
    ) {
        let counts = &call.shared.rules.layout.large_counts;
        let written = which(counts);
        let of_class = counts.first + counts.apart * (class.0 - SMALL_CLASSES) as u64;
        call.kernel
            .touch(self.home + of_class + written.offset, written.bytes);
    }

    /// Allocates a large block of a usable size (`large_palloc`, `arena_extent_alloc_large`). Its first address varies
    /// by `prng`. `None` where there is no memory.
    pub(crate) fn large_palloc(
        &mut self,
        call: &mut Call<'_>,
        usable: Bytes,
        alignment: Bytes,
        zero: bool,
        prng: &mut Prng,
    ) -> Option<Address> {
        let class = Szind::of(usable)?;
        let writes_zeros = call.shared.rules.calloc_writes_zeros
            && usable < call.shared.options.calloc_madvise_threshold;
        let request = ExtentRequest {
            size: usable + call.shared.options.large_pad(),
            alignment,
            zero: zero && !writes_zeros,
        };
        let id = self.pa_alloc(call, request, class, false)?;
        self.large_stats_update(call, class, |of| of.allocated);
        self.large_bytes += usable;
        let edata = &mut call.shared.edatas[id];
        if call.shared.options.cache_oblivious && alignment < PAGE {
            // A multiple of the alignment, at least a cache line, within the page (`arena_cache_oblivious_randomize`).
            let lg_step = alignment.align_up(CACHE_LINE).0.ilog2();
            let bits = PAGE.0.ilog2() - lg_step;
            edata.start = edata.base + Bytes(prng.bits(bits) << lg_step);
        }
        if zero && writes_zeros && !edata.zeroed {
            call.kernel.touch_zeros(edata.start, usable);
        }
        Some(edata.start)
    }

    /// Allocates a block of a class for jemalloc itself (`a0malloc`). `None` where there is no memory.
    pub(crate) fn a0malloc(&mut self, call: &mut Call<'_>, class: Szind) -> Option<Address> {
        if class.is_small() {
            return self.malloc_small(call, class);
        }
        let mut prng = self.offset;
        let block = self.large_palloc(call, class.size(), CACHE_LINE, false, &mut prng);
        self.offset = prng;
        block
    }

    /// Frees such a block (`a0dalloc`).
    pub(crate) fn a0dalloc(&mut self, call: &mut Call<'_>, block: Address) {
        let id = call.shared.edata_of(block);
        if !call.shared.edatas[id].slab {
            self.large_dalloc(call, id);
        } else if let Some(empty) = self.dalloc_bin(call.shared, id, block) {
            self.pa_dalloc(call, empty);
        }
    }

    /// Frees a large block (`large_dalloc`, without the tick).
    pub(crate) fn large_dalloc(&mut self, call: &mut Call<'_>, id: EdataId) {
        let class = call.shared.edatas[id].class;
        self.large_stats_update(call, class, |of| of.freed);
        self.large_bytes -= call.shared.usable_of(id);
        self.pa_dalloc(call, id);
    }

    /// Makes a large block longer or shorter where it is (`large_ralloc_no_move`). Returns whether it now has the
    /// usable size.
    pub(crate) fn large_ralloc_no_move(
        &mut self,
        call: &mut Call<'_>,
        id: EdataId,
        usable: Bytes,
    ) -> bool {
        let old_class = call.shared.edatas[id].class;
        let old = call.shared.usable_of(id);
        let Some(class) = Szind::of(usable) else {
            return false;
        };
        if usable == old {
            return true;
        }
        debug_assert!(old >= LARGE_MIN && usable >= LARGE_MIN);
        let new_size = usable + call.shared.options.large_pad();
        let old_size = call.shared.edatas[id].size;
        if new_size > old_size {
            if !self.pac.expand(call, id, new_size - old_size) {
                return false;
            }
            self.pac.active += pages(new_size - old_size);
            call.shared.edatas[id].class = class;
        } else {
            if !self.pac.shrink(call, id, new_size) {
                return false;
            }
            self.pac.active -= pages(old_size - new_size);
            call.shared.edatas[id].class = class;
            self.pac.handle_deferred_work(call);
        }
        self.large_stats_update(call, class, |of| of.allocated);
        self.large_stats_update(call, old_class, |of| of.freed);
        self.large_bytes = self.large_bytes + usable - old;
        true
    }
}
