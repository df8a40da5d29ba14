//! `highwater`: replays a program's allocations and shows why its memory does not come back.
//!
//! Exit status: 0 for success, 1 if `--check` found a difference, 2 for invalid input and for what cannot be done (a full
//! disk, no memory), with one line on standard error that names the input or file and the error.

mod advise;
mod allocators;
mod arguments;
mod catalogue;
mod chart;
mod compare;
mod confirm;
mod decisions;
mod environment;
mod export;
mod fleet;
mod import;
mod imported;
mod input;
mod json;
mod moment;
mod names;
mod output;
mod parallel;
mod pictures;
mod png;
mod record;
mod recorded;
mod rerun;
mod run;
mod scenario;
mod script;
mod settings;
mod several;
mod signals;
mod spread;
mod text;
mod texts;
mod variants;

use anyhow::{Context, Result};
use arguments::{Arguments, Command};
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Exit status for invalid input, and for what cannot be done.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    signals::as_errors();
    tell_lack_of_memory();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error),
    };
    match perform(&arguments.command) {
        Ok(status) => status,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// A thread that finds no memory for its own stacks panics within the standard library. That is no fault of this program's, and is
/// told like any other lack of memory.
fn tell_lack_of_memory() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let said = info.payload().downcast_ref::<String>();
        if said.is_some_and(|said| said.contains("Cannot allocate memory")) {
            say("out of memory; give it more, or fewer --jobs");
            std::process::exit(FAILED.into());
        }
        usual(info);
    }));
}

fn perform(command: &Command) -> Result<ExitCode> {
    let text = match command {
        Command::Replay(replay) => return run::replay(replay),
        Command::Run(run) => return run::run(run),
        Command::Confirm(asked) => return confirm::run(asked),
        Command::Record(record) => return record::record(record),
        Command::Mark(mark) => record::mark(mark)?,
        Command::Stop(stop) => record::stop(stop)?,
        Command::Convert(convert) => record::convert(convert)?,
        Command::Import(asked) => import::run(asked)?,
        Command::Export(asked) => export::export(&asked.input, &asked.output, asked.form())?,
        Command::Script(asked) => script::print(asked.tool),
        Command::Compare(asked) => compare::run(asked)?,
        Command::Advise(asked) if fleet::is_asked(asked) => fleet::run(asked)?,
        Command::Advise(asked) => advise::run(asked)?,
        Command::Scenarios(asked) => catalogue::list(asked)?,
        Command::Allocators(asked) => allocators::list(asked.json)?,
        Command::Settings(asked) => settings::explain(asked)?,
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes one line to standard error. Where that is closed or full there is nobody to tell, and the exit status says it.
pub(crate) fn say(message: &str) {
    let line = highwater_report::one_line(message);
    let _ = writeln!(std::io::stderr(), "highwater: {line}");
}

/// Writes to standard output.
fn print(text: &str) -> Result<()> {
    deliver(std::io::stdout().lock(), text)
}

/// Writes a text whole, without what steers a terminal.
fn deliver(mut out: impl Write, text: &str) -> Result<()> {
    let text = highwater_report::printable(text);
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    output::unless_reader_left(written).context("standard output")
}
