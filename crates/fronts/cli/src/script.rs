//! `highwater script`: what records a running process with a tool that its machine has.

/// The tools that scripts are for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    /// A trace, by uprobes; needs root
    Bpftrace,
    /// Text of `perf script`, by uprobes; needs root
    Perf,
    /// A trace, by breakpoints; slow
    Gdb,
    /// Text of ltrace; only calls through the tables of the program and its libraries
    Ltrace,
}

/// Returns the script for a tool.
pub(crate) fn print(tool: Tool) -> String {
    let script = match tool {
        Tool::Bpftrace => include_str!("../scripts/bpftrace.sh"),
        Tool::Perf => include_str!("../scripts/perf.sh"),
        Tool::Gdb => include_str!("../scripts/gdb.py"),
        Tool::Ltrace => include_str!("../scripts/ltrace.sh"),
    };
    script.to_owned()
}
