//! What each command does, one to a file.

pub(crate) mod advise;
pub(crate) mod allocators;
pub(crate) mod catalogue;
pub(crate) mod compare;
pub(crate) mod confirm;
pub(crate) mod export;
pub(crate) mod fleet;
pub(crate) mod import;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod script;
pub(crate) mod settings;

use crate::arguments::Command;
use crate::console::print;
use anyhow::Result;
use std::process::ExitCode;

/// Does what the command line asks for.
pub(crate) fn perform(command: &Command) -> Result<ExitCode> {
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
