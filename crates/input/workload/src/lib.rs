//! What a program asks of its allocator, as a list of calls.
//!
//! Everything that can be replayed is a [`Workload`]: the calls of one process in the order in which they were made,
//! each with its time and thread. It comes from one of two places, and nothing downstream can tell which:
//!
//! - a **trace** ([`trace`]), recorded from a real process, read from and written to text;
//! - a **pattern** ([`pattern`]), a small program that is run here with parameters and a seed, and whose calls are kept.
//!
//! # The decision
//! A workload names blocks, not addresses. An address is what an allocator answers, and the same calls are replayed on
//! many allocators; so a trace's pointers are resolved once, while reading, to [`BlockId`]s that count the allocating
//! calls, and a replay needs no table but an array. The addresses that were recorded stay beside the calls as an answer
//! sheet.
//!
//! A pattern is a program and not a list of sizes or a curve. It has tasks, buffers that grow as real ones do, and an
//! event loop that decides who runs next; when a block dies follows from what the program does. The shape of resident
//! memory is left to the allocator's rules. That excludes the quicker way, drawing sizes and lifetimes from recorded
//! distributions: those would carry one allocator's and one schedule's results into every other.
//!
//! A workload is held in memory whole, where it fits. Replaying it under eight variants, or seeking in it, is then one loop
//! over an array; the price is 40 bytes a call, which [`trace::Limits`] and [`pattern::MAX_CALLS`] bound. A pattern that
//! makes more than that is made burst by burst while it is replayed; a [`Source`] is either.
//!
//! This crate knows no simulator and no model: only the words of `highwater-allocator`.

mod changed;
mod counts;
mod event;
mod numbers;
pub mod pattern;
mod phases;
mod progress;
pub mod scenario;
mod sites;
mod source;
pub mod spec;
mod touched;
pub mod trace;

pub use changed::{Trims, TrimsError, UnknownTrims};
pub use counts::Counts;
pub use event::{
    BlockId, Call, Domain, Event, Header, Mark, MarkId, Sample, Touched, TouchedId, TouchedRun,
    Workload,
};
pub(crate) use highwater_allocator::Nanos;
pub use highwater_allocator::{Address, Bytes, Micros, ThreadId};
pub use pattern::{Pattern, PatternError};
pub use phases::{MarkPoint, Moment, Phase, PhaseKind, PhaseSource, Phases, ends_a_rest};
pub use progress::{Progress, Watch, unwatched};
pub use scenario::Scenario;
pub use sites::SiteId;
pub use source::{Parts, Source};
pub use spec::RunSpec;
pub use touched::TouchedBlocks;
