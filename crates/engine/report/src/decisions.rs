//! An allocator's decisions in words: a line of a log for each.

use crate::sentence::Sentence;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_simulator::{
    Bytes, Cache, Considered, Decision, FreePages, Obstacle, PurgeReason, Refusal,
};

/// Whether a decision gave memory back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum DecisionKind {
    /// Memory went back to the kernel.
    GaveBack,
    /// It was considered and refused.
    Refused,
    /// Memory was taken from the kernel.
    Took,
    /// Something else changed.
    Changed,
    /// There was nothing to take.
    Failed,
}

impl DecisionKind {
    /// Every kind, with its name in links.
    pub const NAMES: [(Self, &str); 5] = [
        (Self::GaveBack, "gave-back"),
        (Self::Refused, "refused"),
        (Self::Took, "took"),
        (Self::Changed, "changed"),
        (Self::Failed, "failed"),
    ];

    /// Returns a decision's kind. Words for each of a million decisions would take longer than the run.
    pub fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Trimmed { .. }
            | Decision::PagesReleased { .. }
            | Decision::HeapDeleted { .. }
            | Decision::Unmapped { .. }
            | Decision::Purged { offered: false, .. }
            | Decision::ObjectArenaReturned { .. } => Self::GaveBack,
            Decision::TrimRefused { .. } => Self::Refused,
            Decision::HeapGrown { .. }
            | Decision::HeapCreated { .. }
            | Decision::ArenaCreated { .. }
            | Decision::Mapped { .. }
            | Decision::ObjectArenaMapped { .. } => Self::Took,
            Decision::ArenaShared { .. }
            | Decision::ArenaRetried { .. }
            | Decision::ThresholdRaised { .. }
            | Decision::Consolidated { .. }
            | Decision::Purged { offered: true, .. }
            | Decision::ArenaTableGrown { .. } => Self::Changed,
            Decision::OutOfMemory { .. } => Self::Failed,
        }
    }
}

/// Returns a decision's kind, and the decision in words.
pub fn decision(decision: &Decision) -> (DecisionKind, Sentence) {
    (DecisionKind::of(decision), words(decision))
}

fn words(decision: &Decision) -> Sentence {
    match *decision {
        Decision::TrimRefused { .. }
        | Decision::Trimmed { .. }
        | Decision::PagesReleased { .. }
        | Decision::Purged { .. } => of_free_memory(decision),
        Decision::HeapGrown { .. }
        | Decision::HeapCreated { .. }
        | Decision::HeapDeleted { .. }
        | Decision::ArenaCreated { .. }
        | Decision::ArenaShared { .. }
        | Decision::ArenaRetried { .. }
        | Decision::Consolidated { .. } => of_an_arena(decision),
        Decision::ObjectArenaMapped { .. }
        | Decision::ObjectArenaReturned { .. }
        | Decision::ArenaTableGrown { .. } => of_python(decision),
        Decision::ThresholdRaised {
            mmap_before,
            trim_before,
            mmap_threshold,
            trim_threshold,
        } => Sentence::new(format!(
            "freeing a mapped block raised the mmap threshold from {mmap_before} to {mmap_threshold} and the trim threshold \
             from {trim_before} to {trim_threshold}"
        )),
        Decision::Mapped { bytes } => {
            Sentence::new(format!("a block got a mapping of its own: {bytes}"))
        }
        Decision::Unmapped { bytes } => {
            Sentence::new(format!("a mapping of {bytes} was given back"))
        }
        Decision::OutOfMemory { request } => {
            Sentence::new(format!("no memory for a request of {request}"))
        }
    }
}

/// Trims and purges, done and refused.
fn of_free_memory(decision: &Decision) -> Sentence {
    Sentence::new(match *decision {
        Decision::TrimRefused {
            arena,
            considered,
            top_size,
            reason,
            obstacle,
            ..
        } => {
            let words = refused(arena, considered, top_size, reason);
            return stopped(Sentence::new(words), obstacle);
        }
        Decision::Trimmed {
            arena,
            considered,
            bytes,
            top_size,
        } => format!(
            "{} gave back {bytes} from the top{}; {top_size} remains there",
            subject(considered),
            of(arena)
        ),
        Decision::PagesReleased { arena, bytes } => format!(
            "malloc_trim() gave back {bytes} of whole free pages below the top{}",
            of(arena)
        ),
        Decision::Purged {
            arena,
            from,
            offered,
            bytes,
            limit,
            reason,
        } => purged(arena, from, (offered, bytes), limit, reason),
        _ => return Sentence::default(),
    })
}

/// glibc's arenas, their heaps and who uses them.
fn of_an_arena(decision: &Decision) -> Sentence {
    Sentence::new(match *decision {
        Decision::HeapGrown {
            arena,
            bytes,
            top_size,
        } => format!(
            "the heap{} grew by {bytes}; the top is now {top_size}",
            of(arena)
        ),
        Decision::HeapCreated { arena, base, bytes } => {
            let words = Sentence::new(format!("another heap{}, at ", of(arena)));
            return words.address(base).text(format!(", starting with {bytes}"));
        }
        Decision::HeapDeleted { arena, base, bytes } => format!(
            "the last heap{}, at {base}, was empty and went back whole: {bytes}",
            of(arena)
        ),
        Decision::ArenaCreated { arena, thread } => {
            format!("thread {thread} got an arena of its own: arena {arena}")
        }
        Decision::ArenaShared {
            arena,
            thread,
            attached: 1,
        } => format!("thread {thread} took over arena {arena}, which no thread used"),
        Decision::ArenaShared {
            arena,
            thread,
            attached,
        } => format!("thread {thread} got arena {arena}, which {attached} threads now share"),
        Decision::ArenaRetried { from, to, request } => {
            format!("arena {from} could not serve a request of {request}; arena {to} was tried")
        }
        Decision::Consolidated { arena, chunks } => {
            let chunks = match chunks {
                1 => "1 chunk".to_owned(),
                n => format!("{n} chunks"),
            };
            format!("the fastbins{} were emptied: {chunks} merged", of(arena))
        }
        _ => return Sentence::default(),
    })
}

/// CPython's arenas for small objects, and its table of them.
fn of_python(decision: &Decision) -> Sentence {
    Sentence::new(match *decision {
        Decision::ObjectArenaMapped {
            base,
            bytes,
            arenas,
        } => format!(
            "Python mapped an arena for small objects at {base}: {bytes}; it now has {arenas}"
        ),
        Decision::ObjectArenaReturned {
            base,
            bytes,
            arenas,
        } => format!(
            "Python's arena at {base} held no object any more and went back whole: {bytes}; {arenas} remain"
        ),
        Decision::ArenaTableGrown { room, bytes, table } => {
            let words = format!(
                "Python's table of arenas grew to {room}: a block of {bytes} from malloc at "
            );
            let words = Sentence::new(words).address(table);
            return words.text(", which is never freed");
        }
        _ => return Sentence::default(),
    })
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
        "offered to the kernel (now muzzy)"
    } else {
        "given back"
    };
    let why = match reason {
        PurgeReason::AtOnce => "the decay time is 0".to_owned(),
        PurgeReason::Call => {
            format!("a call found that a step of the decay had passed; {limit} may stay")
        }
        PurgeReason::BackgroundThread => {
            format!("the background thread woke; {limit} may stay")
        }
        PurgeReason::Everything => "the whole arena was purged".to_owned(),
        PurgeReason::VeryLarge => "the extent is too large to be cached".to_owned(),
    };
    format!("{bytes} of {from} pages{} {went}: {why}", of(arena))
}

/// Names an arena where it is not the main one, which is meant where none is named.
fn of(arena: u16) -> String {
    match arena {
        0 => String::new(),
        n => format!(" in arena {n}"),
    }
}

fn subject(considered: Considered) -> &'static str {
    match considered {
        Considered::LargeMerge => "free()",
        Considered::MallocTrim => "malloc_trim()",
    }
}

fn refused(arena: u16, considered: Considered, top_size: Bytes, reason: Refusal) -> String {
    let top = match arena {
        0 => "the top".to_owned(),
        n => format!("arena {n}'s top"),
    };
    let why = match reason {
        Refusal::BelowThreshold { threshold } => {
            format!("{top} is {top_size}, below the trim threshold of {threshold}")
        }
        Refusal::LessThanAPage => {
            format!("{top} is {top_size}; less than a page or huge page remains above the padding")
        }
        Refusal::ForeignBreak => "something else has moved the program break".to_owned(),
    };
    format!(
        "{} considered a trim and refused: {why}",
        subject(considered)
    )
}

/// Says where merging stopped, if it stopped at something.
fn stopped(words: Sentence, obstacle: Option<Obstacle>) -> Sentence {
    let Some(obstacle) = obstacle else {
        return words;
    };
    let state = match obstacle.parked {
        Some(Cache::Tcache { thread, .. }) => format!("in thread {thread}'s tcache"),
        Some(Cache::Fastbin { .. }) => "in a fastbin".to_owned(),
        None => "in use".to_owned(),
    };
    let size = obstacle.size;
    let words = words.text(format!(
        "; the freed memory cannot reach the top: a {size} chunk at "
    ));
    let words = words.address(obstacle.chunk);
    words.text(format!(" {state} blocks it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Address;

    fn told(of: Decision) -> (DecisionKind, String) {
        let (kind, words) = decision(&of);
        (kind, words.to_string())
    }

    #[test]
    fn a_refusal_says_what_was_too_small() {
        let told = told(Decision::TrimRefused {
            arena: 0,
            obstacle: None,
            considered: Considered::LargeMerge,
            merged: Bytes::kib(80),
            top: Address(0x1000),
            top_size: Bytes::kib(132),
            reason: Refusal::BelowThreshold {
                threshold: Bytes::kib(256),
            },
        });
        let words = "free() considered a trim and refused: the top is 132 KiB, below the trim threshold of 256 KiB";
        assert_eq!(told, (DecisionKind::Refused, words.to_owned()));
    }

    #[test]
    fn arenas_and_their_threads_are_named() {
        let shared = |attached| {
            told(Decision::ArenaShared {
                arena: 3,
                thread: 20,
                attached,
            })
            .1
        };
        assert_eq!(
            shared(2),
            "thread 20 got arena 3, which 2 threads now share"
        );
        assert_eq!(
            shared(1),
            "thread 20 took over arena 3, which no thread used"
        );
        let refused = told(Decision::TrimRefused {
            arena: 3,
            considered: Considered::LargeMerge,
            merged: Bytes::mib(1),
            top: Address(0x2000),
            top_size: Bytes::kib(4),
            reason: Refusal::LessThanAPage,
            obstacle: Some(Obstacle {
                chunk: Address(0x1000),
                size: Bytes(48),
                parked: Some(Cache::Tcache { thread: 7, bin: 1 }),
            }),
        });
        assert_eq!(
            refused.1,
            "free() considered a trim and refused: arena 3's top is 4096 B; less than a page or huge page remains above the \
             padding; the freed memory cannot reach the top: a 48 B chunk at 0x1000 in thread 7's tcache blocks it"
        );
    }

    #[test]
    fn one_chunk_is_not_chunks() {
        let (_, words) = told(Decision::Consolidated {
            arena: 0,
            chunks: 1,
        });
        assert_eq!(words, "the fastbins were emptied: 1 chunk merged");
    }
}
