//! A workload, recorded or made by a pattern, as a sequence that the oracle can run.

use crate::operation::{Operation, Sequence, Step};
use highwater_workload::{Call, Workload};

/// The workload's calls, its marks as questions, and one more at the end.
pub fn of_workload(workload: &Workload) -> Sequence {
    let steps = workload.events.iter().map(|event| Step {
        thread: event.thread.0,
        operation: operation_of(&event.call),
    });
    let end = Step {
        thread: 0,
        operation: Operation::Mark,
    };
    Sequence {
        steps: steps.chain([end]).collect(),
        touch: workload.header.touch,
    }
}

/// The same with the times at which the calls were made.
pub fn timed_of_workload(workload: &Workload) -> Sequence {
    let untimed = of_workload(workload);
    let mut steps = Vec::with_capacity(untimed.steps.len());
    let mut now = 0;
    for (step, event) in untimed.steps.iter().zip(&workload.events) {
        let us = event.time.0 - now;
        if us > 0 {
            now = event.time.0;
            steps.push(Step {
                thread: step.thread,
                operation: Operation::Wait { us },
            });
        }
        steps.push(*step);
    }
    steps.extend(untimed.steps.last());
    Sequence { steps, ..untimed }
}

/// The call as an operation.
pub fn operation_of(call: &Call) -> Operation {
    match *call {
        Call::Malloc { block, size } => Operation::Malloc {
            block: block.0,
            size: size.0,
        },
        Call::Calloc { block, count, size } => Operation::Calloc {
            block: block.0,
            count: count.into(),
            size: size.0,
        },
        Call::Aligned {
            block,
            alignment,
            size,
        } => Operation::Aligned {
            block: block.0,
            alignment: alignment.into(),
            size: size.0,
        },
        Call::Realloc { block, old, size } => Operation::Realloc {
            block: block.0,
            old: old.map(|old| old.0),
            size: size.0,
        },
        Call::Free { block } => Operation::Free { block: block.0 },
        Call::Trim { pad } => Operation::Trim { pad: pad.0 },
        Call::Mallopt { option, value } => Operation::Mallopt { option, value },
        Call::ThreadExit => Operation::ThreadExit,
        // A sequence has one process, which touches all of its blocks or none.
        Call::Mark(_) | Call::Forked | Call::Touched(_) => Operation::Mark,
    }
}
