//! The arguments of the commands that look for remedies and test them.

use super::given;
use clap::Args;
use std::path::PathBuf;

/// What runs, and its variants.
#[derive(Args)]
pub(crate) struct Runs {
    /// Trace, name of a scenario or pattern, or a file that describes runs (.toml or .json); `-` for standard input
    #[arg(value_name = "TRACE|SCENARIO", value_parser = given)]
    pub(crate) subject: String,
    /// New variant, as "NAME: SETTINGS": settings in any form or a file of them, and `trim=`, `allocator=`, `cap=`, `cores=`,
    /// `python=` or `seed=` with a value; or the name of one of the scenario's, to run only those; may be repeated
    #[arg(long, value_name = "NAME: SETTINGS", value_parser = given)]
    pub(crate) variant: Vec<String>,
    /// New variant with the settings in a text (a Dockerfile, a manifest, a unit, a script); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Vec<PathBuf>,
    /// Value of a parameter, except in variants that set it themselves; may be repeated
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = given)]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) runs: Runs,
    /// Recording of a real rerun with a variant's settings: what was measured in each of its rests, and at marks of the same
    /// name, is listed beside what the variant foretells; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = given)]
    pub(crate) measured: Vec<String>,
    /// Variants to run at the same time (default: the number of cores)
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Print one JSON object instead of the table
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print the table as CSV, in bytes
    #[arg(long)]
    pub(crate) csv: bool,
    /// Also write the table as Markdown to this file; `-` prints it instead of the plain table
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Also write the curves as SVG to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Also write the curves as PNG to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Also write the heap map of each variant's first process to FILE.svg or FILE.png; several variants go to FILE-A.svg,
    /// FILE-B.svg and so on, with the letters of the curves
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Moment of the table and of the heap maps: a mark by its name or the start of its name, or seconds from the start (default: the end of the last rest before
    /// a final trim or exit)
    #[arg(long, value_name = "MARK|SECONDS", allow_hyphen_values = true, value_parser = given)]
    pub(crate) at: Option<String>,
    /// Date shown in pictures (default: today)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) date: Option<jiff::civil::Date>,
    /// Draw pictures in light on dark
    #[arg(long)]
    pub(crate) dark: bool,
}

#[derive(Args)]
pub(crate) struct Advise {
    /// Trace, name of a scenario or pattern, or a file that describes runs (.toml or .json); `-` for standard input. Several
    /// traces, or a folder of them, are advised together: the best single change for all
    #[arg(value_name = "TRACE|SCENARIO|FOLDER", required_unless_present_any = ["unit", "from"], value_parser = given)]
    pub(crate) subject: Vec<String>,
    /// Print the units of work instead, one JSON line for each trace and change; each can be run by itself with --unit
    #[arg(long, conflicts_with_all = ["unit", "from"])]
    pub(crate) plan: bool,
    /// Run one unit, a line of --plan, and print one JSON line; give the same options as to --plan
    #[arg(long, value_name = "JSON", conflicts_with_all = ["subject", "from"], value_parser = given)]
    pub(crate) unit: Option<String>,
    /// Make the table of the lines that --unit printed, in any order; with the traces, it is refused while lines are missing
    #[arg(long, value_name = "LINES")]
    pub(crate) from: Option<PathBuf>,
    /// Variant of the scenario that is the run as it is (default: the first)
    #[arg(long, value_name = "NAME", value_parser = given)]
    pub(crate) variant: Option<String>,
    /// Value of a parameter; may be repeated
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = given)]
    pub(crate) set: Vec<String>,
    /// Allocator of the run as it is (default: that of the settings, else of --image, else of the trace, else glibc@2.36)
    #[arg(long, value_name = "NAME@VERSION", value_parser = given)]
    pub(crate) allocator: Option<String>,
    /// Settings of the run as it is: NAME=VALUE, any text that holds settings, or a file of such text; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = given)]
    pub(crate) env: Vec<String>,
    /// File with the settings of the run as it is (a Dockerfile, a manifest, a unit); --paste then takes its form
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Limit of memory in MiB (memory.max): what exceeds it is killed, and is no remedy
    #[arg(long, value_name = "MIB", value_parser = given, allow_hyphen_values = true)]
    pub(crate) cap: Option<String>,
    /// Container image, such as python:3.12-slim: its C library, and the packages that can be had
    #[arg(long, value_name = "IMAGE", value_parser = given)]
    pub(crate) image: Option<String>,
    /// Kinds of change to try, with commas between them: settings, mmap_threshold, trim_threshold, top_pad, arenas, tcache,
    /// fastbins, removal, jemalloc, malloc_trim (default: all)
    #[arg(long, value_name = "KINDS", value_parser = given)]
    pub(crate) only: Vec<String>,
    /// Kinds of change not to try
    #[arg(long, value_name = "KINDS", value_parser = given)]
    pub(crate) not: Vec<String>,
    /// Memory to lower: peak, rest or mean, or several with weights as in rest=2,peak=1 (default: rest; for a run that never
    /// rests the end or the mean)
    #[arg(long, value_name = "MEASURE", value_parser = given)]
    pub(crate) weigh: Option<String>,
    /// Stop after N seconds; candidates that were not run are listed
    #[arg(long, value_name = "N")]
    pub(crate) seconds: Option<u32>,
    /// Candidates to run at the same time (default: the number of cores)
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// CPU time of one page fault, in nanoseconds (default: a measured value, printed with its bounds)
    #[arg(long, value_name = "NS")]
    pub(crate) fault_ns: Option<u32>,
    /// CPU time of one system call, in nanoseconds (default: a measured value, printed with its bounds)
    #[arg(long, value_name = "NS")]
    pub(crate) call_ns: Option<u32>,
    /// Print one remedy instead of the table, ready to paste: dockerfile, compose, kubernetes, systemd, procfile, env or review
    /// (default: the form of --settings, else env)
    #[arg(long, value_name = "FORM", num_args = 0..=1, default_missing_value = "")]
    pub(crate) paste: Option<String>,
    /// Remedy to paste, by its number in the table (default: the first that needs no change of the program)
    #[arg(long, value_name = "NUMBER", requires = "paste")]
    pub(crate) choose: Option<usize>,
    /// Print one JSON object instead of the table
    #[arg(long, conflicts_with_all = ["csv", "paste"])]
    pub(crate) json: bool,
    /// Print every candidate as CSV, sizes in bytes
    #[arg(long, conflicts_with = "paste")]
    pub(crate) csv: bool,
    /// Also write the table as Markdown to this file; `-` prints it instead of the plain table
    #[arg(long, value_name = "FILE", conflicts_with = "paste")]
    pub(crate) markdown: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Confirm {
    #[command(flatten)]
    pub(crate) runs: Runs,
    /// Model to compare with (default: that of the release that this machine has)
    #[arg(long, value_name = "NAME@VERSION", value_parser = given)]
    pub(crate) allocator: Option<String>,
    /// Folder with other libraries, each unpacked in a folder of its own; those of the release asked for answer
    #[arg(long, value_name = "FOLDER")]
    pub(crate) libraries: Option<PathBuf>,
    /// Also measure the processor time of the calls in N rounds, and compare it with the estimate of `advise`; for programs
    /// of one thread
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) time: Option<u32>,
    /// Wait for as long as the program did between its calls, so that an allocator's own threads run; takes as long as the recording
    #[arg(long, conflicts_with = "time")]
    pub(crate) real_time: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}
