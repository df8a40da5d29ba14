//! Tables in shared mappings: they outlive a fork, and they are not counted among the allocator's private pages.

use crate::die::die;
use bytemuck::Pod;
use libc::c_int;
use std::marker::PhantomData;
use std::ptr;

const PAGE: usize = 4096;
/// Address space of one table; memory is used only for what is written.
const RESERVED_BYTES: usize = 1 << 30;

/// An array of plain data, shared with the children that are forked later. It never moves: the address space around it
/// looks the same to every child.
pub(crate) struct Table<T> {
    start: *mut T,
    holds: PhantomData<T>,
}

impl<T: Pod> Table<T> {
    /// A table of zeros.
    pub(crate) fn new() -> Self {
        let start = map(
            RESERVED_BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
        );
        Self {
            start: start.cast(),
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
        unsafe { std::slice::from_raw_parts_mut(self.start, count) }
    }
}

/// Fills what is free between the mappings above the lowest one, so that mappings to come lie one below the other, as a
/// model places them; where alignments beyond a page are asked for, the bytes before a block depend on it.
pub(crate) fn close_gaps() {
    let floor = map(RESERVED_BYTES, libc::PROT_NONE, libc::MAP_PRIVATE);
    while map(PAGE, libc::PROT_NONE, libc::MAP_PRIVATE) > floor {}
}

/// Mappings to come end here, the highest of them.
pub(crate) fn mappings_top() -> u64 {
    let lowest = map(PAGE, libc::PROT_NONE, libc::MAP_PRIVATE);
    // SAFETY: nothing refers to the page that was mapped just now.
    unsafe { libc::munmap(lowest.cast(), PAGE) };
    lowest as u64 + PAGE as u64
}

fn map(length: usize, protection: c_int, sharing: c_int) -> *mut u8 {
    let flags = sharing | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: asks for a new mapping at a place of the kernel's choice.
    let start = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        die(b"no address space for its tables");
    }
    start.cast()
}

/// Reads one byte of every page, so that later no first use of a page is paid for where time is taken.
pub(crate) fn bring_in<T>(items: &[T]) {
    let bytes = items.as_ptr().cast::<u8>();
    for offset in (0..size_of_val(items)).step_by(PAGE) {
        // SAFETY: the offset lies inside the slice, and any item has initialised bytes.
        unsafe { bytes.add(offset).read_volatile() };
    }
}
