//! What the command understands.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Replays a program's allocations through a faithful model of its allocator and says why memory does not come back.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Replay a recorded trace (.hwt or .hwt.gz)
    Replay(Replay),
    /// Run a scenario: sync or async_fanout
    Run(Run),
}

/// What both commands take.
#[derive(Args)]
pub(crate) struct Common {
    /// The allocator and its version; the trace's own where that is modelled, else glibc@2.36
    #[arg(long, value_name = "NAME@VERSION")]
    pub(crate) allocator: Option<String>,
    /// A variable of the allocator's environment; may be repeated, the later of two counts
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Resident memory, in MiB, at which the process is killed
    #[arg(long, value_name = "MIB")]
    pub(crate) cap: Option<u64>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Replay {
    /// The trace
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Leave out the environment that the trace recorded; --env adds to it otherwise
    #[arg(long)]
    pub(crate) without_recorded_env: bool,
    /// Compare every address, and resident memory at every mark, with the trace's own; exit with 1 where one differs
    #[arg(long)]
    pub(crate) check: bool,
    /// A parameter; a trace has none
    #[arg(long, value_name = "PARAMETER=VALUE", hide = true)]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
#[command(after_help = parameters())]
pub(crate) struct Run {
    /// The scenario's name
    pub(crate) scenario: String,
    #[command(flatten)]
    pub(crate) common: Common,
    /// A parameter of the scenario; may be repeated
    #[arg(long, value_name = "PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// Write the calls as a trace to this file (.hwt or .hwt.gz) as well
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

impl Command {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Replay(replay) => &replay.common,
            Self::Run(run) => &run.common,
        }
    }

    pub(crate) fn check(&self) -> bool {
        matches!(self, Self::Replay(replay) if replay.check)
    }
}

fn parameters() -> String {
    use highwater_workload::pattern::Parameters;
    let mut text = "Parameters (--set):\n".to_owned();
    for p in Parameters::ALL {
        text += &format!(
            "  {:14} {} [{}; {} to {}{}{}]\n",
            p.name,
            p.meaning,
            p.default,
            p.min,
            p.max,
            if p.unit.is_empty() { "" } else { " " },
            p.unit
        );
    }
    text
}

/// Help and version go to standard output; anything else is bad input, said in one line.
pub(crate) fn explain(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // Where standard output is gone there is nobody to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let said: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let said = said.join(" ");
    eprintln!("highwater: {}", said.trim_start_matches("error: "));
    ExitCode::from(2)
}
