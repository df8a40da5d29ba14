//! Settings of glibc's malloc, and malloc_trim(0): what they change, for this program and for others.

use super::{above, behind, explained, is_same};
use crate::claim::{Finding, Verdict};
use crate::runs::{Runs, after_rest, recording};
use anyhow::Result;
use highwater_simulator::{Diagnosis, Variant, parse_lines};

pub(super) fn the_trim_threshold_changes_nothing(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("environment")?;
    let none = table.get("no setting")?.after_rest;
    let low = table.get("MALLOC_TRIM_THRESHOLD_=65536")?.after_rest;
    let high = table.get("MALLOC_TRIM_THRESHOLD_=4194304")?.after_rest;
    let variant = Variant {
        environment: parse_lines("MALLOC_TRIM_THRESHOLD_=65536"),
        ..Variant::default()
    };
    let plain = after_rest(&recording(&Variant::default())?);
    let set = after_rest(&recording(&variant)?);
    Ok(Finding {
        model: format!("{none}, {low} and {high}; for the recording {plain} and {set}."),
        verdict: Verdict::of_two(is_same(none, low) && is_same(none, high), is_same(plain, set)),
        why: "free() compares the threshold with the free memory at the very top only. A small chunk pins the \
         top, so there is never enough for any threshold."
            .to_owned(),
    })
}

pub(super) fn fewer_arenas_change_nothing(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("environment")?;
    let none = table.get("no setting")?.after_rest;
    let two = table.get("MALLOC_ARENA_MAX=2")?.after_rest;
    Ok(Finding {
        model: format!("{none} and {two}."),
        verdict: Verdict::of(none == two),
        why: "The program has one thread, and one thread has one arena.".to_owned(),
    })
}

pub(super) fn malloc_trim_gives_it_back(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("environment")?;
    let trimmed = table.get("one malloc_trim(0)")?;
    let near = trimmed.at_end.0 * 100 <= trimmed.live.0 * 115;
    Ok(Finding {
        model: format!(
            "{} to {}; the program holds {}.",
            trimmed.after_rest, trimmed.at_end, trimmed.live
        ),
        verdict: Verdict::of_two(trimmed.trimmed.0 * 2 > above(trimmed).0, near),
        why: "malloc_trim looks at every free chunk and gives back the whole pages inside, wherever they lie.".to_owned(),
    })
}

pub(super) fn what_holds_the_top(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("environment")?;
    let (outcome, _) = table.of("no setting")?;
    let generated = explained(&outcome.stages[0].recordings[0])?;
    let recorded = recording(&Variant::default())?;
    let recorded = explained(&recorded)?;
    let said = |of: &str, diagnosis: &Diagnosis| {
        let [(live, held), (parked, freed)] = behind(diagnosis);
        format!(
            "In {of} {} are free at the top, below the threshold of {}. Live chunks listed as pins: {held}, \
             which pin {live}; parked chunks: {freed}, which pin {parked}.",
            diagnosis.top, diagnosis.trim_threshold
        )
    };
    let mostly_parked = |diagnosis: &Diagnosis| {
        let [(live, _), (parked, _)] = behind(diagnosis);
        parked > live
    };
    let refused = [generated, recorded]
        .iter()
        .all(|of| of.top < of.trim_threshold);
    let parked = mostly_parked(generated) || mostly_parked(recorded);
    Ok(Finding {
        model: format!("{} {}", said("the generated load", generated), said("the recording", recorded)),
        verdict: Verdict::of_two(refused, !parked),
        why: "The top decides, but much of what pins it is not allocated any more: the program has freed these \
         chunks, tcache keeps them, and free() treats them as in use."
            .to_owned(),
    })
}

pub(super) fn a_dask_worker(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("dask")?;
    let none = table.get("no setting")?;
    let set = table.get("MALLOC_TRIM_THRESHOLD_=65536")?;
    let gib = table.get("MALLOC_TRIM_THRESHOLD_=1 GiB")?;
    let small = table.get("blocks of 100 KB, no setting")?.after_rest;
    let small_set = table.get("blocks of 100 KB, 65536")?.after_rest;
    let helps = set.after_rest.0 * 2 < none.after_rest.0;
    let by_value = gib.after_rest != set.after_rest;
    Ok(Finding {
        model: format!(
            "Blocks of 160 KiB: {} without a setting, {} with 65536, {} with 1 GiB, at {} times the page \
             faults. Blocks of 100 KB: {small} and {small_set}.",
            none.after_rest,
            set.after_rest,
            gib.after_rest,
            set.faults / none.faults.max(1)
        ),
        verdict: match (helps, by_value) {
            (true, true) => Verdict::Holds,
            (true, false) => Verdict::InPart,
            _ => Verdict::DoesNotHold,
        },
        why: "It helps, but its value does not matter. Any value freezes the mmap threshold at 128 KiB, so each \
         larger block has its own mapping and goes back when it is freed. Smaller blocks gain nothing."
            .to_owned(),
    })
}

pub(super) fn job_threads(runs: &mut Runs) -> Result<Finding> {
    let jobs = runs.scenario("sidekiq")?;
    let (none, two) = (jobs.get("no setting")?, jobs.get("MALLOC_ARENA_MAX=2")?);
    let shared = runs.scenario("shared_arenas")?;
    let (own, forced) = (shared.get("no setting")?, shared.get("MALLOC_ARENA_MAX=2")?);
    Ok(Finding {
        model: format!(
            "Job workers: {} without a setting, {} with two arenas. Threads that answer requests over large \
             rows: {} and {}.",
            none.after_rest, two.after_rest, own.after_rest, forced.after_rest
        ),
        verdict: Verdict::of_two(
            two.after_rest.0 * 10 < none.after_rest.0 * 9,
            forced.after_rest <= own.after_rest,
        ),
        why: "Threads that share an arena reuse each other's free memory. But where a thread would have emptied \
         its own arena up to the top, another thread's blocks now lie there."
            .to_owned(),
    })
}
