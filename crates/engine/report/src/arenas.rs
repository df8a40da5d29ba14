//! Findings about the arenas of threads in words.

use crate::count;
use crate::numbers::of;
use crate::sentence::Sentence;
use highwater_simulator::{Bytes, Cause, Finding, FreeInArena};

pub(crate) fn explain(finding: &Finding) -> Vec<Sentence> {
    let bytes = finding.bytes;
    let said = match &finding.cause {
        Cause::Arenas {
            arenas,
            most,
            others,
        } => Sentence::new(format!(
            "Free memory lies in {}: {}. A thread does not use what is free in another's arena; ",
            of(*arenas, "arena", "arenas"),
            parts(*arenas, most, *others)
        ))
        .name("MALLOC_ARENA_MAX")
        .text(" limits how many there are."),
        Cause::OtherArenaTop {
            arena,
            top,
            threshold,
        } => Sentence::new(format!(
            "In other arenas, free() gives back the top of the last heap, or that heap whole once it is empty. The largest such \
             top, of {}, is {top}; the trim threshold is {threshold}.",
            self::arena(*arena)
        )),
        Cause::OtherTops { arenas } => Sentence::new(format!(
            "malloc_trim(0) does not trim the tops of other arenas: {bytes} is resident there, in {}.",
            of(*arenas, "arena", "arenas")
        )),
        Cause::EndedArenas { arenas, example } => Sentence::new(match arenas {
            1 => format!(
                "{bytes} is kept in arena {example}, whose last thread has ended. It stays there until another thread takes \
                 over the arena."
            ),
            n => format!(
                "{bytes} is kept in {} arenas whose last thread has ended, for example arena {example}. It stays there until \
                 other threads take over the arenas.",
                count(*n)
            ),
        }),
        Cause::SharedArenas { threads, limit, .. } => Sentence::new(format!(
            "{} threads share {}, the limit in force. The model's calls take turns and never find an arena locked. A real \
             thread that does moves on to another arena, so a real process can keep more.",
            count(*threads),
            of(*limit, "arena", "arenas")
        )),
        _ => return Vec::new(),
    };
    vec![said]
}

fn arena(number: u16) -> String {
    match number {
        0 => "the main arena".to_owned(),
        n => format!("arena {n}"),
    }
}

/// Names the arenas with the most free memory, and the rest together.
fn parts(arenas: u64, most: &[FreeInArena], others: Bytes) -> String {
    let named = most
        .iter()
        .map(|share| format!("{} in {}", share.free_resident, arena(share.arena)));
    let mut parts: Vec<String> = named.collect();
    let rest = arenas.saturating_sub(most.len() as u64);
    if rest > 0 {
        parts.push(format!("{others} in the rest"));
    }
    let last = parts.pop().unwrap_or_default();
    match parts.is_empty() {
        true => last,
        false => format!("{} and {last}", parts.join(", ")),
    }
}
