//! The report for people: a table of the marks, a small chart, and the diagnosis.

mod diagnosis;
mod measured;
pub(crate) mod names;

pub(crate) use diagnosis::diagnosis;
pub(crate) use measured::measured;

use crate::display::chart;
use crate::input::job::Job;
use crate::input::moment::{self, View};
use highwater_report::{of, one_line};
use highwater_settings::is_read;
use highwater_simulator::{
    Bytes, Counters, Machine, MarkSample, Plan, Recording, Remark, Sample, Tone, Variant,
};
use std::fmt::Write;

/// Marks beyond this many are shortened to the first and last ones.
const MOST_MARKS: usize = 24;

pub(crate) fn report(
    job: &Job,
    recording: &Recording,
    view: &View,
    check: bool,
    seconds: f64,
) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, job, recording, view, check, seconds);
    text
}

/// The answer to a run in lines of its own; nothing where a moment was asked for, which the answer is not of.
pub(crate) fn answer(view: &View) -> String {
    let answer = view.answer.as_ref();
    answer.map_or_else(String::new, |answer| format!("\n{answer}\n"))
}

fn write_report(
    out: &mut String,
    job: &Job,
    recording: &Recording,
    view: &View,
    check: bool,
    seconds: f64,
) -> std::fmt::Result {
    writeln!(out, "{}", job.title)?;
    writeln!(
        out,
        "{} · {}, {}{}{} · {seconds:.3} s",
        runtime(&recording.variant),
        of(recording.events, "event", "events"),
        of(recording.allocations, "allocation", "allocations"),
        count(recording.failed, "failed"),
        count(recording.skipped, "skipped"),
    )?;
    environment(
        out,
        recording,
        job.plan.stages.first().map_or(&[], |stage| &stage.said),
    )?;
    out.push_str(&answer(view));
    writeln!(out, "\n{}", chart::draw(&recording.samples))?;
    marks(out, &recording.marks)?;
    if let Some(sample) = (recording.samples.last()).filter(|last| says_machine(recording, last)) {
        writeln!(out, "At the end: {}\n", highwater_report::charged(sample))?;
    }
    if let Some(killed) = recording.killed {
        writeln!(
            out,
            "Killed at event {}, {}: {} resident and {} of page tables; the cap is {}.",
            killed.event,
            killed.time,
            killed.resident,
            killed.charged - killed.resident,
            killed.cap
        )?;
    }
    let syscalls = recording.syscalls.total();
    out.push_str(&peak(recording.peak_rss, recording.faults, syscalls));
    decided(out, &recording.counters)?;
    writeln!(
        out,
        "{}:\n{}\n",
        view.place.head,
        moment::figures(&view.diagnosis)
    )?;
    diagnosis(out, &view.diagnosis)?;
    if check {
        checked(out, recording)?;
    }
    Ok(())
}

/// The peak of a run, and what it asked of the kernel.
pub(crate) fn peak(peak: Bytes, faults: u64, syscalls: u64) -> String {
    let faults = of(faults, "page fault", "page faults");
    let syscalls = of(syscalls, "system call", "system calls");
    format!("Peak {peak} · {faults} · {syscalls}\n\n")
}

/// What runs the program.
pub(crate) fn runtime(variant: &Variant) -> String {
    let python = variant.python;
    let python = python.map_or(String::new(), |version| format!("python@{version} on "));
    format!("{python}{}", variant.allocator)
}

/// When the program also calls `malloc_trim`, in each way that its stages do.
pub(crate) fn trims_of(plan: &Plan) -> Vec<String> {
    let sources = plan.stages.iter().flat_map(|stage| stage.sources.first());
    let trims = sources.filter_map(|source| source.trims());
    let mut said: Vec<String> = trims
        .map(|trims| format!("malloc_trim(0) {trims}"))
        .collect();
    said.dedup();
    said
}

/// The environment, and remarks on it.
pub(crate) fn environment(
    out: &mut String,
    recording: &Recording,
    remarks: &[Remark],
) -> std::fmt::Result {
    // A report is passed on. What no allocator reads may be a password.
    let all = &recording.variant.environment;
    let said = || remarks.iter().chain(&recording.remarks);
    let (read, others): (Vec<_>, Vec<_>) = all.iter().partition(|variable| is_read(&variable.name));
    for variable in read {
        writeln!(out, "  {}={}", variable.name, one_line(&variable.value))?;
    }
    // One that a remark names, such as LD_PRELOAD, is none of those of which nothing is said.
    let has_remark = |name: &str| said().any(|remark| remark.variable == name);
    let others = others.iter().filter(|other| !has_remark(&other.name));
    match others.count() {
        0 => {}
        1 => writeln!(out, "  1 other variable, which no allocator reads")?,
        n => writeln!(out, "  {n} other variables, which no allocator reads")?,
    }
    for remark in said() {
        let sign = match remark.tone {
            Tone::Applied => "✓",
            Tone::Surprise => "!",
            Tone::NoEffect | Tone::NotRead | Tone::Invalid => "✗",
        };
        writeln!(
            out,
            "  {sign} {}: {}",
            remark.variable,
            one_line(&remark.text)
        )?;
    }
    Ok(())
}

/// How often each kind of decision was taken, but for those that never were.
fn decided(out: &mut String, counters: &Counters) -> std::fmt::Result {
    let counted = [
        (counters.growths, "heap growth", "heap growths"),
        (counters.trims, "trim", "trims"),
        (counters.trims_refused, "trim refused", "trims refused"),
        (
            counters.releases,
            "release by malloc_trim",
            "releases by malloc_trim",
        ),
        (counters.mapped, "block mapped", "blocks mapped"),
        (counters.unmapped, "unmapped", "unmapped"),
        (
            counters.threshold_raises,
            "rise of the thresholds",
            "rises of the thresholds",
        ),
        (counters.consolidations, "consolidation", "consolidations"),
        (counters.arenas_created, "arena created", "arenas created"),
        (counters.arenas_shared, "arena shared", "arenas shared"),
        (
            counters.arena_retries,
            "request tried in another arena",
            "requests tried in another arena",
        ),
        (
            counters.heaps_created,
            "heap of an arena mapped",
            "heaps of arenas mapped",
        ),
        (counters.heaps_deleted, "unmapped whole", "unmapped whole"),
        (counters.purges, "purge", "purges"),
        (
            counters.object_arenas_mapped,
            "arena for objects mapped",
            "arenas for objects mapped",
        ),
        (counters.object_arenas_returned, "given back", "given back"),
        (
            counters.arena_tables_grown,
            "growth of their table",
            "growths of their table",
        ),
        (counters.failures, "request failed", "requests failed"),
    ];
    let counted: Vec<String> = counted
        .into_iter()
        .filter(|(times, ..)| *times > 0)
        .map(|(times, one, many)| of(times, one, many))
        .collect();
    if counted.is_empty() {
        return Ok(());
    }
    writeln!(out, "Decided: {}\n", counted.join(", "))
}

fn count(n: u64, what: &str) -> String {
    if n == 0 {
        String::new()
    } else {
        format!(", {n} {what}")
    }
}

/// Whether the run asks for a machine of its own, or has what few runs have of memory.
fn says_machine(recording: &Recording, last: &Sample) -> bool {
    let is_rare = last.huge > Bytes::ZERO || last.lazy_free > Bytes::ZERO;
    is_rare || recording.variant.machine != Machine::default()
}

/// A table of marks.
pub(crate) fn marks(out: &mut String, marks: &[MarkSample]) -> std::fmt::Result {
    if marks.is_empty() {
        return Ok(());
    }
    // An allocator that decides over whole pages has no top.
    let pages = marks.iter().any(|m| m.sample.figures.is_some());
    let columns = if pages {
        ["parked", "dirty", "muzzy", "purge gives"]
    } else {
        ["parked", "free", "top", "trim gives"]
    };
    let width = names::width(marks.iter().map(|mark| mark.name.as_str()), 16);
    write!(
        out,
        "{:<width$} {:>10} {:>11} {:>11}",
        "mark", "time", "resident", "live"
    )?;
    for column in columns {
        write!(out, " {column:>11}")?;
    }
    writeln!(out)?;
    let many = marks.len() > MOST_MARKS;
    for (index, mark) in marks.iter().enumerate() {
        if many && index == MOST_MARKS / 2 {
            writeln!(out, "… {} more", marks.len() - MOST_MARKS)?;
        }
        let left = marks.len() - index;
        if many && index >= MOST_MARKS / 2 && left > MOST_MARKS / 2 {
            continue;
        }
        let s = &mark.sample;
        let name = names::fitted(&mark.name, width);
        write!(out, "{name:<width$} {:>10}", s.time.to_string())?;
        let reclaimable = s.reclaimable.unwrap_or_default();
        let (free, top) = match s.figures {
            Some(figures) => (figures.dirty, figures.muzzy),
            None => (s.free, s.top),
        };
        for bytes in [s.rss, s.live, s.parked, free, top, reclaimable] {
            write!(out, " {:>11}", bytes.to_string())?;
        }
        if let Some(measured) = mark.measured.filter(|measured| *measured != s.rss) {
            write!(out, "  measured {} B, model {} B", measured.0, s.rss.0)?;
        }
        if let Some((_, whole)) = mark.recorded.iter().find(|(key, _)| key == "rss") {
            write!(out, "  whole process {}", Bytes(*whole))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

fn checked(out: &mut String, recording: &Recording) -> std::fmt::Result {
    let addresses = &recording.addresses;
    writeln!(
        out,
        "\nAddresses: {} of {} equal.",
        addresses.equal, addresses.compared
    )?;
    if let Some(first) = &addresses.first_difference {
        writeln!(out, "First difference at {first}.")?;
        if recording.variant.allocator.parts().0 == "jemalloc" {
            writeln!(
                out,
                "Where a large block begins in its first page, and when free pages go back, follows from addresses that a recording of \
                 jemalloc does not have: some differences may come from that."
            )?;
        }
    }
    let measured = recording
        .marks
        .iter()
        .filter(|mark| mark.measured.is_some());
    let (all, equal) = measured.fold((0, 0), |(all, equal), mark| {
        let same = mark.measured == Some(mark.sample.rss);
        (all + 1, equal + i32::from(same))
    });
    if all > 0 {
        writeln!(out, "Resident memory: equal at {equal} of {all} marks.")?;
    }
    Ok(())
}
