//! Decisions as lines of the log, and the tones of remarks.

use highwater_report::decision;
use highwater_simulator::{TimedDecision, Tone};

use crate::protocol::Told;

/// A decision as a line of the log.
pub fn tell(taken: &TimedDecision) -> Told {
    let (kind, words) = decision(&taken.decision);
    Told {
        time: taken.time,
        kind,
        words: words.to_string(),
        times: 1,
    }
}

/// The latest decisions, the latest first, at most `most`; the same one again and again is told once.
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
        Tone::Surprise => "note",
        Tone::NoEffect => "no effect",
        Tone::NotRead => "not read",
        Tone::Invalid => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::{Bytes, Decision, Micros};

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
}
