//! The claims, in the order in which the account makes them. Verdicts are computed from the figures of the runs; this
//! file only holds the words around them.

use crate::claim::{Claim, Finding, Verdict};
use crate::runs::{Runs, after_rest, recording};
use anyhow::{Context, Result};
use highwater_simulator::{Bytes, Diagnosis, PinState, Recording, Summary, Variant, parse_lines};

/// All of them.
pub(crate) const CLAIMS: [Claim; 20] = [
    Claim {
        said: "The first burst raises resident memory to its level (62 to 480 MB), where it still is after 40 \
         bursts (483): this is not a leak, but it does not come down.",
        scenario: "incident_full",
        real: Some(
            "The same program with 300 events, recorded on glibc 2.36: 208 MiB after the first and the second \
             rest.",
        ),
        is_quick: false,
        hold: the_first_burst_sets_the_level,
    },
    Claim {
        said: "With jemalloc and both decays at 1000 ms the same run stays between 79 and 85 MB; glibc ends 5.7 \
         times as high.",
        scenario: "incident_full",
        real: Some(
            "asyncio_burst on jemalloc 5.3.0 in real time, both decays 1000 ms: 11 MiB after the rest, glibc 208.",
        ),
        is_quick: false,
        hold: a_second_of_decay_keeps_it_down,
    },
    Claim {
        said: "MALLOC_TRIM_THRESHOLD_ changes nothing, at 64 KiB or at 4 MiB (165.6, 165.6, 165.8 MB).",
        scenario: "environment",
        real: Some("asyncio_burst on glibc 2.36: 207.6 MiB without a setting, 207.6 with 65536."),
        is_quick: true,
        hold: the_trim_threshold_changes_nothing,
    },
    Claim {
        said: "MALLOC_ARENA_MAX=2 changes nothing (166.6 MB).",
        scenario: "environment",
        real: Some(
            "asyncio_burst on glibc 2.36: 207.6 MiB without a setting, 207.6 with MALLOC_ARENA_MAX=2.",
        ),
        is_quick: true,
        hold: fewer_arenas_change_nothing,
    },
    Claim {
        said: "One malloc_trim(0) gives back what no setting does (165.6 to 64.1 MB).",
        scenario: "environment",
        real: Some("asyncio_burst on glibc 2.36: 208 MiB, 7.7 after malloc_trim(0)."),
        is_quick: true,
        hold: malloc_trim_gives_it_back,
    },
    Claim {
        said: "Automatic trim acts only on free space at the top of the heap, and concurrent asynchronous work nearly always \
               has something allocated near it.",
        scenario: "environment",
        real: Some(
            "A walk over a real heap after such a burst: a handful of chunks of 500 to 1,500 bytes pin the top; \
             a few are live, most are parked in tcache.",
        ),
        is_quick: true,
        hold: what_holds_the_top,
    },
    Claim {
        said: "Sequential work leaves the top free between items, so free() gives its memory back.",
        scenario: "survivors",
        real: Some(
            "The program with mixed payloads, one subscriber after another: 82 MiB throughout, 42 after malloc_trim(0).",
        ),
        is_quick: true,
        hold: why_sequential_work_is_flat,
    },
    Claim {
        said: "CPython's object allocator gets its arenas from malloc, so swapping malloc also moves the small \
         objects.",
        scenario: "decay",
        real: Some(
            "Recordings of CPython 3.11: no arena of 1 MiB comes from malloc; CPython maps them itself.",
        ),
        is_quick: true,
        hold: objects_are_not_in_malloc,
    },
    Claim {
        said: "With tracemalloc on, the experiment misleads.",
        scenario: "tracemalloc",
        real: None,
        is_quick: true,
        hold: tracemalloc_misleads,
    },
    Claim {
        said: "One stream at a time, the experiment misleads: it is flat over 15 cycles whatever the setting.",
        scenario: "one_at_a_time",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 14.8 MiB after 15 bursts.",
        ),
        is_quick: true,
        hold: one_at_a_time_misleads,
    },
    Claim {
        said: "Without rests between bursts, the experiment misleads.",
        scenario: "without_rest",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 90.6 MiB; jemalloc was not run.",
        ),
        is_quick: true,
        hold: without_rest_it_misleads,
    },
    Claim {
        said: "A decay of 5000 ms made jemalloc worse than glibc, because the rest of 4 s was shorter than the \
         decay.",
        scenario: "decay_short_rest",
        real: Some(
            "asyncio_burst, rest 4 s, in real time: 41 and 57 MiB with 5000 ms, glibc 208. The program with mixed payloads, \
             rest 1.5 s: 283 with 5000 ms, glibc 383.",
        ),
        is_quick: true,
        hold: five_seconds_are_worse,
    },
    Claim {
        said: "Swapping the allocator is the fix.",
        scenario: "survivors",
        real: Some(
            "jemalloc with its defaults, compared with glibc: 456 and 383 MiB for the program with mixed \
             payloads, 110 to 147 and 208 MiB for asyncio_burst.",
        ),
        is_quick: true,
        hold: the_swap_alone,
    },
    Claim {
        said: "Four prefork workers of 250 MiB run at the cap of 1 GiB; one asynchronous worker takes 620 MiB \
         less.",
        scenario: "four_weeks",
        real: None,
        is_quick: true,
        hold: four_workers_to_one,
    },
    Claim {
        said: "A day without traffic is flat: load drives the memory, so this is not a leak.",
        scenario: "sunday",
        real: None,
        is_quick: true,
        hold: a_day_without_traffic,
    },
    Claim {
        said: "Six subscribers over one long stream leave the floor 170 MiB higher after they end.",
        scenario: "long_stream",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 315 MiB after all have ended; one at a \
             time, 182.",
        ),
        is_quick: true,
        hold: the_floor_rises,
    },
    Claim {
        said: "In a local reproduction 113 MB are resident, hardly more is held than before, and 64 MB remain \
         after malloc_trim(0).",
        scenario: "reproduction",
        real: Some(
            "The program with mixed payloads: 383 MiB after the rest, 93 after malloc_trim(0).",
        ),
        is_quick: true,
        hold: the_local_reproduction,
    },
    Claim {
        said: "The fix does not lower the peak; a reader that takes 100 events at a time would.",
        scenario: "paging",
        real: Some(
            "Peaks of the program with mixed payloads: glibc 383 MiB, jemalloc 443. The same calls, small objects included, on \
             glibc 2.36 after the rest: 325 MiB, 100 events at a time 125.",
        ),
        is_quick: true,
        hold: the_peak,
    },
    Claim {
        said: "MALLOC_TRIM_THRESHOLD_=65536 works for a Dask worker, whose tasks follow one another.",
        scenario: "dask",
        real: Some(
            "The same calls, small objects included, on glibc 2.36: 41.8 MiB without a setting, 10.5 with \
             65536, 10.7 with 1 GiB; with blocks of 100 KB 29.5 and 29.4.",
        ),
        is_quick: true,
        hold: a_dask_worker,
    },
    Claim {
        said: "MALLOC_ARENA_MAX=2 is right for the threads of job workers.",
        scenario: "sidekiq",
        real: Some(
            "The same calls on glibc 2.36 and two cores: 160.4 MiB without a setting, 101.0 with two arenas; \
             with large rows 35.6 and 46.7.",
        ),
        is_quick: true,
        hold: job_threads,
    },
];

/// The most that resident memory may differ by and be called the same: one part in fifty.
fn is_same(a: Bytes, b: Bytes) -> bool {
    a.0.abs_diff(b.0) * 50 <= a.0.max(b.0)
}

/// What is resident after the rest and not held.
fn above(summary: &Summary) -> Bytes {
    summary.after_rest.saturating_sub(summary.live)
}

fn times(a: Bytes, b: Bytes) -> String {
    format!("{:.1}", a.0 as f64 / b.0.max(1) as f64)
}

fn the_first_burst_sets_the_level(runs: &mut Runs) -> Result<Finding> {
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

fn a_second_of_decay_keeps_it_down(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("incident_full")?;
    let glibc = table.get("glibc")?;
    let jemalloc = table.get("jemalloc, 1000 ms")?;
    let far_below = jemalloc.after_rest.0 * 5 < glibc.after_rest.0;
    Ok(Finding {
        model: format!(
            "jemalloc {} after the last rest, glibc {}: {} times as much.",
            jemalloc.after_rest,
            glibc.after_rest,
            times(glibc.after_rest, jemalloc.after_rest)
        ),
        verdict: Verdict::of_two(
            far_below,
            jemalloc.after_rest.0 < 2 * jemalloc.live.0 + (16 << 20),
        ),
        why: format!(
            "After 4 s every page is older than its decay. Beyond the {} of live memory only slabs and arenas \
             that are not empty stay.",
            jemalloc.live
        ),
    })
}

fn the_trim_threshold_changes_nothing(runs: &mut Runs) -> Result<Finding> {
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

fn fewer_arenas_change_nothing(runs: &mut Runs) -> Result<Finding> {
    let table = runs.scenario("environment")?;
    let none = table.get("no setting")?.after_rest;
    let two = table.get("MALLOC_ARENA_MAX=2")?.after_rest;
    Ok(Finding {
        model: format!("{none} and {two}."),
        verdict: Verdict::of(none == two),
        why: "The program has one thread, and one thread has one arena.".to_owned(),
    })
}

fn malloc_trim_gives_it_back(runs: &mut Runs) -> Result<Finding> {
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

/// The end of a run, explained.
fn explained(recording: &Recording) -> Result<&Diagnosis> {
    let diagnosis = recording.diagnosis.as_ref();
    diagnosis.context("the end of a run was not explained")
}

/// The free memory behind pins that are held, and behind those that were freed and are parked, with their numbers.
fn behind(diagnosis: &Diagnosis) -> [(Bytes, usize); 2] {
    [PinState::Live, PinState::Parked].map(|state| {
        let pins = diagnosis.pins.iter().filter(|pin| pin.state == state);
        pins.fold((Bytes::ZERO, 0), |(sum, count), pin| {
            (sum + pin.behind, count + 1)
        })
    })
}

fn what_holds_the_top(runs: &mut Runs) -> Result<Finding> {
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

fn why_sequential_work_is_flat(runs: &mut Runs) -> Result<Finding> {
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

fn objects_are_not_in_malloc(runs: &mut Runs) -> Result<Finding> {
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

fn tracemalloc_misleads(runs: &mut Runs) -> Result<Finding> {
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

fn one_at_a_time_misleads(runs: &mut Runs) -> Result<Finding> {
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

fn without_rest_it_misleads(runs: &mut Runs) -> Result<Finding> {
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

fn five_seconds_are_worse(runs: &mut Runs) -> Result<Finding> {
    let rested = runs.scenario("decay")?;
    let (glibc4, five4) = (rested.get("glibc")?, rested.get("jemalloc, 5000 ms")?);
    let short = runs.scenario("decay_short_rest")?;
    let (glibc1, five1) = (short.get("glibc")?, short.get("jemalloc, 5000 ms")?);
    let large = short.get("glibc, events of 400 KB")?;
    let five_large = short.get("jemalloc, 5000 ms, events of 400 KB")?;
    Ok(Finding {
        model: format!(
            "jemalloc and glibc after a rest of 4 s: {} and {}. After a rest of 1 s: {} and {}; with events of \
             400 KB {} and {}.",
            five4.after_rest,
            glibc4.after_rest,
            five1.after_rest,
            glibc1.after_rest,
            five_large.after_rest,
            large.after_rest
        ),
        verdict: Verdict::of_two(
            five4.after_rest > glibc4.after_rest,
            five1.after_rest > glibc1.after_rest && five_large.after_rest > large.after_rest,
        ),
        why: "A decay is gradual: after 4 s of 5 most pages are gone. jemalloc keeps more than glibc only if the \
         rest is much shorter than the decay, here 1 s. The same holds for events of 400 KB, which glibc maps and unmaps one by one."
            .to_owned(),
    })
}

fn the_swap_alone(runs: &mut Runs) -> Result<Finding> {
    let mixed = runs.scenario("survivors")?;
    let (glibc, swapped) = (mixed.get("glibc")?, mixed.get("jemalloc, no setting")?);
    let tuned = mixed.get("jemalloc, 1000 ms")?;
    let swapped_helps = swapped.after_rest < glibc.after_rest;
    Ok(Finding {
        model: format!(
            "Mixed payloads with survivors: jemalloc with its defaults {}, glibc {}, jemalloc with 1000 ms {}.",
            swapped.after_rest, glibc.after_rest, tuned.after_rest
        ),
        verdict: Verdict::of_two(swapped_helps, tuned.after_rest < glibc.after_rest),
        why: "jemalloc's defaults wait 10 s, and without a background thread nothing purges pages while the \
         program rests. The gain comes from the decay settings, not from the swap. On other loads the \
         defaults help."
            .to_owned(),
    })
}

fn four_workers_to_one(runs: &mut Runs) -> Result<Finding> {
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

fn a_day_without_traffic(runs: &mut Runs) -> Result<Finding> {
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

fn the_floor_rises(runs: &mut Runs) -> Result<Finding> {
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

fn the_local_reproduction(runs: &mut Runs) -> Result<Finding> {
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

fn the_peak(runs: &mut Runs) -> Result<Finding> {
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

fn a_dask_worker(runs: &mut Runs) -> Result<Finding> {
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

fn job_threads(runs: &mut Runs) -> Result<Finding> {
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
