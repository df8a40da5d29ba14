//! What was measured of the real process beside the model.

use crate::input::environment::is_recorded;
use crate::input::job::Job;
use highwater_report::moment;
use highwater_simulator::{Bytes, Measured, Outcome, Recording, Sample};

/// The real process beside the model, at the last moment that was measured.
pub(crate) fn measured(job: &Job, outcome: &Outcome) -> String {
    let real = outcome.real();
    let last = real.and_then(|real| Some((real, real.moments.last()?)));
    let said = match last {
        Some((real, last)) => highwater_report::measured(real, last) + &elsewhere(last),
        None => match together(job, &outcome.stages[0].recordings[0]) {
            Some(said) => said,
            None => return String::new(),
        },
    };
    format!("\nMeasured: {said}\n")
}

/// A sentence where most of the process is neither its allocator's nor Python's: whoever looks for its memory looks there first.
fn elsewhere(at: &Measured) -> String {
    let rest = &at.rest;
    let total = at.process.0 + rest.files.0 + rest.stacks.0 + rest.python.0 + rest.others.0;
    // Blocks of malloc with mappings of their own may lie among the others.
    let others = rest.others.0.saturating_sub(at.not_compared.0);
    match others > total / 2 {
        false => String::new(),
        true => format!(
            " Most of the process's memory is in these other mappings, {} of {}: the heap of a garbage collector, for example, or of an allocator that a library has for itself. No setting of malloc changes them.",
            Bytes(others),
            Bytes(total)
        ),
    }
}

/// All of the process's anonymous memory beside the model's, for an allocator whose mappings have no places by which they are told
/// from others.
fn together(job: &Job, recording: &Recording) -> Option<String> {
    let stage = job.plan.stages.first().filter(|stage| is_recorded(stage))?;
    let mut samples = job.single()?.0.first().samples.iter().rev();
    let (time, process) = samples.find_map(|at| {
        let heaps = ["heap", "arenas"].map(|key| at.value(key).unwrap_or_default());
        let anonymous = at.value("anonymous")?;
        Some((
            at.time,
            anonymous.saturating_add(heaps[0]).saturating_add(heaps[1]),
        ))
    })?;
    let reached = recording.samples.partition_point(|at| at.time <= time);
    let model: &Sample = recording.samples.get(reached.checked_sub(1)?)?;
    let (allocator, _) = stage.variant.allocator.parts();
    Some(format!(
        "The samples do not separate {allocator}'s mappings from others of the process. At {} all its anonymous memory but the stacks was {} resident; the model has {}.",
        moment::time(time),
        Bytes(process),
        model.rss
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Rest;

    #[test]
    fn memory_that_is_mostly_elsewhere_is_said() {
        let of = |process, others, not_compared| Measured {
            process: Bytes::mib(process),
            not_compared: Bytes::mib(not_compared),
            rest: Rest {
                others: Bytes::mib(others),
                files: Bytes::mib(2),
                ..Rest::default()
            },
            ..Measured::default()
        };
        let said = elsewhere(&of(1, 24, 0));
        assert!(said.contains("24.0 MiB of 27.0 MiB"), "{said}");
        assert_eq!(elsewhere(&of(30, 24, 0)), "");
        assert_eq!(elsewhere(&of(1, 24, 20)), "", "they are malloc's");
    }
}
