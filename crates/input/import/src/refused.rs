//! Files of other tools that hold no calls, or none that can be read, and what to record instead.

use std::fmt;

/// A file of a tool that cannot be replayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A profile of pprof.
    Pprof,
    /// A heap profile of gperftools, as text.
    Gperftools,
    /// A heap profile of jemalloc.
    Jemalloc,
    /// A trace of Perfetto.
    Perfetto,
    /// The output of Valgrind's DHAT.
    Dhat,
    /// The output of Valgrind's Massif.
    Massif,
    /// A file of memray with sums.
    MemrayAggregated,
    /// A recording of bytehound.
    Bytehound,
    /// A recording of Java Flight Recorder.
    Jfr,
    /// A recording of perf, which `perf script` turns into text.
    PerfData,
    /// What perf or ftrace printed of other events.
    KernelTrace,
    /// What glibc's `malloc_info` or `malloc_stats` writes.
    GlibcStatistics,
    /// What jemalloc's `malloc_stats_print` writes.
    JemallocStatistics,
    /// A file of a process in `/proc`: maps, smaps, smaps_rollup or status.
    Proc,
    /// A heap dump of a Java virtual machine.
    JavaHeap,
    /// A heap snapshot of V8.
    V8Heap,
}

impl Refused {
    /// Returns what it is.
    pub fn what(self) -> &'static str {
        match self {
            Self::Pprof => "a pprof profile",
            Self::Gperftools => "a heap profile of gperftools",
            Self::Jemalloc => "a heap profile of jemalloc",
            Self::Perfetto => "a Perfetto trace",
            Self::Dhat => "a DHAT profile",
            Self::Massif => "a Massif profile",
            Self::MemrayAggregated => "a memray file in aggregated form",
            Self::Bytehound => "a bytehound recording",
            Self::Jfr => "a Java Flight Recording",
            Self::PerfData => "a recording of perf in binary form",
            Self::KernelTrace => "the text of perf or ftrace",
            Self::GlibcStatistics => "a report of glibc's malloc statistics",
            Self::JemallocStatistics => "a report of jemalloc's statistics",
            Self::Proc => "a file of a process in /proc",
            Self::JavaHeap => "a heap dump of a Java virtual machine",
            Self::V8Heap => "a heap snapshot of V8",
        }
    }

    /// Returns why it cannot be replayed.
    pub fn why(self) -> &'static str {
        match self {
            Self::Pprof | Self::Gperftools | Self::Jemalloc => {
                "it holds sums for each call stack, and no calls in their order"
            }
            Self::Perfetto => {
                "its heap profile holds sums for each call stack and dump, and no calls in their order"
            }
            Self::Dhat => {
                "it holds sums for each call stack over the whole run, and no calls in their order"
            }
            Self::Massif => "it holds the size of the heap at some moments, and no calls",
            Self::MemrayAggregated => {
                "it holds sums for each call stack at the peak and at the end, and no calls in their order"
            }
            Self::Bytehound => {
                "bytehound adds 24 bytes to every block, so the recorded heap is another one than the program's"
            }
            // async-profiler 4.5, src/mallocTracer.cpp, free_hook
            Self::Jfr => {
                "a virtual machine's own events are no calls of malloc, and those of async-profiler's `nativemem` report a free only after it was made, when another thread may have the block already"
            }
            Self::PerfData => "only its text can be read",
            Self::KernelTrace => "it has no allocator calls with their sizes and results",
            Self::GlibcStatistics | Self::JemallocStatistics => {
                "it holds the allocator's sums at one moment, and no calls in their order"
            }
            Self::Proc => "it holds what is mapped or resident at one moment, and no calls",
            Self::JavaHeap | Self::V8Heap => {
                "it holds the objects of a heap that the runtime keeps beside malloc's, and no calls"
            }
        }
    }

    /// Returns what to record instead.
    pub fn instead(self) -> &'static str {
        match self {
            Self::MemrayAggregated => {
                "record again without `--aggregate`, or with `highwater record`"
            }
            Self::PerfData => "write it as text with `perf script`",
            Self::KernelTrace => {
                "record with `highwater record`; a process that cannot be restarted, with the script of `highwater script perf`, which sets its probes with arguments"
            }
            Self::Perfetto => {
                "record with `highwater record`; on Android, with malloc_debug's record_allocs"
            }
            Self::Dhat | Self::Massif | Self::Bytehound => {
                "record with `highwater record`, or with `heaptrack --raw`"
            }
            _ => {
                "record with `highwater record`; a process that cannot be restarted, with the script of `highwater script bpftrace`"
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why, instead) = (self.what(), self.why(), self.instead());
        write!(
            f,
            "this is {what}, which cannot be replayed: {why}; {instead}"
        )
    }
}
