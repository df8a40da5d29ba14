//! The level of resident memory: what sets it, and what lies behind it.

use super::{above, behind, explained};
use crate::claim::{Finding, Verdict};
use crate::runs::Runs;
use anyhow::Result;
use highwater_simulator::Bytes;

pub(super) fn the_first_burst_sets_the_level(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("incident_full")?;
    let (outcome, summary) = table.of("glibc")?;
    let at = |name: &str| {
        let mark = outcome.marks.iter().find(|mark| mark.name == name);
        mark.map_or(Bytes::ZERO, |mark| mark.sample.rss)
    };
    let (start, first, last) = (at("start"), at("rest:0"), summary.after_rest);
    let drift = last.0 as f64 / first.0.max(1) as f64 - 1.0;
    let stays = drift.abs() < 0.1;
    Ok(Finding {
        model: format!(
            "{start} at the start, {first} after the first rest, {last} after the fortieth; {} live, {} \
             reclaimable.",
            summary.live, summary.reclaimable
        ),
        verdict: Verdict::of_two(first.0 > 3 * start.0, stays),
        why: format!(
            "Each burst reuses what the last one freed, so the level changes by {:.1} % over 39 bursts. It is \
             higher here because all subscribers hold their whole streams at the same time.",
            drift * 100.0
        ),
    })
}

pub(super) fn why_sequential_work_is_flat(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("survivors")?;
    let sequential = table.get("glibc, one after another")?;
    let at_once = table.get("glibc")?;
    let gives_back = sequential.reclaimable.0 * 5 < above(sequential).0;
    let text = *runs.scenario("incident")?.get("one after another")?;
    let text_gives_back = text.reclaimable.0 * 5 < (text.peak.0 - text.live.0);
    Ok(Finding {
        model: format!(
            "With mixed payloads {} after the rest, of which {} are reclaimable; the peak is {}, all at once \
             {}. With plain text {} after a peak of {}, and {} reclaimable.",
            sequential.after_rest,
            sequential.reclaimable,
            sequential.peak,
            at_once.peak,
            text.after_rest,
            text.peak,
            text.reclaimable
        ),
        verdict: Verdict::of_two(gives_back, text_gives_back),
        why: "Sequential work stays flat because its peak is low. Whether free() gives anything back depends on \
         what else is near the top: with plain text nothing, with records that survive always something."
            .to_owned(),
    })
}

pub(super) fn objects_are_not_in_malloc(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("decay")?;
    let (outcome, _) = table.of("glibc")?;
    let recording = &outcome.stages[0].recordings[0];
    let objects = explained(recording)?.objects;
    let resident = objects.map_or(Bytes::ZERO, |objects| objects.live + objects.free_resident);
    Ok(Finding {
        model: format!(
            "The interpreter mapped {} arenas itself; {resident} are resident in them at the end.",
            recording.counters.object_arenas_mapped
        ),
        verdict: Verdict::of(recording.counters.object_arenas_mapped == 0),
        why: "CPython maps its arenas itself (Objects/obmalloc.c, _PyObject_ArenaMmap). Only blocks above 512 \
         bytes and its own tables come from malloc. A swap moves the buffers, not the small objects."
            .to_owned(),
    })
}

pub(super) fn four_workers_to_one(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("four_weeks")?;
    let (outcome, _) = table.of("as it was")?;
    let peak = |number: usize| -> Bytes {
        let begins = outcome.stages[number].begins;
        let ends = outcome.stages.get(number + 1).map(|stage| stage.begins);
        let samples = outcome
            .samples
            .iter()
            .filter(|sample| sample.time > begins && ends.is_none_or(|ends| sample.time < ends));
        samples
            .map(|sample| sample.rss_peak)
            .max()
            .unwrap_or_default()
    };
    let (four, one) = (peak(0), peak(1));
    let less = four.saturating_sub(one);
    Ok(Finding {
        model: format!("At most {four} with four workers, {one} with one: {less} less."),
        verdict: Verdict::of_two(four > Bytes::mib(960), less > Bytes::mib(500)),
        why: "Four processes hold their start-up memory four times. The allocator does not matter."
            .to_owned(),
    })
}

pub(super) fn a_day_without_traffic(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("sunday")?;
    let glibc = table.get("glibc")?;
    let thread = table.get("jemalloc, background thread")?;
    Ok(Finding {
        model: format!(
            "glibc {} before and {} after 24 hours; jemalloc with a background thread {} and {}.",
            glibc.after_burst, glibc.after_rest, thread.after_burst, thread.after_rest
        ),
        verdict: Verdict::of(glibc.after_burst == glibc.after_rest),
        why: "glibc's malloc does nothing unless it is called: it neither grows nor gives memory back."
            .to_owned(),
    })
}

pub(super) fn the_floor_rises(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("long_stream")?;
    let (outcome, summary) = table.of("glibc")?;
    let start = outcome.marks.iter().find(|mark| mark.name == "start");
    let start = start.map_or(Bytes::ZERO, |mark| mark.sample.rss);
    let floor = summary.after_rest.saturating_sub(start);
    let alone = table.get("glibc, one at a time")?;
    let [(_, held), (_, freed)] = behind(explained(&outcome.stages[0].recordings[0])?);
    Ok(Finding {
        model: format!(
            "{start} at the start, {} after all have ended and an hour later: {floor} more. One at a time, {}.",
            summary.after_rest, alone.after_rest
        ),
        verdict: Verdict::of(floor > Bytes::mib(85)),
        why: format!(
            "All six hold their whole stream at the same time. A few chunks pin what they free; the list of pins has {held} live and {freed} parked ones."
        ),
    })
}

pub(super) fn the_peak(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("paging")?;
    let whole = table.get("whole streams")?.peak;
    let jemalloc = table.get("whole streams, jemalloc 1000 ms")?.peak;
    let paged = table.get("100 events at a time")?.peak;
    Ok(Finding {
        model: format!("Peaks: glibc {whole}, jemalloc {jemalloc}; 100 events at a time {paged}."),
        verdict: Verdict::of_two(jemalloc.0 * 10 >= whole.0 * 9, paged.0 * 2 < whole.0),
        why: "At the peak the program holds the memory, and no allocator can give it back. jemalloc's peak is \
         higher, because it adds the pages that wait for their decay."
            .to_owned(),
    })
}
