//! The parameters of the allocator as they stand in a running process (`struct malloc_par`).

use crate::chunk::{ALIGNMENT, MIN_SIZE};
use highwater_allocator::Bytes;

/// How many bins a thread cache has.
pub(crate) const TCACHE_BINS: usize = 64;

/// What can be set before the program starts, and what changes while it runs.
///
/// Defaults: glibc 2.36, malloc/malloc.c, `mp_`; top_pad from sysdeps/generic/malloc-machine.h.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Params {
    /// A top of at least this size is trimmed when `free` considers it.
    pub trim_threshold: Bytes,
    /// What is asked for beyond need when the heap grows, and left when it is trimmed.
    pub top_pad: Bytes,
    /// A chunk of at least this size gets a mapping of its own.
    pub mmap_threshold: Bytes,
    /// At most so many chunks have mappings of their own.
    pub mmap_max: i32,
    /// Whether freeing a mapped chunk raises the two thresholds.
    pub dynamic_threshold: bool,
    /// From how many arenas on their limit is computed from the cores.
    pub arena_test: u64,
    /// The limit of arenas; 0 for one computed from the cores.
    pub arena_max: u64,
    /// What freed and fresh memory is filled with; 0 for nothing.
    pub perturb: u8,
    /// Chunks up to this size go to fastbins.
    pub max_fast: Bytes,
    /// How many bins of a thread cache are used, smallest sizes first; at most 64.
    pub tcache_bins: usize,
    /// How many chunks a bin of a thread cache holds.
    pub tcache_count: u64,
    /// How many unsorted chunks one `malloc` may sort while it fills the cache; 0 for any number.
    pub tcache_unsorted_limit: u64,
    /// The size of huge page that mappings try first, where they were asked for; the program break is then not used.
    pub huge_page: Option<Bytes>,
}

/// Largest size of a mapped chunk whose `free` raises the thresholds (`DEFAULT_MMAP_THRESHOLD_MAX`).
pub(crate) const MMAP_THRESHOLD_MAX: Bytes = Bytes::mib(32);

impl Default for Params {
    fn default() -> Self {
        Self {
            trim_threshold: Bytes::kib(128),
            top_pad: Bytes::kib(128),
            mmap_threshold: Bytes::kib(128),
            mmap_max: 65536,
            dynamic_threshold: true,
            arena_test: 8,
            arena_max: 0,
            perturb: 0,
            max_fast: Bytes(128),
            tcache_bins: TCACHE_BINS,
            tcache_count: 7,
            tcache_unsorted_limit: 0,
            huge_page: None,
        }
    }
}

impl Params {
    /// The bin of a thread cache for chunks of a size, if such are cached (`csize2tidx`).
    #[inline]
    pub(crate) fn tcache_bin(&self, size: Bytes) -> Option<usize> {
        let bin = (size.0 - MIN_SIZE.0).div_ceil(ALIGNMENT.0) as usize;
        (bin < self.tcache_bins).then_some(bin)
    }
}
