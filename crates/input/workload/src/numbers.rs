//! Numbers for blocks: one that is free again is the next to be given out.

use crate::BlockId;
use highwater_allocator::{Bytes, table_bytes};

/// Gives out the numbers of blocks.
#[derive(Clone, Default)]
pub(crate) struct BlockNumbers {
    spare: Vec<BlockId>,
    /// More of them, a bit for each, to be given out when those are gone; and how many.
    set: Vec<u64>,
    in_set: u32,
    /// Every number that was given out is below this.
    pub(crate) end: u32,
}

impl BlockNumbers {
    /// Returns how many numbers are given out now.
    pub(crate) fn given_out(&self) -> u64 {
        let spare = self.spare.len() as u64 + u64::from(self.in_set);
        u64::from(self.end).saturating_sub(spare)
    }

    /// Returns the bytes that it takes.
    pub(crate) fn footprint(&self) -> Bytes {
        table_bytes(&self.spare) + table_bytes(&self.set)
    }

    /// Returns a number that no block has.
    #[inline]
    pub(crate) fn take(&mut self) -> BlockId {
        self.spare.pop().unwrap_or_else(|| self.take_another())
    }

    #[inline(never)]
    fn take_another(&mut self) -> BlockId {
        if self.in_set > 0 {
            self.unfold();
        }
        self.spare.pop().unwrap_or_else(|| {
            // At most one block for each event, which are counted in 32 bits.
            self.end += 1;
            BlockId(self.end - 1)
        })
    }

    /// Gives back the number of a block that was freed.
    #[inline]
    pub(crate) fn give_back(&mut self, block: BlockId) {
        self.spare.push(block);
    }

    /// Keeps the numbers that can be given out in as little memory as may be: from then on they come in ascending order.
    pub(crate) fn fold(&mut self) {
        if self.spare.is_empty() {
            return;
        }
        self.set.resize((self.end as usize).div_ceil(64), 0);
        for block in std::mem::take(&mut self.spare) {
            self.set[block.0 as usize / 64] |= 1 << (block.0 % 64);
            self.in_set += 1;
        }
    }

    fn unfold(&mut self) {
        self.spare.reserve(self.in_set as usize);
        let words = std::mem::take(&mut self.set);
        for (place, mut rest) in words.into_iter().enumerate().rev() {
            while rest != 0 {
                let bit = rest.ilog2();
                self.spare.push(BlockId(place as u32 * 64 + bit));
                rest &= !(1 << bit);
            }
        }
        self.in_set = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_number_is_given_out_twice() {
        let mut chance = oorandom::Rand32::new(5);
        let (mut numbers, mut held) = (BlockNumbers::default(), BTreeSet::new());
        for step in 0..20_000 {
            match chance.rand_range(0..5) {
                0..2 => assert!(held.insert(numbers.take().0), "step {step}"),
                2..4 => {
                    if let Some(last) = held.pop_last() {
                        numbers.give_back(BlockId(last));
                    }
                }
                _ if chance.rand_range(0..50) == 0 => numbers.fold(),
                _ => assert!(held.insert(numbers.take().0), "step {step}"),
            }
            assert_eq!(numbers.given_out(), held.len() as u64);
        }
        assert!(held.len() > 1000 && numbers.end < 8000, "{}", numbers.end);
    }

    #[test]
    fn folded_they_take_little_and_come_in_order() {
        let mut numbers = BlockNumbers::default();
        let all: Vec<BlockId> = (0..1000).map(|_| numbers.take()).collect();
        for block in all.iter().rev().step_by(2).chain(all.iter().step_by(2)) {
            numbers.give_back(*block);
        }
        numbers.fold();
        assert_eq!(numbers.footprint(), Bytes(16 * 8));
        let again: Vec<BlockId> = (0..1000).map(|_| numbers.take()).collect();
        assert!(again == all && numbers.take() == BlockId(1000));
    }
}
