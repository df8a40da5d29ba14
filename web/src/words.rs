//! An allocator's decisions, and what a pin is, in words.

use highwater_simulator::{
    Bytes, Cache, Considered, Decision, Pin, PinState, Refusal, TimedDecision, Tone,
};

use crate::{
    format,
    protocol::{Told, ToldKind},
};

/// A decision as a line of the log.
pub fn tell(decision: &TimedDecision) -> Told {
    let (kind, words) = match decision.decision {
        Decision::TrimRefused {
            considered,
            top_size,
            reason,
            ..
        } => (ToldKind::Refused, refused(considered, top_size, reason)),
        Decision::Trimmed {
            considered,
            bytes,
            top_size,
        } => (
            ToldKind::GaveBack,
            format!(
                "{} gave back {bytes} from the top; {top_size} stay there",
                subject(considered)
            ),
        ),
        Decision::PagesReleased { bytes } => (
            ToldKind::GaveBack,
            format!("malloc_trim released {bytes} of whole free pages below the top"),
        ),
        Decision::HeapGrown { bytes, top_size } => (
            ToldKind::Took,
            format!("heap grew by {bytes}; the top is {top_size} now"),
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
        Decision::Consolidated { chunks } => (
            ToldKind::Changed,
            match chunks {
                1 => "fastbins emptied: 1 chunk merged".to_owned(),
                n => format!("fastbins emptied: {n} chunks merged"),
            },
        ),
        Decision::OutOfMemory { request } => (
            ToldKind::Failed,
            format!("no memory for a request of {request}"),
        ),
    };
    Told {
        time: decision.time,
        kind,
        words,
        times: 1,
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

fn refused(considered: Considered, top_size: Bytes, reason: Refusal) -> String {
    let why = match reason {
        Refusal::BelowThreshold { threshold } => {
            format!("the top is {top_size}, below the threshold of {threshold}")
        }
        Refusal::LessThanAPage => {
            format!("of the top's {top_size} less than a page lies above the padding")
        }
        Refusal::ForeignBreak => "somebody else has moved the program break".to_owned(),
    };
    format!("trim considered by {}, refused: {why}", subject(considered))
}

/// What holds a pin, shortly: the second half of its tag.
pub fn place(pin: &Pin) -> String {
    match (pin.state, pin.cache) {
        (_, Some(Cache::Tcache { bin, .. })) => format!("tcache bin {bin}"),
        (_, Some(Cache::Fastbin { bin })) => format!("fastbin {bin}"),
        (PinState::Metadata, _) => "the allocator's own".to_owned(),
        (PinState::Live | PinState::Parked, None) => "the program".to_owned(),
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
        Tone::Ignored => "✗",
    }
}

/// The tone of a remark in a word.
pub fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Applied => "applied",
        Tone::Surprise => "mind",
        Tone::Ignored => "ignored",
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
    fn one_chunk_is_not_chunks() {
        let told = told(Decision::Consolidated { chunks: 1 });
        assert_eq!(told.words, "fastbins emptied: 1 chunk merged");
    }
}
