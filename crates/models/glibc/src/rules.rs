//! The rules that differ between the modelled releases, each by name and with its source.
//!
//! Everything else is one model: a rule that is not named here is the same in all of them.

use crate::version::Version;
use highwater_allocator::Bytes;

/// What one release does. Sources are files and functions of glibc, at that release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rules {
    /// `sizeof (heap_info)`: malloc/arena.c. The page size was added in 2.35 (5f6d8d97c6).
    pub(crate) heap_info: Bytes,
    /// `sizeof (struct malloc_state)`: malloc/malloc.c. Without fastbins from 2.43 on (bf1015fb2d).
    pub(crate) arena_struct: Bytes,
    /// `sizeof (tcache_perthread_struct)`: malloc/malloc.c. Twelve large bins more from 2.42 on (cbfd798810).
    pub(crate) tcache_struct: Bytes,
    /// When a thread gets its cache.
    pub(crate) tcache_start: TcacheStart,
    /// Whether the size of the cache's own chunk is padded twice where a chunk's first neighbours in its bin are cached:
    /// `tcache_init`, in 2.43.
    pub(crate) tcache_padded_twice: bool,
    /// Whether free() lets the cache take chunks with a mapping of their own: `__libc_free`, from 2.43 on (614cfd0f8a). 2.42
    /// looks at the cache first as well, but keeps mapped chunks out of it.
    pub(crate) tcache_takes_mapped: bool,
    /// Whether the allocator's own frees (a fenced top, the rest of a realloc) and those of a thread that ends go past
    /// the cache: `_int_free_chunk` instead of `_int_free`, from 2.42 on.
    pub(crate) inner_frees_pass_tcache: bool,
    /// Whether a chunk of a large bin of the cache serves only requests of exactly its size: `tcache_get_large`, from 2.43 on
    /// (b2b4b46a52). In 2.42 the smallest that is large enough serves them.
    pub(crate) large_tcache_is_exact: bool,
    /// Whether the unsorted bin's chunks of exactly the size asked for fill the thread cache before one of them is returned:
    /// `_int_malloc`, up to 2.43.
    pub(crate) exact_fits_are_cached: bool,
    /// Whether a request that no chunk can serve is refused before an arena is chosen for it: `__libc_malloc` and
    /// `__libc_calloc`, up to 2.42.
    pub(crate) impossible_refused_first: bool,
    /// The same for memalign: `_mid_memalign`, where it looks into the thread cache first, 2.39 to 2.42.
    pub(crate) impossible_memalign_refused_first: bool,
    /// Whether a freed small chunk goes to its own bin at once instead of the unsorted one: `_int_free_create_chunk`, from
    /// 2.41 on (e2436d6f5a).
    pub(crate) small_frees_sorted: bool,
    /// Whether calloc takes from the thread cache: `__libc_calloc`, from 2.41 on (226e3b0a41).
    pub(crate) calloc_from_tcache: bool,
    /// Whether realloc leaves a block as it is where little would be gained: `__libc_realloc`, from 2.37 on; so since 2fb12bbd09.
    pub(crate) realloc_keeps: ReallocKeeps,
    /// How memalign cuts.
    pub(crate) memalign: Memalign,
    /// How a chunk lies in a mapping of its own.
    pub(crate) mapped_layout: MappedLayout,
    /// What is mapped where the program break cannot be moved.
    pub(crate) break_fallback: BreakFallback,
    /// Which cores bound the number of arenas: `arena_get2`. Those of the affinity mask from 2.34 (in `__get_nprocs` itself,
    /// then 11a02b035b) to 2.38. 472894d2cf took that back (BZ 30945), and in February 2024 the branches of these releases did:
    /// 3fcb410465 in 2.34, 8e99cc76a2 in 2.36. Packages made before and since differ.
    pub(crate) arenas_by_affinity: bool,
    /// How many arenas the cores allow.
    pub(crate) arena_limit: ArenaLimit,
    /// Whether heaps of arenas have the size of four huge pages where those were asked for: `heap_max_size`, 2.35 to 2.41.
    pub(crate) heap_of_huge_pages: bool,
    /// What moves by huge pages where malloc asks for them.
    pub(crate) thp: Thp,
    /// Whether the thread that calls malloc first is given the main arena, rather than the main thread: `ptmalloc_init`,
    /// called by the loader from 2.42 on.
    pub(crate) first_caller_gets_main: bool,
    /// Whether the first call of malloc, calloc or realloc goes through a hook, which makes a calloc a malloc that is
    /// cleared whole: malloc/hooks.c, `malloc_hook_ini`, up to 2.33.
    pub(crate) hooked: bool,
}

/// When a thread gets its cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TcacheStart {
    /// At its first call, whatever the settings: `MAYBE_INIT_TCACHE`.
    Call,
    /// At its first call that asks for a chunk of which the cache has a bin, whatever the count: `tcache_malloc_init`,
    /// `tcache_calloc_init`, `tcache_get_align`, in 2.42 (1c9ac027a5).
    Request,
    /// When there is first something to put in, and never where the count is 0: `tcache_inactive`, from 2.43 on
    /// (2bf2188fae).
    Put,
}

/// How many arenas the cores allow: `arena_get2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ArenaLimit {
    /// Eight for each (`NARENAS_FROM_NCORES`), computed once there are more than `arena_test`.
    EightPerCore,
    /// One for each but at least `arena_test`, computed once there are so many. From 2.44 on.
    OnePerCore,
}

/// What realloc leaves as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReallocKeeps {
    /// Nothing.
    Nothing,
    /// A block that has less than 16 bytes to spare, and a mapped one with up to a page.
    SpareOrPage,
    /// A block that has less than 16 bytes to spare.
    Spare,
}

/// How memalign cuts the chunk it has got: `_int_memalign`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Memalign {
    /// What is left on either side is freed like any block.
    Freed,
    /// It takes an aligned block from the thread cache first; what is left goes past the cache, and the tail is merged
    /// with what follows even if it is smaller than a chunk. From 2.39 on (0dc7fc1cf0).
    Merged,
    /// The same, but a tail smaller than a chunk stays, and a mapped chunk is only shifted. From 2.43 on (614cfd0f8a).
    Shifted,
}

/// How a chunk lies in a mapping of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MappedLayout {
    /// Its size reaches from its header to the mapping's end.
    ToTheEnd,
    /// Its size leaves a header's length at the end, so that usable size is counted as in a heap: `mmap_set_chunk`, from
    /// 2.43 on (614cfd0f8a).
    LikeAHeap,
}

/// What is mapped where the program break cannot be moved: `sysmalloc_mmap_fallback`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BreakFallback {
    /// The size of the whole heap at the first time, in pages; at least 1 MiB.
    Pages,
    /// The same with the two exchanged: rounded up to 1 MiB; at least a page. 2.35 to 2.37.
    Exchanged,
    /// What the request needs, in pages; at least 1 MiB.
    Request,
}

/// What moves by huge pages where malloc asks for them: `glibc.malloc.hugetlb=1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Thp {
    /// The program break, where the machine leaves huge pages to programs (mode `madvise`). Heaps of arenas grow by pages, and
    /// malloc asks for huge pages where a heap begins if that is large enough. 2.35 to 2.42.
    Break,
    /// The program break and the heaps of arenas, in mode `always` as well (9097cbf5d8, 05a14648e9). `grow_heap` asks only for
    /// heaps smaller than a huge page, which none is, so what a heap grows by gets small pages. 2.43.
    NewHeaps,
    /// The same, and `grow_heap` always asks. From 2.44 on.
    Heaps,
}

const V2_36: Rules = Rules {
    heap_info: Bytes(48),
    arena_struct: Bytes(2200),
    tcache_struct: Bytes(640),
    tcache_start: TcacheStart::Call,
    tcache_padded_twice: false,
    tcache_takes_mapped: false,
    large_tcache_is_exact: true,
    exact_fits_are_cached: true,
    inner_frees_pass_tcache: false,
    impossible_refused_first: true,
    impossible_memalign_refused_first: false,
    small_frees_sorted: false,
    calloc_from_tcache: false,
    realloc_keeps: ReallocKeeps::Nothing,
    memalign: Memalign::Freed,
    mapped_layout: MappedLayout::ToTheEnd,
    break_fallback: BreakFallback::Exchanged,
    arenas_by_affinity: false,
    arena_limit: ArenaLimit::EightPerCore,
    heap_of_huge_pages: true,
    thp: Thp::Break,
    first_caller_gets_main: true,
    hooked: false,
};

/// Malloc of 2.36 differs from that of 2.35 in nothing that matters here, but the package of Ubuntu 22.04 was made before the
/// count of cores was changed in the branch of 2.35.
const V2_35: Rules = V2_36_BY_AFFINITY;

const V2_36_BY_AFFINITY: Rules = Rules {
    arenas_by_affinity: true,
    ..V2_36
};

const V2_34: Rules = Rules {
    hooked: false,
    ..V2_31
};

const V2_34_BY_AFFINITY: Rules = Rules {
    arenas_by_affinity: true,
    ..V2_34
};

const V2_31: Rules = Rules {
    heap_info: Bytes(32),
    break_fallback: BreakFallback::Pages,
    heap_of_huge_pages: false,
    hooked: true,
    ..V2_36
};

/// Malloc of 2.40 is that of 2.39.
const V2_39: Rules = Rules {
    impossible_memalign_refused_first: true,
    realloc_keeps: ReallocKeeps::SpareOrPage,
    memalign: Memalign::Merged,
    break_fallback: BreakFallback::Pages,
    ..V2_36
};

const V2_41: Rules = Rules {
    small_frees_sorted: true,
    calloc_from_tcache: true,
    ..V2_39
};

const V2_42: Rules = Rules {
    tcache_struct: Bytes(760),
    tcache_start: TcacheStart::Request,
    large_tcache_is_exact: false,
    inner_frees_pass_tcache: true,
    heap_of_huge_pages: false,
    first_caller_gets_main: false,
    ..V2_41
};

const V2_43: Rules = Rules {
    arena_struct: Bytes(2112),
    tcache_start: TcacheStart::Put,
    tcache_padded_twice: true,
    tcache_takes_mapped: true,
    large_tcache_is_exact: true,
    impossible_refused_first: false,
    impossible_memalign_refused_first: false,
    realloc_keeps: ReallocKeeps::Spare,
    memalign: Memalign::Shifted,
    mapped_layout: MappedLayout::LikeAHeap,
    break_fallback: BreakFallback::Request,
    thp: Thp::NewHeaps,
    ..V2_42
};

const V2_44: Rules = Rules {
    tcache_padded_twice: false,
    exact_fits_are_cached: false,
    arena_limit: ArenaLimit::OnePerCore,
    thp: Thp::Heaps,
    ..V2_43
};

impl Rules {
    /// The rules of a release.
    pub(crate) const fn of(version: Version) -> &'static Self {
        match version {
            Version::V2_28 | Version::V2_31 => &V2_31,
            Version::V2_34 => &V2_34,
            Version::V2_34ByAffinity => &V2_34_BY_AFFINITY,
            Version::V2_35 => &V2_35,
            Version::V2_36 => &V2_36,
            Version::V2_36ByAffinity => &V2_36_BY_AFFINITY,
            Version::V2_39 | Version::V2_40 => &V2_39,
            Version::V2_41 => &V2_41,
            Version::V2_42 => &V2_42,
            Version::V2_43 => &V2_43,
            Version::V2_44 => &V2_44,
        }
    }
}
