//! The report on what is more than one process: stages one after another, or processes under one cap.

use crate::display::chart;
use crate::display::json::{Report, Said};
use crate::display::text;
use crate::input::job::Job;
use crate::input::moment::{self, Place, View};
use anyhow::Result;
use highwater_simulator::{Diagnosis, Judged, Outcome, Phases, Recording, StageOutcome, Summary};
use serde::Serialize;
use std::fmt::Write;

/// For people.
pub(crate) fn text(job: &Job, outcome: &Outcome, view: &View, seconds: f64) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&mut text, job, outcome, view, seconds);
    text
}

fn write_text(
    out: &mut String,
    job: &Job,
    outcome: &Outcome,
    view: &View,
    seconds: f64,
) -> std::fmt::Result {
    let events: u64 = recordings(outcome).map(|recording| recording.events).sum();
    writeln!(out, "{}", job.title)?;
    writeln!(out, "{events} events · {seconds:.3} s\n")?;
    for (stage, planned) in outcome.stages.iter().zip(&job.plan.stages) {
        let Some(first) = stage.recordings.first() else {
            continue;
        };
        writeln!(
            out,
            "{} from {}: {} × {}",
            stage.name,
            stage.begins,
            stage.recordings.len(),
            text::runtime(&first.variant)
        )?;
        text::environment(out, first, &planned.said)?;
    }
    out.push_str(&text::answer(view));
    writeln!(out, "\n{}", chart::draw(&outcome.samples))?;
    text::marks(out, &outcome.marks)?;
    for stage in &outcome.stages {
        killed(out, stage)?;
    }
    let summary = outcome.summary();
    out.push_str(&text::peak(summary.peak, summary.faults, summary.syscalls));
    if let Some(stage) = outcome.stages.get(view.place.stage) {
        writeln!(
            out,
            "{}, in the first process of {}:\n{}\n",
            view.place.head,
            stage.name,
            moment::figures(&view.diagnosis)
        )?;
        text::diagnosis(out, &view.diagnosis)?;
    }
    Ok(())
}

fn killed(out: &mut String, stage: &StageOutcome) -> std::fmt::Result {
    for (number, recording) in stage.recordings.iter().enumerate() {
        if let Some(killed) = recording.killed {
            writeln!(
                out,
                "Process {number} of {} was killed after {}: it had {} resident and {} of page tables; the others left it {}.",
                stage.name,
                killed.time,
                killed.resident,
                killed.charged - killed.resident,
                killed.cap
            )?;
        }
    }
    Ok(())
}

fn recordings(outcome: &Outcome) -> impl Iterator<Item = &Recording> {
    outcome.stages.iter().flat_map(|stage| &stage.recordings)
}

#[derive(Serialize)]
struct Several<'a> {
    summary: Summary,
    phases: &'a Phases,
    remarks: Vec<Judged>,
    /// The answer to the run, where no moment was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Said>,
    moment: &'a Place,
    diagnosis: &'a Diagnosis,
    stages: Vec<StageReport<'a>>,
    seconds: f64,
}

#[derive(Serialize)]
struct StageReport<'a> {
    name: &'a str,
    begins_us: u64,
    processes: Vec<Report<'a>>,
}

/// For programs.
pub(crate) fn json(job: &Job, outcome: &Outcome, view: &View, seconds: f64) -> Result<String> {
    let report = Several {
        summary: outcome.summary(),
        phases: &outcome.phases,
        remarks: job.plan.remarks(),
        answer: view.answer.as_ref().map(Said::of),
        moment: &view.place,
        diagnosis: &view.diagnosis,
        stages: (outcome.stages.iter())
            .map(|stage| StageReport {
                name: &stage.name,
                begins_us: stage.begins.0,
                processes: (stage.recordings.iter())
                    .map(|recording| Report::of_several(recording, seconds))
                    .collect(),
            })
            .collect(),
        seconds,
    };
    crate::display::json::line(&report)
}
