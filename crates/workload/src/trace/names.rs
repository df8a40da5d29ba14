//! Which block a trace's pointer stands for.

use crate::BlockId;
use rustc_hash::FxHashMap;

/// The live blocks of a trace by the pointer that names them.
///
/// A fast hash without protection against chosen keys is enough: whoever writes a trace slows down only their own
/// reading of it. Nothing ever walks the table, so its order shows nowhere.
#[derive(Default)]
pub(super) struct Names {
    live: FxHashMap<u64, BlockId>,
}

impl Names {
    /// From here on `pointer` names `block`, whatever it named before.
    #[inline]
    pub(super) fn name(&mut self, pointer: u64, block: BlockId) {
        self.live.insert(pointer, block);
    }

    /// The block that `pointer` names.
    #[inline]
    pub(super) fn get(&self, pointer: u64) -> Option<BlockId> {
        self.live.get(&pointer).copied()
    }

    /// The block that `pointer` named until now.
    #[inline]
    pub(super) fn forget(&mut self, pointer: u64) -> Option<BlockId> {
        self.live.remove(&pointer)
    }
}
