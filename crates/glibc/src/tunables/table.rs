//! Every tunable of malloc: its name, its bounds, and what a value does.

use super::{Bounds, Effect, Tunable};
use crate::chunk::request_to_size;
use crate::params::Params;
use highwater_allocator::Bytes;

impl Tunable {
    /// Every tunable of malloc, in the order of dl-tunables.list.
    pub const ALL: [Self; 13] = [
        Self::new("check", Some("MALLOC_CHECK_"), Bounds::Int(0, 3), |_, _| {
            Effect::Ignored("takes effect only with libc_malloc_debug.so preloaded.".into())
        }),
        Self::new(
            "top_pad",
            Some("MALLOC_TOP_PAD_"),
            Bounds::Size(0),
            |p, v| {
                p.top_pad = Bytes(v);
                frozen(
                    p,
                    format!(
                        "The heap grows by {} beyond need and keeps as much when it is trimmed.",
                        Bytes(v)
                    ),
                )
            },
        ),
        Self::new(
            "perturb",
            Some("MALLOC_PERTURB_"),
            Bounds::Int(0, 255),
            |p, v| {
                p.perturb = v as u8;
                Effect::Applied(if v == 0 {
                    "Nothing is filled.".into()
                } else {
                    "Fresh and freed memory is filled, so every page of it is written.".into()
                })
            },
        ),
        Self::new(
            "mmap_threshold",
            Some("MALLOC_MMAP_THRESHOLD_"),
            Bounds::Size(0),
            |p, v| {
                p.mmap_threshold = Bytes(v);
                let text = format!(
                    "Chunks of {} and more get a mapping of their own and go back when freed.",
                    Bytes(v)
                );
                p.dynamic_threshold = false;
                Effect::Applied(text)
            },
        ),
        Self::new(
            "trim_threshold",
            Some("MALLOC_TRIM_THRESHOLD_"),
            Bounds::Size(0),
            |p, v| {
                p.trim_threshold = Bytes(v);
                frozen(
                    p,
                    format!(
                        "A top of {} and more is trimmed when free() looks at it.",
                        Bytes(v)
                    ),
                )
            },
        ),
        Self::new(
            "mmap_max",
            Some("MALLOC_MMAP_MAX_"),
            Bounds::Int(0, i32::MAX as i64),
            |p, v| {
                p.mmap_max = v as i32;
                frozen(p, format!("At most {v} chunks have mappings of their own."))
            },
        ),
        Self::new(
            "arena_max",
            Some("MALLOC_ARENA_MAX"),
            Bounds::Size(1),
            |p, v| {
                p.arena_max = v;
                Effect::Applied(format!(
                    "At most {v} arenas; a process of one thread uses one anyway."
                ))
            },
        ),
        Self::new(
            "arena_test",
            Some("MALLOC_ARENA_TEST"),
            Bounds::Size(1),
            |p, v| {
                p.arena_test = v;
                Effect::Applied(format!(
                    "The limit of arenas is computed once there are more than {v}."
                ))
            },
        ),
        Self::new(
            "tcache_max",
            None,
            Bounds::Size(0),
            |p, v| match request_to_size(Bytes(v)) {
                Some(size) if v <= 1032 => {
                    p.tcache_bins = ((size.0 - 32) / 16) as usize + 1;
                    Effect::Applied(format!("Thread caches keep blocks of up to {v} bytes."))
                }
                _ => Effect::Ignored(format!(
                    "{v} is more than 1032, the largest size a thread cache can keep; the default stays."
                )),
            },
        ),
        Self::new("tcache_count", None, Bounds::Size(0), |p, v| {
            if v > u64::from(u16::MAX) {
                return Effect::Ignored(format!("{v} is more than 65535; the default stays."));
            }
            p.tcache_count = v;
            Effect::Applied(if v == 0 {
                "Thread caches keep nothing.".into()
            } else {
                format!("Thread caches keep {v} blocks of each size.")
            })
        }),
        Self::new("tcache_unsorted_limit", None, Bounds::Size(0), |p, v| {
            p.tcache_unsorted_limit = v;
            Effect::Applied(
                "Bounds how many unsorted chunks one malloc sorts while it fills the cache.".into(),
            )
        }),
        Self::new("mxfast", None, Bounds::Size(0), |p, v| {
            if v > 160 {
                return Effect::Ignored(format!(
                    "{v} is more than 160, the largest fastbin; the default stays."
                ));
            }
            p.max_fast = if v <= 7 {
                Bytes(16)
            } else {
                Bytes(v + 8).align_down(Bytes(16))
            };
            Effect::Applied(if v <= 7 {
                "There are no fastbins.".into()
            } else {
                format!("Chunks of up to {} go to fastbins.", p.max_fast)
            })
        }),
        Self::new("hugetlb", None, Bounds::Size(0), |p, v| {
            match v {
            0 => Effect::Applied("No huge pages.".into()),
            1 => Effect::Ignored("does something only where transparent huge pages are in mode `madvise`; this machine has none.".into()),
            _ => {
                p.huge_page = Some(Bytes::mib(2));
                Effect::Surprise("Huge pages are tried first; this machine has none set aside. The program break is then not used, and the heap is made of mappings, which are never trimmed from the top.".into())
            }
        }
        }),
    ];

    const fn new(
        name: &'static str,
        alias: Option<&'static str>,
        bounds: Bounds,
        apply: fn(&mut Params, u64) -> Effect,
    ) -> Self {
        Self {
            name,
            alias,
            bounds,
            apply,
        }
    }
}

/// Any of trim_threshold, top_pad and mmap_max ends the growth of the mmap threshold, which is often what changes a
/// curve, and not the number given.
fn frozen(params: &mut Params, what: String) -> Effect {
    params.dynamic_threshold = false;
    Effect::Surprise(format!(
        "{what} It also freezes the mmap threshold, at 128 KiB unless set."
    ))
}
