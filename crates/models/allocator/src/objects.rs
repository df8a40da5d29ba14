//! What an object allocator holds that stands on malloc and cuts small blocks from arenas of its own.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_kernel::Bytes;
use serde::{Deserialize, Serialize};

/// The sums over its arenas at one moment.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Objects {
    /// How many arenas there are.
    pub arenas: u32,
    /// The most there ever were.
    pub arenas_most: u32,
    /// Their size together, resident or not.
    pub arena_bytes: Bytes,
    /// Those of whose bytes at least half are free, but not all.
    pub arenas_half_free: u32,
    /// Blocks in use, by the size of their class.
    pub live: Bytes,
    /// Room for blocks in pools that have some in use; the ends of pools too small for a block count as well.
    pub free_in_pools: Bytes,
    /// Pools without a block in use, those never carved from their arena among them.
    pub free_pools: Bytes,
    /// What of both is resident, the ends of pools left aside.
    pub free_resident: Bytes,
    /// What it takes from malloc for itself.
    pub own: OwnMemory,
}

/// The blocks of malloc's that an object allocator has for itself.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct OwnMemory {
    /// The table of its arenas.
    pub table: Bytes,
    /// The tree that says which addresses lie in arenas.
    pub radix_tree: Bytes,
    /// What is kept of blocks to say later who allocated them.
    pub traces: Bytes,
    /// How many blocks that is kept of.
    pub traced: u64,
}
