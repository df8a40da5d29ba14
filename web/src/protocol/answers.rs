//! What a worker answers, besides the outcome itself.

use super::{
    Address, Answer, BorshDeserialize, BorshSerialize, Bytes, Choice, Diagnosis, Frame, Micros,
    Origin, PageKind, Phases, RealProcess, Sample, Sentence, Summary, ToldKind, Variable,
};

/// The figures of a moment that variants are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MomentFigures {
    /// Resident bytes.
    pub rss: Bytes,
    /// Bytes the program holds.
    pub live: Bytes,
    /// Bytes free in the allocator.
    pub free: Bytes,
    /// Resident bytes that asking for it would give back.
    pub reclaimable: Bytes,
    /// Bytes of page tables.
    pub page_tables: Bytes,
    /// Resident bytes in huge pages.
    pub huge: Bytes,
    /// Resident bytes marked with MADV_FREE.
    pub lazy_free: Bytes,
}

/// A block of the allocator's memory, as a line of a table.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockRow {
    /// The address the program got, or would get.
    pub address: Address,
    /// Its size, header included.
    pub size: Bytes,
    /// What it is, in the words of the map's legend.
    pub kind: PageKind,
    /// Where it is listed or kept.
    pub state: String,
    /// Bytes the program asked for.
    pub requested: Option<Bytes>,
    /// What allocated it, or last held something there.
    pub allocated: Option<Origin>,
    /// What freed it.
    pub freed: Option<Origin>,
}

/// A workload without its calls.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Loaded {
    /// The program, in the words of the trace.
    pub program: Option<String>,
    /// The CRC-32 of its file.
    pub checksum: u32,
    /// Calls.
    pub calls: u64,
    /// Blocks that it names.
    pub blocks: u64,
    /// Threads that it numbers.
    pub threads: u32,
    /// Marks.
    pub marks: u64,
    /// When its last call was.
    pub lasts: Micros,
    /// Whether it has so many calls that it is read again for each run.
    pub is_long: bool,
    /// Lines of the trace that named an unknown block.
    pub skipped: u64,
    /// Whether its last line had no end: it may be cut off.
    pub unended: bool,
    /// The allocator that was recorded, as `name version`.
    pub recorded: Option<String>,
    /// What to run it through: the allocator that was recorded if it is modelled, else the default.
    pub allocator: Choice,
    /// The environment that was recorded.
    pub environment: Vec<Variable>,
    /// Where it comes from, if not from one recording, as [`Imported`](super::Outcome::Imported) has it.
    pub origin: Option<String>,
}

/// A run, in figures.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Ran {
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// Calls of the program, in all processes. A mark is no call.
    pub calls: u64,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// What variants are compared by.
    pub summary: Summary,
    /// What is resident after the last rest, and why.
    pub answer: Answer,
    /// Its stages; at least one.
    pub stages: Vec<StageRan>,
    /// The marks, in order.
    pub marks: Vec<MarkAt>,
    /// The phases, in order.
    pub phases: Phases,
    /// The curves.
    pub samples: Vec<Sample>,
    /// Heap maps; none if only the curves were asked for.
    pub frames: Vec<Frame>,
    /// The real process, where the trace says what was measured of it.
    pub real: RealProcess,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct StageRan {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub begins: Micros,
    /// Events of the stages before it.
    pub first_event: u64,
    /// Processes that were killed at the cap, and when.
    pub killed: Vec<Micros>,
}

/// Where a mark lies.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MarkAt {
    /// Its name.
    pub name: String,
    /// How many events had been run.
    pub event: u64,
    /// When.
    pub time: Micros,
}

/// One moment of a run, explained.
#[derive(Debug, Clone, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Looked {
    /// Why memory is as it is. Its findings cross in words.
    pub diagnosis: Diagnosis,
    /// The findings, the most important first.
    pub findings: Vec<Said>,
    /// The latest decisions before it, the latest first.
    pub decisions: Vec<Told>,
    /// How many decisions of the run lie before it.
    pub decided: u64,
    /// The decisions before it by their kinds, in the order of [`ToldKind::NAMES`].
    pub kinds: Vec<ToldOf>,
    /// The heap map.
    pub frame: Frame,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Said {
    /// Its kind, as it is serialised.
    pub kind: String,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
}

/// The decisions of a kind.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ToldOf {
    /// How many there were.
    pub count: u64,
    /// The latest, the latest first.
    pub latest: Vec<Told>,
}

/// A decision in words.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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
