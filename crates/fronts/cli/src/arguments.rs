//! The command line's arguments.

mod remedies;
mod tools;

use crate::console::FAILED;
use clap::{Args, Parser, Subcommand};
pub(crate) use remedies::{Advise, Compare, Confirm};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
pub(crate) use tools::{Form, Tool};

/// Replays a program's allocations through a faithful model of its allocator and shows why memory does not come back.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Replay a trace (.hwt or .hwt.gz) or a recording (.hwr)
    Replay(Replay),
    /// Run a scenario of the catalogue, a scenario file or a pattern
    Run(Run),
    /// Record the allocator calls of a program and of the processes that it starts
    Record(Record),
    /// Write a mark into the recording of a process
    Mark(Mark),
    /// End the recording of a process; the process goes on
    Stop(Stop),
    /// Write a recording (.hwr) as a trace in text (.hwt or .hwt.gz)
    Convert(Convert),
    /// Read a file of memray, heaptrack or another tool, and say what it lacks
    Import(Import),
    /// Write a recording or a trace in a form that other tools replay
    Export(Export),
    /// Print a script that records a running process with a tool of its machine
    Script(Script),
    /// Compare your own settings on a trace, or the variants of a scenario
    #[command(visible_alias = "matrix")]
    Compare(Compare),
    /// Search for what would help: settings, other allocators and calls of malloc_trim, each of them run
    Advise(Advise),
    /// Run a trace's calls on the real libraries of this machine and compare them with the model
    Confirm(Confirm),
    /// List the scenarios of the catalogue and the patterns
    Scenarios(Scenarios),
    /// List the modelled allocators and how their releases differ
    Allocators(Allocators),
    /// Explain the settings in a text: which allocator it chooses, and what each setting does
    Settings(Settings),
}

#[derive(Args)]
pub(crate) struct Record {
    /// Folder for the recordings, one file for each process; it must be new or empty (default: recorded-PROGRAM)
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,
    /// Largest size of one process's file in MiB; its recording ends there
    #[arg(long, value_name = "MIB")]
    pub(crate) max: Option<u64>,
    /// Keep only the newest part of each process's recording, in files of at most MIB together
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) last: Option<u64>,
    /// Leave the program's arguments out of the files
    #[arg(long)]
    pub(crate) no_args: bool,
    /// Record where each allocation was called from: N places in code, as far as the program keeps frame pointers, and as many
    /// Python functions
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        default_missing_value = "8",
        value_parser = clap::value_parser!(u8).range(1..=8)
    )]
    pub(crate) sites: Option<u8>,
    /// Leave the names of Python functions and of their files out of the sites
    #[arg(long, requires = "sites")]
    pub(crate) no_python: bool,
    /// Write the preload library to this file instead, for an image
    #[arg(long, value_name = "FILE", exclusive = true)]
    pub(crate) library: Option<PathBuf>,
    /// The program and its arguments
    #[arg(
        required_unless_present = "library",
        last = true,
        value_name = "PROGRAM"
    )]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args)]
pub(crate) struct Mark {
    /// The process
    #[arg(value_name = "PID")]
    pub(crate) process: u32,
    /// Name of the mark, without spaces
    #[arg(value_parser = given)]
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct Stop {
    /// The process
    #[arg(value_name = "PID")]
    pub(crate) process: u32,
}

#[derive(Args)]
pub(crate) struct Convert {
    /// The recording (.hwr), or a trace (.hwt or .hwt.gz); that of a forked process needs its parent's beside it
    pub(crate) input: PathBuf,
    /// The file to write, in the form that its name ends in: .hwt, .hwt.gz or .hwr
    pub(crate) output: PathBuf,
    /// Keep places in code as offsets in files, instead of looking up their names
    #[arg(long)]
    pub(crate) addresses: bool,
}

/// What can be imported, for the help.
const IMPORTED: &str =
    "Files are recognised by their content, plain or packed by gzip, zstd or LZ4:
  memray       .bin files of memray 1.11 to 1.20, without --aggregate
  heaptrack    .raw and interpreted files
  LTTng        the text of lttng_ust_libc events, from babeltrace2
  ltrace       ltrace -f -ttt; `highwater script ltrace` prints the command
  perf         the text of perf script; `highwater script perf` sets the probes
  mtrace       the C library's log
  Android      malloc_debug's record_allocs
  logalloc     Mozilla's log
Every other command that takes a trace takes these files as they are.";

#[derive(Args)]
#[command(after_help = IMPORTED)]
pub(crate) struct Import {
    /// The file of the other tool
    pub(crate) input: PathBuf,
    /// The file to write, in the form that its name ends in: .hwr, .hwt or .hwt.gz (default: none is written)
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("form").required(true))]
pub(crate) struct Export {
    /// As Android's record_allocs writes it, for memory_replay
    #[arg(long, group = "form")]
    android: bool,
    /// As Mozilla's logalloc writes it, for logalloc-replay
    #[arg(long, group = "form")]
    logalloc: bool,
    /// As a trace in text (.hwt, or .hwt.gz by the name of OUTPUT)
    #[arg(long, group = "form")]
    hwt: bool,
    /// The recording (.hwr), a trace, or a file of another tool
    pub(crate) input: PathBuf,
    /// The file to write
    pub(crate) output: PathBuf,
}

impl Export {
    /// The form that is asked for.
    pub(crate) fn form(&self) -> Form {
        match (self.android, self.logalloc) {
            (true, _) => Form::Android,
            (_, true) => Form::Logalloc,
            _ => Form::Text,
        }
    }
}

#[derive(Args)]
pub(crate) struct Script {
    /// The tool that the machine of the process has
    #[arg(value_enum)]
    pub(crate) tool: Tool,
}

#[derive(Args)]
pub(crate) struct Settings {
    /// The text, whatever it is: a Dockerfile, a manifest, a unit, a script, /proc/PID/environ; `-` for standard input
    pub(crate) file: PathBuf,
    /// Judge the settings for this allocator (default: the one that the text chooses, else its image's, else glibc@2.36)
    #[arg(long, value_name = "NAME@VERSION", value_parser = given)]
    pub(crate) allocator: Option<String>,
    /// Judge Python's settings for this release of CPython (default: 3.11)
    #[arg(long, value_name = "VERSION", value_parser = given)]
    pub(crate) python: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Allocators {
    /// Print a JSON list instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `replay` and `run`.
#[derive(Args)]
pub(crate) struct Common {
    /// Allocator and release (default: the one that --env chooses with LD_PRELOAD, else the trace's own, else glibc@2.36);
    /// the nearest modelled release replaces one that is not modelled
    #[arg(long, value_name = "NAME@VERSION", value_parser = given)]
    pub(crate) allocator: Option<String>,
    /// Settings: NAME=VALUE, any text that holds settings, or a file of such text; may be repeated, and a later value
    /// replaces an earlier one
    #[arg(long, value_name = "NAME=VALUE", value_parser = given)]
    pub(crate) env: Vec<String>,
    /// Release of CPython that runs the program, 3.9 to 3.14, or `none`; small blocks then come from its object allocator
    /// and others from --allocator (default: 3.11 for the patterns sync, async_fanout and tasks; none otherwise)
    #[arg(long, value_name = "VERSION", value_parser = given)]
    pub(crate) python: Option<String>,
    /// Limit of memory in MiB (memory.max of a control group): the process is killed when its resident memory and page tables exceed it
    #[arg(long, value_name = "MIB", value_parser = given, allow_hyphen_values = true)]
    pub(crate) cap: Option<String>,
    /// Limit in MiB above which the kernel takes back memory marked with MADV_FREE and slows the process down (memory.high)
    #[arg(long, value_name = "MIB", value_parser = given, allow_hyphen_values = true)]
    pub(crate) high: Option<String>,
    /// Cores of the machine, which limit the number of arenas (default: the trace's own, otherwise 2)
    #[arg(long, value_name = "N", value_parser = given, allow_hyphen_values = true)]
    pub(crate) cores: Option<String>,
    /// Cores available to the process (default: all)
    #[arg(long, value_name = "N")]
    pub(crate) allowed_cores: Option<u32>,
    /// Seed of jemalloc's random states, which in a real process follow from addresses and differ from run to run
    #[arg(long, value_name = "N", value_parser = given, allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,
    /// Transparent huge pages of the machine: always, madvise or never (default: the recording's own, otherwise madvise)
    #[arg(long, value_name = "MODE", value_parser = given)]
    pub(crate) thp: Option<String>,
    /// How far khugepaged makes huge pages of small ones: off, clock (as where it serves this process alone) or everything
    /// (the most that it can add) (default: off)
    #[arg(long, value_name = "HOW", value_parser = given)]
    pub(crate) khugepaged: Option<String>,
    /// Size of a page in KiB: 4, 16 or 64, and of a huge page 2, 32 or 512 MiB (default: the trace's own, otherwise 4)
    #[arg(long, value_name = "KIB", value_parser = given)]
    pub(crate) page_size: Option<String>,
    /// Also run with N seeds and report how much resident memory at the marks varies
    #[arg(long, value_name = "N")]
    pub(crate) seeds: Option<u32>,
    /// Moment to explain: a mark by its name or the start of its name, or seconds from the start (default: the end of the last rest before
    /// a final trim or exit)
    #[arg(long, value_name = "MARK|SECONDS", allow_hyphen_values = true, value_parser = given)]
    pub(crate) at: Option<String>,
    /// Write every decision of the allocator to this file, one JSON object per line; `-` prints them instead of the report
    #[arg(long, value_name = "FILE")]
    pub(crate) decisions: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    /// The options of a run's description that are given, by name.
    pub(crate) fn options(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("allocator", &self.allocator),
            ("python", &self.python),
            ("cap", &self.cap),
            ("high", &self.high),
            ("cores", &self.cores),
            ("seed", &self.seed),
            ("thp", &self.thp),
            ("khugepaged", &self.khugepaged),
            ("page_size", &self.page_size),
        ];
        let given = |(name, value): (_, &Option<String>)| Some((name, value.clone()?));
        all.into_iter().filter_map(given).collect()
    }
}

#[derive(Args)]
pub(crate) struct Replay {
    /// Trace (.hwt or .hwt.gz), recording (.hwr; that of a forked process needs its parent's beside it), or a file of memray, heaptrack
    /// or another tool
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Ignore the environment recorded in the trace (by default --env is added to it)
    #[arg(long)]
    pub(crate) without_recorded_env: bool,
    /// Compare every address, and resident memory at every mark, with the trace's own; exit with 1 if any differs
    #[arg(long)]
    pub(crate) check: bool,
    /// Pages of each block that the program touches: `all`, `none`, or those that the trace names (default; where it names none,
    /// as its header says)
    #[arg(long, value_enum, default_value_t = Touch::Trace, hide_default_value = true)]
    pub(crate) touch: Touch,
    /// Parameter; a trace has none
    #[arg(long, value_name = "PARAMETER=VALUE", hide = true, value_parser = given)]
    pub(crate) set: Vec<String>,
}

/// The pages of a block that a program touches.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Touch {
    All,
    None,
    Trace,
}

#[derive(Args)]
#[command(after_help = parameters())]
pub(crate) struct Run {
    /// Name of a scenario or pattern, or a file that describes a run (.toml or .json); `-` for standard input
    #[arg(value_parser = given)]
    pub(crate) scenario: String,
    /// Variant to run (default: the first); other options override its settings
    #[arg(long, value_name = "NAME", value_parser = given)]
    pub(crate) variant: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Value of a parameter; may be repeated
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = given)]
    pub(crate) set: Vec<String>,
    /// Also write the calls as a trace to this file (.hwt or .hwt.gz)
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Scenarios {
    /// Scenario whose file is printed instead of the list, for you to copy and change
    pub(crate) name: Option<String>,
    /// Print a JSON list instead of text
    #[arg(long, conflicts_with = "name")]
    pub(crate) json: bool,
}

/// A value that is not blank.
fn given(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("the value is empty; give one as in the brackets"),
        _ => Ok(text.to_owned()),
    }
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

/// Prints help and version to standard output, and anything else as an error in one line.
pub(crate) fn explain(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        let shown = error.print().and_then(|()| std::io::stdout().flush());
        if let Err(error) = crate::console::unless_reader_left(shown) {
            crate::console::say(&format!("standard output: {error}"));
            return ExitCode::from(FAILED);
        }
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::InvalidUtf8 {
        crate::console::say("an option's value or a name is not UTF-8; write it in UTF-8");
        return ExitCode::from(FAILED);
    }
    let text = error.to_string();
    let said: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let said = said.join(" ");
    crate::console::say(said.trim_start_matches("error: "));
    ExitCode::from(FAILED)
}
