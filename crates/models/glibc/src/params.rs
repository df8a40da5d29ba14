//! The parameters of the allocator as they stand in a running process (`struct malloc_par`).

use crate::chunk::{ALIGNMENT, MIN_SIZE};
use crate::version::Version;
use highwater_allocator::Bytes;

/// How many bins a thread cache has for small chunks.
pub(crate) const TCACHE_BINS: usize = 64;

/// What can be set before the program starts, and what changes while it runs.
///
/// Defaults: glibc, malloc/malloc.c, `mp_`, at each version; top_pad from sysdeps/generic/malloc-machine.h, since 2.38
/// from elf/dl-tunables.list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Params {
    /// A top of at least this size is trimmed when `free` considers it.
    pub trim_threshold: Bytes,
    /// What is asked for beyond need when the heap grows, and left when it is trimmed.
    pub top_pad: Bytes,
    /// A chunk of at least this size gets a mapping of its own.
    pub mmap_threshold: Bytes,
    /// The most chunks that have mappings of their own; none where it is negative, which 2.31 takes.
    pub mmap_max: i32,
    /// Whether freeing a mapped chunk raises the two thresholds.
    pub dynamic_threshold: bool,
    /// From how many arenas on their limit is computed from the cores.
    pub arena_test: u64,
    /// The limit of arenas; 0 for one computed from the cores.
    pub arena_max: u64,
    /// What freed and fresh memory is filled with, of which the lowest byte is written; 0 for nothing.
    pub perturb: i32,
    /// Chunks up to this size go to fastbins; zero for none, as from 2.43 on, where there are no fastbins.
    pub max_fast: Bytes,
    /// How many bins for small chunks a thread cache uses, smallest sizes first; at most 64.
    pub tcache_bins: usize,
    /// A chunk below this size may be kept by a thread cache. It is the rule itself from 2.42 on (`tcache_max_bytes`
    /// there), where it may reach beyond the small bins to chunks of less than 4 MiB; elsewhere it follows from
    /// [`Self::tcache_bins`].
    pub tcache_max_chunk: Bytes,
    /// How many chunks a bin of a thread cache holds.
    pub tcache_count: u64,
    /// How many unsorted chunks one `malloc` may sort while it fills the cache; 0 for any number.
    pub tcache_unsorted_limit: u64,
    /// The size of huge page that mappings try first, where they were asked for; the program break is then not used.
    pub huge_page: Option<Bytes>,
    /// Whether malloc asks for transparent huge pages where the machine leaves them to programs (`thp_pagesize`).
    pub asks_for_huge_pages: bool,
}

/// Largest size of a mapped chunk whose `free` raises the thresholds (`DEFAULT_MMAP_THRESHOLD_MAX`).
pub(crate) const MMAP_THRESHOLD_MAX: Bytes = Bytes::mib(32);

/// `MAX_TCACHE_SMALL_SIZE`: the size of the chunks in the last bin for small ones.
const TCACHE_SMALL_MAX: Bytes = Bytes(MIN_SIZE.0 + (TCACHE_BINS as u64 - 1) * ALIGNMENT.0);

impl Default for Params {
    /// Those of 2.36.
    fn default() -> Self {
        Self::defaults(Version::V2_36)
    }
}

impl Params {
    /// The parameters of a process whose environment sets none.
    pub fn defaults(version: Version) -> Self {
        let newest = version >= Version::V2_43;
        Self {
            trim_threshold: Bytes::kib(128),
            top_pad: Bytes::kib(128),
            mmap_threshold: Bytes::kib(128),
            mmap_max: 65536,
            dynamic_threshold: true,
            arena_test: 8,
            arena_max: 0,
            perturb: 0,
            max_fast: if newest { Bytes::ZERO } else { Bytes(128) },
            tcache_bins: TCACHE_BINS,
            tcache_max_chunk: Bytes(TCACHE_SMALL_MAX.0 + 1),
            tcache_count: if newest { 16 } else { 7 },
            tcache_unsorted_limit: 0,
            huge_page: None,
            asks_for_huge_pages: false,
        }
    }

    /// The bin of a thread cache for chunks of a size, if such are cached (`csize2tidx`).
    #[inline]
    pub(crate) fn tcache_bin(&self, size: Bytes) -> Option<usize> {
        let bin = ((size.0 - MIN_SIZE.0) / ALIGNMENT.0) as usize;
        (bin < self.tcache_bins).then_some(bin)
    }
}
