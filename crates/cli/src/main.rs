//! `highwater`: replays a program's allocations and says why its memory does not come back.
//!
//! Exit status: 0 where what was asked for held, 1 where `--check` found a difference, 2 for input that cannot be used,
//! with one line on standard error that says what and where.

mod arguments;
mod chart;
mod input;
mod json;
mod text;

use arguments::{Arguments, Command};
use clap::Parser;
use highwater_simulator::{Options, Recording, run};
use highwater_workload::{Watch, unwatched};
use input::Job;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error),
    };
    match perform(&arguments.command) {
        Ok(status) => status,
        Err(message) => {
            eprintln!("highwater: {message}");
            ExitCode::from(2)
        }
    }
}

fn perform(command: &Command) -> Result<ExitCode, String> {
    let job = input::prepare(command)?;
    let options = Options {
        check: command.check(),
        ..Options::default()
    };
    let started = Instant::now();
    let recording = simulate(&job, &options)?;
    let seconds = started.elapsed().as_secs_f64();
    let shown = if command.common().json {
        json::report(&recording, seconds)
    } else {
        text::report(&job, &recording, command.check(), seconds)
    };
    let mut out = std::io::stdout().lock();
    match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        // The reader has what it wanted, as with `| head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(format!("standard output: {error}")),
    }
    let differs = recording.addresses.equal != recording.addresses.compared
        || (command.check() && marks_differ(&recording));
    Ok(ExitCode::from(u8::from(differs)))
}

fn marks_differ(recording: &Recording) -> bool {
    let differs = |mark: &highwater_simulator::MarkSample| {
        mark.measured
            .is_some_and(|measured| measured != mark.sample.rss)
    };
    recording.marks.iter().any(differs)
}

/// Runs the job, saying how far it is where a person watches and it takes long.
fn simulate(job: &Job, options: &Options) -> Result<Recording, String> {
    let mut quiet = unwatched;
    let mut shown = Instant::now();
    let mut told = |progress: highwater_workload::Progress| {
        if shown.elapsed() > Duration::from_millis(500) {
            eprint!("\r{:3.0} %", progress.share() * 100.0);
            shown = Instant::now();
        }
        ControlFlow::Continue(())
    };
    let watched = std::io::stderr().is_terminal();
    let watch: &mut Watch = if watched { &mut told } else { &mut quiet };
    let recording = run(&job.workload, &job.variant, options, watch);
    if watched {
        eprint!("\r     \r");
    }
    recording.map_err(|error| error.to_string())
}
