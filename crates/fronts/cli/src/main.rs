//! `highwater`: replays a program's allocations and shows why its memory does not come back.
//!
//! Exit status: 0 for success, 1 if `--check` found a difference, 2 for invalid input and for what cannot be done (a full
//! disk, no memory), with one line on standard error that names the input or file and the error.

mod allocators;
mod arguments;
mod catalogue;
mod chart;
mod decisions;
mod environment;
mod input;
mod json;
mod matrix;
mod moment;
mod output;
mod pictures;
mod png;
mod scenario;
mod settings;
mod several;
mod signals;
mod spread;
mod text;

use arguments::{Arguments, Command, Common};
use clap::Parser;
use highwater_simulator::{Explain, Options, Recording, run_plan};
use highwater_workload::{Watch, unwatched};
use input::Job;
use moment::View;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Exit status for invalid input, and for what cannot be done.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    signals::as_errors();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error),
    };
    match perform(&arguments.command) {
        Ok(status) => status,
        Err(message) => {
            say(&message);
            ExitCode::from(FAILED)
        }
    }
}

fn perform(command: &Command) -> Result<ExitCode, String> {
    let mut files = output::Files::default();
    let decisions;
    let (common, check, job) = match command {
        Command::Replay(replay) => {
            files.read(&replay.file);
            read_settings(&replay.common, &mut files);
            decisions = decisions::Output::of(replay.common.decisions.as_deref(), &mut files)?;
            let job = input::prepare_replay(replay)?;
            (&replay.common, replay.check, job)
        }
        Command::Run(run) => {
            files.read(Path::new(&run.scenario));
            read_settings(&run.common, &mut files);
            decisions = decisions::Output::of(run.common.decisions.as_deref(), &mut files)?;
            (&run.common, false, input::prepare_run(run, &mut files)?)
        }
        Command::Matrix(matrix) => {
            print(&matrix::run(matrix)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Scenarios(asked) => {
            print(&catalogue::list(asked)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Allocators(asked) => {
            print(&allocators::list(asked.json))?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Settings(asked) => {
            print(&settings::explain(asked)?)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    if job.single().is_none() {
        return several(common, &job);
    }
    let mut options = Options {
        check,
        // What `--at` asks for is explained in a run of its own up to there.
        explain: match common.at {
            Some(_) => Explain::Nothing,
            None => Explain::LastRest,
        },
        ..Options::default()
    };
    if decisions.is_some() {
        options.decisions = Options::EVERY;
    }
    let started = Instant::now();
    let outcome = watched(&mut |watch| {
        let outcome = run_plan(job.plan.clone(), &options, watch);
        outcome.map_err(|error| error.to_string())
    })?;
    let recording = &outcome.stages[0].recordings[0];
    let seconds = started.elapsed().as_secs_f64();
    let view = View::of(&job.plan, &outcome, common.at.as_deref())?;
    let spread = spread::measure(&job, common.seeds)?;
    let in_place = decisions
        .as_ref()
        .is_some_and(decisions::Output::is_standard);
    if let Some(decisions) = decisions {
        decisions.write(&recording.decisions)?;
    }
    if !in_place {
        let shown = if common.json {
            json::report(
                recording,
                &outcome.phases,
                job.plan.remarks(),
                &view,
                spread.as_ref(),
                seconds,
            )
        } else {
            let mut text = text::report(&job, recording, &view, check, seconds);
            if let (Some(spread), Some(seeds)) = (&spread, common.seeds) {
                let names = recording.marks.iter().map(|mark| mark.name.clone());
                text += &spread::describe(names, spread, seeds);
            }
            text
        };
        print(&shown)?;
    }
    let differs = recording.addresses.equal != recording.addresses.compared
        || (check && marks_differ(recording));
    Ok(ExitCode::from(u8::from(differs)))
}

/// Writes one line to standard error. Where that is closed or full there is nobody to tell, and the exit status says it.
pub(crate) fn say(message: &str) {
    let line = highwater_report::one_line(message);
    let _ = writeln!(std::io::stderr(), "highwater: {line}");
}

/// Notes the files that `--env` names.
fn read_settings(common: &Common, files: &mut output::Files) {
    let named = common.env.iter().filter_map(|text| environment::file(text));
    named.for_each(|file| files.read(file));
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), String> {
    deliver(std::io::stdout().lock(), text)
}

/// Writes a text whole, without what steers a terminal.
fn deliver(mut out: impl Write, text: &str) -> Result<(), String> {
    let text = highwater_report::printable(text);
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    output::unless_reader_left(written).map_err(|error| format!("standard output: {error}"))
}

fn marks_differ(recording: &Recording) -> bool {
    let differs = |mark: &highwater_simulator::MarkSample| {
        mark.measured
            .is_some_and(|measured| measured != mark.sample.rss)
    };
    recording.marks.iter().any(differs)
}

/// Runs a job that is more than one process.
fn several(common: &Common, job: &Job) -> Result<ExitCode, String> {
    if let Some(file) = &common.decisions {
        let file = file.display();
        return Err(format!(
            "--decisions {file}: cannot be used with a scenario that runs several processes"
        ));
    }
    spread::measure(job, common.seeds)?;
    let started = Instant::now();
    let outcome = watched(&mut |watch| {
        let options = Options {
            explain: match common.at {
                Some(_) => Explain::End,
                None => Explain::LastRest,
            },
            ..Options::default()
        };
        let outcome = run_plan(job.plan.clone(), &options, watch);
        outcome.map_err(|error| error.to_string())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let view = View::of(&job.plan, &outcome, common.at.as_deref())?;
    let shown = match common.json {
        true => several::json(job, &outcome, &view, seconds),
        false => several::text(job, &outcome, &view, seconds),
    };
    print(&shown)?;
    Ok(ExitCode::SUCCESS)
}

/// Does something that may take long, saying how far it is where a person watches.
fn watched<T>(work: &mut dyn FnMut(&mut Watch) -> Result<T, String>) -> Result<T, String> {
    if !std::io::stderr().is_terminal() {
        return work(&mut unwatched);
    }
    let mut shown = Instant::now();
    let mut told = |progress: highwater_workload::Progress| {
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

/// Shows how far the work is. A terminal that is gone is told nothing.
fn hint(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
