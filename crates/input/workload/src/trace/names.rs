//! Which block a trace's pointer stands for.

use crate::{Address, BlockId, Bytes};
use highwater_allocator::Numbers;

/// The live blocks of a trace by the pointer that names them.
#[derive(Clone, Default)]
pub(super) struct Names {
    live: Numbers,
}

impl Names {
    /// Lets `pointer` name `block` from here on, whatever it named before.
    #[inline]
    pub(super) fn name(&mut self, pointer: Address, block: BlockId) {
        self.live.insert(pointer.0, block.0.into());
    }

    /// Returns about how many bytes they take.
    pub(super) fn footprint(&self) -> Bytes {
        self.live.footprint()
    }

    /// Returns the block that `pointer` names.
    #[inline]
    pub(super) fn get(&self, pointer: Address) -> Option<BlockId> {
        self.live.get(pointer.0).map(block)
    }

    /// Returns the block that `pointer` named until now.
    #[inline]
    pub(super) fn forget(&mut self, pointer: Address) -> Option<BlockId> {
        self.live.remove(pointer.0).map(block)
    }
}

fn block(number: u64) -> BlockId {
    // Only numbers of blocks are put in.
    BlockId(number as u32)
}
