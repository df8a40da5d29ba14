//! Numbers for blocks: one that is free again is the next to be given out.

use crate::BlockId;
use highwater_allocator::{Bytes, table_bytes};

/// Gives out the numbers of blocks.
#[derive(Clone, Default)]
pub(crate) struct BlockNumbers {
    spare: Vec<BlockId>,
    /// Every number that was given out is below this.
    pub(crate) end: u32,
}

impl BlockNumbers {
    /// Returns how many numbers are given out now.
    pub(crate) fn given_out(&self) -> u64 {
        u64::from(self.end).saturating_sub(self.spare.len() as u64)
    }

    /// Returns the bytes that it takes.
    pub(crate) fn footprint(&self) -> Bytes {
        table_bytes(&self.spare)
    }

    /// Returns a number that no block has.
    #[inline]
    pub(crate) fn take(&mut self) -> BlockId {
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
}
