//! The memory of the radix tree of the addresses in arenas, from 3.10 on.
//!
//! `map` has what it says; here are its nodes of zeros from the raw interface, of which the pages are resident that are
//! written. Its root is static data of the interpreter, outside the allocator's mappings.
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
/// A leaf: eight bytes for each arena's worth of addresses.
const LEAF: Bytes = Bytes(8 << LEAF_BITS);
/// The node above: a pointer for each leaf. User space needs one such node.
const MIDDLE: Bytes = Bytes(8 << MIDDLE_BITS);
/// A pointer in a node.
const ENTRY: Bytes = Bytes(8);

/// The nodes below the root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Radix {
    middle: Option<Address>,
    /// The part of an address above what a leaf covers, and the leaf; each covers 16 GiB, so that there are few.
    leaves: Vec<(u64, Address)>,
}

impl Radix {
    /// Enters an arena (`arena_map_mark_used`); `false` where there is no memory for a node.
    pub(crate) fn mark<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        arena: Address,
    ) -> bool {
        if !self.write(call, raw, arena) {
            return false;
        }
        let span = Bytes(1 << ARENA_BITS);
        // One that does not begin where an ideal arena would reaches into the next.
        arena.offset_in(span) == Bytes::ZERO || self.write(call, raw, arena + span)
    }

    fn write<A: Allocator>(&mut self, call: &mut Call<'_>, raw: &mut Raw<A>, at: Address) -> bool {
        let Some(leaf) = self.leaf(call, raw, at) else {
            return false;
        };
        let place = at.0 >> ARENA_BITS & ((1 << LEAF_BITS) - 1);
        call.kernel.touch(leaf + ENTRY * place, ENTRY);
        true
    }

    fn leaf<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        at: Address,
    ) -> Option<Address> {
        let covers = at.0 >> (ARENA_BITS + LEAF_BITS);
        if let Some((_, leaf)) = self.leaves.iter().find(|(of, _)| *of == covers) {
            return Some(*leaf);
        }
        let middle = match self.middle {
            Some(middle) => middle,
            None => *self.middle.insert(raw.calloc(call, 1, MIDDLE)?),
        };
        let leaf = raw.calloc(call, 1, LEAF)?;
        let place = covers & ((1 << MIDDLE_BITS) - 1);
        call.kernel.touch(middle + ENTRY * place, ENTRY);
        self.leaves.push((covers, leaf));
        Some(leaf)
    }

    /// Returns the bytes of its nodes.
    pub(crate) fn bytes(&self) -> Bytes {
        let middle = self.middle.map_or(Bytes::ZERO, |_| MIDDLE);
        middle + LEAF * self.leaves.len() as u64
    }

    /// Returns the addresses of its nodes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Address> + '_ {
        self.middle
            .into_iter()
            .chain(self.leaves.iter().map(|(_, leaf)| *leaf))
    }
}
