//! The longest block at each address where one began.

use super::LARGE;
use crate::held::Held;

/// Spreads addresses over the table: odd, and nothing else.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hash table of addresses, made for as many blocks as there are. [`highwater_allocator::Numbers`] takes three times as many
/// instructions for each, and every block that is ever freed comes by here.
pub(super) struct Begun {
    /// Where a block began and its size; no block begins at zero. Their number is a power of two.
    slots: Vec<(u64, u64)>,
    /// What is left of a product is the number of a slot.
    shift: u32,
}

impl Begun {
    /// Makes an empty table that has room for a number of blocks.
    pub(super) fn with_room(blocks: usize) -> Self {
        let slots = (blocks + blocks / 8 + 2).next_power_of_two();
        Self {
            slots: vec![(0, 0); slots],
            shift: u64::BITS - slots.trailing_zeros(),
        }
    }

    /// Adds a block, and returns whether it is longer than those that began at its address. Large ones are counted by
    /// themselves.
    pub(super) fn add(&mut self, held: &Held) -> bool {
        // Every address is a multiple of eight.
        let key = held.address.0 | u64::from(held.size >= LARGE);
        let size = held.size.0.max(1);
        let slots = self.slots.as_mut_slice();
        let mask = slots.len() - 1;
        let mut at = (key.wrapping_mul(ODD) >> self.shift) as usize;
        loop {
            let slot = &mut slots[at & mask];
            if slot.0 == key {
                let is_longer = slot.1 < size;
                slot.1 = slot.1.max(size);
                return is_longer;
            }
            if slot.0 == 0 {
                *slot = (key, size);
                return true;
            }
            at += 1;
        }
    }
}
