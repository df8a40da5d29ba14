//! This program's malloc comes before the C library's: until a sequence begins it serves from a pool, what is given back is
//! not used again; afterwards it passes calls on.

use crate::memory::{HEADER, Reserve};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

/// Enough for what a loader and the libraries' own beginnings ask for.
static POOL: Reserve<{ 4 << 20 }> = Reserve::new();
static PASSES_ON: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut u8;
    fn __libc_calloc(count: usize, size: usize) -> *mut u8;
    fn __libc_realloc(block: *mut u8, size: usize) -> *mut u8;
    fn __libc_free(block: *mut u8);
}

/// From now on calls reach the C library.
pub(crate) fn pass_on() {
    PASSES_ON.store(true, Ordering::Relaxed);
}

fn passes_on() -> bool {
    PASSES_ON.load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    if passes_on() {
        // SAFETY: as our caller asks.
        return unsafe { __libc_malloc(size) };
    }
    POOL.take(size, HEADER)
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    if passes_on() {
        // SAFETY: as our caller asks.
        return unsafe { __libc_calloc(count, size) };
    }
    count
        .checked_mul(size)
        .map_or(ptr::null_mut(), |size| POOL.take(size, HEADER))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut u8, size: usize) -> *mut u8 {
    if passes_on() && !POOL.holds(old) {
        // SAFETY: as our caller asks.
        return unsafe { __libc_realloc(old, size) };
    }
    let new = malloc(size);
    POOL.copy(old, new, size);
    new
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut u8) {
    if passes_on() && !POOL.holds(block) {
        // SAFETY: as our caller asks.
        unsafe { __libc_free(block) };
    }
}
