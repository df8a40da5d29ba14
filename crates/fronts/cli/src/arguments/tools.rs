//! Other people's tools: those that scripts are for, and those that read what is exported.

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

/// The forms that a recording is exported in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Android,
    Logalloc,
    Text,
}
