//! What the page and its worker say to each other.
//!
//! Messages are small and typed. Anything large (a series, the pages of a heap map) travels beside the message as an
//! [`ArrayBuffer`](js_sys::ArrayBuffer) that changes hands without being copied; the message names it by a
//! [`Column`].
//!
//! The worker keeps one workload, the one loaded or built last, and the variant it was last run through: a
//! [`Work::Look`] is about those. A job that fails or is cancelled leaves both as they were.
//!
//! Every message has a form in bytes ([`bytes`](crate::bytes)), which names no field and leaves none out.

mod crossing;
#[cfg(test)]
mod tests;

use crossing::{DiagnosisCrossing, VariantCrossing};
use highwater_simulator::{Bytes, Choice, Diagnosis, Micros, Variable, Variant};
use highwater_workload::Pattern;
use serde::{Deserialize, Serialize};

/// Names one piece of work for as long as the page lives. The page chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u32);

/// From the page to the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Begin a job. Jobs already begun go on; they share the worker's time.
    Start {
        /// The name under which the worker reports on it.
        job: JobId,
        /// What to do.
        work: Work,
    },
    /// Drop a job. Nothing more is said about it but [`Response::Cancelled`].
    Cancel {
        /// The job to drop; a job that the worker does not know is answered in the same way.
        job: JobId,
    },
}

/// What the worker can be asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// Read a trace, plain or gzip, whose bytes are attached as the first column.
    Load,
    /// Run a pattern and keep its calls.
    Build {
        /// Which.
        scenario: Pattern,
        /// With what: the [`values`](highwater_workload::pattern::Parameters::values) of its parameters.
        values: Vec<f64>,
    },
    /// Run the workload through a variant.
    Run {
        /// The allocator and its environment.
        #[serde(with = "VariantCrossing")]
        variant: Variant,
        /// Whether only the curves are wanted, for comparison; else the run is also kept for [`Work::Look`].
        curves_only: bool,
    },
    /// Look at one moment of the run that is kept.
    Look {
        /// After how many events.
        event: u64,
        /// When: between that event and the next, time may have passed.
        time: Micros,
    },
}

/// From the worker to the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// The worker is ready. Said once, first.
    Ready {
        /// The version of the engine in the worker.
        version: String,
    },
    /// A job goes on.
    Progress {
        /// Which.
        job: JobId,
        /// How much of it is done, from 0 to 1.
        done: f64,
    },
    /// A job is finished. Its columns are attached.
    Finished {
        /// Which.
        job: JobId,
        /// Its result.
        outcome: Outcome,
    },
    /// A job was refused or could not be finished.
    Failed {
        /// Which.
        job: JobId,
        /// What is wrong and what to change, for the user.
        message: String,
    },
    /// A job was dropped because the page asked for it.
    Cancelled {
        /// Which.
        job: JobId,
    },
}

/// What came of a piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Of [`Work::Load`] and [`Work::Build`].
    Loaded(Loaded),
    /// Of [`Work::Run`].
    Ran(Ran),
    /// Of [`Work::Look`].
    Looked(Box<Looked>),
}

/// What there is to know of a workload besides its calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// The program, in the words of the trace.
    pub program: Option<String>,
    /// Calls and marks.
    pub events: u64,
    /// Lines of the trace that named an unknown block.
    pub skipped: u64,
    /// The allocator that was recorded, as `name version`.
    pub recorded: Option<String>,
    /// What to run it through: the allocator that was recorded if it is modelled, else the default.
    pub allocator: Choice,
    /// The environment that was recorded.
    pub environment: Vec<Variable>,
}

/// A run, in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// What it was run through.
    #[serde(with = "VariantCrossing")]
    pub variant: Variant,
    /// How long that took, in milliseconds.
    pub took_ms: f64,
    /// Events run.
    pub events: u64,
    /// Calls that returned a block.
    pub allocations: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// The highest resident memory.
    pub peak_rss: Bytes,
    /// Page faults.
    pub faults: u64,
    /// System calls.
    pub syscalls: u64,
    /// The marks, in order.
    pub marks: Vec<MarkAt>,
    /// The curves, as [`columns::encode_samples`](crate::columns::encode_samples) writes them.
    pub samples: Column,
    /// Heap maps, as [`columns::encode_frames`](crate::columns::encode_frames) writes them; none if only the curves
    /// were asked for.
    pub frames: Option<Column>,
}

/// Where a mark lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkAt {
    /// Its name.
    pub name: String,
    /// How many events had been run.
    pub event: u64,
    /// When.
    pub time: Micros,
}

/// One moment of a run, explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    /// Why memory is as it is.
    #[serde(with = "DiagnosisCrossing")]
    pub diagnosis: Diagnosis,
    /// The latest decisions before it, the latest first.
    pub decisions: Vec<Told>,
    /// How many decisions of the run lie before it and are kept.
    pub decided: u64,
    /// The heap map, one frame.
    pub frame: Column,
}

/// A decision in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub time: Micros,
    /// What kind of decision it was.
    pub kind: ToldKind,
    /// In words.
    pub words: String,
    /// How often it was taken in a row; the time is that of the latest.
    pub times: u32,
}

/// Whether a decision gave memory back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToldKind {
    /// Memory went back to the kernel.
    GaveBack,
    /// It was considered and refused.
    Refused,
    /// Memory was taken from the kernel.
    Took,
    /// Something else changed.
    Changed,
    /// There was nothing to take.
    Failed,
}

/// A buffer attached to the message that holds this value: its place among the message's attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column(pub u32);

/// The only attachment of [`Work::Load`].
pub const TRACE: Column = Column(0);
