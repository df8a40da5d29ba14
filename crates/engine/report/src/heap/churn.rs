//! Memory that is taken from the kernel and given back by turns, and what that costs.

use crate::count;
use crate::numbers::{of, span};
use crate::sentence::Sentence;
use highwater_simulator::{Bytes, Churn, Micros};

pub(super) fn heap_churn(churn: &Churn, threshold: Bytes) -> Vec<Sentence> {
    vec![
        Sentence::new(format!(
            "The heap grows and is trimmed by turns: {} times, {} each time on average. The trim threshold is {threshold}.",
            count(churn.turns),
            churn.a_turn
        )),
        cost(churn, "growths", "trims"),
    ]
}

pub(super) fn mapping_churn(churn: &Churn, threshold: Bytes) -> Vec<Sentence> {
    vec![
        Sentence::new(format!(
            "Blocks are mapped and unmapped by turns: {} times, {} each time on average. Blocks of {threshold} and more get a \
             mapping of their own.",
            count(churn.turns),
            churn.a_turn
        )),
        cost(churn, "mappings", "unmappings"),
    ]
}

fn cost(churn: &Churn, taken: &str, given_back: &str) -> Sentence {
    let rates = match (churn.faults_per_second, churn.syscalls_per_second) {
        (Some(faults), Some(syscalls)) => format!(
            " ({} and {} a second)",
            of(faults, "fault", "faults"),
            of(syscalls, "call", "calls")
        ),
        _ => String::new(),
    };
    Sentence::new(format!(
        "Within {} there were {} {taken} and {} {given_back}. The run has made {} and {} so far{rates}.",
        span(Micros(churn.latest.0.saturating_sub(churn.first.0))),
        count(churn.taken),
        count(churn.given_back),
        of(churn.faults, "page fault", "page faults"),
        of(churn.syscalls, "system call", "system calls"),
    ))
}
