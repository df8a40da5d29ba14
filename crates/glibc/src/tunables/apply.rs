//! What malloc does with the numbers that the loader took: malloc/arena.c, `ptmalloc_init`; malloc/malloc.c, `do_set_*`.

use super::loader::long_name;
use super::table::Id;
use super::{Remarks, Tunable, Value, Values};
use crate::chunk::request_to_size;
use crate::params::{MMAP_THRESHOLD_MAX, Params, TCACHE_BINS};
use crate::version::Version;
use highwater_allocator::{Bytes, Tone};

/// How malloc takes a number: a sentence, and the figure that stands in it for `@`.
type Effect = (Tone, &'static str, Figure);

enum Figure {
    Number(u64),
    Size(Bytes),
}

use Figure::{Number, Size};
use Tone::{Applied, Ignored, Surprise};

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
        let effect = match tunable.id {
            Id::Mxfast => set_mxfast(version, &mut params, value.number),
            Id::TcacheMax => set_tcache_max(version, &mut params, value.number),
            Id::Hugetlb => set_hugetlb(version, &mut params, value.number, threshold_set),
            id => set(version, &mut params, id, value.number),
        };
        let name = name(index, value);
        say(remarks, &name, effect);
        if was_dynamic && !params.dynamic_threshold {
            froze = Some((name, threshold_set || tunable.id == Id::Hugetlb));
        }
    }
    if let Some((name, given)) = froze {
        let threshold = params.mmap_threshold;
        let text = if params.mmap_max <= 0 || threshold >= UNREACHABLE {
            "From now on no block gets a mapping of its own, however large: all come from the heap."
        } else if given {
            "From now on the mmap threshold stays at @ instead of rising up to 32 MiB."
        } else {
            "From now on the mmap threshold stays at @ instead of rising up to 32 MiB: this, not the number given, is what usually changes the outcome."
        };
        say(remarks, &name, (Surprise, text, Size(threshold)));
    }
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
            let text = "Since 2.34 it does something only with libc_malloc_debug.so preloaded.";
            return (Ignored, text, Number(v));
        }
        Id::Check if v == 0 => "Nothing is checked.",
        Id::Check => {
            let text = "It switches to a checked heap without thread caches, which is not modelled: the real process will differ.";
            return (Surprise, text, Number(v));
        }
        Id::TopPad => {
            p.top_pad = size;
            p.dynamic_threshold = false;
            let text = "The heap grows by @ beyond need and keeps as much when it is trimmed.";
            return (Applied, text, Size(size));
        }
        Id::Perturb => {
            p.perturb = v as u8;
            if v == 0 {
                "Nothing is filled."
            } else {
                "Fresh and freed memory is filled, so every page of it is written."
            }
        }
        // HEAP_MAX_SIZE / 2 was the most until 2.34 (0a4df6f534).
        Id::MmapThreshold if old && size > MMAP_THRESHOLD_MAX => {
            let text = "@ is more than 32 MiB, the most that this version takes: it is ignored, and the threshold still rises by itself.";
            return (Ignored, text, Number(v));
        }
        Id::MmapThreshold => {
            p.mmap_threshold = size;
            p.dynamic_threshold = false;
            let text = if size >= UNREACHABLE {
                "No chunk is large enough for a mapping of its own."
            } else {
                "Chunks of @ and more get a mapping of their own and go back when freed."
            };
            return (Applied, text, Size(size));
        }
        Id::TrimThreshold => {
            p.trim_threshold = size;
            p.dynamic_threshold = false;
            let text = if size >= UNREACHABLE {
                "free() never trims the top."
            } else {
                "A top of @ and more is trimmed when free() looks at it."
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
            "At most @ arenas. A process of one thread uses one anyway: there it changes nothing."
        }
        Id::ArenaTest => {
            p.arena_test = v;
            "The limit of arenas is computed once there are more than @."
        }
        Id::TcacheCount if v > u64::from(u16::MAX) => {
            return (
                Ignored,
                "@ is more than 65535, so it is ignored.",
                Number(v),
            );
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
            "It bounds how many unsorted chunks one malloc sorts while it fills the cache."
        }
    };
    (Applied, text, Number(v))
}

/// `do_set_mxfast`. 2.43 still has the tunable and the function, but nothing calls the one with the other.
fn set_mxfast(version: Version, p: &mut Params, v: u64) -> Effect {
    if version >= Version::V2_43 {
        let text = "This version reads it and does nothing: it has no fastbins any more.";
        return (Ignored, text, Number(v));
    }
    if v > 160 {
        return (Ignored, "@ is more than 160, so it is ignored.", Number(v));
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
            let text = "Only the lowest 32 bits of @ are checked, and pass: thread caches keep blocks of up to 4 MiB, and larger ones spoil them.";
            (Surprise, text, Number(v))
        }
        _ => {
            let text = if large {
                "@ is more than 4194280, so it is ignored."
            } else {
                "@ is more than 1032, so it is ignored."
            };
            (Ignored, text, Number(v))
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
        0 => return (Applied, "No huge pages.", Number(v)),
        1 => {
            let text = "It does something only where the kernel offers transparent huge pages; this machine has none.";
            return (Ignored, text, Number(v));
        }
        2 => Bytes::mib(2),
        _ if v == 2 << 20 || v == 1 << 30 => Bytes(v),
        _ => {
            let text = "There are no huge pages of @ bytes: 2097152 and 1073741824 are the sizes.";
            return (Ignored, text, Number(v));
        }
    };
    if version >= Version::V2_43 && page > Bytes::mib(64) {
        let text = "They are larger than a heap: only blocks of their size try them, and this machine has none set aside.";
        return (Ignored, text, Number(v));
    }
    p.huge_page = Some(page);
    if version >= Version::V2_41 && !threshold_set {
        p.mmap_threshold = page;
        p.dynamic_threshold = false;
    }
    let text = "Huge pages are tried first; this machine has none set aside. The program break is then not used, and the heap is made of mappings, which are never trimmed from the top.";
    (Surprise, text, Number(v))
}
