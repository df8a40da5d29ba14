//! An allocator's decisions, and what a pin is, in words.

use highwater_simulator::{
    BlockState, Bytes, Cache, Considered, Decision, FreePages, Obstacle, PageKind, Pin, PinState,
    PurgeReason, Refusal, TimedDecision, Tone,
};

use crate::{
    format,
    protocol::{Told, ToldKind},
};

/// What a block is: the colour it has, and where it is listed or kept.
pub fn block(state: BlockState) -> (PageKind, String) {
    match state {
        BlockState::Live => (PageKind::Live, "held by the program".to_owned()),
        BlockState::Parked(cache) => (PageKind::Parked, cached(cache)),
        BlockState::Free { bin: 1 } => (PageKind::Free, "free, in the unsorted bin".to_owned()),
        BlockState::Free { bin } => (PageKind::Free, format!("free, in bin {bin}")),
        BlockState::Top => (PageKind::Free, "the top".to_owned()),
        BlockState::Dirty => (PageKind::Dirty, "free pages, dirty".to_owned()),
        BlockState::Muzzy => (PageKind::Muzzy, "free pages, muzzy".to_owned()),
        BlockState::Retained => (PageKind::GivenBack, "address space kept".to_owned()),
        BlockState::Metadata => (PageKind::Metadata, "the allocator's own".to_owned()),
    }
}

fn cached(cache: Cache) -> String {
    match cache {
        Cache::Tcache { thread, bin } => format!("parked, tcache bin {bin} of thread {thread}"),
        Cache::Fastbin { bin } => format!("parked, fastbin {bin}"),
    }
}

/// A decision as a line of the log.
pub fn tell(decision: &TimedDecision) -> Told {
    let (kind, words) = words(&decision.decision);
    Told {
        time: decision.time,
        kind,
        words,
        times: 1,
    }
}

fn words(decision: &Decision) -> (ToldKind, String) {
    match *decision {
        Decision::TrimRefused {
            arena,
            considered,
            top_size,
            reason,
            obstacle,
            ..
        } => (
            ToldKind::Refused,
            refused(arena, considered, top_size, reason) + &stopped(obstacle),
        ),
        Decision::Trimmed {
            arena,
            considered,
            bytes,
            top_size,
        } => (
            ToldKind::GaveBack,
            format!(
                "{} gave back {bytes} from the top{}; {top_size} stay there",
                subject(considered),
                of(arena)
            ),
        ),
        Decision::PagesReleased { arena, bytes } => (
            ToldKind::GaveBack,
            format!(
                "malloc_trim released {bytes} of whole free pages below the top{}",
                of(arena)
            ),
        ),
        Decision::HeapGrown {
            arena,
            bytes,
            top_size,
        } => (
            ToldKind::Took,
            format!(
                "heap{} grew by {bytes}; the top is {top_size} now",
                of(arena)
            ),
        ),
        Decision::HeapCreated { arena, base, bytes } => (
            ToldKind::Took,
            format!("a heap more{}, at {base}: {bytes} to begin with", of(arena)),
        ),
        Decision::HeapDeleted { arena, base, bytes } => (
            ToldKind::GaveBack,
            format!(
                "the last heap{}, at {base}, was empty and went back whole: {bytes}",
                of(arena)
            ),
        ),
        Decision::ArenaCreated { arena, thread } => (
            ToldKind::Took,
            format!("thread {thread} got an arena of its own: arena {arena}"),
        ),
        Decision::ArenaShared {
            arena,
            thread,
            attached,
        } => (
            ToldKind::Changed,
            match attached {
                1 => format!("thread {thread} got arena {arena}, which nobody used any more"),
                n => format!("thread {thread} got arena {arena}, which {n} threads share now"),
            },
        ),
        Decision::ArenaRetried { from, to, request } => (
            ToldKind::Changed,
            format!("arena {from} had nothing for a request of {request}: tried in arena {to}"),
        ),
        Decision::ThresholdRaised {
            mmap_threshold,
            trim_threshold,
        } => (
            ToldKind::Changed,
            format!(
                "mmap threshold raised to {mmap_threshold}, trim threshold to {trim_threshold} (dynamic)"
            ),
        ),
        Decision::Mapped { bytes } => (
            ToldKind::Took,
            format!("a block got a mapping of its own: {bytes}"),
        ),
        Decision::Unmapped { bytes } => (
            ToldKind::GaveBack,
            format!("a mapping of {bytes} was given back"),
        ),
        Decision::Consolidated { arena, chunks } => (
            ToldKind::Changed,
            match chunks {
                1 => format!("fastbins{} emptied: 1 chunk merged", of(arena)),
                n => format!("fastbins{} emptied: {n} chunks merged", of(arena)),
            },
        ),
        Decision::Purged {
            arena,
            from,
            offered,
            bytes,
            limit,
            reason,
        } => (
            if offered {
                ToldKind::Changed
            } else {
                ToldKind::GaveBack
            },
            purged(arena, from, (offered, bytes), limit, reason),
        ),
        Decision::ObjectArenaMapped {
            base,
            bytes,
            arenas,
        } => (
            ToldKind::Took,
            format!("an arena for small objects, at {base}: {bytes}; {arenas} now"),
        ),
        Decision::ObjectArenaReturned {
            base,
            bytes,
            arenas,
        } => (
            ToldKind::GaveBack,
            format!(
                "no object was left in the arena at {base}: it went back whole, {bytes}; {arenas} now"
            ),
        ),
        Decision::ArenaTableGrown { room, bytes, table } => (
            ToldKind::Changed,
            format!(
                "the table of arenas grew to {room}: a block of {bytes} from malloc at {table}, which never goes"
            ),
        ),
        Decision::OutOfMemory { request } => (
            ToldKind::Failed,
            format!("no memory for a request of {request}"),
        ),
    }
}

/// Free pages went, or were offered to the kernel.
fn purged(
    arena: u16,
    from: FreePages,
    (offered, bytes): (bool, Bytes),
    limit: Bytes,
    reason: PurgeReason,
) -> String {
    let from = match from {
        FreePages::Dirty => "dirty",
        FreePages::Muzzy => "muzzy",
    };
    let went = if offered {
        "offered to the kernel (muzzy now)"
    } else {
        "given back"
    };
    let why = match reason {
        PurgeReason::AtOnce => "the decay time is 0".to_owned(),
        PurgeReason::Call => {
            format!("a call found an interval of the decay over; {limit} may stay")
        }
        PurgeReason::BackgroundThread => {
            format!("the background thread woke; {limit} may stay")
        }
        PurgeReason::Everything => "all of the arena's go".to_owned(),
        PurgeReason::VeryLarge => "an extent so large is not kept".to_owned(),
    };
    format!("{bytes} of {from} pages{} {went}: {why}", of(arena))
}

/// Names an arena where it is not the main one, which is meant where none is named.
fn of(arena: u16) -> String {
    match arena {
        0 => String::new(),
        n => format!(" of arena {n}"),
    }
}

/// The latest decisions, the latest first, at most so many; the same one again and again is told once.
pub fn tell_latest(decisions: &[TimedDecision], most: usize) -> Vec<Told> {
    let mut log: Vec<Told> = Vec::new();
    for decision in decisions.iter().rev() {
        let told = tell(decision);
        if let Some(latest) = log.last_mut()
            && latest.words == told.words
        {
            latest.times += 1;
        } else if log.len() < most {
            log.push(told);
        } else {
            break;
        }
    }
    log
}

fn subject(considered: Considered) -> &'static str {
    match considered {
        Considered::LargeMerge => "free()",
        Considered::MallocTrim => "malloc_trim",
    }
}

fn refused(arena: u16, considered: Considered, top_size: Bytes, reason: Refusal) -> String {
    let of = of(arena);
    let why = match reason {
        Refusal::BelowThreshold { threshold } => {
            format!("the top{of} is {top_size}, below the threshold of {threshold}")
        }
        Refusal::LessThanAPage => {
            format!("of the top's {top_size}{of} less than a page lies above the padding")
        }
        Refusal::ForeignBreak => "somebody else has moved the program break".to_owned(),
    };
    format!("trim considered by {}, refused: {why}", subject(considered))
}

/// Where merging stopped, if it stopped at something.
fn stopped(obstacle: Option<Obstacle>) -> String {
    let Some(obstacle) = obstacle else {
        return String::new();
    };
    let state = match obstacle.parked {
        Some(Cache::Tcache { thread, .. }) => format!("parked in thread {thread}'s tcache"),
        Some(Cache::Fastbin { .. }) => "parked in a fastbin".to_owned(),
        None => "in use".to_owned(),
    };
    format!(
        "; {} at {}, {state}, keep what was freed from the top",
        obstacle.size, obstacle.chunk
    )
}

/// What holds a pin, shortly: the second half of its tag. Threads are told apart where there are arenas.
pub fn place(pin: &Pin, threads: bool) -> String {
    match (pin.state, pin.cache, pin.allocated) {
        (_, Some(Cache::Tcache { thread, bin }), _) if threads => {
            format!("tcache bin {bin}, thread {thread}")
        }
        (PinState::Live, _, Some(from)) if threads => format!("thread {}", from.thread),
        (_, Some(Cache::Tcache { bin, .. }), _) => format!("tcache bin {bin}"),
        (_, Some(Cache::Fastbin { bin }), _) => format!("fastbin {bin}"),
        (PinState::Metadata, ..) => "the allocator's own".to_owned(),
        (PinState::Live | PinState::Parked, None, _) => "the program".to_owned(),
    }
}

/// The state of a pin in a word.
pub fn state(pin: &Pin) -> &'static str {
    match pin.state {
        PinState::Live => "live",
        PinState::Parked => "parked",
        PinState::Metadata => "metadata",
    }
}

/// Where a pin comes from: when it was allocated and by which event.
pub fn origin(pin: &Pin) -> String {
    let Some(allocated) = pin.allocated else {
        return "not from the program".to_owned();
    };
    let at = format!(
        "{} · event {}",
        format::seconds(allocated.time),
        format::count(allocated.event)
    );
    match pin.cut_from {
        Some(whole) => format!("{at}, cut from {whole}"),
        None => at,
    }
}

/// The sign of a remark, which says its tone without colour.
pub fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Applied => "✓",
        Tone::Surprise => "!",
        Tone::NoEffect | Tone::NotRead | Tone::Invalid => "✗",
    }
}

/// The tone of a remark in a word.
pub fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Applied => "applied",
        Tone::Surprise => "mind",
        Tone::NoEffect => "no effect",
        Tone::NotRead => "not read",
        Tone::Invalid => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Micros;

    fn told(decision: Decision) -> Told {
        tell(&TimedDecision {
            event: 3,
            time: Micros(6_062_000),
            decision,
        })
    }

    #[test]
    fn a_refusal_says_what_was_too_small() {
        let told = told(Decision::TrimRefused {
            arena: 0,
            obstacle: None,
            considered: Considered::LargeMerge,
            merged: Bytes::kib(80),
            top: highwater_simulator::Address(0x1000),
            top_size: Bytes::kib(132),
            reason: Refusal::BelowThreshold {
                threshold: Bytes::kib(256),
            },
        });
        assert_eq!(told.kind, ToldKind::Refused);
        assert_eq!(
            told.words,
            "trim considered by free(), refused: the top is 132 KiB, below the threshold of 256 KiB"
        );
    }

    #[test]
    fn the_same_decision_again_and_again_is_told_once() {
        let grown = |time, kib| TimedDecision {
            event: time,
            time: Micros(time),
            decision: Decision::HeapGrown {
                arena: 0,
                bytes: Bytes::kib(kib),
                top_size: Bytes::kib(1),
            },
        };
        let log = [grown(0, 9), grown(1, 1), grown(2, 2), grown(3, 2)];
        let told: Vec<_> = tell_latest(&log, 2)
            .into_iter()
            .map(|told| (told.time.0, told.times))
            .collect();
        assert_eq!(told, [(3, 2), (1, 1)]);
    }

    #[test]
    fn arenas_and_their_threads_are_named() {
        let shared = |attached| {
            told(Decision::ArenaShared {
                arena: 3,
                thread: 20,
                attached,
            })
        };
        assert_eq!(
            shared(2).words,
            "thread 20 got arena 3, which 2 threads share now"
        );
        assert_eq!(
            shared(1).words,
            "thread 20 got arena 3, which nobody used any more"
        );
        let refused = told(Decision::TrimRefused {
            arena: 3,
            considered: Considered::LargeMerge,
            merged: Bytes::mib(1),
            top: highwater_simulator::Address(0x2000),
            top_size: Bytes::kib(4),
            reason: Refusal::LessThanAPage,
            obstacle: Some(Obstacle {
                chunk: highwater_simulator::Address(0x1000),
                size: Bytes(48),
                parked: Some(Cache::Tcache { thread: 7, bin: 1 }),
            }),
        });
        assert_eq!(
            refused.words,
            "trim considered by free(), refused: of the top's 4096 B of arena 3 less than a page lies above the \
             padding; 48 B at 0x1000, parked in thread 7's tcache, keep what was freed from the top"
        );
    }

    #[test]
    fn one_chunk_is_not_chunks() {
        let told = told(Decision::Consolidated {
            arena: 0,
            chunks: 1,
        });
        assert_eq!(told.words, "fastbins emptied: 1 chunk merged");
    }
}
