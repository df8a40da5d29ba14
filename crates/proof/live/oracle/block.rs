//! What a sequence of calls has named.

use crate::memory::Plain;

/// A block that the sequence has named.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Block {
    /// Null where the call failed or the block has gone.
    pub(crate) address: usize,
    /// Bytes asked for.
    pub(crate) size: u64,
}

// SAFETY: two numbers.
unsafe impl Plain for Block {}

/// In the place of a name that no block has.
pub(crate) const NO_BLOCK: Block = Block {
    address: 0,
    size: 0,
};
