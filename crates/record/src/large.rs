//! The large blocks that live, whose touched pages are recorded.

/// Blocks of this many bytes and more.
pub(crate) const LARGE: u64 = 128 << 10;

/// Slots of the table, and how many of them are filled at most: beyond that a block is not followed.
const SLOTS: usize = 8192;
const MOST: usize = SLOTS / 4 * 3;

/// A large block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// Where it lies; 0 in an empty slot.
    pub(crate) address: u64,
    /// Bytes asked for.
    pub(crate) size: u64,
    /// The checksum of the runs that were written last.
    pub(crate) written: u32,
}

const EMPTY: Block = Block {
    address: 0,
    size: 0,
    written: 0,
};

/// A table with open addressing: a block lies in its own slot, or in the next that was empty.
pub(crate) struct LargeBlocks {
    blocks: [Block; SLOTS],
    /// A bit for each slot that is filled: every call that frees looks here, so it must lie in few cache lines.
    filled: [u64; SLOTS / 64],
    count: usize,
    /// Whether there were too many once, so that some block may live that is not here.
    overflowed: bool,
}

impl LargeBlocks {
    /// No block lives.
    pub(crate) const fn new() -> Self {
        Self {
            blocks: [EMPTY; SLOTS],
            filled: [0; SLOTS / 64],
            count: 0,
            overflowed: false,
        }
    }

    /// Whether the block may be among them: `false` is certain.
    #[inline(always)]
    pub(crate) fn may_hold(&self, address: u64) -> bool {
        let at = slot(address);
        self.count > 0 && address != 0 && self.filled[at / 64] >> (at % 64) & 1 != 0
    }

    /// Returns the block in a slot, if there is one.
    pub(crate) fn in_slot(&mut self, slot: usize) -> Option<&mut Block> {
        let block = self.blocks.get_mut(slot)?;
        (block.address != 0).then_some(block)
    }

    /// Returns the slots that may have blocks.
    pub(crate) fn slots(&self) -> core::ops::Range<usize> {
        0..if self.count > 0 { SLOTS } else { 0 }
    }

    /// Whether every large block that lives is here.
    pub(crate) fn are_all(&self) -> bool {
        !self.overflowed
    }

    /// Finds a block.
    pub(crate) fn find(&self, address: u64) -> Option<usize> {
        let mut at = slot(address);
        // Some slots are always empty.
        while self.blocks[at].address != address {
            if self.blocks[at].address == 0 {
                return None;
            }
            at = (at + 1) % SLOTS;
        }
        Some(at)
    }

    /// Adds a block.
    pub(crate) fn add(&mut self, address: u64, size: u64) {
        if address == 0 {
            return;
        }
        let mut at = slot(address);
        while self.blocks[at].address != 0 && self.blocks[at].address != address {
            at = (at + 1) % SLOTS;
        }
        if self.blocks[at].address == 0 {
            if self.count >= MOST {
                self.overflowed = true;
                return;
            }
            self.count += 1;
            self.filled[at / 64] |= 1 << (at % 64);
        }
        self.blocks[at] = Block {
            address,
            size,
            written: 0,
        };
    }

    /// Removes a block if it is there, and moves those behind it that then would not be found.
    pub(crate) fn remove(&mut self, address: u64) {
        let Some(mut empty) = self.find(address) else {
            return;
        };
        self.count -= 1;
        let mut at = empty;
        loop {
            at = (at + 1) % SLOTS;
            let block = self.blocks[at];
            if block.address == 0 {
                break;
            }
            let from_own = at.wrapping_sub(slot(block.address)) % SLOTS;
            if from_own >= at.wrapping_sub(empty) % SLOTS {
                self.blocks[empty] = block;
                empty = at;
            }
        }
        self.blocks[empty] = EMPTY;
        self.filled[empty / 64] &= !(1 << (empty % 64));
    }
}

/// Returns a block's own slot.
#[inline(always)]
fn slot(address: u64) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    (address.wrapping_mul(FACTOR) >> 51) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::{LargeBlocks, MOST};
    use std::collections::HashMap;

    #[test]
    fn blocks_are_found_until_they_are_removed() {
        let mut table = Box::new(LargeBlocks::new());
        let mut expected = HashMap::new();
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let address = ((state >> 40) % 9000 + 1) * 4096 + 16;
            if state >> 33 & 3 == 0 {
                expected.remove(&address);
                table.remove(address);
            } else if expected.len() < MOST || expected.contains_key(&address) {
                expected.insert(address, state);
                table.add(address, state);
            }
        }
        for address in (1..=9000).map(|page| page * 4096 + 16) {
            let found = table.find(address);
            assert!(table.may_hold(address) || found.is_none());
            let size = found.and_then(|slot| table.in_slot(slot).map(|block| block.size));
            assert_eq!(size.as_ref(), expected.get(&address));
        }
        let slots = table.slots();
        let count = slots.filter(|&slot| table.in_slot(slot).is_some()).count();
        assert_eq!(count, expected.len());
    }
}
