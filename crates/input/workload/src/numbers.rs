//! Numbers for blocks: one that is free again is the next to be given out.

use crate::BlockId;

/// Gives out the numbers of blocks.
#[derive(Clone, Default)]
pub(crate) struct BlockNumbers {
    spare: Vec<BlockId>,
    /// Every number that was given out is below this.
    pub(crate) end: u32,
}

impl BlockNumbers {
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
