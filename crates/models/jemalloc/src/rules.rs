//! The rules that differ between the modelled releases, each by name and with its source.
//!
//! Everything else is one model: a rule that is not named here is the same in all of them.

use crate::edata_heap::HeapKind;
use crate::version::Version;
use highwater_allocator::Bytes;

/// The rules of one release. Sources are files and functions of jemalloc, at that release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rules {
    /// The allocator's own structures, as Debian's build has them.
    pub(crate) layout: Layout,
    /// The way thread caches are filled and collected.
    pub(crate) collection: Collection,
    /// How heaps of extents are kept.
    pub(crate) heap: HeapKind,
    /// The layout of a thread cache's stacks.
    pub(crate) cache_stacks: CacheStacks,
    /// Whether these come from the first arena's base where the allocator's own structures lie in huge pages: src/tcache.c,
    /// `tcache_stack_alloc_impl`, from 5.3.1 on.
    pub(crate) stacks_in_base: bool,
    /// The moments at which a thread looks at an arena's decay.
    pub(crate) ticking: Ticking,
    /// Whether a flush begins with the oldest blocks rather than with the newest of those that go: src/tcache.c,
    /// `tcache_bin_flush_small`, up to 5.2.1.
    pub(crate) flush_oldest_first: bool,
    /// Whether a slab is freed as soon as a flush has emptied it, rather than after it: src/arena.c,
    /// `arena_dalloc_bin_slab`, up to 5.2.1.
    pub(crate) flush_frees_slabs_at_once: bool,
    /// The most blocks that are flushed at once: src/arena.c, `arena_ptr_array_flush`, from 5.3.1 on.
    pub(crate) flush_batch: usize,
    /// Whether small blocks of other arenas change their order while those of one are flushed, by making room for them:
    /// src/arena.c, `arena_ptr_array_flush_impl_small`, from 5.3.1 on.
    pub(crate) flush_exchanges: bool,
    /// Whether the size that merging makes of a large dirty extent is bounded, by `lg_extent_max_active_fit`:
    /// src/extent.c, `extent_record`, from 5.3.1 on (3c14707b).
    pub(crate) merging_bounded: bool,
    /// Whether the map keeps the first and the last page of a freed slab marked as a slab's, so that a large extent
    /// freed beside it is not merged with it: src/extent.c, `extent_rtree_leaf_elm_try_lock` and `extent_record`, up to
    /// 5.2.1.
    pub(crate) slab_marks_stay: bool,
    /// Whether free extents of two neighbouring mappings are merged: src/extent.c, `extent_head_no_merge`, up to
    /// 5.2.1.
    pub(crate) mappings_merge: bool,
    /// Whether very large extents go back when they are freed even where a decay time is -1: src/extent.c,
    /// `extent_record`, up to 5.2.1.
    pub(crate) very_large_always_back: bool,
    /// Whether jemalloc counts muzzy pages as resident: src/arena.c, `arena_stats_merge`, up to 5.2.1.
    pub(crate) resident_has_muzzy: bool,
    /// Whether the option `thp` also applies to the blocks of bases. Only in 5.3.0 (src/base.c, `base_map`).
    pub(crate) base_sets_thp: bool,
    /// Whether very large blocks stay dirty for the decay time where a background thread purges, both in the arena that
    /// is their own and in those of threads: src/arena.c, `arena_create_huge_arena`, src/extent.c, `extent_record`,
    /// from 5.3.1 on (d1313313).
    pub(crate) background_keeps_very_large: bool,
    /// Whether a thread that allocates a very large block is bound to an arena first, though the block comes from another:
    /// include/jemalloc/internal/arena_inlines_b.h, `arena_choose_maybe_huge`, from 5.3.1 on.
    pub(crate) very_large_binds: bool,
    /// The free extents of arena 0 that count as very large.
    pub(crate) first_threshold: FirstThreshold,
    /// Whether calloc clears blocks below 8 MiB by writing zeros and larger ones by giving their pages back, rather
    /// than all by giving their pages back: src/arena.c, `arena_extent_alloc_large`, from 5.3.1 on (5081c16b).
    pub(crate) calloc_writes_zeros: bool,
    /// The number of calls after which a thread that only frees gets a cache, if ever: src/tsd.c, `tsd_fetch_slow`,
    /// from 5.3.1 on (143e9c4a).
    pub(crate) cache_after_frees: Option<u8>,
    /// Whether a small class may serve a request aligned to a page. From 5.3.0 on (include/jemalloc/internal/sz.h,
    /// sz_sa2u).
    pub(crate) small_aligned_to_page: bool,
    /// Whether memalign of no bytes is of one. From 5.3.1 on (src/jemalloc.c, je_memalign).
    pub(crate) empty_memalign_is_one: bool,
}

/// The sizes of structures and places in them, in a build for x86-64 with profiling compiled in (`--enable-prof`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// `sizeof (base_t)`
    pub(crate) base: Bytes,
    /// `sizeof (arena_t)` up to its bins, and `sizeof (bin_t)`.
    pub(crate) arena: Bytes,
    pub(crate) bin: Bytes,
    /// The parts of the arena's structure that are written when it begins, up to its bins: all but the counts and what
    /// only huge pages use.
    pub(crate) arena_written: [Field; 3],
    /// The counts of large classes in an arena (include/jemalloc/internal/arena_stats.h, `arena_stats_large_s`).
    pub(crate) large_counts: LargeCounts,
    /// The decays of dirty and of muzzy pages in an arena.
    pub(crate) decays: [Bytes; 2],
    /// `sizeof (cache_bin_info_t)` for each class, if these are allocated.
    pub(crate) cache_info: Bytes,
    /// The alignment of an extent's structure.
    pub(crate) edata_alignment: Bytes,
    /// `sizeof (ctl_stats_t)`
    pub(crate) ctl_sums: Bytes,
    /// `sizeof (ctl_arena_t)` with its figures.
    pub(crate) ctl_arena: Bytes,
}

/// A part of a structure: its distance from the structure's start, and its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Field {
    pub(crate) offset: Bytes,
    pub(crate) bytes: Bytes,
}

/// The counts of the large classes in an arena's structure, and which of a class's counts an event writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LargeCounts {
    /// The counts of the first large class.
    pub(crate) first: Bytes,
    /// The distance from one class's counts to the next's.
    pub(crate) apart: Bytes,
    /// The counts that are written when a block is allocated, freed, or flushed from a cache.
    pub(crate) allocated: Field,
    pub(crate) freed: Field,
    pub(crate) flushed: Field,
}

const fn field(offset: u64, bytes: u64) -> Field {
    Field {
        offset: Bytes(offset),
        bytes: Bytes(bytes),
    }
}

/// The counts up to 5.3.0, where a class has 48 bytes and the counts of the first are at `first`.
const fn large_counts(first: u64) -> LargeCounts {
    LargeCounts {
        first: Bytes(first),
        apart: Bytes(48),
        allocated: field(0, 8),
        freed: field(8, 8),
        flushed: field(16, 24),
    }
}

/// The layout of a thread cache's stacks in their block: src/tcache.c, `tcache_init`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CacheStacks {
    /// One after the other, in a block aligned like any other, which begins at a varying place if it is large.
    Plain,
    /// With a word before all and one after them, in a block that begins with a page. From 5.3.0 on.
    Guarded,
}

/// The moments at which a thread looks at an arena's decay: include/jemalloc/internal/arena_inlines_b.h,
/// `arena_decay_ticks`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ticking {
    /// After 1000 ticks of one arena, counted in a block that the thread takes from arena 0 for it. Up to 5.2.1.
    PerArena,
    /// Once in 1000 ticks on average, whatever the arena. From 5.3.0 on.
    Geometric,
}

/// The free extents of arena 0 that count as very large, and go back at once: src/arena.c, `arena_init_huge`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FirstThreshold {
    /// Those of `oversize_threshold`, as in any arena. Up to 5.2.1.
    Option,
    /// Those from 8 MiB on, because arena 0 is made before the option is looked at. 5.3.0.
    Default,
    /// Those of `oversize_threshold`; without a threshold those from 8 MiB on. From 5.3.1 on.
    OptionIfAny,
}

/// The way thread caches are filled and collected: src/tcache.c, `tcache_gc_event`, `tcache_alloc_small_hard`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Collection {
    /// One class at a time, after 228 blocks taken or given. Up to 5.2.1 (`tcache_event`).
    Counted,
    /// One class at a time, each `tcache_gc_incr_bytes`.
    OneClass,
    /// At most once in 10 ms, and then class after class until a few had something to flush; blocks far from the slab
    /// in use go first, and a fill may take more than usual in a burst. The option `experimental_tcache_gc` switches
    /// back. From 5.3.1 on (0c88be9e, e2c9f3a9, 14d5dc13).
    Local,
}

const V5_3_0: Rules = Rules {
    layout: Layout {
        base: Bytes(3912),
        arena: Bytes(78_952),
        bin: Bytes(224),
        arena_written: [
            field(0, 192),
            field(10_392, 73_032 - 10_392),
            field(78_744, 78_952 - 78_744),
        ],
        large_counts: large_counts(24 + 952),
        decays: [Bytes(69_320), Bytes(71_104)],
        cache_info: Bytes(2),
        edata_alignment: Bytes(128),
        ctl_sums: Bytes(720),
        ctl_arena: Bytes(37_856),
    },
    collection: Collection::OneClass,
    heap: HeapKind::Hasty,
    cache_stacks: CacheStacks::Guarded,
    stacks_in_base: false,
    ticking: Ticking::Geometric,
    flush_oldest_first: false,
    flush_frees_slabs_at_once: false,
    flush_batch: usize::MAX,
    flush_exchanges: false,
    merging_bounded: false,
    slab_marks_stay: false,
    mappings_merge: false,
    very_large_always_back: false,
    resident_has_muzzy: false,
    base_sets_thp: true,
    background_keeps_very_large: false,
    very_large_binds: false,
    first_threshold: FirstThreshold::Default,
    calloc_writes_zeros: false,
    cache_after_frees: None,
    small_aligned_to_page: true,
    empty_memalign_is_one: false,
};

const V5_2_1: Rules = Rules {
    layout: Layout {
        base: Bytes(2040),
        arena: Bytes(29_496),
        bin: Bytes(280),
        arena_written: [
            field(0, 192),
            field(10_184, 12_184 - 10_184),
            field(12_184, 29_496 - 12_184),
        ],
        large_counts: large_counts(768),
        decays: [Bytes(25_376), Bytes(27_160)],
        cache_info: Bytes(4),
        edata_alignment: Bytes(64),
        ctl_sums: Bytes(272),
        ctl_arena: Bytes(34_440),
    },
    collection: Collection::Counted,
    heap: HeapKind::Waiting,
    cache_stacks: CacheStacks::Plain,
    ticking: Ticking::PerArena,
    flush_oldest_first: true,
    flush_frees_slabs_at_once: true,
    slab_marks_stay: true,
    mappings_merge: true,
    very_large_always_back: true,
    resident_has_muzzy: true,
    base_sets_thp: false,
    first_threshold: FirstThreshold::Option,
    small_aligned_to_page: false,
    ..V5_3_0
};

const V5_3_1: Rules = Rules {
    layout: Layout {
        base: Bytes(3944),
        arena: Bytes(80_704),
        bin: Bytes(224),
        arena_written: [
            field(0, 192),
            field(11_976, 74_560 - 11_976),
            field(80_448, 80_704 - 80_448),
        ],
        large_counts: LargeCounts {
            first: Bytes(24 + 968),
            apart: Bytes(56),
            allocated: field(0, 24),
            freed: field(8, 16),
            flushed: field(24, 24),
        },
        decays: [Bytes(70_944), Bytes(72_728)],
        cache_info: Bytes(0),
        edata_alignment: Bytes(128),
        ctl_sums: Bytes(736),
        ctl_arena: Bytes(41_128),
    },
    collection: Collection::Local,
    heap: HeapKind::Careful,
    flush_batch: 255,
    flush_exchanges: true,
    merging_bounded: true,
    background_keeps_very_large: true,
    very_large_binds: true,
    stacks_in_base: true,
    first_threshold: FirstThreshold::OptionIfAny,
    calloc_writes_zeros: true,
    cache_after_frees: Some(128),
    empty_memalign_is_one: true,
    base_sets_thp: false,
    ..V5_3_0
};

impl Rules {
    /// Returns the rules of a release.
    pub(crate) const fn of(version: Version) -> &'static Self {
        match version {
            Version::V5_2_1 => &V5_2_1,
            Version::V5_3_0 => &V5_3_0,
            Version::V5_3_1 => &V5_3_1,
        }
    }
}

impl Version {
    /// Returns whether it matters how far apart mappings are: free extents of neighbouring ones are merged, or thread
    /// caches give back first what is more than 2 MiB away.
    pub fn minds_distances(self) -> bool {
        let rules = Rules::of(self);
        rules.mappings_merge || rules.collection == Collection::Local
    }
}
