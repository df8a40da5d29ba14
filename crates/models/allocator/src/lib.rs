//! The interface that every allocator model implements, and the words that all of them share.
//!
//! A model is a deterministic state machine: it receives the calls of a program one at a time, works on the pages of a
//! [`Kernel`] that is lent to it for the call, and returns the very address the real allocator would return. It knows no
//! workload, no clock and no page on a screen. The kernel is lent rather than owned so that one model can stand on
//! another (an object allocator over malloc) and both work on the same address space.

mod census;
mod decision;
mod decision_log;
mod difference;
mod environment;
mod figures;
mod objects;
mod order;
mod packed;
mod pages;
mod remembered;
mod sparse;
mod states;
mod variables;

pub use census::{Accounting, Block, BlockState, Cache, Whereabouts};
pub use decision::{
    Considered, Counters, Decision, FreePages, Logged, Obstacle, PurgeReason, Refusal,
};
pub use decision_log::DecisionLog;
pub use difference::{Difference, Topic};
pub use environment::{Effect, Remark, Tone, Variable};
pub use figures::{DecayRule, Figures};
pub use highwater_kernel::{
    Address, Bytes, Decimal, Kernel, Micros, Nanos, Numbers, Pages, repeated, table_bytes,
};
pub use objects::{Objects, OwnMemory};
pub use order::{places_by_key, text_key};
pub use packed::{Packed, Unpacker};
pub use pages::{PageRun, PageUse};
pub use remembered::{Remembered, Turns};
pub use sparse::{Entry, Sparse};
pub use states::States;
pub use variables::{Reader, VARIABLES, reader_of};

use serde::{Deserialize, Serialize};
use std::fmt;

/// A thread of the simulated program; 0 is the main thread.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ThreadId(pub u16);

impl ThreadId {
    /// The thread the program starts with.
    pub const MAIN: Self = Self(0);
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What could be given back, and what it took to find that out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reclaimable {
    /// Resident bytes.
    pub bytes: Bytes,
    /// About how many blocks were looked at.
    pub looks: u64,
}

/// What a model of an allocator does for a program.
///
/// Addresses passed in must be live blocks of this model: a simulator keeps that promise, so that a model need not
/// check it. `None` stands for the null pointer.
pub trait Allocator {
    /// `malloc(size)`. `None` where the real one would fail with ENOMEM.
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address>;

    /// `calloc(count, size)`; a product that overflows fails.
    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address>;

    /// `realloc(old, size)`. With `size` 0 and an `old` block the block is freed and `None` returned; any other `None`
    /// is a failure that leaves `old` as it was.
    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address>;

    /// `memalign(alignment, size)`, which `posix_memalign` and `aligned_alloc` share.
    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address>;

    /// `free(block)`.
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address);

    /// `malloc_trim(pad)`: whether anything went back. A model without such a call does nothing.
    fn trim(&mut self, kernel: &mut Kernel, thread: ThreadId, pad: Bytes) -> bool;

    /// `mallopt(option, value)` of the C library: whether it took the value. Another allocator is not asked.
    fn mallopt(&mut self, kernel: &mut Kernel, thread: ThreadId, option: i32, value: i32) -> bool {
        let _ = (kernel, thread, option, value);
        false
    }

    /// The process goes on as the child that this thread has forked: all its other threads are gone, and their caches stay as
    /// they were.
    fn forked(&mut self, thread: ThreadId) {
        let _ = thread;
    }

    /// Frees a block for the sake of asking what if it were gone: past every cache, and out of the one that keeps it, if one
    /// does. Whether there was anything to free; a model that decides over whole pages has no such blocks.
    fn discard(&mut self, kernel: &mut Kernel, block: Address, cache: Option<Cache>) -> bool {
        let _ = (kernel, block, cache);
        false
    }

    /// The thread ends: its caches are returned.
    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId);

    /// The time is `now`, from the workload's start: told before every call at a later time than the one before. Only
    /// models with timers have anything to do.
    fn advance(&mut self, kernel: &mut Kernel, now: Micros);

    /// `malloc_usable_size(block)`.
    fn usable_size(&self, kernel: &Kernel, block: Address) -> Bytes;

    /// Where a live block lies.
    fn whereabouts(&self, kernel: &Kernel, block: Address) -> Whereabouts;

    /// The sums kept while running; cheap enough to be read after every event.
    fn accounting(&self, kernel: &Kernel) -> Accounting;

    /// What could be given back now by asking for it (`malloc_trim(0)`, a purge of every arena), found without changing
    /// anything.
    fn reclaimable(&self, kernel: &Kernel) -> Reclaimable;

    /// Every block of memory the allocator manages, in ascending order of address within each mapping.
    fn census(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block));

    /// What it reports of its pages; `None` where it does not decide over whole pages.
    fn figures(&self) -> Option<Figures> {
        None
    }

    /// Every run of pages, in any order, of an allocator that decides over whole pages.
    fn page_runs(&self, _visit: &mut dyn FnMut(PageRun)) {}

    /// What it holds for small objects, where it is an object allocator that stands on another one.
    fn objects(&self, kernel: &Kernel) -> Option<Objects> {
        let _ = kernel;
        None
    }

    /// What was resident of its memory when the process began, before the program's first call.
    fn resident_at_start(&self) -> Bytes {
        Bytes::ZERO
    }

    /// The part of [`Allocator::resident_at_start`] that the allocator wrote. Huge pages brought in the rest, which the program may
    /// use later.
    fn written_at_start(&self) -> Bytes {
        self.resident_at_start()
    }

    /// The decisions taken so far.
    fn decisions(&self) -> &DecisionLog;

    /// The same, to stamp or drain.
    fn decisions_mut(&mut self) -> &mut DecisionLog;
}
