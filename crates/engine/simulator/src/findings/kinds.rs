//! The kinds of finding and what each carries: one table, [`Cause`], of a kind, its figures, and what they mean.

use crate::pins::{Origin, Pin};
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Bytes, Micros};
use highwater_kernel::HugeMode;
use serde::{Deserialize, Serialize};

/// A cache of glibc's malloc that keeps freed chunks.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CacheKind {
    /// The fastbins of the arenas.
    Fastbin,
    /// The threads' caches.
    Tcache,
}

/// The free memory of one arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FreeInArena {
    /// The arena, 0 the main one.
    pub arena: u16,
    /// Resident free bytes in it.
    pub free_resident: Bytes,
}

/// The commonest size among chunks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Commonest {
    /// The chunk's size, header included.
    pub size: Bytes,
    /// How many chunks have it.
    pub chunks: u64,
    /// How many of these the program holds.
    pub live: u64,
    /// Bytes the program asked for at the example, where it was the program.
    pub requested: Option<Bytes>,
    /// What allocated the example.
    pub allocated: Option<Origin>,
    /// One of them.
    pub example: Address,
}

/// Memory that came and went in turn, and what that cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Churn {
    /// Times that memory went back after some had been taken.
    pub turns: u64,
    /// Times that memory was taken.
    pub taken: u64,
    /// Times that memory went back.
    pub given_back: u64,
    /// Bytes that went back in all.
    pub returned: Bytes,
    /// Bytes that went back in one turn, on average.
    pub a_turn: Bytes,
    /// The largest top before a trim, or the largest mapping.
    pub largest: Bytes,
    /// When memory first went back after a growth, and when it last did.
    pub first: Micros,
    /// The latest such time.
    pub latest: Micros,
    /// Page faults of the run so far.
    pub faults: u64,
    /// System calls of the run so far.
    pub syscalls: u64,
    /// Page faults a second of the run so far; `None` in a run of no length.
    pub faults_per_second: Option<u64>,
    /// System calls a second of the run so far.
    pub syscalls_per_second: Option<u64>,
}

/// What a finding is, with what only this kind has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// Nothing keeps memory that could go back: what is resident is used.
    NothingWrong {
        /// Bytes the program holds.
        live: Bytes,
        /// Bytes parked in caches.
        parked: Bytes,
        /// Resident free bytes.
        free: Bytes,
        /// The rest: headers, ends of pages, the allocator's own.
        rest: Bytes,
    },
    /// Freed chunks kept by fastbins or thread caches, which free() counts as in use.
    Parked {
        /// Which cache.
        cache: CacheKind,
        /// How many chunks.
        chunks: u64,
        /// Pages they lie on.
        pages: u64,
        /// Resident bytes of the pages that hold nothing in use besides parked chunks.
        alone: Bytes,
        /// The smallest chunk.
        smallest: Bytes,
        /// The largest chunk.
        largest: Bytes,
        /// Threads whose caches keep them; 0 for fastbins.
        threads: u64,
        /// The highest of them.
        example: Address,
    },
    /// Free memory above the highest block the program holds, kept from the top by parked chunks alone.
    AboveHighestLive {
        /// Parked chunks above the highest live block.
        chunks: u64,
    },
    /// The thresholds rose when a mapped block was freed, and memory stays that would have gone back before.
    RisenThreshold {
        /// The mmap threshold at the start.
        mmap_from: Bytes,
        /// The mmap threshold now.
        mmap_to: Bytes,
        /// The trim threshold at the start.
        trim_from: Bytes,
        /// The trim threshold now.
        trim_to: Bytes,
        /// How often they rose.
        raises: u64,
        /// Bytes the program had asked for of the block whose freeing raised them first.
        first_freed: Bytes,
        /// When that was.
        first: Origin,
        /// The same of the latest rise.
        latest_freed: Bytes,
        /// When that was.
        latest: Origin,
        /// Resident bytes in tops that the first threshold would have let go.
        in_tops: Bytes,
    },
    /// free() gives heap memory back from the top only, and there is too little of it there.
    Top {
        /// The main arena's top.
        top: Bytes,
        /// The trim threshold in force.
        threshold: Bytes,
        /// Resident bytes that a trim of this top would give back, whatever the threshold.
        lower_gives: Bytes,
        /// Whether there are other arenas.
        others: bool,
    },
    /// free() gives memory of another arena back from the top of its last heap.
    OtherArenaTop {
        /// The arena with the largest top among the others.
        arena: u16,
        /// That top.
        top: Bytes,
        /// The trim threshold in force.
        threshold: Bytes,
    },
    /// One chunk in use keeps the largest piece of free memory from the top.
    LargestPin {
        /// The chunk.
        pin: Pin,
        /// Whether there are other arenas, so that threads and arenas are worth naming.
        others: bool,
    },
    /// Free memory lies in many pieces between chunks in use.
    SmallPins {
        /// Pieces of free memory below the tops.
        pieces: u64,
        /// Chunks that keep them and that the program holds.
        live: u64,
        /// Chunks that keep them and that the program has freed.
        parked: u64,
        /// Chunks that keep them and that are the allocator's own.
        own: u64,
        /// The smallest of these chunks.
        smallest: Bytes,
        /// The largest of these chunks.
        largest: Bytes,
        /// The commonest size of these chunks.
        commonest: Commonest,
        /// Some of these chunks, the highest first.
        examples: Vec<Address>,
        /// Resident bytes of the largest piece.
        largest_piece: Bytes,
    },
    /// Free and resident, but in pieces without a whole page: not even malloc_trim gives them back.
    Slivers {
        /// How many pieces.
        pieces: u64,
        /// Chunks that end them and that the program has freed.
        parked: u64,
        /// Chunks that end them and that are in use.
        live: u64,
    },
    /// Free memory is spread over arenas.
    Arenas {
        /// How many arenas have memory.
        arenas: u64,
        /// Those with the most free memory, the most first.
        most: Vec<FreeInArena>,
        /// Resident free bytes in the others.
        others: Bytes,
    },
    /// Tops of other arenas, which malloc_trim leaves as they are.
    OtherTops {
        /// How many arenas have such a top.
        arenas: u64,
    },
    /// Memory in arenas whose last thread has ended.
    EndedArenas {
        /// How many.
        arenas: u64,
        /// One of them, the first with the most memory.
        example: u16,
    },
    /// Threads share arenas because there may be no more of them.
    SharedArenas {
        /// How many arenas there are.
        arenas: u64,
        /// Threads that use them.
        threads: u64,
        /// The limit in force.
        limit: u64,
    },
    /// The heap grows and is trimmed in turn.
    HeapChurn {
        /// How often, and the cost.
        #[serde(flatten)]
        churn: Churn,
        /// The trim threshold in force.
        threshold: Bytes,
    },
    /// Blocks are mapped and unmapped in turn.
    MappingChurn {
        /// How often, and the cost.
        #[serde(flatten)]
        churn: Churn,
        /// The mmap threshold in force.
        threshold: Bytes,
    },
    /// Room in arenas of Python's object allocator.
    PythonArenas {
        /// How many arenas.
        arenas: u32,
        /// Their size together.
        arena_bytes: Bytes,
        /// Bytes of blocks in use in them.
        live: Bytes,
        /// Arenas of whose bytes at least half are free.
        half_free: u32,
    },
    /// What tracemalloc keeps of blocks.
    Tracemalloc {
        /// How many blocks it has noted.
        blocks: u64,
    },
    /// What malloc_trim(0) would give back now.
    MallocTrim {
        /// Resident pages it would give back.
        pages: u64,
        /// Of what is resident, in hundredths.
        per_cent: u64,
    },
    /// The peak is what the program itself held: no allocator lowers it by much.
    PeakHeld {
        /// The highest resident memory so far.
        peak_resident: Bytes,
        /// The most the program held.
        peak_live: Bytes,
    },
    /// Dirty pages: free, kept as they were left.
    Dirty {
        /// `dirty_decay_ms` in force.
        decay_ms: i64,
        /// Whether a background thread looks at the clock.
        background_thread: bool,
        /// How long they may stay.
        #[serde(flatten)]
        waits: crate::page_shares::Waits,
    },
    /// The program makes no calls: what that brings.
    Resting {
        /// How long it has made none.
        idle: Micros,
        /// The decay time of dirty pages.
        decay: Micros,
        /// Whether a background thread looks at the clock.
        background_thread: bool,
        /// Of what became free just before the rest, the thousandths that may stay.
        may_stay: u32,
        /// How long until the background thread looks again.
        looks_in: Option<Micros>,
    },
    /// Muzzy pages: free, offered to the kernel.
    Muzzy {
        /// `muzzy_decay_ms` in force.
        decay_ms: i64,
        /// Whether a background thread looks at the clock.
        background_thread: bool,
        /// How long they may stay.
        #[serde(flatten)]
        waits: crate::page_shares::Waits,
    },
    /// Room between blocks in pages that are in use.
    BetweenBlocks {},
    /// Slabs of which less than half is in use.
    SparseSlabs {
        /// Of their resident bytes, those in slabs with less than an eighth in use.
        below_eighth: Bytes,
        /// Bytes in use in them.
        used: Bytes,
    },
    /// Pages that only thread caches use.
    ParkedPages {
        /// Bytes of freed blocks in thread caches.
        parked: Bytes,
    },
    /// A purge would give back next to nothing.
    NothingToPurge {},
    /// The times are those of a recorded run, which the recorder slowed down.
    RecordedTime {},
    /// Memory that is resident only because huge pages were made where it lies.
    HugePages {
        /// Resident memory in huge pages, written or not.
        huge: Bytes,
        /// Bytes of a huge page.
        size: Bytes,
        /// Who gets them on this machine.
        mode: HugeMode,
        /// The machine's mode with which nobody has any, the allocator's settings as they are.
        ends: HugeMode,
    },
}

impl Cause {
    /// Returns the kind's name, as it is serialised.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NothingWrong { .. } => "nothing_wrong",
            Self::Parked { .. } => "parked",
            Self::AboveHighestLive { .. } => "above_highest_live",
            Self::RisenThreshold { .. } => "risen_threshold",
            Self::Top { .. } => "top",
            Self::OtherArenaTop { .. } => "other_arena_top",
            Self::LargestPin { .. } => "largest_pin",
            Self::SmallPins { .. } => "small_pins",
            Self::Slivers { .. } => "slivers",
            Self::Arenas { .. } => "arenas",
            Self::OtherTops { .. } => "other_tops",
            Self::EndedArenas { .. } => "ended_arenas",
            Self::SharedArenas { .. } => "shared_arenas",
            Self::HeapChurn { .. } => "heap_churn",
            Self::MappingChurn { .. } => "mapping_churn",
            Self::PythonArenas { .. } => "python_arenas",
            Self::Tracemalloc { .. } => "tracemalloc",
            Self::MallocTrim { .. } => "malloc_trim",
            Self::PeakHeld { .. } => "peak_held",
            Self::Dirty { .. } => "dirty",
            Self::Resting { .. } => "resting",
            Self::Muzzy { .. } => "muzzy",
            Self::BetweenBlocks {} => "between_blocks",
            Self::SparseSlabs { .. } => "sparse_slabs",
            Self::ParkedPages { .. } => "parked_pages",
            Self::NothingToPurge {} => "nothing_to_purge",
            Self::RecordedTime {} => "recorded_time",
            Self::HugePages { .. } => "huge_pages",
        }
    }
}
