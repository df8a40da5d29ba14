//! Findings about Python's object allocator in words.

use crate::numbers::of;
use crate::sentence::Sentence;
use highwater_simulator::{Cause, Finding};

pub(crate) fn explain(finding: &Finding) -> Vec<Sentence> {
    let bytes = finding.bytes;
    match &finding.cause {
        Cause::PythonArenas {
            arenas,
            arena_bytes,
            live,
            half_free,
        } => {
            let half = match (arenas, half_free) {
                (_, 0) => "None of them is half free".to_owned(),
                (1, _) => "It is at least half free".to_owned(),
                (_, 1) => "One of them is at least half free".to_owned(),
                (_, n) => format!("{n} of them are at least half free"),
            };
            vec![
                Sentence::new(format!(
                    "{bytes} of the free memory lies in {} of Python's own, for blocks of up to 512 bytes: {arena_bytes}, of \
                     which {live} is in use.",
                    of(u64::from(*arenas), "arena", "arenas")
                )),
                Sentence::new(format!(
                    "Such an arena goes back only once no block is left in it, whatever malloc does. {half}."
                )),
            ]
        }
        Cause::Tracemalloc { blocks } => vec![Sentence::new(format!(
            "tracemalloc tracks {} and uses {bytes} of malloc memory for it.",
            of(*blocks, "block", "blocks")
        ))],
        _ => Vec::new(),
    }
}
