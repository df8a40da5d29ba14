//! What each arena holds: threads take memory from arenas of their own, and what is free in one serves no other.

use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Allocator, Block, BlockState, Bytes};
use serde::{Deserialize, Serialize};

/// An arena's memory at one moment, mappings of single blocks left aside.
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
pub struct ArenaShare {
    /// Its number, 0 the main one.
    pub arena: u16,
    /// How many heaps it has.
    pub heaps: u64,
    /// Bytes of blocks (headers included) that the program holds.
    pub live: Bytes,
    /// Bytes of blocks that caches keep.
    pub parked: Bytes,
    /// Bytes free, the top included, resident or not.
    pub free: Bytes,
    /// The resident part of them.
    pub free_resident: Bytes,
    /// Size of the top.
    pub top: Bytes,
    /// The resident part of it.
    pub top_resident: Bytes,
}

/// The blocks of an arena, the heap that ends with the top last.
pub(crate) struct Arena {
    pub(crate) number: u16,
    pub(crate) blocks: Vec<Block>,
}

impl Simulation {
    /// The blocks of every arena that has any, by number, and the resident bytes of free blocks that lie in mappings.
    pub(crate) fn arenas(&self) -> (Vec<Arena>, Bytes) {
        let mut arenas: Vec<Arena> = Vec::new();
        let mut free_in_mappings = Bytes::ZERO;
        self.model.census(&self.kernel, &mut |block| {
            if block.mapped {
                if matches!(block.state, BlockState::Free { .. }) {
                    free_in_mappings += self.resident(&block);
                }
                return;
            }
            // A census goes from arena to arena, in the order of their numbers.
            match arenas.last_mut() {
                Some(arena) if arena.number == block.arena => arena.blocks.push(block),
                _ => arenas.push(Arena {
                    number: block.arena,
                    blocks: vec![block],
                }),
            }
        });
        for arena in &mut arenas {
            arena.put_top_last();
        }
        (arenas, free_in_mappings)
    }

    /// The sums over an arena.
    pub(crate) fn share(&self, arena: &Arena) -> ArenaShare {
        let mut share = ArenaShare {
            arena: arena.number,
            ..ArenaShare::default()
        };
        let mut end = Address::NULL;
        for block in &arena.blocks {
            share.heaps += u64::from(block.start != end);
            end = block.start + block.size;
            match block.state {
                BlockState::Live => share.live += block.size,
                BlockState::Parked(_) => share.parked += block.size,
                BlockState::Free { .. } => {
                    share.free += block.size;
                    share.free_resident += self.resident(block);
                }
                BlockState::Top => {
                    share.free += block.size;
                    share.top = block.size;
                    share.top_resident = self.resident(block);
                    share.free_resident += share.top_resident;
                }
                // Pages without a heap belong to no arena's heaps.
                BlockState::Metadata
                | BlockState::Dirty
                | BlockState::Muzzy
                | BlockState::Retained => {}
            }
        }
        share
    }
}

impl Arena {
    /// Bytes of the free blocks that are no top.
    pub(crate) fn free_below_top(&self) -> Bytes {
        let free = |block: &&Block| matches!(block.state, BlockState::Free { .. });
        let free = self.blocks.iter().filter(free);
        free.fold(Bytes::ZERO, |sum, block| sum + block.size)
    }

    /// Heaps come in the order of their addresses; the one with the top is where freeing begins to give back.
    fn put_top_last(&mut self) {
        let top = self.blocks.iter().position(|b| b.state == BlockState::Top);
        if let Some(top) = top {
            self.blocks.rotate_left(top + 1);
        }
    }
}
