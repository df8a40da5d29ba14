//! `--decisions`: everything the allocator decided, one JSON object a line, with no object inside another, so that any
//! tool that reads lines can sift them.

use crate::console::print;
use crate::output::{self, Files};
use anyhow::Result;
use highwater_simulator::TimedDecision;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::Path;

/// Lines are handed to standard output in pieces of about this many bytes.
const PIECE: usize = 1 << 18;

/// Where the lines go.
pub(crate) enum Output {
    /// To standard output.
    Standard,
    /// To a file.
    File(output::Output),
}

impl Output {
    /// What was asked for, `-` for standard output; a file is claimed.
    pub(crate) fn of(asked: Option<&Path>, files: &mut Files) -> Result<Option<Self>> {
        Ok(match asked {
            None => None,
            Some(path) if path.as_os_str() == "-" => Some(Self::Standard),
            Some(path) => Some(Self::File(files.claim("--decisions", path)?)),
        })
    }

    pub(crate) fn write(self, decisions: &[TimedDecision]) -> Result<()> {
        match self {
            Self::Standard => {
                let mut piece = String::new();
                for decision in decisions {
                    piece += &line(decision);
                    if piece.len() > PIECE {
                        print(&piece)?;
                        piece.clear();
                    }
                }
                print(&piece)
            }
            Self::File(file) => file.write_with(|out| {
                let mut lines = decisions.iter().map(line);
                lines.try_for_each(|line| out.write_all(line.as_bytes()))
            }),
        }
    }
}

fn line(decision: &TimedDecision) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        event: u64,
        time_us: u64,
        #[serde(flatten)]
        decision: &'a highwater_simulator::Decision,
        words: String,
    }
    let line = Line {
        event: decision.event,
        time_us: decision.time.0,
        decision: &decision.decision,
        words: highwater_report::decision(&decision.decision).1.to_string(),
    };
    match serde_json::to_value(&line) {
        Ok(Value::Object(fields)) => {
            let mut plain = Map::new();
            unfold("", fields, &mut plain);
            Value::Object(plain).to_string() + "\n"
        }
        other => unreachable!("a decision of numbers and names is always an object: {other:?}"),
    }
}

/// The fields of an object within the object become its own, named for both: `reason_why`.
fn unfold(prefix: &str, fields: Map<String, Value>, plain: &mut Map<String, Value>) {
    for (name, value) in fields {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(inner) => unfold(&format!("{name}_"), inner, plain),
            Value::Null => {}
            value => {
                plain.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::{
        Address, Bytes, Cache, Considered, Decision, Micros, Obstacle, Refusal,
    };

    #[test]
    fn no_object_lies_within_another() {
        let refused = TimedDecision {
            event: 7,
            time: Micros(42),
            decision: Decision::TrimRefused {
                arena: 3,
                considered: Considered::LargeMerge,
                merged: Bytes(70_000),
                top: Address(0x2000),
                top_size: Bytes(1000),
                reason: Refusal::BelowThreshold {
                    threshold: Bytes(131_072),
                },
                obstacle: Some(Obstacle {
                    chunk: Address(0x1000),
                    size: Bytes(48),
                    parked: Some(Cache::Tcache { thread: 2, bin: 1 }),
                }),
            },
        };
        let expected = serde_json::json!({
            "event": 7, "time_us": 42, "kind": "trim_refused", "arena": 3, "considered": "large_merge",
            "merged": 70_000, "top": 0x2000, "top_size": 1000, "reason_why": "below_threshold",
            "reason_threshold": 131_072, "obstacle_chunk": 0x1000, "obstacle_size": 48,
            "obstacle_parked_kind": "tcache", "obstacle_parked_thread": 2, "obstacle_parked_bin": 1,
            "words": "free() considered a trim and refused: arena 3's top is 1000 B, below the trim threshold of 128 KiB; \
                      the freed memory cannot reach the top: a 48 B chunk at 0x1000 in thread 2's tcache blocks it",
        });
        let line = line(&refused);
        assert!(line.ends_with("}\n"));
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read, expected);
    }
}
