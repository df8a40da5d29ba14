//! How malloc takes each number that the loader took: malloc/malloc.c, `do_set_*`.

use crate::chunk::request_to_size;
use crate::params::{MMAP_THRESHOLD_MAX, Params, TCACHE_BINS};
use crate::version::Version;
use highwater_allocator::{Bytes, Tone};
use std::borrow::Cow;

/// How malloc takes a number, and the sentence that says so.
pub(super) type Effect = (Tone, Cow<'static, str>);

use Tone::{Applied, Invalid, NoEffect, Surprise};

/// More than a process can address.
pub(super) const UNREACHABLE: Bytes = Bytes(1 << 47);

/// A number on its way into the parameters.
pub(super) struct Setting<'a> {
    pub(super) version: Version,
    pub(super) params: &'a mut Params,
    pub(super) number: u64,
    /// Whether the environment sets the mmap threshold.
    pub(super) is_threshold_given: bool,
}

impl<'a> Setting<'a> {
    /// A value of `mallopt`, which takes an `int` where malloc takes a `size_t`.
    pub(super) fn of_option(version: Version, params: &'a mut Params, value: i32) -> Self {
        Self {
            version,
            params,
            number: i64::from(value) as u64,
            is_threshold_given: false,
        }
    }
}

fn applied(text: impl Into<Cow<'static, str>>) -> Effect {
    (Applied, text.into())
}

fn invalid(number: u64, limit: &str) -> Effect {
    (
        Invalid,
        format!("Ignored: {number} is more than {limit}.").into(),
    )
}

/// `ptmalloc_init`, until 2.33 `TUNABLE_CALLBACK (set_mallopt_check)`.
pub(super) fn check(setting: &mut Setting<'_>) -> Effect {
    let (tone, text) = match setting.number {
        _ if setting.version >= Version::V2_34 => (
            NoEffect,
            "No effect: since 2.34 only libc_malloc_debug.so reads it, and LD_PRELOAD does not load that here.",
        ),
        0 => (Applied, "malloc checks nothing."),
        _ => (
            Surprise,
            "malloc checks its heap and uses no thread caches. This is not modelled: the real process will differ.",
        ),
    };
    (tone, text.into())
}

/// `do_set_top_pad`
pub(super) fn top_pad(setting: &mut Setting<'_>) -> Effect {
    let size = Bytes(setting.number);
    setting.params.top_pad = size;
    setting.params.dynamic_threshold = false;
    applied(format!(
        "The heap grows by {size} more than it needs, and a trim leaves as much."
    ))
}

/// `do_set_perturb_byte`
pub(super) fn perturb(setting: &mut Setting<'_>) -> Effect {
    setting.params.perturb = setting.number as i32;
    applied(match setting.number {
        0 => "malloc fills nothing.",
        _ => "malloc fills new and freed blocks, so it writes to every page of them.",
    })
}

/// `do_set_mmap_threshold`. HEAP_MAX_SIZE / 2 was the most until 2.34 (0a4df6f534).
pub(super) fn mmap_threshold(setting: &mut Setting<'_>) -> Effect {
    let size = Bytes(setting.number);
    if setting.version < Version::V2_35 && size > MMAP_THRESHOLD_MAX {
        let limit = "32 MiB, the maximum in this version. The threshold still rises by itself";
        return invalid(setting.number, limit);
    }
    setting.params.mmap_threshold = size;
    setting.params.dynamic_threshold = false;
    applied(if size >= UNREACHABLE {
        "No chunk is large enough for a mapping of its own.".into()
    } else {
        format!(
            "Chunks of {size} and more get a mapping of their own and go back to the system when freed."
        )
    })
}

/// `do_set_trim_threshold`
pub(super) fn trim_threshold(setting: &mut Setting<'_>) -> Effect {
    let size = Bytes(setting.number);
    setting.params.trim_threshold = size;
    setting.params.dynamic_threshold = false;
    applied(if size >= UNREACHABLE {
        "free() never trims the top.".into()
    } else {
        format!(
            "free() trims the top when it holds {size} or more; it checks only after merging 64 KiB or more."
        )
    })
}

/// `do_set_mmaps_max`
pub(super) fn mmap_max(setting: &mut Setting<'_>) -> Effect {
    let most = setting.number as i32;
    setting.params.mmap_max = most;
    setting.params.dynamic_threshold = false;
    applied(format!(
        "At most {} chunks have mappings of their own.",
        most.max(0)
    ))
}

/// `do_set_arena_max`
pub(super) fn arena_max(setting: &mut Setting<'_>) -> Effect {
    let most = setting.number;
    setting.params.arena_max = most;
    applied(match most {
        1 => "All threads share one arena.".into(),
        _ => format!(
            "At most {most} arenas; more threads than that share them. In a real process a thread that finds its arena locked moves on to another; the model's calls take turns, so its arenas can fill differently."
        ),
    })
}

/// `do_set_arena_test`
pub(super) fn arena_test(setting: &mut Setting<'_>) -> Effect {
    let number = setting.number;
    setting.params.arena_test = number;
    applied(if setting.version >= Version::V2_44 {
        format!("There may be {number} arenas, or one for each core if that is more.")
    } else {
        format!("malloc computes the limit on arenas once there are more than {number}.")
    })
}

/// `do_set_tcache_count`
pub(super) fn tcache_count(setting: &mut Setting<'_>) -> Effect {
    let count = setting.number;
    if count > u64::from(u16::MAX) {
        return invalid(count, "65535");
    }
    setting.params.tcache_count = count;
    applied(match count {
        0 => "Thread caches keep nothing.".into(),
        _ => format!("Thread caches keep {count} blocks of each size."),
    })
}

/// `do_set_tcache_unsorted_limit`
pub(super) fn tcache_unsorted_limit(setting: &mut Setting<'_>) -> Effect {
    let limit = setting.number;
    setting.params.tcache_unsorted_limit = limit;
    applied(format!(
        "One malloc sorts at most {limit} unsorted chunks while it fills the thread cache; 0 means no limit."
    ))
}

/// `do_set_mxfast`. From 2.43 on glibc still has the tunable and the function, but nothing calls the one with the other.
pub(super) fn mxfast(setting: &mut Setting<'_>) -> Effect {
    let number = setting.number;
    if setting.version >= Version::V2_43 {
        let text = "No effect: this version reads it, but has no fastbins.";
        return (NoEffect, text.into());
    }
    if number > 160 {
        return invalid(number, "160");
    }
    // `set_max_fast`: 2.31 has 16 for 0 only, so that 1 to 7 make 0, which comes to the same.
    let least = if setting.version < Version::V2_34 {
        0
    } else {
        7
    };
    let max_fast = if number <= least {
        Bytes(16)
    } else {
        Bytes(number + 8).align_down(Bytes(16))
    };
    setting.params.max_fast = max_fast;
    applied(if max_fast <= Bytes(16) {
        "There are no fastbins.".into()
    } else {
        format!("Chunks of up to {max_fast} go to fastbins.")
    })
}

/// The largest request that a small bin of a thread cache serves.
const TCACHE_SMALL_REQUEST: u64 = 1032;
/// What the large bins of 2.42 and later end below.
const TCACHE_LARGE_END: Bytes = Bytes::mib(4);

/// `do_set_tcache_max`; from 2.42 on with `large_csize2tidx`.
pub(super) fn tcache_max(setting: &mut Setting<'_>) -> Effect {
    let (params, number) = (&mut *setting.params, setting.number);
    let large = setting.version >= Version::V2_42;
    let low_bits = large && setting.version < Version::V2_44;
    let size = request_to_size(Bytes(number)).filter(|_| large || number <= TCACHE_SMALL_REQUEST);
    match size {
        Some(size) if size < TCACHE_LARGE_END => {
            params.tcache_max_chunk = size + Bytes(1);
            params.tcache_bins = (((size.0 - 32) / 16) as usize + 1).min(TCACHE_BINS);
            applied(format!(
                "Thread caches keep blocks of up to {number} bytes."
            ))
        }
        // In 2.42 and 2.43 the size's highest bit is sought in its lowest 32 bits only. Where these are all clear the processor's answer
        // is undefined; the library as Debian builds it refuses such a value.
        Some(size) if low_bits && truncates(size) => {
            params.tcache_max_chunk = TCACHE_LARGE_END;
            let text = format!(
                "glibc checks only the lowest 32 bits of {number}, and they pass: thread caches keep blocks of up to 4 MiB, and larger ones corrupt them."
            );
            (Surprise, text.into())
        }
        _ => invalid(number, if large { "4194280" } else { "1032" }),
    }
}

/// Whether a size of 4 GiB or more passes for one below 4 MiB.
fn truncates(size: Bytes) -> bool {
    size.0 > u64::from(u32::MAX) && (1..TCACHE_LARGE_END.0).contains(&u64::from(size.0 as u32))
}

/// `do_set_hugetlb`, and what `ptmalloc_init` does after it. The machine has huge pages of 2 MiB and 1 GiB, none of them
/// set aside.
pub(super) fn hugetlb(setting: &mut Setting<'_>) -> Effect {
    let number = setting.number;
    let page = match number {
        0 => return applied("malloc uses no huge pages."),
        1 => {
            setting.params.asks_for_huge_pages = true;
            let text = "malloc asks for transparent huge pages (MADV_HUGEPAGE) in mode madvise. Its heap then moves in steps of a huge page, from 2.43 on also those of arenas.";
            return (Surprise, text.into());
        }
        2 => Bytes::mib(2),
        _ if number == 2 << 20 || number == 1 << 30 => Bytes(number),
        _ => {
            let text = format!(
                "Ignored: no huge page has {number} bytes. The sizes are 2097152 and 1073741824."
            );
            return (Invalid, text.into());
        }
    };
    if setting.version >= Version::V2_42 && page > Bytes::mib(64) {
        let text = "No effect: these pages are larger than a heap, so only blocks of their size try them, and the modelled machine reserves none.";
        return (NoEffect, text.into());
    }
    setting.params.huge_page = Some(page);
    if setting.version >= Version::V2_39 && !setting.is_threshold_given {
        setting.params.mmap_threshold = page;
        setting.params.dynamic_threshold = false;
    }
    let text = "malloc tries huge pages first; the modelled machine reserves none. It then does not use the program break: the heap consists of mappings, and no trim of the top shrinks them.";
    (Surprise, text.into())
}

/// `__set_vma_name`, called by `sysmalloc_mmap` and `new_heap`. A kernel without names for anonymous mappings refuses the
/// call, and nothing follows from that either.
pub(super) fn decorate_maps(setting: &mut Setting<'_>) -> Effect {
    match setting.number {
        0 => applied("malloc gives its mappings no names."),
        _ => {
            let text = "No effect on memory: the kernel shows malloc's mappings under names in /proc/PID/maps.";
            (NoEffect, text.into())
        }
    }
}
