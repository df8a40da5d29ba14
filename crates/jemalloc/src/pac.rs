//! The page allocator of an arena: free extents in three states, and how memory moves between them.
//!
//! jemalloc 5.3.0, src/pac.c, src/extent.c and src/ecache.c. A request is served from dirty extents, then muzzy, then
//! retained ones, then by mapping more. What is freed becomes dirty. Decay turns dirty into muzzy or retained, and muzzy
//! into retained.

use crate::decay::Decay;
use crate::edata::{EdataId, ExtentState};
use crate::edata_heap::EdataHeap;
use crate::eset::Eset;
use crate::extent::MergeLimit;
use crate::rules::FirstThreshold;
use crate::shared::Shared;
use crate::size_classes::{HUGE_PAGE, LARGE_MAX, LARGE_MIN, LARGE_PAD, PAGE, page_class_of, pages};
use highwater_allocator::{Address, Bytes, Decision, FreePages, Kernel, PurgeReason};

/// `OVERSIZE_THRESHOLD_DEFAULT`
const OVERSIZE_DEFAULT: u64 = 8 << 20;

/// One arena's page allocator.
#[derive(Clone)]
pub(crate) struct Pac {
    pub(crate) arena: u16,
    pub(crate) dirty: Eset,
    pub(crate) muzzy: Eset,
    pub(crate) retained: Eset,
    pub(crate) dirty_decay: Decay,
    pub(crate) muzzy_decay: Decay,
    /// The class of extents to map next (`exp_grow`).
    pub(crate) grow_next: usize,
    pub(crate) next_serial: u64,
    /// Freed extents of this size and more go back at once.
    oversize: u64,
    /// Structures that wait to be used again.
    pub(crate) free_structs: EdataHeap,
    /// Pages of active extents.
    pub(crate) active: u64,
}

impl Pac {
    /// The page allocator of an arena whose structure lies at `home`.
    pub(crate) fn new(arena: u16, home: Address, shared: &Shared) -> Self {
        let options = &shared.options;
        let pad = large_pad(shared);
        // Their jitter starts from their own addresses, which another seed stands elsewhere.
        let moved = options.seed_moved(shared.version);
        let decays = shared.rules.layout.decays;
        let [dirty, muzzy] = decays.map(|offset| (home + Bytes(offset)).0.wrapping_add(moved));
        Self {
            arena,
            dirty: Eset::new(pad),
            muzzy: Eset::new(pad),
            retained: Eset::new(pad),
            dirty_decay: Decay::new(shared.now, options.dirty_decay_ms, dirty),
            muzzy_decay: Decay::new(shared.now, options.muzzy_decay_ms, muzzy),
            grow_next: page_class_of(HUGE_PAGE),
            next_serial: 0,
            // They lie at multiples of 64 bytes at least (`extent_alignment`).
            free_structs: EdataHeap::new(6),
            active: 0,
            oversize: shared.oversize_of(arena),
        }
    }

    pub(crate) fn set(&mut self, state: ExtentState) -> &mut Eset {
        match state {
            ExtentState::Dirty => &mut self.dirty,
            ExtentState::Muzzy => &mut self.muzzy,
            ExtentState::Retained | ExtentState::Active | ExtentState::Unused => &mut self.retained,
        }
    }

    /// Bytes of extents that are active, dirty or muzzy.
    pub(crate) fn mapped(&self) -> u64 {
        (self.active + self.dirty.pages() + self.muzzy.pages()) * PAGE
    }

    /// Whether a very large extent may be purged when it is freed (`extent_may_force_decay`).
    fn may_force_purge(&self) -> bool {
        self.dirty_decay.time_ms != -1 && self.muzzy_decay.time_ms != -1
    }
}

/// What each large block has beyond its class.
pub(crate) fn large_pad(shared: &Shared) -> u64 {
    if shared.options.cache_oblivious {
        LARGE_PAD
    } else {
        0
    }
}

impl Shared {
    fn deactivate(&mut self, pac: &mut Pac, id: EdataId, state: ExtentState) {
        self.edatas[id].state = state;
        pac.set(state).insert(&mut self.edatas, id);
    }

    /// Keeps a free extent (`extent_record`).
    pub(crate) fn record(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        mut id: EdataId,
        state: ExtentState,
    ) {
        if state != ExtentState::Dirty {
            (id, _) = self.coalesce(kernel, pac, id, state, MergeLimit::ALL);
        } else if self.edatas[id].size >= LARGE_MIN {
            let limit = MergeLimit {
                most: self.most_merged(self.edatas[id].size),
                skips_marked: self.rules.slab_marks_stay,
            };
            let mut merged = true;
            while merged {
                (id, merged) = self.coalesce(kernel, pac, id, state, limit);
            }
            let size = self.edatas[id].size;
            let goes_back = self.rules.very_large_always_back || pac.may_force_purge();
            if size >= pac.oversize && !self.keeps_very_large() && goes_back {
                self.log.record(Decision::Purged {
                    arena: pac.arena,
                    from: FreePages::Dirty,
                    offered: false,
                    bytes: Bytes(size),
                    limit: Bytes::ZERO,
                    reason: PurgeReason::VeryLarge,
                });
                self.release(kernel, pac, id);
                return;
            }
        }
        self.deactivate(pac, id, state);
    }

    /// Up to which size a large dirty extent is merged with its neighbours when it is freed.
    fn most_merged(&self, size: u64) -> u64 {
        if !self.rules.merging_bounded {
            return u64::MAX;
        }
        let lg_most = self.options.lg_extent_max_active_fit.min(63);
        if LARGE_MAX >> lg_most > size {
            size << lg_most
        } else {
            LARGE_MAX
        }
    }

    /// From which size on blocks go to an arena of their own (`arena_init_huge`).
    pub(crate) fn oversize(&self) -> u64 {
        match self.options.oversize_threshold {
            threshold @ LARGE_MIN..=LARGE_MAX => threshold,
            _ => LARGE_MAX + PAGE,
        }
    }

    /// From which size on freed extents of an arena go back at once (`arena_init_huge`).
    fn oversize_of(&self, arena: u16) -> u64 {
        let threshold = self.oversize();
        match self.rules.first_threshold {
            FirstThreshold::Default if arena == 0 => OVERSIZE_DEFAULT,
            FirstThreshold::OptionIfAny if arena == 0 && threshold > LARGE_MAX => OVERSIZE_DEFAULT,
            _ => threshold,
        }
    }

    /// Whether very large blocks stay dirty for the decay time too.
    pub(crate) fn keeps_very_large(&self) -> bool {
        self.rules.background_keeps_very_large && self.options.background_thread
    }

    /// Gives an extent's pages back and keeps its address space, if that is kept (`extent_dalloc_wrapper`).
    fn release(&mut self, kernel: &mut Kernel, pac: &mut Pac, id: EdataId) {
        let (base, size) = (self.edatas[id].base, self.edatas[id].size);
        self.edatas[id].start = base;
        if !self.options.retain {
            self.deregister(kernel, id);
            kernel.munmap(Address(base), Bytes(size));
            self.put_struct(pac, id);
            return;
        }
        kernel.madvise_dontneed(Address(base), Bytes(size));
        self.edatas[id].zeroed = true;
        self.record(kernel, pac, id, ExtentState::Retained);
    }

    /// Frees an extent (`ecache_dalloc`, into the dirty ones).
    pub(crate) fn free_extent(&mut self, kernel: &mut Kernel, pac: &mut Pac, id: EdataId) {
        let extent = &mut self.edatas[id];
        extent.start = extent.base;
        extent.zeroed = false;
        self.record(kernel, pac, id, ExtentState::Dirty);
    }

    /// Takes an extent of `size` bytes from the free ones of a state, cutting off what is too much (`extent_recycle`).
    /// With `after`, it has to follow that extent.
    pub(crate) fn recycle(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        state: ExtentState,
        after: Option<EdataId>,
        wanted: ExtentRequest,
    ) -> Option<EdataId> {
        let id = match after {
            Some(after) => self
                .neighbour(after, state, true)
                .filter(|next| self.edatas[*next].size >= wanted.size)?,
            None => {
                let lg_most = match state {
                    ExtentState::Dirty => self.options.lg_extent_max_active_fit,
                    _ => 64,
                };
                let mixed = !self.options.large_size_classes;
                let set = pac.set(state);
                set.fit(&self.edatas, wanted.size, wanted.alignment, lg_most, mixed)?
            }
        };
        pac.set(state).remove(&mut self.edatas, id);
        self.edatas[id].state = ExtentState::Active;
        let (lead, id, trail) = self.cut_out(kernel, pac, id, wanted)?;
        for rest in [lead, trail].into_iter().flatten() {
            self.deactivate(pac, rest, state);
        }
        if wanted.zero && !self.edatas[id].zeroed {
            self.clear(kernel, id);
        }
        Some(id)
    }

    /// Clears an extent by giving its pages back (`ehooks_default_zero_impl`).
    fn clear(&mut self, kernel: &mut Kernel, id: EdataId) {
        let extent = &self.edatas[id];
        kernel.madvise_dontneed(Address(extent.base), Bytes(extent.size));
    }

    /// Cuts what is wanted out of an extent; returns what lies before, the middle and what lies behind
    /// (`extent_split_interior`).
    #[allow(
        clippy::type_complexity,
        reason = "three parts, named at once by who calls"
    )]
    pub(crate) fn cut_out(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        id: EdataId,
        wanted: ExtentRequest,
    ) -> Option<(Option<EdataId>, EdataId, Option<EdataId>)> {
        let extent = &self.edatas[id];
        let alignment = wanted.alignment.next_multiple_of(PAGE);
        let lead_size = extent.base.next_multiple_of(alignment) - extent.base;
        let trail_size = extent.size - lead_size - wanted.size;
        let (mut lead, mut middle, mut trail) = (None, id, None);
        if lead_size > 0 {
            lead = Some(id);
            middle = self.split(kernel, pac, id, lead_size)?;
        }
        if trail_size > 0 {
            trail = Some(self.split(kernel, pac, middle, wanted.size)?);
        }
        Some((lead, middle, trail))
    }

    /// Allocates an extent (`pac_alloc_real`).
    pub(crate) fn alloc_extent(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        wanted: ExtentRequest,
    ) -> Option<EdataId> {
        if let Some(id) = self.recycle(kernel, pac, ExtentState::Dirty, None, wanted) {
            return Some(id);
        }
        if pac.muzzy_decay.time_ms != 0
            && let Some(id) = self.recycle(kernel, pac, ExtentState::Muzzy, None, wanted)
        {
            return Some(id);
        }
        if !self.options.large_size_classes
            && let Some(id) = self.fresh_batch(kernel, pac, wanted)
        {
            return Some(id);
        }
        self.fresh(kernel, pac, None, wanted)
    }

    /// Makes an extent longer by what follows it, if that is free (`pac_expand_impl`).
    pub(crate) fn expand_extent(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        id: EdataId,
        more: u64,
    ) -> bool {
        let wanted = ExtentRequest {
            size: more,
            alignment: PAGE,
            zero: false,
        };
        let after = Some(id);
        let trail = self
            .recycle(kernel, pac, ExtentState::Dirty, after, wanted)
            .or_else(|| self.recycle(kernel, pac, ExtentState::Muzzy, after, wanted))
            .or_else(|| self.fresh(kernel, pac, after, wanted));
        let Some(trail) = trail else {
            return false;
        };
        self.merge(kernel, pac, id, trail);
        true
    }

    /// The extent that is to be purged next, leaving at least `limit` pages (`ecache_evict`).
    fn evict(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        state: ExtentState,
        limit: u64,
    ) -> Option<EdataId> {
        loop {
            let set = pac.set(state);
            let id = set.oldest().filter(|_| set.pages() > limit)?;
            set.remove(&mut self.edatas, id);
            self.edatas[id].state = ExtentState::Active;
            if state != ExtentState::Dirty {
                return Some(id);
            }
            // Merging was put off: the result takes the neighbour's place as the newest, and the search begins anew.
            let (merged, any) = self.coalesce(kernel, pac, id, state, MergeLimit::ALL);
            if !any {
                return Some(merged);
            }
            self.deactivate(pac, merged, state);
        }
    }

    /// Purges at most `most` pages, leaving at least `limit` (`pac_decay_to_limit`). Where everything goes it goes past the muzzy state.
    /// Returns the pages purged.
    pub(crate) fn purge(
        &mut self,
        kernel: &mut Kernel,
        pac: &mut Pac,
        state: ExtentState,
        (limit, most): (u64, u64),
        reason: PurgeReason,
    ) -> u64 {
        let mut taken = Vec::new();
        let mut count = 0;
        while count < most
            && let Some(id) = self.evict(kernel, pac, state, limit)
        {
            count += pages(self.edatas[id].size);
            taken.push(id);
        }
        let fully = reason == PurgeReason::Everything;
        let to_muzzy = state == ExtentState::Dirty && !fully && pac.muzzy_decay.time_ms != 0;
        if count > 0 {
            let from = match state {
                ExtentState::Dirty => FreePages::Dirty,
                _ => FreePages::Muzzy,
            };
            self.log.record(Decision::Purged {
                arena: pac.arena,
                from,
                offered: to_muzzy,
                bytes: Bytes(count * PAGE),
                limit: Bytes(limit * PAGE),
                reason,
            });
        }
        for id in taken {
            let (base, size) = (self.edatas[id].base, self.edatas[id].size);
            if to_muzzy {
                kernel.madvise_free(Address(base), Bytes(size));
                self.edatas[id].start = base;
                self.edatas[id].zeroed = false;
                self.record(kernel, pac, id, ExtentState::Muzzy);
            } else {
                self.release(kernel, pac, id);
            }
        }
        count
    }
}

/// What is asked of the page allocator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtentRequest {
    pub(crate) size: u64,
    pub(crate) alignment: u64,
    /// Whether the pages have to read as zeros.
    pub(crate) zero: bool,
}

/// What is known of memory when its extent begins.
#[derive(Clone, Copy)]
pub(crate) struct NewExtent {
    pub(crate) zeroed: bool,
    pub(crate) head: bool,
}
