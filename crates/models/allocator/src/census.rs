//! What an allocator holds at one moment: the sums, and block by block.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_kernel::{Address, Bytes};
use serde::{Deserialize, Serialize};

/// Where a block that the program has freed is parked: kept by a cache that the allocator counts as in use.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cache {
    /// glibc's thread cache.
    Tcache {
        /// The thread that owns the cache.
        thread: u16,
        /// The bin within it, 0 for the smallest chunks.
        bin: u16,
    },
    /// A glibc fastbin of an arena.
    Fastbin {
        /// The bin, 0 for the smallest chunks.
        bin: u16,
    },
}

/// What a block of the allocator's memory is at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockState {
    /// Held by the program.
    Live,
    /// Freed by the program, kept by a cache that the allocator counts as in use.
    Parked(Cache),
    /// Free in the allocator, in one of its bins.
    Free {
        /// The bin that lists it (glibc: 1 is the unsorted bin).
        bin: u16,
    },
    /// The free block at the end of a heap, from which new blocks are cut.
    Top,
    /// Free pages as they were: jemalloc's dirty extents.
    Dirty,
    /// Free pages offered to the kernel, which takes them under pressure: jemalloc's muzzy extents.
    Muzzy,
    /// Address space kept whose pages were given back: jemalloc's retained extents.
    Retained,
    /// The allocator's own: thread caches, heap headers, fences.
    Metadata,
}

/// Where a block lies, as far as that can be compared between two runs of the same program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Whereabouts {
    /// In the heap of the program break, or in a mapping that continues it.
    Main,
    /// In a heap of another arena, which begins at `base` and has `span` bytes of address space, a power of two that
    /// `base` is a multiple of.
    Heap {
        /// Where the heap begins.
        base: Address,
        /// Address space set aside for it.
        span: Bytes,
    },
    /// In a mapping of its own.
    Mapping,
    /// Among the pages of an allocator that has no heaps: any page may lie anywhere.
    Pages,
}

/// One block of the allocator's memory, its header included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Where the block begins, header included.
    pub start: Address,
    /// Its size, header included.
    pub size: Bytes,
    /// What `malloc` returned or would return for it.
    pub user: Address,
    /// What it is at the moment.
    pub state: BlockState,
    /// The arena it belongs to, 0 the main one.
    pub arena: u16,
    /// Whether the block lies in no heap: it has a mapping of its own, or its allocator has no heaps.
    pub mapped: bool,
}

/// The sums over an allocator's memory that it keeps while running.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Accounting {
    /// Bytes of blocks (headers included) the program has freed and a cache still holds.
    pub parked: Bytes,
    /// Bytes free in the allocator, the tops of its heaps included.
    pub free: Bytes,
    /// Size of the main heap's top.
    pub top: Bytes,
    /// The trim threshold in force.
    pub trim_threshold: Bytes,
    /// The size from which a request gets a mapping of its own.
    pub mmap_threshold: Bytes,
}
