//! What would be one free chunk if some chunks that caches keep were free: stretches of a heap, and what a trim takes of them.

use super::scene::Scene;
use crate::arenas::Arena;
use highwater_allocator::{Address, Block, BlockState, Bytes};
use highwater_glibc::Glibc;

/// Bytes at the start of a free chunk that malloc_trim leaves (`sizeof (struct malloc_chunk)`).
const FREE_HEADER: Bytes = Bytes(48);

/// A stretch of a heap that is free, or would be.
pub(super) struct Region {
    pub(super) start: Address,
    pub(super) end: Address,
    /// Whether the top is part of it.
    pub(super) has_top: bool,
    /// The places of its first block and of the one after its last, in the arena's list.
    pub(super) first: usize,
    pub(super) after: usize,
}

impl Region {
    /// Returns the whole pages in it that malloc_trim gives back; an empty range where there are none.
    ///
    /// glibc 2.36, malloc/malloc.c: `mtrim`.
    pub(super) fn whole_pages(&self, page: Bytes) -> (Address, Address) {
        let start = (self.start + FREE_HEADER).align_up(page);
        let end = self.end.align_down(page);
        (start, end.max(start))
    }
}

/// Whether a block is free in the allocator.
pub(super) fn is_free(block: &Block) -> bool {
    matches!(block.state, BlockState::Free { .. } | BlockState::Top)
}

/// Returns the stretches of blocks that are free or join in.
pub(super) fn regions(arena: &Arena, joins: &dyn Fn(&Block) -> bool) -> Vec<Region> {
    let mut found: Vec<Region> = Vec::new();
    for (place, block) in arena.blocks.iter().enumerate() {
        if !is_free(block) && !joins(block) {
            continue;
        }
        let end = block.start + block.size;
        let has_top = block.state == BlockState::Top;
        match found.last_mut() {
            Some(last) if last.after == place && last.end == block.start => {
                last.end = end;
                last.has_top |= has_top;
                last.after = place + 1;
            }
            _ => found.push(Region {
                start: block.start,
                end,
                has_top,
                first: place,
                after: place + 1,
            }),
        }
    }
    found
}

impl Scene<'_> {
    /// Returns where an arena's top would begin if chunks that join in were free, and where it ends.
    pub(super) fn reach(
        &self,
        arena: &Arena,
        joins: &dyn Fn(&Block) -> bool,
    ) -> Option<(Address, Address)> {
        let top = arena.blocks.last()?;
        if top.state != BlockState::Top {
            return None;
        }
        let (mut start, end) = (top.start, top.start + top.size);
        for block in arena.blocks.iter().rev().skip(1) {
            let joins = is_free(block) || joins(block);
            if !joins || block.start + block.size != start {
                break;
            }
            start = block.start;
        }
        Some((start, end))
    }

    /// Returns the resident bytes that a trim takes from the end of a top that begins and ends there; nothing where the
    /// main heap does not end at the program break.
    pub(super) fn trim_takes(
        &self,
        glibc: &Glibc,
        arena: u16,
        (start, end): (Address, Address),
    ) -> Bytes {
        let kernel = self.simulation.kernel();
        if arena == 0 && kernel.brk() != end {
            return Bytes::ZERO;
        }
        let cut = glibc.cut_from_top(kernel, arena, end - start);
        kernel.resident_in(end - cut, end)
    }
}
