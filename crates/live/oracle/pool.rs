//! Serves the calls of malloc that the loader and the thread library make for themselves: this program's `malloc` comes
//! before the C library's when they look for one.

use crate::reserve::{HEADER, Reserve};
use core::ptr;

/// Enough for the tables of [`crate::wire::THREADS_MAX`] threads.
static POOL: Reserve<{ 1 << 20 }> = Reserve::new();

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    POOL.take(size, HEADER)
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    count
        .checked_mul(size)
        .map_or(ptr::null_mut(), |size| POOL.take(size, HEADER))
}

#[unsafe(no_mangle)]
extern "C" fn memalign(alignment: usize, size: usize) -> *mut u8 {
    POOL.take(size, alignment)
}

#[unsafe(no_mangle)]
extern "C" fn realloc(old: *mut u8, size: usize) -> *mut u8 {
    let new = POOL.take(size, HEADER);
    POOL.copy(old, new, size);
    new
}

#[unsafe(no_mangle)]
extern "C" fn free(_: *mut u8) {}
