//! `highwater replay` and `highwater run`: runs one thing, and reports on it.

use crate::arguments::{Common, Replay, Run};
use crate::console::{hint, print};
use crate::display::decisions::Output;
use crate::display::{json, several, spread, text};
use crate::input::environment;
use crate::input::job::{self, Job};
use crate::input::moment::View;
use crate::output::Files;
use anyhow::{Result, bail};
use highwater_simulator::{Explain, MarkSample, Options, Outcome, Recording, run_plan};
use highwater_workload::{Progress, Watch, unwatched};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Replays a trace.
pub(crate) fn replay(replay: &Replay) -> Result<ExitCode> {
    let mut files = inputs(&replay.file, &replay.common);
    let decisions = Output::of(replay.common.decisions.as_deref(), &mut files)?;
    let job = job::prepare_replay(replay)?;
    perform(&job, &replay.common, replay.check, decisions)
}

/// Runs a scenario or a pattern.
pub(crate) fn run(run: &Run) -> Result<ExitCode> {
    let mut files = inputs(Path::new(&run.scenario), &run.common);
    let decisions = Output::of(run.common.decisions.as_deref(), &mut files)?;
    let job = job::prepare_run(run, &mut files)?;
    perform(&job, &run.common, false, decisions)
}

/// Notes the files that are read: what runs, and those that `--env` names.
fn inputs(file: &Path, common: &Common) -> Files {
    let mut files = Files::default();
    files.read(file);
    let named = common.env.iter().filter_map(|text| environment::file(text));
    named.for_each(|file| files.read(file));
    files
}

fn perform(job: &Job, common: &Common, check: bool, decisions: Option<Output>) -> Result<ExitCode> {
    match job.single() {
        Some(_) => one(job, common, check, decisions),
        None => more(job, common),
    }
}

/// Runs a job that is one process.
fn one(job: &Job, common: &Common, check: bool, decisions: Option<Output>) -> Result<ExitCode> {
    let defaults = Options::default();
    let (outcome, seconds) = timed(
        job,
        &Options {
            check,
            // What `--at` asks for is explained in a run of its own up to there.
            explain: match common.at {
                Some(_) => Explain::Nothing,
                None => Explain::LastRest,
            },
            decisions: match decisions {
                Some(_) => Options::EVERY,
                None => defaults.decisions,
            },
            ..defaults
        },
    )?;
    let recording = &outcome.stages[0].recordings[0];
    let view = View::of(&job.plan, &outcome, common.at.as_deref())?;
    let spread = spread::measure(job, common.seeds)?;
    let is_in_place = matches!(decisions, Some(Output::Standard));
    if let Some(decisions) = decisions {
        decisions.write(&recording.decisions)?;
    }
    if !is_in_place {
        print(&match common.json {
            true => json::report(job, &outcome, &view, spread.as_ref(), seconds)?,
            false => {
                let text = text::report(job, recording, &view, check, seconds);
                text + &spread::describe(recording, spread.as_ref(), common.seeds)
                    + &text::measured(job, &outcome)
            }
        })?;
    }
    let differs = recording.addresses.equal != recording.addresses.compared
        || (check && marks_differ(recording));
    Ok(ExitCode::from(u8::from(differs)))
}

fn marks_differ(recording: &Recording) -> bool {
    let differs = |mark: &MarkSample| mark.measured.is_some_and(|rss| rss != mark.sample.rss);
    recording.marks.iter().any(differs)
}

/// Runs a job that is more than one process.
fn more(job: &Job, common: &Common) -> Result<ExitCode> {
    if let Some(file) = &common.decisions {
        let file = file.display();
        bail!("--decisions {file}: cannot be used with a scenario that runs several processes");
    }
    spread::measure(job, common.seeds)?;
    let (outcome, seconds) = timed(
        job,
        &Options {
            explain: match common.at {
                Some(_) => Explain::End,
                None => Explain::LastRest,
            },
            ..Options::default()
        },
    )?;
    let view = View::of(&job.plan, &outcome, common.at.as_deref())?;
    print(&match common.json {
        true => several::json(job, &outcome, &view, seconds)?,
        false => several::text(job, &outcome, &view, seconds),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a job, and says how many seconds that took.
fn timed(job: &Job, options: &Options) -> Result<(Outcome, f64)> {
    let started = Instant::now();
    let outcome = watched(&mut |watch| Ok(run_plan(job.plan.clone(), options, watch)?))?;
    Ok((outcome, started.elapsed().as_secs_f64()))
}

/// Does something that may take long, saying how far it is where a person watches.
fn watched<T>(work: &mut dyn FnMut(&mut Watch) -> Result<T>) -> Result<T> {
    if !std::io::stderr().is_terminal() {
        return work(&mut unwatched);
    }
    let mut shown = Instant::now();
    let mut told = |progress: Progress| {
        if shown.elapsed() > Duration::from_millis(500) {
            hint(&format!("\r{:3.0} %", progress.share().min(1.0) * 100.0));
            shown = Instant::now();
        }
        ControlFlow::Continue(())
    };
    let result = work(&mut told);
    hint("\r     \r");
    result
}
