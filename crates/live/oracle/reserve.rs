//! Bytes set aside for what is allocated before any allocator may be asked. What is given back is not used again.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Before each block stands its size.
pub(crate) const HEADER: usize = 16;

#[repr(align(64))]
pub(crate) struct Reserve<const BYTES: usize> {
    bytes: UnsafeCell<[u8; BYTES]>,
    used: AtomicUsize,
}

// SAFETY: each byte is handed out once, to one caller.
unsafe impl<const BYTES: usize> Sync for Reserve<BYTES> {}

impl<const BYTES: usize> Reserve<BYTES> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new([0; BYTES]),
            used: AtomicUsize::new(0),
        }
    }

    /// Fresh bytes, all zero; null where there are no more.
    pub(crate) fn take(&self, size: usize, alignment: usize) -> *mut u8 {
        let alignment = alignment.max(HEADER);
        let room = size.checked_add(2 * alignment + HEADER);
        let Some(room) = room.filter(|room| *room <= BYTES) else {
            return ptr::null_mut();
        };
        let from = self.used.fetch_add(room, Ordering::Relaxed);
        if from.saturating_add(room) > BYTES {
            return ptr::null_mut();
        }
        let start = self.bytes.get() as usize + from + HEADER;
        let block = start.next_multiple_of(alignment) as *mut u8;
        // SAFETY: the header lies in the bytes just taken, before the block, and both are aligned to 16.
        unsafe { block.cast::<usize>().sub(2).write(size) };
        block
    }

    /// Whether a block was taken from here; null was not.
    pub(crate) fn holds(&self, block: *mut u8) -> bool {
        (block as usize).wrapping_sub(self.bytes.get() as usize) < BYTES
    }

    /// Copies what a block taken from here holds into one of `size` bytes, as far as both reach.
    pub(crate) fn copy(&self, old: *mut u8, new: *mut u8, size: usize) {
        if !self.holds(old) || new.is_null() {
            return;
        }
        // SAFETY: `old` is a block from here, with its size before it, and `new` has `size` bytes.
        unsafe {
            let kept = old.cast::<usize>().sub(2).read().min(size);
            ptr::copy_nonoverlapping(old, new, kept);
        }
    }
}
