//! What malloc does with the numbers that the loader took: malloc/arena.c, `ptmalloc_init`; malloc/malloc.c, `do_set_*`.

use super::loader::long_name;
use super::table::Id;
use super::{Remarks, Tunable, Value, Values};
use crate::chunk::request_to_size;
use crate::params::{MMAP_THRESHOLD_MAX, Params, TCACHE_BINS};
use crate::version::Version;
use highwater_allocator::{Bytes, Tone};

/// How malloc takes a number: a sentence, and the figure that replaces `@` in it.
type Effect = (Tone, &'static str, Figure);

enum Figure {
    Number(u64),
    Size(Bytes),
}

use Figure::{Number, Size};
use Tone::{Applied, Invalid, NoEffect, Surprise};

/// More than a process can address.
const UNREACHABLE: Bytes = Bytes(1 << 47);

/// The parameters with which a process starts.
pub(super) fn apply(version: Version, values: &Values, remarks: &mut Remarks) -> Params {
    let mut params = Params::defaults(version);
    let threshold_set = values[Id::MmapThreshold as usize].is_some();
    // What ended the growth of the mmap threshold first.
    let mut froze = None;
    for (index, (tunable, value)) in Tunable::ALL.iter().zip(values).enumerate() {
        let Some(value) = value else { continue };
        let was_dynamic = params.dynamic_threshold;
        remarks.in_tunables = !value.from_alias;
        let effect = match tunable.id {
            Id::Mxfast => set_mxfast(version, &mut params, value.number),
            Id::TcacheMax => set_tcache_max(version, &mut params, value.number),
            Id::Hugetlb => set_hugetlb(version, &mut params, value.number, threshold_set),
            id => set(version, &mut params, id, value.number),
        };
        let name = name(index, value);
        let is_default =
            effect.0 == Applied && !tunable.freezes() && tunable.is_default(version, value.number);
        say(remarks, &name, effect);
        if is_default {
            remarks.add(&[" That is the default."]);
            remarks.no_effect();
        }
        if was_dynamic && !params.dynamic_threshold {
            froze = Some((
                name,
                threshold_set || tunable.id == Id::Hugetlb,
                remarks.in_tunables,
            ));
        }
    }
    if let Some((name, given, in_tunables)) = froze {
        let threshold = params.mmap_threshold;
        let text = if params.mmap_max <= 0 || threshold >= UNREACHABLE {
            "No block gets a mapping of its own now, however large: all come from the heap."
        } else if given {
            "The mmap threshold now stays at @ instead of rising to as much as 32 MiB."
        } else {
            "The mmap threshold now stays at @ instead of rising to as much as 32 MiB. This usually changes the outcome, not the number given."
        };
        remarks.in_tunables = in_tunables;
        say(remarks, &name, (Surprise, text, Size(threshold)));
    }
    remarks.in_tunables = false;
    debug_assert!(params.tcache_bins <= TCACHE_BINS);
    params
}

fn say(remarks: &mut Remarks, name: &str, (tone, text, figure): Effect) {
    let figure = match figure {
        Number(number) => number.to_string(),
        Size(size) => size.to_string(),
    };
    remarks.say(name, tone, text, &[&figure]);
}

/// How the user set it.
fn name(index: usize, value: &Value) -> String {
    match Tunable::ALL[index].alias {
        Some(alias) if value.from_alias => alias.to_owned(),
        _ => long_name(index),
    }
}

fn set(version: Version, p: &mut Params, id: Id, v: u64) -> Effect {
    let size = Bytes(v);
    let old = version < Version::V2_36;
    let text = match id {
        Id::Check if !old => {
            let text = "No effect: since 2.34 only libc_malloc_debug.so reads it, and LD_PRELOAD does not load that here.";
            return (NoEffect, text, Number(v));
        }
        Id::Check if v == 0 => "malloc checks nothing.",
        Id::Check => {
            let text = "malloc checks its heap and uses no thread caches. This is not modelled: the real process will differ.";
            return (Surprise, text, Number(v));
        }
        Id::TopPad => {
            p.top_pad = size;
            p.dynamic_threshold = false;
            let text = "The heap grows by @ more than it needs, and a trim leaves as much.";
            return (Applied, text, Size(size));
        }
        Id::Perturb => {
            p.perturb = v as u8;
            if v == 0 {
                "malloc fills nothing."
            } else {
                "malloc fills new and freed blocks, so it writes to every page of them."
            }
        }
        // HEAP_MAX_SIZE / 2 was the most until 2.34 (0a4df6f534).
        Id::MmapThreshold if old && size > MMAP_THRESHOLD_MAX => {
            let text = "Ignored: @ is more than 32 MiB, the maximum in this version. The threshold still rises by itself.";
            return (Invalid, text, Number(v));
        }
        Id::MmapThreshold => {
            p.mmap_threshold = size;
            p.dynamic_threshold = false;
            let text = if size >= UNREACHABLE {
                "No chunk is large enough for a mapping of its own."
            } else {
                "Chunks of @ and more get a mapping of their own and go back to the system when freed."
            };
            return (Applied, text, Size(size));
        }
        Id::TrimThreshold => {
            p.trim_threshold = size;
            p.dynamic_threshold = false;
            let text = if size >= UNREACHABLE {
                "free() never trims the top."
            } else {
                "free() trims the top when it holds @ or more; it checks only after merging 64 KiB or more."
            };
            return (Applied, text, Size(size));
        }
        Id::MmapMax => {
            p.mmap_max = v as i32;
            p.dynamic_threshold = false;
            let text = "At most @ chunks have mappings of their own.";
            return (Applied, text, Number(p.mmap_max.max(0) as u64));
        }
        Id::ArenaMax => {
            p.arena_max = v;
            match v {
                1 => "All threads share one arena.",
                _ => {
                    "At most @ arenas; more threads than that share them. In a real process a thread that finds its arena locked moves on to another; the model's calls take turns, so its arenas can fill differently."
                }
            }
        }
        Id::ArenaTest => {
            p.arena_test = v;
            "malloc computes the limit on arenas once there are more than @."
        }
        Id::TcacheCount if v > u64::from(u16::MAX) => {
            return (Invalid, "Ignored: @ is more than 65535.", Number(v));
        }
        Id::TcacheCount => {
            p.tcache_count = v;
            if v == 0 {
                "Thread caches keep nothing."
            } else {
                "Thread caches keep @ blocks of each size."
            }
        }
        _ => {
            p.tcache_unsorted_limit = v;
            "One malloc sorts at most @ unsorted chunks while it fills the thread cache; 0 means no limit."
        }
    };
    (Applied, text, Number(v))
}

/// `do_set_mxfast`. 2.43 still has the tunable and the function, but nothing calls the one with the other.
fn set_mxfast(version: Version, p: &mut Params, v: u64) -> Effect {
    if version >= Version::V2_43 {
        let text = "No effect: this version reads it, but has no fastbins.";
        return (NoEffect, text, Number(v));
    }
    if v > 160 {
        return (Invalid, "Ignored: @ is more than 160.", Number(v));
    }
    // `set_max_fast`: 2.31 has 16 for 0 only, so that 1 to 7 make 0, which comes to the same.
    let least = if version < Version::V2_36 { 0 } else { 7 };
    p.max_fast = if v <= least {
        Bytes(16)
    } else {
        Bytes(v + 8).align_down(Bytes(16))
    };
    let text = if p.max_fast <= Bytes(16) {
        "There are no fastbins."
    } else {
        "Chunks of up to @ go to fastbins."
    };
    (Applied, text, Size(p.max_fast))
}

/// The largest request that a small bin of a thread cache serves.
const TCACHE_SMALL_REQUEST: u64 = 1032;
/// What the large bins of 2.43 end below.
const TCACHE_LARGE_END: Bytes = Bytes::mib(4);

/// `do_set_tcache_max`; in 2.43 with `large_csize2tidx`.
fn set_tcache_max(version: Version, p: &mut Params, v: u64) -> Effect {
    let large = version >= Version::V2_43;
    let size = request_to_size(Bytes(v)).filter(|_| large || v <= TCACHE_SMALL_REQUEST);
    match size {
        Some(size) if size < TCACHE_LARGE_END => {
            p.tcache_max_chunk = size + Bytes(1);
            p.tcache_bins = (((size.0 - 32) / 16) as usize + 1).min(TCACHE_BINS);
            let text = "Thread caches keep blocks of up to @ bytes.";
            (Applied, text, Number(v))
        }
        // The size's highest bit is sought in its lowest 32 bits only. Where these are all clear the processor's answer
        // is undefined; the library as Debian builds it refuses such a value.
        Some(size) if truncates(size) => {
            p.tcache_max_chunk = TCACHE_LARGE_END;
            let text = "glibc checks only the lowest 32 bits of @, and they pass: thread caches keep blocks of up to 4 MiB, and larger ones corrupt them.";
            (Surprise, text, Number(v))
        }
        _ => {
            let text = if large {
                "Ignored: @ is more than 4194280."
            } else {
                "Ignored: @ is more than 1032."
            };
            (Invalid, text, Number(v))
        }
    }
}

/// Whether a size of 4 GiB or more passes for one below 4 MiB.
fn truncates(size: Bytes) -> bool {
    size.0 > u64::from(u32::MAX) && (1..TCACHE_LARGE_END.0).contains(&u64::from(size.0 as u32))
}

/// `do_set_hugetlb`, and what `ptmalloc_init` does after it. The machine has huge pages of 2 MiB and 1 GiB, none of them
/// set aside, and no transparent ones.
fn set_hugetlb(version: Version, p: &mut Params, v: u64, threshold_set: bool) -> Effect {
    let page = match v {
        0 => return (Applied, "malloc uses no huge pages.", Number(v)),
        1 => {
            let text = "No effect: the modelled machine offers no transparent huge pages.";
            return (NoEffect, text, Number(v));
        }
        2 => Bytes::mib(2),
        _ if v == 2 << 20 || v == 1 << 30 => Bytes(v),
        _ => {
            let text = "Ignored: no huge page has @ bytes. The sizes are 2097152 and 1073741824.";
            return (Invalid, text, Number(v));
        }
    };
    if version >= Version::V2_43 && page > Bytes::mib(64) {
        let text = "No effect: these pages are larger than a heap, so only blocks of their size try them, and the modelled machine reserves none.";
        return (NoEffect, text, Number(v));
    }
    p.huge_page = Some(page);
    if version >= Version::V2_41 && !threshold_set {
        p.mmap_threshold = page;
        p.dynamic_threshold = false;
    }
    let text = "malloc tries huge pages first; the modelled machine reserves none. It then does not use the program break: the heap consists of mappings, and no trim of the top shrinks them.";
    (Surprise, text, Number(v))
}
