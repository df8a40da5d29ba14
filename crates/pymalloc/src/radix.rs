//! The memory of the radix tree that says which addresses lie in arenas, from 3.10 on.
//!
//! What it says is found elsewhere here (`map`); this is where it lies: nodes of zeros from the raw interface, of which the
//! pages are resident that are written. Its root is static data of the interpreter, outside the allocator's mappings.
//!
//! CPython 3.11, Objects/obmalloc.c: `arena_map_get`, `arena_map_mark_used`, with `IGNORE_BITS` 0 and `ARENA_BITS` 20.

use crate::raw::{Call, Raw};
use highwater_allocator::{Address, Allocator, Bytes};

/// Bits of an address within an arena.
const ARENA_BITS: u32 = 20;
/// Bits that choose a place in a leaf (`MAP_BOT_BITS`).
const LEAF_BITS: u32 = 14;
/// Bits that choose a place in the node above (`MAP_MID_BITS`).
const MIDDLE_BITS: u32 = 15;
/// Bytes of a leaf: eight for each arena's worth of addresses.
const LEAF: u64 = 8 << LEAF_BITS;
/// Bytes of the node above: a pointer for each leaf. User space needs one such node.
const MIDDLE: u64 = 8 << MIDDLE_BITS;

/// The nodes below the root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Radix {
    middle: Option<u64>,
    /// The part of an address above what a leaf covers, and the leaf; each covers 16 GiB, so that there are few.
    leaves: Vec<(u64, u64)>,
}

impl Radix {
    /// Enters an arena; `false` where there was no memory for a node.
    pub(crate) fn mark<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        arena: u64,
    ) -> bool {
        if !self.write(call, raw, arena) {
            return false;
        }
        let end = arena + (1 << ARENA_BITS);
        // One that does not begin where an ideal arena would reaches into the next.
        arena.is_multiple_of(1 << ARENA_BITS) || self.write(call, raw, end)
    }

    fn write<A: Allocator>(&mut self, call: &mut Call<'_>, raw: &mut Raw<A>, at: u64) -> bool {
        let Some(leaf) = self.leaf(call, raw, at) else {
            return false;
        };
        let place = at >> ARENA_BITS & ((1 << LEAF_BITS) - 1);
        call.kernel.touch(Address(leaf + place * 8), Bytes(8));
        true
    }

    fn leaf<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        at: u64,
    ) -> Option<u64> {
        let covers = at >> (ARENA_BITS + LEAF_BITS);
        if let Some((_, leaf)) = self.leaves.iter().find(|(of, _)| *of == covers) {
            return Some(*leaf);
        }
        let middle = match self.middle {
            Some(middle) => middle,
            None => *self.middle.insert(raw.calloc(call, 1, MIDDLE)?),
        };
        let leaf = raw.calloc(call, 1, LEAF)?;
        let place = covers & ((1 << MIDDLE_BITS) - 1);
        call.kernel.touch(Address(middle + place * 8), Bytes(8));
        self.leaves.push((covers, leaf));
        Some(leaf)
    }

    /// Bytes of its nodes.
    pub(crate) fn bytes(&self) -> u64 {
        self.middle.map_or(0, |_| MIDDLE) + self.leaves.len() as u64 * LEAF
    }

    /// Where its nodes begin.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = u64> + '_ {
        self.middle
            .into_iter()
            .chain(self.leaves.iter().map(|(_, leaf)| *leaf))
    }
}
