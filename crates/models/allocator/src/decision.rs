//! The decisions that explain a curve: what an allocator considered, refused and did.
//!
//! `decision_log` records them.

use crate::ThreadId;
use crate::census::Cache;
use highwater_kernel::{Address, Bytes, Micros};
use serde::{Deserialize, Serialize};

/// Why an allocator looked at whether to give memory back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Considered {
    /// `free` merged a chunk of at least 64 KiB.
    LargeMerge,
    /// The program called `malloc_trim`.
    MallocTrim,
}

/// The chunk in use at which the merging of freed memory stopped: what keeps it from reaching the top.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Obstacle {
    /// Where the chunk begins, header included.
    pub chunk: Address,
    /// Its size, header included.
    pub size: Bytes,
    /// The cache it is parked in, if the program has freed it; `None` for a live one or the allocator's own.
    pub parked: Option<Cache>,
}

/// Why memory was not given back although that was considered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Refusal {
    /// The top is smaller than the trim threshold.
    BelowThreshold {
        /// The threshold in force.
        threshold: Bytes,
    },
    /// Less than one whole page, or huge page where the heap moves by those, lies above what has to stay.
    LessThanAPage,
    /// The program break is not where the allocator left it: somebody else moved it.
    ForeignBreak,
}

/// What free pages were before they were purged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreePages {
    /// As the program had left them.
    Dirty,
    /// Offered to the kernel.
    Muzzy,
}

/// Why free pages were purged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurgeReason {
    /// The decay time is 0: none may stay.
    AtOnce,
    /// A call of the program found that an interval of the decay had ended.
    Call,
    /// The background thread woke.
    BackgroundThread,
    /// All of an arena goes: the last thread bound to it has ended, or it was asked to.
    Everything,
    /// A very large extent became free in an arena that keeps none of these.
    VeryLarge,
}

/// One decision of an allocator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Decision {
    /// Giving back was considered and refused.
    TrimRefused {
        /// The arena, 0 the main one.
        arena: u16,
        /// What led there.
        considered: Considered,
        /// Size of the chunk that `free` had merged; zero where none was.
        merged: Bytes,
        /// Where the top begins: the chunk just below it is what stands in the way.
        top: Address,
        /// Size of the top.
        top_size: Bytes,
        /// Why it was refused.
        reason: Refusal,
        /// The chunk that the freed memory could not be merged across, where there was one.
        obstacle: Option<Obstacle>,
    },
    /// The heap's end was given back to the kernel.
    Trimmed {
        /// The arena, 0 the main one.
        arena: u16,
        /// What led there.
        considered: Considered,
        /// How much.
        bytes: Bytes,
        /// Size of the top afterwards.
        top_size: Bytes,
    },
    /// `malloc_trim` gave back whole pages inside free chunks.
    PagesReleased {
        /// The arena, 0 the main one.
        arena: u16,
        /// How much was handed to madvise.
        bytes: Bytes,
    },
    /// The heap grew.
    HeapGrown {
        /// The arena, 0 the main one.
        arena: u16,
        /// By how much.
        bytes: Bytes,
        /// Size of the top afterwards.
        top_size: Bytes,
    },
    /// An arena got a heap more: a stretch of address space of its own, of which so much is in use.
    HeapCreated {
        /// The arena.
        arena: u16,
        /// Where the heap begins.
        base: Address,
        /// Bytes in use of it.
        bytes: Bytes,
    },
    /// An arena's last heap had become empty and was unmapped whole.
    HeapDeleted {
        /// The arena.
        arena: u16,
        /// Where the heap began.
        base: Address,
        /// Bytes that had been in use of it.
        bytes: Bytes,
    },
    /// A thread got an arena of its own.
    ArenaCreated {
        /// The arena.
        arena: u16,
        /// The thread.
        thread: u16,
    },
    /// A thread got an arena that others use too, or that a thread which has ended left behind.
    ArenaShared {
        /// The arena.
        arena: u16,
        /// The thread.
        thread: u16,
        /// Threads attached to the arena now, this one included.
        attached: u32,
    },
    /// A request failed in one arena and was tried in another.
    ArenaRetried {
        /// The arena that had nothing to give.
        from: u16,
        /// The arena that was asked then.
        to: u16,
        /// Size of the request.
        request: Bytes,
    },
    /// Freeing a mapped block raised the thresholds.
    ThresholdRaised {
        /// The mmap threshold before.
        mmap_before: Bytes,
        /// The trim threshold before.
        trim_before: Bytes,
        /// The new size from which a request gets a mapping of its own.
        mmap_threshold: Bytes,
        /// The new trim threshold.
        trim_threshold: Bytes,
    },
    /// A block got a mapping of its own.
    Mapped {
        /// Size of the mapping.
        bytes: Bytes,
    },
    /// A mapping of its own was given back.
    Unmapped {
        /// Size of the mapping.
        bytes: Bytes,
    },
    /// The fastbins were emptied and their chunks merged with their neighbours.
    Consolidated {
        /// The arena, 0 the main one.
        arena: u16,
        /// How many chunks.
        chunks: u64,
    },
    /// Free pages beyond what the decay lets stay were purged.
    Purged {
        /// The arena.
        arena: u16,
        /// What they were.
        from: FreePages,
        /// Whether they are only offered to the kernel now (muzzy), and stay resident until it needs them.
        offered: bool,
        /// How much.
        bytes: Bytes,
        /// How much may stay, by the curve of the decay.
        limit: Bytes,
        /// Why now.
        reason: PurgeReason,
    },
    /// An object allocator that stands on malloc mapped an arena, from which it cuts small blocks.
    ObjectArenaMapped {
        /// Where it begins.
        base: Address,
        /// Its size.
        bytes: Bytes,
        /// How many there are now.
        arenas: u32,
    },
    /// No object was left in an arena of an object allocator: it was unmapped whole.
    ObjectArenaReturned {
        /// Where it began.
        base: Address,
        /// Its size.
        bytes: Bytes,
        /// How many there are now.
        arenas: u32,
    },
    /// The table of an object allocator's arenas was full and doubled: a block of malloc's, and one that never goes.
    ArenaTableGrown {
        /// How many arenas there is room for now.
        room: u32,
        /// Bytes asked for.
        bytes: Bytes,
        /// Where it lies now.
        table: Address,
    },
    /// A request failed: the kernel had nothing to give.
    OutOfMemory {
        /// Size of the request.
        request: Bytes,
    },
}

/// A decision and the event that led to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Logged {
    /// Index of the event in the run.
    pub event: u64,
    /// When: that of the event, or before it where a timer had run out.
    pub time: Micros,
    /// The thread of the event.
    pub thread: ThreadId,
    /// What was decided.
    pub decision: Decision,
}

/// How often each kind of decision was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Trims refused.
    pub trims_refused: u64,
    /// Trims done.
    pub trims: u64,
    /// Bytes given back by trims of the top.
    pub trimmed_bytes: Bytes,
    /// Releases of pages inside free chunks.
    pub releases: u64,
    /// Growths of a heap.
    pub growths: u64,
    /// Heaps of other arenas that were mapped.
    pub heaps_created: u64,
    /// Those that were unmapped whole.
    pub heaps_deleted: u64,
    /// Arenas made for threads.
    pub arenas_created: u64,
    /// Times a thread was given an arena that was there already.
    pub arenas_shared: u64,
    /// Requests that failed in one arena and were tried in another.
    pub arena_retries: u64,
    /// Times the thresholds rose.
    pub threshold_raises: u64,
    /// Blocks that got a mapping of their own.
    pub mapped: u64,
    /// Mappings given back.
    pub unmapped: u64,
    /// Consolidations of the fastbins.
    pub consolidations: u64,
    /// Purges of free pages.
    #[serde(default)]
    pub purges: u64,
    /// Bytes that purges gave back or offered.
    #[serde(default)]
    pub purged_bytes: Bytes,
    /// Arenas that an object allocator mapped.
    #[serde(default)]
    pub object_arenas_mapped: u64,
    /// Those that it unmapped.
    #[serde(default)]
    pub object_arenas_returned: u64,
    /// Times its table of arenas grew.
    #[serde(default)]
    pub arena_tables_grown: u64,
    /// Requests that failed.
    pub failures: u64,
}
