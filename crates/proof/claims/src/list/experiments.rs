//! Experiments that are meant to reproduce the incident.

use super::above;
use crate::claim::{Finding, Verdict};
use crate::runs::Runs;
use anyhow::Result;
use highwater_simulator::Bytes;

pub(super) fn tracemalloc_misleads(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("tracemalloc")?;
    let plain = table.get("as it is")?;
    let traced = table.get("tracemalloc on")?;
    Ok(Finding {
        model: format!(
            "{} after the rest without tracemalloc, {} with it, tables included.",
            plain.after_rest, traced.after_rest
        ),
        verdict: Verdict::of(traced.after_rest.0 * 4 > plain.after_rest.0 * 5),
        why: "Its record of each block is a block itself, allocated and freed between the program's own blocks, \
         and some of these records pin the top."
            .to_owned(),
    })
}

pub(super) fn one_at_a_time_misleads(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("one_at_a_time")?;
    let mut flat = true;
    let mut said = Vec::new();
    for (name, summary) in table
        .all()
        .filter(|(name, _)| !name.contains("all at once"))
    {
        flat &= above(summary) < Bytes::mib(4);
        said.push(format!("{} ({name})", summary.after_rest));
    }
    let at_once = table.get("no setting, all at once")?;
    Ok(Finding {
        model: format!(
            "After 15 bursts {}; with the same work at once {}.",
            said.join(", "),
            at_once.after_rest
        ),
        verdict: Verdict::of(flat),
        why: "One subscriber holds little, and has freed it before the next one begins, so no setting has \
         anything to act on."
            .to_owned(),
    })
}

pub(super) fn without_rest_it_misleads(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("without_rest")?;
    let glibc = table.get("glibc")?;
    let short = table.get("jemalloc, 1000 ms")?;
    let rested = table.get("jemalloc, 1000 ms, rest 4 s")?;
    Ok(Finding {
        model: format!(
            "Without rest glibc {}, jemalloc with 1000 ms {}; with 4 s of rest jemalloc {}.",
            glibc.after_rest, short.after_rest, rested.after_rest
        ),
        verdict: Verdict::of(
            short.after_rest > glibc.after_rest && rested.after_rest < glibc.after_rest,
        ),
        why: "A decay needs time in which nothing reuses the pages; without that time jemalloc looks worse than \
         glibc.".to_owned(),
    })
}

pub(super) fn the_local_reproduction(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("reproduction")?;
    let (outcome, summary) = table.of("malloc_trim(0) at the end")?;
    let start = outcome.marks.iter().find(|mark| mark.name == "start");
    let held = summary
        .live
        .saturating_sub(start.map_or(Bytes::ZERO, |mark| mark.sample.live));
    Ok(Finding {
        model: format!(
            "{} resident, {held} more live memory than at the start, {} after malloc_trim(0).",
            summary.after_rest, summary.at_end
        ),
        verdict: Verdict::of_two(held < Bytes::mib(1), summary.at_end.0 * 3 < summary.after_rest.0 * 2),
        why: "Python holds almost none of it, and malloc_trim(0) gives it back: this is free memory, not a leak.".to_owned(),
    })
}
