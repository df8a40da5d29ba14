//! An arena: bins of slabs for small classes, large blocks, and the page allocator below them.
//!
//! jemalloc 5.3.0, src/arena.c, src/large.c, src/pa.c and src/bin.c.

use crate::base::Base;
use crate::edata::{EdataId, ExtentState};
use crate::edata_heap::EdataHeap;
use crate::pac::{ExtentRequest, Pac, large_pad};
use crate::prng::Prng;
use crate::rules::CountOf;
use crate::shared::Shared;
use crate::size_classes::{self as sizes, CACHE_LINE, LARGE_MIN, PAGE, SMALL_CLASSES, Slab, pages};
use highwater_allocator::{Address, Bytes, Kernel, PurgeReason};

/// The slabs of one small class.
#[derive(Clone)]
pub(crate) struct Bin {
    pub(crate) slab: Slab,
    /// The slab that is being cut; it may be full.
    pub(crate) current: Option<EdataId>,
    /// Other slabs with free regions, oldest and lowest first.
    pub(crate) nonfull: EdataHeap,
    /// Regions handed out.
    pub(crate) regions: u64,
}

/// One arena.
#[derive(Clone)]
pub(crate) struct Arena {
    pub(crate) pac: Pac,
    pub(crate) bins: Vec<Bin>,
    /// Where its structure lies.
    pub(crate) home: Address,
    /// Threads bound to it.
    pub(crate) threads: u32,
    /// Bytes of large blocks handed out.
    pub(crate) large_bytes: u64,
    /// Where a large block begins that jemalloc takes for itself, with no thread to ask: jemalloc 5.2.1, src/arena.c,
    /// `arena_new` (`offset_state`).
    offset: Prng,
}

impl Arena {
    /// Makes an arena, with a base of its own (`arena_new`).
    pub(crate) fn new(kernel: &mut Kernel, shared: &mut Shared, index: u16) -> Option<Self> {
        let slot = usize::from(index);
        if shared.bases.len() <= slot {
            shared.bases.resize_with(slot + 1, || None);
        }
        if shared.bases[slot].is_none() {
            shared.bases[slot] = Some(Base::new(kernel, shared.rules)?);
        }
        let layout = &shared.rules.layout;
        let bins = layout.bin * SMALL_CLASSES as u64;
        let home =
            shared.bases[slot]
                .as_mut()?
                .allocate(kernel, layout.arena + bins, CACHE_LINE)?;
        for (from, to) in layout.arena_written {
            kernel.touch(home + Bytes(from), Bytes(to - from));
        }
        kernel.touch(home + Bytes(layout.arena), Bytes(bins));
        let bin = |class| Bin {
            slab: sizes::slab_of(class),
            current: None,
            nonfull: EdataHeap::new(PAGE.ilog2()),
            regions: 0,
        };
        Some(Self {
            pac: Pac::new(index, home, shared),
            bins: (0..SMALL_CLASSES).map(bin).collect(),
            home,
            threads: 0,
            large_bytes: 0,
            offset: Prng(home.0),
        })
    }

    /// Bytes of the blocks it has handed out, those in thread caches included (`stats.allocated`).
    pub(crate) fn allocated(&self) -> u64 {
        let small = self.bins.iter().map(|bin| bin.regions * bin.slab.region);
        small.sum::<u64>() + self.large_bytes
    }

    // ---- pages

    /// Allocates the extent of a slab or a large block (`pa_alloc`).
    fn alloc_pages(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        wanted: ExtentRequest,
        class: usize,
        slab: bool,
    ) -> Option<EdataId> {
        let id = shared.alloc_extent(kernel, &mut self.pac, wanted)?;
        self.pac.active += pages(wanted.size);
        let extent = &mut shared.edatas[id];
        extent.class = class as u16;
        extent.slab = slab;
        extent.marked[0] = slab;
        extent.marked[1] |= slab;
        if slab {
            self.map_interior(kernel, shared, id, Some(id));
        }
        Some(id)
    }

    /// Enters the pages inside a slab in the map, or takes them out (`emap_register_interior`).
    fn map_interior(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        id: EdataId,
        entry: Option<EdataId>,
    ) {
        let (base, past) = (shared.edatas[id].base, shared.edatas[id].past());
        let mut at = base + PAGE;
        while at + PAGE < past {
            shared.emap.set(kernel, at, entry);
            at += PAGE;
        }
    }

    /// Frees the extent of a slab or a large block (`pa_dalloc`); of an empty slab that is all (`arena_slab_dalloc`).
    pub(crate) fn free_pages(&mut self, kernel: &mut Kernel, shared: &mut Shared, id: EdataId) {
        if shared.edatas[id].slab {
            self.map_interior(kernel, shared, id, None);
        }
        self.pac.active -= pages(shared.edatas[id].size);
        shared.edatas[id].class = crate::edata::NO_CLASS;
        shared.free_extent(kernel, &mut self.pac, id);
        self.handle_deferred(kernel, shared);
    }

    /// What freeing pages leads to at once (`arena_handle_deferred_work`).
    fn handle_deferred(&mut self, kernel: &mut Kernel, shared: &mut Shared) {
        if self.pac.dirty_decay.is_immediate() {
            self.decay_all(kernel, shared, ExtentState::Dirty);
        }
        // A background thread that sleeps without end is woken by the caller, which knows it.
    }

    // ---- small blocks

    /// Takes the lowest free region of a slab (`arena_slab_reg_alloc`).
    #[inline]
    fn take_region(shared: &mut Shared, slab: EdataId, region: u64) -> u64 {
        let extent = &mut shared.edatas[slab];
        extent.free_regions -= 1;
        let mut index = 0;
        for (word, bits) in extent.free_map.iter_mut().enumerate() {
            if *bits != 0 {
                index = word as u64 * 64 + u64::from(bits.trailing_zeros());
                *bits &= *bits - 1;
                break;
            }
        }
        extent.base + index * region
    }

    /// A slab with a free region, without allocating one (`arena_bin_refill_slabcur_no_fresh_slab`).
    #[inline]
    fn usable_slab(&mut self, shared: &Shared, class: usize) -> Option<EdataId> {
        let bin = &mut self.bins[class];
        if let Some(current) = bin.current
            && shared.edatas[current].free_regions > 0
        {
            return Some(current);
        }
        bin.current = bin.nonfull.pop_first();
        bin.current
    }

    /// Allocates a slab (`arena_slab_alloc`).
    fn new_slab(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        class: usize,
    ) -> Option<EdataId> {
        let slab = self.bins[class].slab;
        let wanted = ExtentRequest {
            size: slab.bytes,
            alignment: PAGE,
            zero: false,
        };
        let id = self.alloc_pages(kernel, shared, wanted, class, true)?;
        let extent = &mut shared.edatas[id];
        extent.free_regions = slab.regions;
        for (word, bits) in extent.free_map.iter_mut().enumerate() {
            let regions = slab.regions.saturating_sub(word as u32 * 64).min(64);
            *bits = if regions == 64 {
                u64::MAX
            } else {
                (1 << regions) - 1
            };
        }
        Some(id)
    }

    /// Allocates at least `least` blocks of a small class, lowest first, and hands each to `got`; more if the slab in use
    /// has more and that makes no more than `most` (`arena_ptr_array_fill_small`, `arena_malloc_small`).
    pub(crate) fn fill(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        class: usize,
        (least, most): (u32, u32),
        mut got: impl FnMut(u64),
    ) -> u32 {
        let region = self.bins[class].slab.region;
        let mut filled = 0;
        while filled < least {
            let slab = match self.usable_slab(shared, class) {
                Some(slab) => slab,
                None => {
                    let Some(fresh) = self.new_slab(kernel, shared, class) else {
                        break;
                    };
                    self.bins[class].current = Some(fresh);
                    fresh
                }
            };
            let free = shared.edatas[slab].free_regions;
            let taken = if filled + free > most {
                least - filled
            } else {
                free
            };
            for _ in 0..taken {
                got(Self::take_region(shared, slab, region));
            }
            filled += taken;
        }
        self.bins[class].regions += u64::from(filled);
        filled
    }

    /// Gives one region back. Returns the slab if that has become empty; the caller frees it
    /// (`arena_dalloc_bin_locked_step`).
    pub(crate) fn free_region(
        &mut self,
        shared: &mut Shared,
        slab: EdataId,
        block: u64,
    ) -> Option<EdataId> {
        let extent = &mut shared.edatas[slab];
        let bin = &mut self.bins[usize::from(extent.class)];
        let index = (block - extent.base) / bin.slab.region;
        extent.free_map[index as usize / 64] |= 1 << (index % 64);
        extent.free_regions += 1;
        bin.regions -= 1;
        let order = extent.order();
        let is_current = bin.current == Some(slab);
        if extent.free_regions == bin.slab.regions {
            if is_current {
                bin.current = None;
            } else if bin.slab.regions > 1 {
                bin.nonfull.remove(order);
            }
            return Some(slab);
        }
        if extent.free_regions == 1 && !is_current {
            Self::lower_slab(shared, bin, slab);
        }
        None
    }

    /// Puts a slab that is no longer full among the others, or makes it the current one if it is older or lower
    /// (`arena_bin_lower_slab`).
    fn lower_slab(shared: &Shared, bin: &mut Bin, slab: EdataId) {
        let order = |id: EdataId| shared.edatas[id].order();
        match bin.current {
            Some(current) if order(current) > order(slab) => {
                if shared.edatas[current].free_regions > 0 {
                    bin.nonfull.insert(order(current), current);
                }
                bin.current = Some(slab);
            }
            _ => {
                bin.nonfull.insert(order(slab), slab);
            }
        }
    }

    // ---- large blocks

    /// Writes counts of a large class.
    pub(crate) fn count_large(
        &self,
        kernel: &mut Kernel,
        shared: &Shared,
        class: usize,
        which: fn(&CountOf) -> (u64, u64),
    ) {
        let layout = &shared.rules.layout;
        let (first, apart) = layout.large_counts;
        let (from, bytes) = which(&layout.count_of);
        let at = first + (class - SMALL_CLASSES) as u64 * apart + from;
        kernel.touch(self.home + Bytes(at), Bytes(bytes));
    }

    /// Allocates a large block of a usable size (`large_palloc`, `arena_extent_alloc_large`). The first address varies
    /// by `prng`.
    pub(crate) fn alloc_large(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        (usable, alignment): (u64, u64),
        zero: bool,
        prng: &mut Prng,
    ) -> Option<u64> {
        let class = sizes::class_of(usable)?;
        let writes_zeros =
            shared.rules.calloc_writes_zeros && usable < shared.options.calloc_madvise_threshold;
        let wanted = ExtentRequest {
            size: usable + large_pad(shared),
            alignment,
            zero: zero && !writes_zeros,
        };
        let id = self.alloc_pages(kernel, shared, wanted, class, false)?;
        self.count_large(kernel, shared, class, |of| of.allocated);
        self.large_bytes += usable;
        let extent = &mut shared.edatas[id];
        if shared.options.cache_oblivious && alignment < PAGE {
            // A multiple of the alignment, at least a cache line, within the page.
            let lg_step = alignment.next_multiple_of(CACHE_LINE).ilog2();
            let bits = PAGE.ilog2() - lg_step;
            extent.start = extent.base + (prng.bits(bits) << lg_step);
        }
        if zero && writes_zeros && !extent.zeroed {
            kernel.touch(Address(extent.start), Bytes(usable));
        }
        Some(extent.start)
    }

    /// Allocates a large block of a class for jemalloc itself (`a0malloc`).
    pub(crate) fn alloc_own_large(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        class: usize,
    ) -> Option<u64> {
        let mut prng = self.offset;
        let wanted = (sizes::size_of(class), CACHE_LINE);
        let block = self.alloc_large(kernel, shared, wanted, false, &mut prng);
        self.offset = prng;
        block
    }

    /// Frees a large block (`large_dalloc`, without the tick).
    pub(crate) fn free_large(&mut self, kernel: &mut Kernel, shared: &mut Shared, id: EdataId) {
        let class = usize::from(shared.edatas[id].class);
        self.count_large(kernel, shared, class, |of| of.freed);
        self.large_bytes -= shared.usable_of(id);
        self.free_pages(kernel, shared, id);
    }

    /// Makes a large block longer or shorter where it is (`large_ralloc_no_move`). Whether it now has the usable size.
    pub(crate) fn resize_large(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        id: EdataId,
        usable: u64,
    ) -> bool {
        let old_class = usize::from(shared.edatas[id].class);
        let old = shared.usable_of(id);
        let Some(class) = sizes::class_of(usable) else {
            return false;
        };
        if usable == old {
            return true;
        }
        debug_assert!(old >= LARGE_MIN && usable >= LARGE_MIN);
        let new_size = usable + large_pad(shared);
        let old_size = shared.edatas[id].size;
        if new_size > old_size {
            let more = new_size - old_size;
            if !shared.expand_extent(kernel, &mut self.pac, id, more) {
                return false;
            }
            self.pac.active += pages(more);
            shared.edatas[id].class = class as u16;
        } else {
            let pac = &mut self.pac;
            let Some(trail) = shared.split(kernel, pac, id, new_size) else {
                return false;
            };
            shared.free_extent(kernel, pac, trail);
            self.pac.active -= pages(old_size - new_size);
            shared.edatas[id].class = class as u16;
            self.handle_deferred(kernel, shared);
        }
        self.count_large(kernel, shared, class, |of| of.allocated);
        self.count_large(kernel, shared, old_class, |of| of.freed);
        self.large_bytes = self.large_bytes + usable - old;
        true
    }

    // ---- decay

    /// Purges everything that is dirty or muzzy (`pac_decay_all`).
    pub(crate) fn decay_all(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        state: ExtentState,
    ) {
        let most = match state {
            ExtentState::Dirty => self.pac.dirty.pages(),
            _ => self.pac.muzzy.pages(),
        };
        self.purge(kernel, shared, state, (0, most), PurgeReason::Everything);
    }

    /// `pac_decay_to_limit`
    fn purge(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        state: ExtentState,
        limits: (u64, u64),
        reason: PurgeReason,
    ) {
        if limits.1 > 0 {
            shared.purge(kernel, &mut self.pac, state, limits, reason);
        }
    }

    fn decay(&mut self, state: ExtentState) -> &mut crate::decay::Decay {
        match state {
            ExtentState::Dirty => &mut self.pac.dirty_decay,
            _ => &mut self.pac.muzzy_decay,
        }
    }

    /// Advances a decay to now and purges what has to go (`pac_maybe_decay_purge`). Returns the pages that became free in
    /// the last interval where a new one began.
    pub(crate) fn maybe_purge(
        &mut self,
        kernel: &mut Kernel,
        shared: &mut Shared,
        state: ExtentState,
        eagerness: Eagerness,
    ) -> Option<u64> {
        let now = shared.now;
        let set = match state {
            ExtentState::Dirty => &self.pac.dirty,
            _ => &self.pac.muzzy,
        };
        let current = set.pages();
        let decay = self.decay(state);
        if !decay.is_gradual() {
            if decay.is_immediate() {
                self.purge(kernel, shared, state, (0, current), PurgeReason::AtOnce);
            }
            return None;
        }
        let advanced = decay.advance(now, current);
        let (limit, newest) = (decay.limit(), decay.newest());
        let purges = match eagerness {
            Eagerness::Always => true,
            Eagerness::OnAdvance => advanced,
            Eagerness::Never => false,
        };
        if purges && current > limit {
            let reason = match eagerness {
                Eagerness::Always => PurgeReason::BackgroundThread,
                Eagerness::OnAdvance | Eagerness::Never => PurgeReason::Call,
            };
            self.purge(kernel, shared, state, (limit, current - limit), reason);
        }
        advanced.then_some(newest)
    }
}

/// When a decay purges (`pac_purge_eagerness_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Eagerness {
    /// Whenever it is looked at: the background thread.
    Always,
    /// When a new interval begins: a thread of the program where there is no background thread.
    OnAdvance,
    /// Not at all: a thread of the program beside a background thread.
    Never,
}
