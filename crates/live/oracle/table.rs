//! Tables in shared mappings: they outlive a fork, and they are not counted among the allocator's private pages.

use crate::die::die;
use crate::system::{self, PRIVATE, READABLE, SHARED, WRITABLE};
use core::marker::PhantomData;
use core::slice;

pub(crate) const PAGE: usize = 4096;
/// Address space of one table; memory is used only for what is written.
const RESERVED_BYTES: usize = 1 << 30;

/// Any bytes are a valid value.
///
/// # Safety
/// That must be true.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: numbers, or structures of nothing but numbers, without gaps.
unsafe impl Plain for u8 {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Greeting {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Request {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Record {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Reply {}
// SAFETY: see above.
unsafe impl Plain for crate::wire::Answer {}

/// The bytes of some items.
pub(crate) fn bytes<T: Plain>(items: &[T]) -> &[u8] {
    // SAFETY: plain items are bytes without gaps.
    unsafe { slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

/// The bytes of some items, to be written.
pub(crate) fn bytes_mut<T: Plain>(items: &mut [T]) -> &mut [u8] {
    // SAFETY: any bytes are valid for plain items.
    unsafe { slice::from_raw_parts_mut(items.as_mut_ptr().cast(), size_of_val(items)) }
}

/// An array of plain data, shared with the children that are forked later. It never moves: the address space around it
/// looks the same to every child.
pub(crate) struct Table<T> {
    start: *mut T,
    holds: PhantomData<T>,
}

impl<T: Plain> Table<T> {
    /// A table of zeros.
    pub(crate) fn new() -> Self {
        Self {
            start: map(RESERVED_BYTES, READABLE | WRITABLE, SHARED).cast(),
            holds: PhantomData,
        }
    }

    /// The first `count` items, as they were left.
    pub(crate) fn first(&mut self, count: usize) -> &mut [T] {
        if count > RESERVED_BYTES / size_of::<T>() {
            die(b"more operations than its tables hold");
        }
        // SAFETY: the mapping holds that many items, `T` is valid for any bytes, and the borrow of `self` makes this
        // the only slice of it in this process; a child writes only while its parent waits.
        unsafe { slice::from_raw_parts_mut(self.start, count) }
    }
}

/// Fills what is free between the mappings above the lowest one, so that mappings to come lie one below the other, as a
/// model places them; where alignments beyond a page are asked for, the bytes before a block depend on it.
pub(crate) fn close_gaps() {
    let floor = map(RESERVED_BYTES, 0, PRIVATE);
    while map(PAGE, 0, PRIVATE) > floor {}
}

/// Mappings to come end here, the highest of them.
pub(crate) fn mappings_top() -> u64 {
    let lowest = map(PAGE, 0, PRIVATE);
    // SAFETY: nothing refers to the page that was mapped just now.
    unsafe { system::unmap(lowest, PAGE) };
    lowest as u64 + PAGE as u64
}

fn map(length: usize, protection: usize, sharing: usize) -> *mut u8 {
    let start = system::map(length, protection, sharing);
    if start.is_null() {
        die(b"no address space for its tables");
    }
    start
}

/// Reads one byte of every page, so that later no first use of a page is paid for where time is taken.
pub(crate) fn bring_in<T: Plain>(items: &[T]) {
    for byte in bytes(items).iter().step_by(PAGE) {
        core::hint::black_box(*byte);
    }
}
