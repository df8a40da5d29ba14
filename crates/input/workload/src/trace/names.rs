//! Which block a trace's pointer stands for.

use crate::BlockId;
use highwater_allocator::Numbers;

/// The live blocks of a trace by the pointer that names them.
#[derive(Default)]
pub(super) struct Names {
    live: Numbers,
}

impl Names {
    /// From here on `pointer` names `block`, whatever it named before.
    #[inline]
    pub(super) fn name(&mut self, pointer: u64, block: BlockId) {
        self.live.insert(pointer, block.0.into());
    }

    /// The block that `pointer` names.
    #[inline]
    pub(super) fn get(&self, pointer: u64) -> Option<BlockId> {
        self.live.get(pointer).map(block)
    }

    /// The block that `pointer` named until now.
    #[inline]
    pub(super) fn forget(&mut self, pointer: u64) -> Option<BlockId> {
        self.live.remove(pointer).map(block)
    }
}

fn block(number: u64) -> BlockId {
    // Only numbers of blocks are put in.
    BlockId(number as u32)
}
