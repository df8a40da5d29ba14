//! The rules that differ between the modelled releases, each by name and with its source.
//!
//! Everything else is one model: a rule that is not named here is the same in all of them.

use crate::version::Version;

/// What one release does. Sources are files and functions of jemalloc, at that release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rules {
    /// Bytes of the allocator's own structures, as Debian's build has them.
    pub(crate) layout: Layout,
    /// How thread caches are filled and collected.
    pub(crate) collection: Collection,
    /// How many blocks at most are flushed at once: src/arena.c, `arena_ptr_array_flush`, from 5.3.1 on.
    pub(crate) flush_batch: usize,
    /// Whether small blocks of other arenas change their order while those of one are flushed, by making room for them:
    /// src/arena.c, `arena_ptr_array_flush_impl_small`, from 5.3.1 on.
    pub(crate) flush_exchanges: bool,
    /// Whether the size that merging makes of a large dirty extent is bounded, by `lg_extent_max_active_fit`: src/extent.c,
    /// `extent_record`, from 5.3.1 on (3c14707b).
    pub(crate) merging_bounded: bool,
    /// Whether very large blocks stay dirty for the decay time where a background thread purges, both in the arena that is
    /// their own and in those of threads: src/arena.c, `arena_create_huge_arena`, src/extent.c, `extent_record`, from 5.3.1 on
    /// (d1313313).
    pub(crate) background_keeps_very_large: bool,
    /// Whether arena 0 goes by `oversize_threshold`. Where not, its threshold is the default of 8 MiB, because it is made
    /// before the option is looked at: src/arena.c, `arena_init_huge`, up to 5.3.0.
    pub(crate) first_arena_obeys_threshold: bool,
    /// Whether calloc clears blocks below 8 MiB by writing zeros and larger ones by giving their pages back, rather than
    /// all by giving their pages back: src/arena.c, `arena_extent_alloc_large`, from 5.3.1 on (5081c16b).
    pub(crate) calloc_writes_zeros: bool,
    /// After how many calls a thread that only frees gets a cache, if ever: src/tsd.c, `tsd_fetch_slow`, from 5.3.1 on
    /// (143e9c4a).
    pub(crate) cache_after_frees: Option<u8>,
}

/// Bytes of structures and places in them, in a build for x86-64 with profiling compiled in (`--enable-prof`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// `sizeof (base_t)`
    pub(crate) base: u64,
    /// `sizeof (arena_t)` up to its bins.
    pub(crate) arena: u64,
    /// What of the arena's structure is written when it begins, up to its bins: all but the counts and what only huge
    /// pages use.
    pub(crate) arena_written: [(u64, u64); 3],
    /// Where the counts of large classes stand in it, and how far apart.
    pub(crate) large_counts: (u64, u64),
    /// Where the decays of dirty and of muzzy pages stand in it.
    pub(crate) decays: [u64; 2],
    /// `sizeof (cache_bin_info_t)` for each class, if these are allocated.
    pub(crate) cache_info: u64,
    /// `sizeof (ctl_stats_t)`
    pub(crate) ctl_sums: u64,
    /// `sizeof (ctl_arena_t)` with its figures.
    pub(crate) ctl_arena: u64,
}

/// How thread caches are filled and collected: src/tcache.c, `tcache_gc_event`, `tcache_alloc_small_hard`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Collection {
    /// One class at a time, each `tcache_gc_incr_bytes`.
    OneClass,
    /// At most once in 10 ms, and then class after class until a few had something to flush; blocks far from the slab in
    /// use go first, and a fill may take more than usual in a burst. The option `experimental_tcache_gc` switches back.
    /// From 5.3.1 on (0c88be9e, e2c9f3a9, 14d5dc13).
    Local,
}

const V5_3_0: Rules = Rules {
    layout: Layout {
        base: 3912,
        arena: 78_952,
        arena_written: [(0, 192), (10_392, 73_032), (78_744, 78_952)],
        large_counts: (24 + 952, 48),
        decays: [69_320, 71_104],
        cache_info: 2,
        ctl_sums: 720,
        ctl_arena: 37_856,
    },
    collection: Collection::OneClass,
    flush_batch: usize::MAX,
    flush_exchanges: false,
    merging_bounded: false,
    background_keeps_very_large: false,
    first_arena_obeys_threshold: false,
    calloc_writes_zeros: false,
    cache_after_frees: None,
};

const V5_3_1: Rules = Rules {
    layout: Layout {
        base: 3944,
        arena: 80_704,
        arena_written: [(0, 192), (11_976, 74_560), (80_448, 80_704)],
        large_counts: (24 + 968, 56),
        decays: [70_944, 72_728],
        cache_info: 0,
        ctl_sums: 736,
        ctl_arena: 41_128,
    },
    collection: Collection::Local,
    flush_batch: 255,
    flush_exchanges: true,
    merging_bounded: true,
    background_keeps_very_large: true,
    first_arena_obeys_threshold: true,
    calloc_writes_zeros: true,
    cache_after_frees: Some(128),
};

impl Rules {
    /// The rules of a release.
    pub(crate) const fn of(version: Version) -> &'static Self {
        match version {
            Version::V5_3_0 => &V5_3_0,
            Version::V5_3_1 => &V5_3_1,
        }
    }
}
