//! The options that change placement, residency or timing.

use crate::size_classes::LARGE_PAD;
use crate::thp::{MetadataThp, Thp};
use crate::version::Version;
use highwater_allocator::{Address, Bytes, ThreadId};

/// The addresses of the data of a process's threads (`tsd_t`), where these are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThreadData {
    /// The data of the first thread.
    pub first: Address,
    /// The data of the second.
    pub second: Address,
    /// The distance from the data of each thread but the first to those of the next, upwards.
    pub apart: Bytes,
}

/// The options that MALLOC_CONF and its kin can set. A release looks only at those it has.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// The time dirty pages may stay, in milliseconds; 0 for not at all, -1 for ever.
    pub dirty_decay_ms: i64,
    /// The same for muzzy pages.
    pub muzzy_decay_ms: i64,
    /// Arenas of threads; 0 for four to a core.
    pub narenas: u32,
    /// Whether a background thread purges.
    pub background_thread: bool,
    /// The most background threads; above 4095 it means 4.
    pub max_background_threads: u32,
    /// Requests of this size and more go to an arena of their own; 0 for none.
    pub oversize_threshold: Bytes,
    /// A dirty extent larger than a request by more than two to this power is not cut.
    pub lg_extent_max_active_fit: u32,
    /// Whether address space is kept when its pages are given back.
    pub retain: bool,
    /// Whether large blocks begin at varying places in their first page.
    pub cache_oblivious: bool,
    /// Whether threads have caches.
    pub tcache: bool,
    /// The largest size they keep.
    pub tcache_max: Bytes,
    /// Least slots for a small class.
    pub tcache_nslots_small_min: u32,
    /// Most slots for a small class.
    pub tcache_nslots_small_max: u32,
    /// Slots for a large class.
    pub tcache_nslots_large: u32,
    /// Slots of a small class are the regions of a slab times two to this power.
    pub lg_tcache_nslots_mul: i32,
    /// Bytes allocated or freed between two collections of a cache's bin; 0 for never.
    pub tcache_gc_incr_bytes: Bytes,
    /// Bytes of a class that a collection leaves at first.
    pub tcache_gc_delay_bytes: Bytes,
    /// A full bin of a small class keeps its slots divided by two to this power.
    pub lg_tcache_flush_small_div: u32,
    /// The same for large classes.
    pub lg_tcache_flush_large_div: u32,
    /// Whether collections consider the addresses of blocks (5.3.1).
    pub experimental_tcache_gc: bool,
    /// Whether requests above 16 KiB are rounded up to size classes rather than to pages.
    pub large_size_classes: bool,
    /// From which size on calloc gives pages back rather than writing zeros (5.3.1).
    pub calloc_madvise_threshold: Bytes,
    /// What every mapping asks of the kernel about huge pages.
    pub thp: Thp,
    /// The same for the blocks of the allocator's own structures (up to 5.3.0).
    pub metadata_thp: MetadataThp,
    /// Whether the program asks for figures (`mallctl`) at its start, which costs structures of their own.
    pub asks_for_figures: bool,
    /// Whether the library was built for addresses of 57 bits rather than 48 (`LG_VADDR`): it is where the machine that
    /// built it has them, as Debian 13's.
    pub wide_addresses: bool,
    /// The start of pseudo-random states: in a real process addresses, which differ from run to run.
    pub seed: u64,
    /// These addresses, where they are known; `seed` is then not used.
    pub thread_data: Option<ThreadData>,
}

impl Options {
    /// Returns the defaults of a release (src/jemalloc.c, src/tcache.c, src/extent.c), in a process whose addresses are
    /// not randomised.
    pub fn of(version: Version) -> Self {
        Self {
            dirty_decay_ms: 10_000,
            muzzy_decay_ms: 0,
            narenas: 0,
            background_thread: false,
            max_background_threads: 4,
            oversize_threshold: Bytes::mib(8),
            lg_extent_max_active_fit: 6,
            retain: true,
            cache_oblivious: true,
            tcache: true,
            tcache_max: Bytes::kib(32),
            tcache_nslots_small_min: 20,
            tcache_nslots_small_max: 200,
            tcache_nslots_large: 20,
            lg_tcache_nslots_mul: 1,
            tcache_gc_incr_bytes: Bytes::kib(64),
            tcache_gc_delay_bytes: Bytes::ZERO,
            lg_tcache_flush_small_div: 1,
            lg_tcache_flush_large_div: 1,
            experimental_tcache_gc: true,
            large_size_classes: version < Version::V5_3_1,
            calloc_madvise_threshold: Bytes::mib(8),
            thp: Thp::Default,
            metadata_thp: MetadataThp::Disabled,
            asks_for_figures: false,
            wide_addresses: false,
            seed: version.unrandomised_seed(),
            thread_data: None,
        }
    }

    /// Returns what the pseudo-random state of a thread starts from: in a real process the address of its data.
    pub(crate) fn seed_of(&self, thread: ThreadId) -> u64 {
        let number = u64::from(thread.0);
        match (&self.thread_data, number.checked_sub(1)) {
            // The data of threads are as far apart as their stacks.
            (None, _) => self.seed.wrapping_add(number << 23),
            (Some(data), None) => data.first.0,
            (Some(data), Some(beyond)) => {
                let above = beyond.wrapping_mul(data.apart.0);
                data.second.0.wrapping_add(above)
            }
        }
    }

    /// Returns how far another seed moves what starts from an address of the allocator's own.
    pub(crate) fn seed_moved(&self, version: Version) -> u64 {
        match self.thread_data {
            Some(_) => 0,
            None => self.seed.wrapping_sub(version.unrandomised_seed()),
        }
    }

    /// Returns the bytes that every large block has beyond its class (`sz_large_pad`).
    pub(crate) fn large_pad(&self) -> Bytes {
        if self.cache_oblivious {
            LARGE_PAD
        } else {
            Bytes::ZERO
        }
    }
}

impl Default for Options {
    /// Returns those of the default release.
    fn default() -> Self {
        Self::of(Version::default())
    }
}
