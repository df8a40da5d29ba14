//! The report for programs: one JSON object with a fixed set of keys.

use crate::display::spread::Spread;
use crate::input::imported::Imported;
use crate::input::job::Job;
use crate::input::moment::{Place, View};
use anyhow::Result;
use highwater_report::Answer;
use highwater_simulator::{
    Addresses, Bytes, Diagnosis, Figures, Judged, MarkSample, Outcome, Phases, RealProcess,
    Recording,
};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(crate) struct Report<'a> {
    events: u64,
    allocations: u64,
    skipped: u64,
    addresses: &'a Addresses,
    marks: Vec<Mark<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phases: Option<&'a Phases>,
    /// What comes of each setting, and remarks on the allocator.
    #[serde(skip_serializing_if = "Option::is_none")]
    remarks: Option<Vec<Judged>>,
    peak_rss: Bytes,
    faults: u64,
    syscalls: u64,
    /// The answer to the run, where no moment was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Said>,
    /// The moment that the diagnosis is of: the end where none is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    moment: Option<&'a Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<Explained<'a>>,
    /// The real process beside the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<&'a RealProcess>,
    /// What the file of another tool lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<Imported>,
    seconds: f64,
}

#[derive(Serialize)]
struct Mark<'a> {
    name: &'a str,
    time_us: u64,
    rss: Bytes,
    measured: Option<Bytes>,
    live: Bytes,
    parked: Bytes,
    free: Bytes,
    top: Bytes,
    reclaimable: Option<Bytes>,
    page_tables: Bytes,
    /// Resident memory in huge pages.
    huge: Bytes,
    /// Resident memory that only huge pages brought in: nobody has written it since.
    unwritten: Bytes,
    /// Resident memory marked with MADV_FREE.
    lazy_free: Bytes,
    /// What a control group is charged for as far as it is known: resident memory and page tables.
    memory_current: Bytes,
    /// That without the memory marked with MADV_FREE, which the kernel counts as `inactive_file`.
    working_set: Bytes,
    /// The least and the most over the seeds asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    rss_over_seeds: Option<(Bytes, Bytes)>,
    /// Under the names a trace has for them.
    #[serde(flatten)]
    figures: Option<Pages<'a>>,
}

/// An answer: its kind, its parts, and all of them as one text.
#[derive(Serialize)]
pub(crate) struct Said {
    #[serde(flatten)]
    answer: Answer,
    says: String,
}

impl Said {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self {
            says: answer.to_string(),
            answer: answer.clone(),
        }
    }
}

/// A diagnosis with its findings in words beside the data.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    diagnosis: &'a Diagnosis,
    /// The first sentence, then those of each finding, in order.
    words: Words,
}

#[derive(Serialize)]
struct Words {
    headline: String,
    findings: Vec<FindingWords>,
}

#[derive(Serialize)]
struct FindingWords {
    kind: &'static str,
    sentences: Vec<String>,
}

impl<'a> Explained<'a> {
    fn new(diagnosis: &'a Diagnosis) -> Self {
        let words = |finding| {
            let explained = highwater_report::explain(finding);
            let sentences = explained.sentences.iter().map(ToString::to_string);
            FindingWords {
                kind: explained.kind,
                sentences: sentences.collect(),
            }
        };
        Self {
            diagnosis,
            words: Words {
                headline: highwater_report::headline(diagnosis).to_string(),
                findings: diagnosis.findings.iter().map(words).collect(),
            },
        }
    }
}

/// What an allocator that decides over whole pages reports, and what the trace says of the same.
#[derive(Serialize)]
struct Pages<'a> {
    allocated: Bytes,
    active: Bytes,
    dirty: Bytes,
    muzzy: Bytes,
    retained: Bytes,
    mapped: Bytes,
    metadata: Bytes,
    resident: Bytes,
    recorded: BTreeMap<&'a str, u64>,
}

impl<'a> Pages<'a> {
    fn new(figures: &Figures, recorded: &'a [(String, u64)]) -> Self {
        Self {
            allocated: figures.allocated,
            active: figures.active,
            dirty: figures.dirty,
            muzzy: figures.muzzy,
            retained: figures.retained,
            mapped: figures.mapped,
            metadata: figures.metadata,
            resident: figures.resident,
            recorded: recorded.iter().map(|(k, v)| (k.as_str(), *v)).collect(),
        }
    }
}

impl<'a> Mark<'a> {
    fn new(mark: &'a MarkSample, rss_over_seeds: Option<(Bytes, Bytes)>) -> Self {
        let sample = &mark.sample;
        Self {
            name: &mark.name,
            time_us: sample.time.0,
            rss: sample.rss,
            measured: mark.measured,
            live: sample.live,
            parked: sample.parked,
            free: sample.free,
            top: sample.top,
            reclaimable: sample.reclaimable,
            page_tables: sample.page_tables,
            huge: sample.huge,
            unwritten: sample.unwritten,
            lazy_free: sample.lazy_free,
            memory_current: sample.charged(),
            working_set: sample.working_set(),
            rss_over_seeds,
            figures: sample
                .figures
                .map(|figures| Pages::new(&figures, &mark.recorded)),
        }
    }
}

impl<'a> Report<'a> {
    /// Of one process, without a diagnosis.
    fn new(recording: &'a Recording, spread: Option<&Spread>, seconds: f64) -> Self {
        let over_seeds = |index: usize| spread.and_then(|all| all.get(index).copied());
        Self {
            events: recording.events,
            allocations: recording.allocations,
            skipped: recording.skipped,
            addresses: &recording.addresses,
            marks: (recording.marks.iter().enumerate())
                .map(|(index, mark)| Mark::new(mark, over_seeds(index)))
                .collect(),
            phases: None,
            remarks: None,
            peak_rss: recording.peak_rss,
            faults: recording.faults,
            syscalls: recording.syscalls.total(),
            answer: None,
            moment: None,
            diagnosis: None,
            measured: None,
            imported: None,
            seconds,
        }
    }

    /// Of one process of several, with its own diagnosis.
    pub(crate) fn of_several(recording: &'a Recording, seconds: f64) -> Self {
        Self {
            diagnosis: recording.diagnosis.as_ref().map(Explained::new),
            ..Self::new(recording, None, seconds)
        }
    }
}

/// The report on a job that is one process.
pub(crate) fn report(
    job: &Job,
    outcome: &Outcome,
    view: &View,
    spread: Option<&Spread>,
    seconds: f64,
) -> Result<String> {
    let recording = &outcome.stages[0].recordings[0];
    let report = Report {
        phases: Some(&outcome.phases),
        remarks: Some(job.plan.remarks()),
        answer: view.answer.as_ref().map(Said::of),
        moment: Some(&view.place),
        diagnosis: Some(Explained::new(&view.diagnosis)),
        measured: outcome.real(),
        imported: (job.single()).and_then(|(source, _)| Imported::of(&source.first().header)),
        ..Report::new(recording, spread, seconds)
    };
    line(&report)
}

/// Returns a value as JSON, in one line with its end.
pub(crate) fn line(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}
