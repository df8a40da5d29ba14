//! What the page and its worker say to each other.
//!
//! Messages are typed. Only the bytes of a trace travel beside their message, as an [`ArrayBuffer`](js_sys::ArrayBuffer) that
//! changes hands without being copied, and files of the user's.
//!
//! A worker keeps one trace, the one loaded last, and the calls of the patterns that it made last; everything else that a job
//! is about stands in its message, so that any worker can do it. A job that fails or is cancelled leaves what was kept.
//!
//! Every message crosses as bytes in the form of borsh, which names no field and leaves none out: both ends are one program.

mod advice;
mod answers;
mod drawing;
#[cfg(test)]
pub(crate) mod tests;

pub use advice::{Advised, Asked, Found, Piece, Tried};
pub use answers::{
    BlockRow, Loaded, Looked, MarkAt, MomentFigures, Ran, Said, StageRan, Told, ToldOf,
};
use borsh::{BorshDeserialize, BorshSerialize};
pub use drawing::{Curve, Curves, Drawing, Drawn, Heap, Named};
pub use highwater_report::DecisionKind as ToldKind;
use highwater_report::{Answer, Sentence};
use highwater_simulator::{
    Address, Bytes, Choice, Diagnosis, Environment, Frame, Micros, Origin, PageKind, Phases,
    RealProcess, Sample, Summary, Variable, Variant, Without,
};
use highwater_workload::{Pattern, Trims};

/// Names one piece of work for as long as the page lives. The page chooses it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct JobId(pub u32);

/// From the page to the worker.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
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

/// What a worker can be asked to do.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Work {
    /// Read a trace, plain or gzip, which travels beside the message as bytes or as a file, and keep it in place of another.
    Load {
        /// The number it is asked for by.
        trace: u32,
    },
    /// Read a file of another tool, or several files in one, which travels beside the message, and make it a recording.
    Import,
    /// Run something from beginning to end.
    Run {
        /// What.
        order: Order,
        /// How many heap maps to keep; none where only the curves are wanted.
        frames: u32,
    },
    /// Look at one moment of a run.
    Look {
        /// Of what.
        order: Order,
        /// In which of its stages.
        stage: u32,
        /// Events of the stages before.
        first_event: u64,
        /// When that stage begins.
        begins: Micros,
        /// After how many events of the whole run.
        event: u64,
        /// When: between that event and the next, time may have passed.
        time: Micros,
        /// What is to be known of it.
        ask: Ask,
    },
    /// Find the settings in a text that is more than plain lines.
    Read {
        /// The text.
        text: String,
    },
    /// Draw a picture: the bytes of a [`Drawing`].
    Draw(Vec<u8>),
    /// Look through the calls of a run, for a search of what would help.
    Survey {
        /// The run.
        order: Order,
    },
    /// Run something that such a search wants to try: the bytes of a [`Piece`].
    Try(Vec<u8>),
    /// Say what the search does next, or what would help.
    Advise {
        /// The search: the bytes of [`Asked`].
        asked: Vec<u8>,
        /// What the survey said.
        survey: Vec<u8>,
        /// What came of its rounds so far.
        done: Vec<Vec<Tried>>,
    },
}

/// What can be asked of a moment.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Ask {
    /// Why memory is as it is, and the map.
    Why,
    /// The blocks between two addresses, one by one.
    Blocks {
        /// From here.
        from: Address,
        /// To here.
        to: Address,
    },
    /// The figures that variants are compared by.
    Figures,
    /// What would be if some pins were gone.
    Without {
        /// Their addresses.
        pins: Vec<Address>,
    },
    /// The blocks by size class, as rows of a table in HTML.
    Sizes,
    /// The whole state, as text.
    State,
    /// What was decided since the run began, where it says some words.
    Log {
        /// The words, or some of their letters; all decisions where there are none.
        words: String,
        /// The kind of decisions that is wanted, or all.
        kind: Option<ToldKind>,
    },
}

/// Something to run: stages one after another.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// At least one.
    pub stages: Vec<StageOrder>,
}

/// Processes that start together, run to their end, and are stopped.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct StageOrder {
    /// Its name.
    pub name: String,
    /// What each process runs.
    pub calls: Calls,
    /// How many there are, at least one; of a pattern each has a seed of its own.
    pub workers: u32,
    /// When each also calls `malloc_trim(0)`.
    pub trims: Option<Trims>,
    /// What they are run through.
    pub variant: Variant,
}

/// Where a program's calls come from.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Calls {
    /// The trace that was loaded under this number.
    Trace(u32),
    /// A pattern.
    Pattern {
        /// Which.
        pattern: Pattern,
        /// With what: the [`values`](highwater_workload::pattern::Parameters::values) of its parameters.
        values: Vec<f64>,
    },
}

/// From the worker to the page.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
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
        /// Of a run now and then its curve so far, in few samples.
        curve: Vec<Sample>,
    },
    /// A job is finished.
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
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// Of [`Work::Load`].
    Loaded(Loaded),
    /// Of [`Work::Load`]: it is no trace. What it is instead, in words for whoever opened it.
    Foreign(String),
    /// Of [`Work::Import`]: the bytes of the recording travel beside it.
    Imported {
        /// Where it comes from, and which answers that affects: a sentence for the reader. Where the files hold several recordings
        /// that can be shown, a line for the one that is follows, and then a line for each: the name of its file, a tab, and what
        /// is known of it.
        origin: String,
    },
    /// Of [`Work::Import`]: the file is of no other tool.
    Unknown,
    /// Of [`Work::Run`].
    Ran(Box<Ran>),
    /// Of [`Work::Look`], asked [why](Ask::Why).
    Looked(Box<Looked>),
    /// Asked for [blocks](Ask::Blocks).
    Blocks(Vec<BlockRow>),
    /// Asked for [figures](Ask::Figures).
    Figures(MomentFigures),
    /// Asked what would be [without](Ask::Without) some pins.
    Without(Without),
    /// Asked for [sizes](Ask::Sizes) or the [state](Ask::State).
    Text(String),
    /// Asked for the [log](Ask::Log).
    Logged(ToldOf),
    /// Of [`Work::Read`].
    Read(Environment),
    /// Of [`Work::Draw`]: the picture, as a text of SVG.
    Drawn(String),
    /// Of [`Work::Survey`]: the bytes of a [`Survey`](highwater_advise::Survey).
    Surveyed(Vec<u8>),
    /// Of [`Work::Try`].
    Tried(Tried),
    /// Of [`Work::Advise`]: the runs of the next round, each the bytes of a [`Piece`].
    Round(Vec<Vec<u8>>),
    /// Of [`Work::Advise`]: the search is over. The bytes of [`Found`].
    Found(Vec<u8>),
}
