//! The page allocator of an arena: free extents in three states, and how memory moves between them.
//!
//! jemalloc 5.3.0, src/pac.c. A request is served from dirty extents, then muzzy, then retained ones, then by mapping
//! more. What is freed becomes dirty. Decay turns dirty into muzzy or retained, and muzzy into retained. `extent` and
//! `grow_retained` have the functions of src/extent.c, which work on an arena's `pac_t` as well.

use crate::decay::Decay;
use crate::edata::{EdataId, ExtentState};
use crate::edata_cache::EdataCache;
use crate::eset::Eset;
use crate::rules::FirstThreshold;
use crate::shared::{Call, Shared};
use crate::size_classes::{HUGE_PAGE, LARGE_MAX, PAGE, Pszind, pages};
use crate::units::{ArenaIndex, Nanos, Serial};
use highwater_allocator::{Address, Bytes, Decision, FreePages, Pages, PurgeReason};

/// `OVERSIZE_THRESHOLD_DEFAULT`
const OVERSIZE_DEFAULT: Bytes = Bytes::mib(8);
/// The pages that are worth waking for (`ARENA_DEFERRED_PURGE_NPAGES_THRESHOLD`).
pub(crate) const DEFERRED_PURGE_PAGES: Pages = Pages(1024);

/// One arena's page allocator (`pac_t`).
#[derive(Clone)]
pub(crate) struct Pac {
    pub(crate) arena: ArenaIndex,
    /// The free extents of each state (`ecache_dirty`, `ecache_muzzy`, `ecache_retained`).
    pub(crate) dirty: Eset,
    pub(crate) muzzy: Eset,
    pub(crate) retained: Eset,
    pub(crate) decay_dirty: Decay,
    pub(crate) decay_muzzy: Decay,
    /// The page size class to map next (`exp_grow`).
    pub(crate) exp_grow: Pszind,
    /// The serial number of the next mapping (`extent_sn_next`).
    pub(crate) next_serial: Serial,
    /// Freed extents of this size and more go back at once.
    pub(crate) oversize_threshold: Bytes,
    pub(crate) edata_cache: EdataCache,
    /// The pages of active extents (`nactive` of the arena's `pa_shard_t`).
    pub(crate) active: Pages,
}

/// A request for an extent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtentRequest {
    pub(crate) size: Bytes,
    pub(crate) alignment: Bytes,
    /// Whether the pages have to read as zeros.
    pub(crate) zero: bool,
}

impl ExtentRequest {
    /// A request for pages at any address, with any content.
    pub(crate) fn pages(size: Bytes) -> Self {
        Self {
            size,
            alignment: PAGE,
            zero: false,
        }
    }
}

/// When a decay purges (`pac_purge_eagerness_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PurgeEagerness {
    /// Whenever it is looked at: the background thread.
    Always,
    /// When a new interval begins: a thread of the program where there is no background thread.
    OnEpochAdvance,
    /// Never: a thread of the program beside a background thread.
    Never,
}

impl Pac {
    /// Makes the page allocator of an arena whose structure is at `home` (`pac_init`).
    pub(crate) fn new(arena: ArenaIndex, home: Address, shared: &Shared) -> Self {
        let options = &shared.options;
        let pad = options.large_pad();
        // The jitter of a decay starts from its own address, which another seed moves.
        let moved = options.seed_moved(shared.version);
        let decay = |offset, time_ms| {
            let seed = (home + offset).0.wrapping_add(moved);
            Decay::new(shared.now, time_ms, seed)
        };
        let [dirty, muzzy] = shared.rules.layout.decays;
        let heap = shared.rules.heap;
        Self {
            arena,
            dirty: Eset::new(pad, heap),
            muzzy: Eset::new(pad, heap),
            retained: Eset::new(pad, heap),
            decay_dirty: decay(dirty, options.dirty_decay_ms),
            decay_muzzy: decay(muzzy, options.muzzy_decay_ms),
            exp_grow: Pszind::of(HUGE_PAGE),
            next_serial: Serial(0),
            oversize_threshold: oversize_threshold_of(arena, shared),
            edata_cache: EdataCache::new(),
            active: Pages(0),
        }
    }

    /// Returns the free extents of a state.
    pub(crate) fn ecache(&self, state: ExtentState) -> &Eset {
        match state {
            ExtentState::Dirty => &self.dirty,
            ExtentState::Muzzy => &self.muzzy,
            ExtentState::Retained | ExtentState::Active | ExtentState::Unused => &self.retained,
        }
    }

    /// The same, to change.
    pub(crate) fn ecache_mut(&mut self, state: ExtentState) -> &mut Eset {
        match state {
            ExtentState::Dirty => &mut self.dirty,
            ExtentState::Muzzy => &mut self.muzzy,
            ExtentState::Retained | ExtentState::Active | ExtentState::Unused => &mut self.retained,
        }
    }

    /// Returns the decay of dirty or of muzzy pages.
    pub(crate) fn decay(&self, state: ExtentState) -> &Decay {
        match state {
            ExtentState::Dirty => &self.decay_dirty,
            _ => &self.decay_muzzy,
        }
    }

    fn decay_mut(&mut self, state: ExtentState) -> &mut Decay {
        match state {
            ExtentState::Dirty => &mut self.decay_dirty,
            _ => &mut self.decay_muzzy,
        }
    }

    /// Returns the bytes of extents that are active, dirty or muzzy (`pac_mapped`).
    pub(crate) fn mapped(&self) -> Bytes {
        (self.active + self.dirty.pages() + self.muzzy.pages()) * PAGE
    }

    // ---- extents in use

    /// Allocates an extent (`pac_alloc_real`). `None` where there is no memory.
    pub(crate) fn alloc(&mut self, call: &mut Call<'_>, request: ExtentRequest) -> Option<EdataId> {
        if let Some(id) = self.ecache_alloc(call, ExtentState::Dirty, request) {
            return Some(id);
        }
        // `pac_may_have_muzzy`
        if self.decay_muzzy.time_ms != 0
            && let Some(id) = self.ecache_alloc(call, ExtentState::Muzzy, request)
        {
            return Some(id);
        }
        if !call.shared.options.large_size_classes
            && let Some(id) = self.alloc_retained_batched(call, request)
        {
            return Some(id);
        }
        self.ecache_alloc_grow(call, None, request)
    }

    /// Makes an extent longer by the `more` bytes after it, if these are free (`pac_expand_impl`); returns whether they
    /// were.
    pub(crate) fn expand(&mut self, call: &mut Call<'_>, id: EdataId, more: Bytes) -> bool {
        let trail = self
            .ecache_alloc_after(call, ExtentState::Dirty, id, more)
            .or_else(|| self.ecache_alloc_after(call, ExtentState::Muzzy, id, more))
            .or_else(|| {
                let request = ExtentRequest::pages(more);
                self.ecache_alloc_grow(call, Some(id), request)
            });
        let Some(trail) = trail else {
            return false;
        };
        self.extent_merge(call, id, trail);
        true
    }

    /// Makes an extent `size` bytes long and frees the rest (`pac_shrink_impl`); returns whether there was memory for
    /// the other structure.
    pub(crate) fn shrink(&mut self, call: &mut Call<'_>, id: EdataId, size: Bytes) -> bool {
        let Some(trail) = self.extent_split(call, id, size) else {
            return false;
        };
        self.dalloc(call, trail);
        true
    }

    /// Frees an extent, which becomes dirty (`pac_dalloc_impl`, `ecache_dalloc`).
    pub(crate) fn dalloc(&mut self, call: &mut Call<'_>, id: EdataId) {
        let edata = &mut call.shared.edatas[id];
        edata.start = edata.base;
        edata.zeroed = false;
        self.extent_record(call, id, ExtentState::Dirty);
    }

    // ---- decay

    /// Purges what freeing pages leads to at once (`arena_handle_deferred_work`).
    pub(crate) fn handle_deferred_work(&mut self, call: &mut Call<'_>) {
        if self.decay_dirty.is_immediate() {
            self.decay_all(call, ExtentState::Dirty);
        }
    }

    /// Purges everything that is dirty or muzzy (`pac_decay_all`).
    pub(crate) fn decay_all(&mut self, call: &mut Call<'_>, state: ExtentState) {
        let reason = PurgeReason::Everything;
        self.decay_to_limit(call, state, Pages(0), reason);
    }

    /// Advances a decay to now and purges what has to go (`pac_maybe_decay_purge`). Returns the pages that became free
    /// in the last interval where a new one began.
    pub(crate) fn maybe_decay_purge(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        eagerness: PurgeEagerness,
    ) -> Option<Pages> {
        let current = self.ecache(state).pages();
        let decay = self.decay_mut(state);
        if !decay.is_gradual() {
            if decay.is_immediate() {
                let reason = PurgeReason::AtOnce;
                self.decay_to_limit(call, state, Pages(0), reason);
            }
            return None;
        }
        let advanced = decay.maybe_advance_epoch(call.shared.now, current);
        let (limit, newest) = (decay.limit(), decay.newest());
        let (purges, reason) = match eagerness {
            PurgeEagerness::Always => (true, PurgeReason::BackgroundThread),
            PurgeEagerness::OnEpochAdvance => (advanced, PurgeReason::Call),
            PurgeEagerness::Never => (false, PurgeReason::Call),
        };
        if purges {
            self.decay_to_limit(call, state, limit, reason);
        }
        advanced.then_some(newest)
    }

    /// Purges until `limit` pages are left (`pac_decay_to_limit`).
    fn decay_to_limit(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        limit: Pages,
        reason: PurgeReason,
    ) {
        let current = self.ecache(state).pages();
        if current <= limit {
            return;
        }
        let (stashed, count) = self.stash_decayed(call, state, limit, current - limit);
        // Where everything goes it goes past the muzzy state.
        let fully = reason == PurgeReason::Everything;
        let to_muzzy = state == ExtentState::Dirty && !fully && self.decay_muzzy.time_ms != 0;
        if count > Pages(0) {
            let from = match state {
                ExtentState::Dirty => FreePages::Dirty,
                _ => FreePages::Muzzy,
            };
            call.shared.log.record(Decision::Purged {
                arena: self.arena.0,
                from,
                offered: to_muzzy,
                bytes: count * PAGE,
                limit: limit * PAGE,
                reason,
            });
        }
        self.decay_stashed(call, &stashed, to_muzzy);
    }

    /// Takes extents out of their set until it has `limit` pages or `most` were taken (`pac_stash_decayed`). Returns
    /// them and their pages.
    fn stash_decayed(
        &mut self,
        call: &mut Call<'_>,
        state: ExtentState,
        limit: Pages,
        most: Pages,
    ) -> (Vec<EdataId>, Pages) {
        let mut stashed = Vec::new();
        let mut count = Pages(0);
        while count < most
            && let Some(id) = self.ecache_evict(call, state, limit)
        {
            count += pages(call.shared.edatas[id].size);
            stashed.push(id);
        }
        (stashed, count)
    }

    /// Makes extents muzzy or gives their pages back (`pac_decay_stashed`).
    fn decay_stashed(&mut self, call: &mut Call<'_>, stashed: &[EdataId], to_muzzy: bool) {
        for &id in stashed {
            if !to_muzzy {
                self.extent_dalloc_wrapper(call, id);
                continue;
            }
            let edata = &mut call.shared.edatas[id];
            call.kernel.madvise_free(edata.base, edata.size);
            edata.start = edata.base;
            edata.zeroed = false;
            self.extent_record(call, id, ExtentState::Muzzy);
        }
    }

    /// Returns the time until pages have to go that are worth waking for (`pac_time_until_deferred_work`).
    pub(crate) fn time_until_deferred_work(&self) -> Nanos {
        let until = |decay: &Decay, ecache: &Eset| {
            decay.time_until_purge(ecache.pages(), DEFERRED_PURGE_PAGES)
        };
        let dirty = until(&self.decay_dirty, &self.dirty);
        dirty.min(until(&self.decay_muzzy, &self.muzzy))
    }
}

/// Returns the size from which on freed extents of an arena go back at once (`arena_init_huge`).
fn oversize_threshold_of(arena: ArenaIndex, shared: &Shared) -> Bytes {
    let threshold = shared.oversize_threshold();
    let is_first = arena == ArenaIndex::FIRST;
    match shared.rules.first_threshold {
        FirstThreshold::Default if is_first => OVERSIZE_DEFAULT,
        FirstThreshold::OptionIfAny if is_first && threshold > LARGE_MAX => OVERSIZE_DEFAULT,
        _ => threshold,
    }
}
