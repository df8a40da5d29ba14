//! What `memory.high` did to a run.

use crate::moment::time;
use highwater_simulator::Outcome;

/// Says when more was charged than `memory.high` for the first time, and what the kernel does above it; nothing where that did not happen.
/// The longest delay is that of Linux 6.18, mm/memcontrol.c, `MEMCG_MAX_HIGH_DELAY_JIFFIES`.
pub(super) fn throttled(outcome: &Outcome) -> Option<String> {
    let at = outcome.throttled()?;
    let begun = outcome.stages.iter().rev().find(|stage| stage.begins <= at);
    let high = begun?.recordings.first()?.variant.high?;
    Some(format!(
        "memory.current first exceeded memory.high ({high}) at {}: above it the kernel takes back what is marked with MADV_FREE, \
         then slows the process down, by up to 2 s each time it needs more, but does not kill it. The times here leave the delay out.",
        time(at)
    ))
}
