//! The processor time of a run's calls on the real library, and the estimate that `highwater advise` makes from page faults and
//! system calls.

use super::Confirmed;
use anyhow::{Result, bail};
use highwater_advise::Costs;
use highwater_live::wire::Record;
use highwater_live::{Oracle, Sequence};
use highwater_simulator::{Explain, Options, Plan, run_plan};
use highwater_workload::unwatched;
use serde::Serialize;
use std::fmt::Write;

/// The processor time of the calls.
#[derive(Serialize)]
pub(crate) struct Took {
    /// On the real library, blocks written: the least, the median and the most of the rounds.
    real_us: [u64; 3],
    /// Of the model's page faults and system calls alone: the least, the middle and the most.
    estimated_us: [u64; 3],
    /// The model's page faults.
    faults: u64,
    /// The model's system calls.
    syscalls: u64,
}

/// Times the calls in `rounds` rounds, each on a heap of its own.
pub(super) fn take(
    oracle: &mut Oracle,
    sequence: &Sequence,
    plan: &Plan,
    rounds: u32,
) -> Result<Took> {
    if sequence.threads() > 1 {
        bail!(
            "--time: the program has several threads, which take turns here; their time says nothing"
        );
    }
    let steps = sequence.steps.iter();
    let records: Vec<Record> = steps
        .map(|step| step.operation.to_record(step.thread))
        .collect();
    let mut real = Vec::new();
    for _ in 0..rounds.max(1) {
        let took = oracle.time(&records, sequence.blocks(), sequence.touch)?;
        real.push(took.as_micros() as u64);
    }
    real.sort_unstable();
    let options = Options {
        decisions: 0,
        explain: Explain::Nothing,
        ..Options::default()
    };
    let summary = run_plan(plan.clone(), &options, &mut unwatched)?.summary();
    let estimated = Costs::MEASURED.of(summary.faults, summary.syscalls);
    Ok(Took {
        real_us: [real[0], real[real.len() / 2], real[real.len() - 1]],
        estimated_us: estimated.map(|micros| micros.0),
        faults: summary.faults,
        syscalls: summary.syscalls,
    })
}

/// How much more time each variant takes than the first one: measured, and estimated. Only such a difference can be
/// compared, since the estimate leaves out the allocator's own time.
pub(super) fn against_first(all: &[Confirmed]) -> String {
    let timed = all.iter().filter_map(|one| Some((one, one.time.as_ref()?)));
    let timed: Vec<_> = timed.collect();
    let Some(((_, first), others)) = timed.split_first() else {
        return String::new();
    };
    let mut out = format!(
        "\nProcessor time of the calls: {}\n",
        seconds(first.real_us.map(|us| us as i64))
    );
    for (one, took) in others {
        let less = |of: u64, from: u64| of as i64 - from as i64;
        let [least, middle, most] = first.real_us;
        let real = [
            less(took.real_us[0], most),
            less(took.real_us[1], middle),
            less(took.real_us[2], least),
        ];
        // What a fault costs is the same in both, so least goes with least.
        let mut estimated = [0, 1, 2].map(|at| less(took.estimated_us[at], first.estimated_us[at]));
        estimated.sort_unstable();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}: {} more than the first; estimated: {}",
            one.name,
            seconds(real),
            seconds(estimated)
        );
    }
    out
}

fn seconds([least, middle, most]: [i64; 3]) -> String {
    let of = |us: i64| us as f64 / 1e6;
    format!("{:.3} s ({:.3} to {:.3})", of(middle), of(least), of(most))
}
