//! How a program writes what it was given.

use crate::table::PAGE;

/// Writes a byte into each page of a block from `from` on, and into its last byte.
#[inline(always)]
pub(crate) fn write_pages(block: *mut u8, from: usize, size: usize) {
    if from >= size {
        return;
    }
    let start = block as usize;
    let mut at = start + from;
    while at < start + size {
        // SAFETY: inside the block, of which `size` bytes are ours to write.
        unsafe { (at as *mut u8).write_volatile(1) };
        at = (at / PAGE + 1) * PAGE;
    }
    // SAFETY: the last byte of the block.
    unsafe { block.add(size - 1).write_volatile(1) };
}
