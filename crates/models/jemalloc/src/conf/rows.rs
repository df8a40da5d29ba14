//! The options of jemalloc by name, in the order of src/jemalloc.c (5.3.1: src/conf.c), `malloc_conf_init_helper`: how
//! their values are read, with the bounds given there, and what they do here.
//!
//! The file is that one table, a row for each option.
//!
//! Left out are those that Debian's build does not have, and refuses; `hints` knows them.

use super::row::Effect::{self, Idle, Obeyed, Unmodelled};
use super::row::Kind::{
    self, Beginning, Bool, Counts, Ratio, Shards, Signed, Slabs, Unsigned, Word,
};
use super::row::{Row, THREADS_UNSET};
use crate::options::Options;
use crate::size_classes::{LARGE_MAX, SMALL_MAX};
use crate::thp::{MetadataThp, Thp};
use crate::version::Version::{self, V5_2_1, V5_3_0, V5_3_1};
use highwater_allocator::Bytes;
use highwater_allocator::Tone::{Applied, Surprise};
use std::borrow::Cow;

const OLDEST: Version = Version::ALL[0];
const NEWEST: Version = Version::ALL[Version::ALL.len() - 1];

const fn row(name: &'static str, kind: Kind, effect: Effect) -> Row {
    Row {
        name,
        kind,
        effect,
        since: OLDEST,
        until: NEWEST,
    }
}

const ANY: Kind = Unsigned(0, u64::MAX, false);
/// A number that must be a page at least.
const PAGED: Kind = Unsigned(4096, u64::MAX, true);
const HUGE: Kind = Unsigned(4096, 2 << 20, true);
const METADATA_MODES: Kind = Beginning(&["disabled", "auto", "always"]);
const SLOTS: Kind = Unsigned(1, 2048, true);
const DIVISOR: Kind = Unsigned(1, 16, true);
/// `NSTIME_SEC_MAX` in milliseconds.
const TIME: Kind = Signed(-1, 18_446_744_072_000);

const PROFILING: Effect = Idle("it belongs to profiling, which is not modelled");
const HPA: Effect = Idle("it belongs to the huge page allocator, which is not modelled");
const PRINTS: Effect = Idle("it only controls output");
const SAFETY: Effect = Idle("it only changes what happens on errors");
const GUARDS: Effect = Unmodelled(&[0], "It puts guard pages between blocks");

fn set_metadata_thp(options: &mut Options, value: u64) {
    options.metadata_thp = match value {
        0 => MetadataThp::Disabled,
        1 => MetadataThp::Auto,
        _ => MetadataThp::Always,
    };
}

fn lg_tcache_max(n: i64) -> Cow<'static, str> {
    format!("The old name of tcache_max. Thread caches keep blocks of up to 2 to the power of {n} bytes.").into()
}

fn flush(n: i64) -> Cow<'static, str> {
    format!("A full thread cache keeps its slots divided by 2 to the power of {n}, and flushes the rest.").into()
}

/// Every option that this build takes.
pub(super) static ROWS: &[Row] = &[
    row("confirm_conf", Bool, PRINTS),
    row("abort", Bool, SAFETY),
    row("abort_conf", Bool, SAFETY),
    row(
        "cache_oblivious",
        Bool,
        Obeyed(
            |o, v| o.cache_oblivious = v == 1,
            &[(1, Applied, "Large blocks begin at varying places in their first page.")],
            |_| "Large blocks begin at the start of their pages and take one page less.".into(),
        ),
    )
    .since(V5_3_1),
    row(
        "trust_madvise",
        Bool,
        Idle("the modelled kernel always honours madvise"),
    ).since(V5_3_0),
    row("experimental_hpa_start_huge_if_thp_always", Bool, HPA).since(V5_3_1),
    row("experimental_hpa_enforce_hugify", Bool, HPA).since(V5_3_1),
    row(
        "huge_arena_pac_thp",
        Bool,
        Unmodelled(&[0], "It asks for huge pages for very large blocks"),
    )
    .since(V5_3_1),
    row(
        "metadata_thp",
        METADATA_MODES,
        Obeyed(
            set_metadata_thp,
            &[
                (0, Applied, "The allocator's structures ask for no huge pages."),
                (1, Applied, "The allocator's structures ask for huge pages once there are several MiB of them (MADV_HUGEPAGE), if the machine leaves that to the program."),
                (2, Applied, "The allocator's structures ask for huge pages (MADV_HUGEPAGE), if the machine leaves that to the program."),
            ],
            |_| "".into(),
        ),
    )
    .until(V5_3_0),
    row(
        "metadata_thp",
        METADATA_MODES,
        Obeyed(
            set_metadata_thp,
            &[
                (0, Applied, "The allocator's structures ask for no huge pages."),
                (1, Applied, "The allocator's structures, with the slots of thread caches among them, ask for huge pages once there are several MiB of them (MADV_HUGEPAGE), if the machine leaves that to the program."),
                (2, Applied, "The allocator's structures, with the slots of thread caches among them, ask for huge pages (MADV_HUGEPAGE), if the machine leaves that to the program."),
            ],
            |_| "".into(),
        ),
    )
    .since(V5_3_1),
    row(
        "retain",
        Bool,
        Obeyed(
            |o, v| o.retain = v == 1,
            &[(1, Applied, "Address space is kept when its pages go back.")],
            |_| "Address space goes back together with its pages (munmap).".into(),
        ),
    ),
    row(
        "dss",
        Beginning(&["disabled", "primary", "secondary"]),
        Unmodelled(
            &[0, 2],
            "It takes memory from the program break (sbrk) first",
        ),
    ),
    row(
        "narenas",
        Unsigned(1, u64::MAX, false),
        Obeyed(
            |o, v| o.narenas = v as u32,
            &[
                (
                    0,
                    Applied,
                    "Four arenas per core.",
                ),
                (1, Applied, "All threads share one arena."),
            ],
            |n| format!("Threads share {n} arenas.").into(),
        ),
    ),
    row(
        "narenas_ratio",
        Ratio(1 << 16),
        Unmodelled(&[4 << 16], "It sets the number of arenas per core"),
    ).since(V5_3_0),
    row(
        "bin_shards",
        Shards,
        Unmodelled(&[], "It splits bins, each with slabs of its own"),
    ),
    row(
        "tcache_ncached_max",
        Counts,
        Unmodelled(&[], "It sets the slots of each size class"),
    )
    .since(V5_3_1),
    row(
        "mutex_max_spin",
        Signed(-1, i64::MAX),
        Idle("it changes how threads wait for each other, not where blocks are"),
    ).since(V5_3_0),
    row(
        "dirty_decay_ms",
        TIME,
        Obeyed(
            |o, v| o.dirty_decay_ms = v as i64,
            &[
                (0, Applied, "Free pages are purged at once."),
                (-1, Surprise, "Free pages are never purged."),
            ],
            |n| format!("Free pages are purged gradually over {n} ms.").into(),
        ),
    ),
    row(
        "muzzy_decay_ms",
        TIME,
        Obeyed(
            |o, v| o.muzzy_decay_ms = v as i64,
            &[
                (
                    0,
                    Applied,
                    "Purged pages go back to the kernel at once (MADV_DONTNEED).",
                ),
                (-1, Surprise, "Purged pages never go back for good."),
            ],
            |n| format!("Purged pages go back to the kernel over {n} ms more.").into(),
        ),
    ),
    row(
        "process_madvise_max_batch",
        Unsigned(0, u64::MAX, true),
        Idle("this build has no process_madvise"),
    )
    .since(V5_3_1),
    row("stats_print", Bool, PRINTS),
    row("stats_print_opts", Kind::Text, PRINTS),
    row("stats_interval", Signed(-1, i64::MAX), PRINTS).since(V5_3_0),
    row("stats_interval_opts", Kind::Text, PRINTS).since(V5_3_0),
    row(
        "junk",
        Word(&["true", "false", "alloc", "free"]),
        Unmodelled(
            &[1],
            "It fills blocks and so writes to every page of them",
        ),
    ),
    row(
        "zero",
        Bool,
        Unmodelled(
            &[0],
            "It zeroes blocks and so writes to every page of them",
        ),
    ),
    row("experimental_infallible_new", Bool, SAFETY).since(V5_3_0),
    row(
        "experimental_tcache_gc",
        Bool,
        Obeyed(
            |o, v| o.experimental_tcache_gc = v == 1,
            &[(1, Applied, "Collections of thread caches consider the addresses of blocks.")],
            |_| "Each collection of a thread cache takes one size class, as before 5.3.1.".into(),
        ),
    )
    .since(V5_3_1),
    row(
        "tcache",
        Bool,
        Obeyed(
            |o, v| o.tcache = v == 1,
            &[(1, Applied, "Threads have caches.")],
            |_| "Threads have no caches: each freed block goes back to its slab at once.".into(),
        ),
    ),
    row(
        "tcache_max",
        Unsigned(0, 8 << 20, true),
        Obeyed(
            |o, v| o.tcache_max = Bytes(v),
            &[],
            |n| format!("Thread caches keep blocks of up to {n} bytes.").into(),
        ),
    ).since(V5_3_0)
    .until(V5_3_0),
    row(
        "tcache_max",
        Unsigned(0, 32 << 10, true),
        Obeyed(
            |o, v| o.tcache_max = Bytes(v),
            &[],
            |n| format!("Thread caches keep blocks of up to {n} bytes.").into(),
        ),
    )
    .since(V5_3_1),
    row(
        "lg_tcache_max",
        Signed(-1, 63),
        Obeyed(
            |o, v| o.tcache_max = if (v as i64) < 0 { SMALL_MAX } else { Bytes(1 << v).max(SMALL_MAX) },
            &[(-1, Applied, "Thread caches keep small blocks only.")],
            |n| format!("Thread caches keep blocks of up to 2 to the power of {n} bytes, and all small ones.").into(),
        ),
    )
    .until(V5_2_1),
    row(
        "lg_tcache_max",
        Unsigned(0, 23, true),
        Obeyed(
            |o, v| o.tcache_max = Bytes(1 << v),
            &[],
            lg_tcache_max,
        ),
    ).since(V5_3_0)
    .until(V5_3_0),
    row(
        "lg_tcache_max",
        Unsigned(0, 15, true),
        Obeyed(|o, v| o.tcache_max = Bytes(1 << v), &[], lg_tcache_max),
    )
    .since(V5_3_1),
    row(
        "lg_tcache_nslots_mul",
        Signed(-16, 16),
        Obeyed(
            |o, v| o.lg_tcache_nslots_mul = v as i32,
            &[],
            |n| format!("Thread caches have a slab's blocks times 2 to the power of {n} as slots of a small class, within the bounds.").into(),
        ),
    ).since(V5_3_0),
    row(
        "tcache_nslots_small_min",
        SLOTS,
        Obeyed(
            |o, v| o.tcache_nslots_small_min = v as u32,
            &[],
            |n| format!("Thread caches have {n} slots at least for each small class.").into(),
        ),
    ).since(V5_3_0),
    row(
        "tcache_nslots_small_max",
        SLOTS,
        Obeyed(
            |o, v| o.tcache_nslots_small_max = v as u32,
            &[],
            |n| format!("Thread caches have {n} slots at most for each small class.").into(),
        ),
    ).since(V5_3_0),
    row(
        "tcache_nslots_large",
        SLOTS,
        Obeyed(
            |o, v| o.tcache_nslots_large = v as u32,
            &[],
            |n| format!("Thread caches have {n} slots for each large class.").into(),
        ),
    ).since(V5_3_0),
    row(
        "tcache_gc_incr_bytes",
        Unsigned(1024, u64::MAX, true),
        Obeyed(
            |o, v| o.tcache_gc_incr_bytes = Bytes(v),
            &[],
            |n| format!("Each {n} bytes allocated or freed, a thread cache is collected, one class at a time.").into(),
        ),
    ).since(V5_3_0),
    row(
        "tcache_gc_delay_bytes",
        ANY,
        Obeyed(
            |o, v| o.tcache_gc_delay_bytes = Bytes(v),
            &[],
            |n| format!("Collections let pass {n} bytes of each small class before they take any.").into(),
        ),
    ).since(V5_3_0),
    row(
        "lg_tcache_flush_small_div",
        DIVISOR,
        Obeyed(|o, v| o.lg_tcache_flush_small_div = v as u32, &[], flush),
    ).since(V5_3_0),
    row(
        "lg_tcache_flush_large_div",
        DIVISOR,
        Obeyed(|o, v| o.lg_tcache_flush_large_div = v as u32, &[], flush),
    ).since(V5_3_0),
    row(
        "debug_double_free_max_scan",
        ANY,
        Idle("it belongs to builds for debugging"),
    )
    .since(V5_3_1),
    row(
        "calloc_madvise_threshold",
        Unsigned(0, LARGE_MAX.0, false),
        Obeyed(
            |o, v| o.calloc_madvise_threshold = Bytes(v),
            &[],
            |n| format!("calloc clears used pages of blocks of {n} bytes and more by giving them back, of smaller ones by writing zeros.").into(),
        ),
    )
    .since(V5_3_1),
    row(
        "oversize_threshold",
        Unsigned(0, LARGE_MAX.0, false),
        Obeyed(
            |o, v| o.oversize_threshold = Bytes(v),
            &[(0, Applied, "Very large blocks get no arena of their own.")],
            |n| format!("Blocks of {n} bytes and more come from an arena of their own and go back when freed; below 16384 there is no such arena.").into(),
        ),
    ),
    row(
        "lg_extent_max_active_fit",
        Unsigned(0, 64, false),
        Obeyed(
            |o, v| o.lg_extent_max_active_fit = v as u32,
            &[],
            |n| format!("Free extents larger than a request by more than 2 to the power of {n} are not cut for it.").into(),
        ),
    ),
    row(
        "percpu_arena",
        Beginning(&["percpu", "phycpu", "disabled"]),
        Unmodelled(&[2], "It chooses arenas by the core that a thread runs on"),
    ),
    row(
        "background_thread",
        Bool,
        Obeyed(
            |o, v| o.background_thread = v == 1,
            &[(
                1,
                Applied,
                "Background threads purge, even while the program rests.",
            )],
            |_| "The program's own threads purge, while they allocate and free.".into(),
        ),
    ),
    row(
        "max_background_threads",
        Unsigned(1, THREADS_UNSET as u64, true),
        Obeyed(
            |o, v| o.max_background_threads = v as u32,
            &[(
                THREADS_UNSET as i64,
                Surprise,
                "jemalloc takes more than 4095 for 4.",
            )],
            |n| format!("At most {n} background threads purge.").into(),
        ),
    ),
    row(
        "hpa",
        Bool,
        Unmodelled(&[0], "It switches to the huge page allocator"),
    ).since(V5_3_0),
    row("hpa_slab_max_alloc", HUGE, HPA).since(V5_3_0),
    row("hpa_hugification_threshold", HUGE, HPA).since(V5_3_0),
    row("hpa_hugification_threshold_ratio", Ratio(1), HPA).since(V5_3_0),
    row("hpa_hugify_delay_ms", ANY, HPA).since(V5_3_0),
    row("hpa_hugify_sync", Bool, HPA).since(V5_3_1),
    row("hpa_min_purge_interval_ms", ANY, HPA).since(V5_3_0),
    row(
        "experimental_hpa_max_purge_nhp",
        Signed(-1, i64::MAX),
        HPA,
    )
    .since(V5_3_1),
    row("hpa_purge_threshold", HUGE, HPA).since(V5_3_1),
    row("hpa_purge_threshold_ratio", Ratio(1), HPA).since(V5_3_1),
    row("hpa_min_purge_delay_ms", ANY, HPA).since(V5_3_1),
    row(
        "hpa_hugify_style",
        Beginning(&["auto", "none", "eager", "lazy"]),
        HPA,
    )
    .since(V5_3_1),
    row("hpa_dirty_mult", Ratio(1 << 16), HPA).since(V5_3_0),
    row("hpa_sec_nshards", ANY, HPA).since(V5_3_0),
    row("hpa_sec_max_alloc", PAGED, HPA).since(V5_3_0),
    row("hpa_sec_max_bytes", PAGED, HPA).since(V5_3_0),
    row("hpa_sec_bytes_after_flush", PAGED, HPA).since(V5_3_0).until(V5_3_0),
    row("hpa_sec_batch_fill_extra", Unsigned(0, 512, true), HPA).since(V5_3_0),
    row(
        "slab_sizes",
        Slabs,
        Unmodelled(&[0], "It changes how many pages slabs have"),
    ),
    row(
        "prof",
        Bool,
        Unmodelled(
            &[0],
            "It gives sampled blocks pages of their own, and keeps records of them",
        ),
    ),
    row("prof_prefix", Kind::Text, PROFILING),
    row("prof_active", Bool, PROFILING),
    row("prof_thread_active_init", Bool, PROFILING),
    row("prof_bt_max", Unsigned(1, 256, true), PROFILING).since(V5_3_1),
    row("lg_prof_sample", Unsigned(0, 63, true), PROFILING),
    row("prof_accum", Bool, PROFILING),
    row("lg_prof_interval", Signed(-1, 63), PROFILING),
    row("prof_gdump", Bool, PROFILING),
    row("prof_final", Bool, PROFILING),
    row("prof_leak", Bool, PROFILING),
    row("prof_leak_error", Bool, PROFILING).since(V5_3_0),
    row("prof_log", Bool, PROFILING),
    row("prof_recent_alloc_max", Signed(-1, i64::MAX), PROFILING).since(V5_3_0),
    row("prof_pid_namespace", Bool, PROFILING).since(V5_3_1),
    row("prof_stats", Bool, PROFILING).since(V5_3_0),
    row("prof_sys_thread_name", Bool, PROFILING).since(V5_3_0),
    row(
        "prof_time_resolution",
        Word(&["default", "high"]),
        PROFILING,
    ).since(V5_3_0),
    row("prof_unbias", Bool, PROFILING).since(V5_3_0),
    row(
        "thp",
        Beginning(&["default", "always", "never"]),
        Obeyed(
            |o, v| o.thp = [Thp::Default, Thp::Always, Thp::Never][v as usize % 3],
            &[
                (0, Applied, "The machine decides on huge pages."),
                (1, Applied, "Every mapping asks for huge pages (MADV_HUGEPAGE), if the machine leaves that to the program. calloc clears used pages by writing zeros."),
                (2, Applied, "Every mapping refuses huge pages (MADV_NOHUGEPAGE)."),
            ],
            |_| "".into(),
        ),
    ),
    row(
        "disable_large_size_classes",
        Bool,
        Obeyed(
            |o, v| o.large_size_classes = v == 0,
            &[(1, Applied, "Large blocks are rounded up to whole pages.")],
            |_| "Large blocks are rounded up to size classes, as before 5.3.1.".into(),
        ),
    )
    .since(V5_3_1),
    row(
        "zero_realloc",
        Word(&["alloc", "free", "abort"]),
        Unmodelled(&[1], "It changes what realloc to 0 bytes does"),
    ).since(V5_3_0),
    row("san_guard_small", ANY, GUARDS).since(V5_3_0),
    row("san_guard_large", ANY, GUARDS).since(V5_3_0),
];

/// Returns the options of a release.
pub(super) fn rows(version: Version) -> impl Iterator<Item = &'static Row> + Clone {
    ROWS.iter().filter(move |row| row.is_in(version))
}

/// Returns the option of a release that a key names.
pub(super) fn find(version: Version, key: &str) -> Option<&'static Row> {
    // A few are compared over the length of the key only: the first in order is taken.
    rows(version).find(|row| {
        row.name == key
            || (matches!(row.kind, Kind::Beginning(_))
                && row.name != "thp"
                && row.name.starts_with(key))
    })
}
