//! The options that change placement, residency or timing.

use crate::version::Version;

/// Where the data of a process's threads lie (`tsd_t`), where that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThreadData {
    /// Those of the first thread.
    pub first: u64,
    /// Those of the second.
    pub second: u64,
    /// How far above the ones before those of each other thread lie.
    pub apart: u64,
}

/// What MALLOC_CONF and its kin can set. A release looks only at what it knows.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// How long dirty pages may stay, in milliseconds; 0 for not at all, -1 for ever.
    pub dirty_decay_ms: i64,
    /// The same for muzzy pages.
    pub muzzy_decay_ms: i64,
    /// Arenas of threads; 0 for four to a core.
    pub narenas: u32,
    /// Whether a background thread purges.
    pub background_thread: bool,
    /// How many of them at most.
    pub max_background_threads: u32,
    /// Requests of this size and more go to an arena of their own; 0 for none.
    pub oversize_threshold: u64,
    /// A dirty extent larger than a request by more than two to this power is not cut.
    pub lg_extent_max_active_fit: u32,
    /// Whether address space is kept when its pages are given back.
    pub retain: bool,
    /// Whether large blocks begin at varying places in their first page.
    pub cache_oblivious: bool,
    /// Whether threads have caches.
    pub tcache: bool,
    /// The largest size they keep.
    pub tcache_max: u64,
    /// Least slots for a small class.
    pub tcache_nslots_small_min: u32,
    /// Most slots for a small class.
    pub tcache_nslots_small_max: u32,
    /// Slots for a large class.
    pub tcache_nslots_large: u32,
    /// Slots of a small class are the regions of a slab times two to this power.
    pub lg_tcache_nslots_mul: i32,
    /// Bytes allocated or freed between two collections of a cache's bin; 0 for never.
    pub tcache_gc_incr_bytes: u64,
    /// Bytes of a class that a collection leaves at first.
    pub tcache_gc_delay_bytes: u64,
    /// A full bin of a small class keeps its slots divided by two to this power.
    pub lg_tcache_flush_small_div: u32,
    /// The same for large classes.
    pub lg_tcache_flush_large_div: u32,
    /// Whether collections mind where blocks lie (5.3.1).
    pub experimental_tcache_gc: bool,
    /// Whether requests above 16 KiB are rounded up to size classes rather than to pages.
    pub large_size_classes: bool,
    /// From which size on calloc gives pages back rather than writing zeros (5.3.1).
    pub calloc_madvise_threshold: u64,
    /// Whether the program asks for figures (`mallctl`) at its start, which costs structures of their own.
    pub asks_for_figures: bool,
    /// Whether the library was built for addresses of 57 bits rather than 48 (`LG_VADDR`): it is where the machine that built
    /// it has them, as Debian 13's.
    pub wide_addresses: bool,
    /// What pseudo-random states start from: in a real process addresses, which differ from run to run.
    pub seed: u64,
    /// Those addresses, where they are known; `seed` then is nothing.
    pub thread_data: Option<ThreadData>,
}

impl Options {
    /// The defaults of a release (src/jemalloc.c, src/tcache.c, src/extent.c), in a process whose addresses are not
    /// randomised.
    pub fn of(version: Version) -> Self {
        Self {
            dirty_decay_ms: 10_000,
            muzzy_decay_ms: 0,
            narenas: 0,
            background_thread: false,
            max_background_threads: 4,
            oversize_threshold: 8 << 20,
            lg_extent_max_active_fit: 6,
            retain: true,
            cache_oblivious: true,
            tcache: true,
            tcache_max: 32 << 10,
            tcache_nslots_small_min: 20,
            tcache_nslots_small_max: 200,
            tcache_nslots_large: 20,
            lg_tcache_nslots_mul: 1,
            tcache_gc_incr_bytes: 65_536,
            tcache_gc_delay_bytes: 0,
            lg_tcache_flush_small_div: 1,
            lg_tcache_flush_large_div: 1,
            experimental_tcache_gc: true,
            large_size_classes: version < Version::V5_3_1,
            calloc_madvise_threshold: 8 << 20,
            asks_for_figures: false,
            wide_addresses: false,
            seed: version.unrandomised_seed(),
            thread_data: None,
        }
    }

    /// What the pseudo-random state of a thread starts from: in a real process the address of its data.
    pub(crate) fn seed_of(&self, thread: usize) -> u64 {
        let number = thread as u64;
        match (&self.thread_data, number.checked_sub(1)) {
            // They lie apart by the stacks of threads.
            (None, _) => self.seed.wrapping_add(number << 23),
            (Some(data), None) => data.first,
            (Some(data), Some(beyond)) => data.second.wrapping_add(beyond.wrapping_mul(data.apart)),
        }
    }

    /// How far what starts from an address of the allocator's own is moved.
    pub(crate) fn seed_moved(&self, version: Version) -> u64 {
        match self.thread_data {
            Some(_) => 0,
            None => self.seed.wrapping_sub(version.unrandomised_seed()),
        }
    }
}

impl Default for Options {
    /// Those of the release that most are taken to run.
    fn default() -> Self {
        Self::of(Version::default())
    }
}
