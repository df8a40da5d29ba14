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
    /// Run a scenario of the catalogue, one in a file, or a pattern
    Run(Run),
    /// Run every variant of a scenario, and compare
    Matrix(Matrix),
    /// List the scenarios of the catalogue, and the patterns
    Scenarios(Scenarios),
    /// List the allocators that are modelled, and how their versions differ
    Allocators(Allocators),
}

#[derive(Args)]
pub(crate) struct Allocators {
    /// Print a JSON list instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// What both commands take.
#[derive(Args)]
pub(crate) struct Common {
    /// The allocator and its version; the trace's own where that is modelled, else glibc@2.36
    #[arg(long, value_name = "NAME@VERSION")]
    pub(crate) allocator: Option<String>,
    /// The allocator's settings: NAME=VALUE, lines as they stand in a shell, a Dockerfile, compose, Kubernetes or systemd,
    /// or a file of such; may be repeated, the later of two values counts
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// The release of CPython that runs the program: small blocks then come from its object allocator, others from the
    /// allocator above; 3.9 to 3.14, or `none`; if nothing is said, 3.11 for sync, async_fanout and tasks, and none for others
    #[arg(long, value_name = "VERSION")]
    pub(crate) python: Option<String>,
    /// Resident memory, in MiB, at which the process is killed
    #[arg(long, value_name = "MIB")]
    pub(crate) cap: Option<u64>,
    /// Cores of the machine, which bound the number of arenas; the trace's own if not said, else 2
    #[arg(long, value_name = "N")]
    pub(crate) cores: Option<u32>,
    /// Those of them that the process may run on; all if not said
    #[arg(long, value_name = "N")]
    pub(crate) allowed_cores: Option<u32>,
    /// What jemalloc's pseudo-random states start from: in a real process addresses, which differ from run to run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Run with so many seeds besides, and say how far resident memory at the marks depends on them
    #[arg(long, value_name = "N")]
    pub(crate) seeds: Option<u32>,
    /// Write every decision of the allocator to this file, one JSON object a line; `-` writes them to standard output in
    /// place of the report
    #[arg(long, value_name = "FILE")]
    pub(crate) decisions: Option<PathBuf>,
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
    /// The scenario's name, its file (.toml), or the name of a pattern
    pub(crate) scenario: String,
    /// Which of the scenario's variants; the first if not said. What else is asked for is set over what it says
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// A parameter; may be repeated
    #[arg(long, value_name = "PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// Write the calls as a trace to this file (.hwt or .hwt.gz) as well
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Matrix {
    /// The scenario's name, or its file (.toml)
    pub(crate) scenario: String,
    /// Run only this variant; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Vec<String>,
    /// A parameter of the scenario; may be repeated. What a variant sets for itself stays
    #[arg(long, value_name = "PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// Run at most so many variants at the same time; as many as the machine has cores if not said
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Print one JSON object instead of the table
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print the table as CSV, in bytes
    #[arg(long)]
    pub(crate) csv: bool,
    /// Write the table as Markdown into this file as well; `-` prints it instead of the table
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Draw the curves into this file as well, as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Draw the curves into this file as well, as PNG
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Draw the heap map of the first process of each variant as well, into FILE.svg or FILE.png; of several variants into
    /// FILE-A.svg, FILE-B.svg and so on, by the letters that the curves have
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// The moment of heap maps, in seconds from the beginning; the end of the last rest if not said
    #[arg(long, value_name = "SECONDS", requires = "map")]
    pub(crate) at: Option<f64>,
    /// The date that stands in pictures; today's if not said
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) date: Option<jiff::civil::Date>,
    /// Draw pictures in light on dark
    #[arg(long)]
    pub(crate) dark: bool,
}

#[derive(Args)]
pub(crate) struct Scenarios {
    /// Print a scenario's file instead of the list, to be copied and changed
    pub(crate) name: Option<String>,
    /// Print a JSON list instead of text
    #[arg(long, conflicts_with = "name")]
    pub(crate) json: bool,
}

/// The parameters of every pattern, those that share them together.
fn parameters() -> String {
    use highwater_workload::Pattern;
    use highwater_workload::pattern::Program;
    let mut text = String::new();
    for program in Program::ALL {
        let patterns = || Pattern::ALL.into_iter().filter(|p| p.program() == program);
        let names: Vec<&str> = patterns().map(Pattern::name).collect();
        text += &format!("Parameters of {} (--set):\n", names.join(" and "));
        for p in patterns().take(1).flat_map(Pattern::parameters) {
            let values = match p.choices {
                [] => {
                    let space = if p.unit.is_empty() { "" } else { " " };
                    format!("{}; {} to {}{space}{}", p.default, p.min, p.max, p.unit)
                }
                names => format!("{}; {}", names[p.default as usize], names.join(", ")),
            };
            text += &format!("  {:14} {} [{values}]\n", p.name, p.meaning);
        }
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
    crate::say(said.trim_start_matches("error: "));
    ExitCode::from(2)
}
