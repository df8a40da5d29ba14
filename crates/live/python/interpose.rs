//! This program's malloc comes before the C library's: until a sequence begins it serves from a pool, what is given back is
//! not used again; afterwards it passes calls on.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Enough for what a loader and the libraries' own beginnings ask for.
const POOL_BYTES: usize = 4 << 20;
/// Before each block stands its size.
const HEADER: usize = 16;

#[repr(align(64))]
struct Pool(UnsafeCell<[u8; POOL_BYTES]>);

// SAFETY: each byte is handed out once, to one caller.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool(UnsafeCell::new([0; POOL_BYTES]));
static USED: AtomicUsize = AtomicUsize::new(0);
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

fn is_pooled(block: *mut u8) -> bool {
    (block as usize).wrapping_sub(POOL.0.get() as usize) < POOL_BYTES
}

/// Fresh bytes, all zero; null where there are no more.
fn take(size: usize) -> *mut u8 {
    let Some(room) = size.checked_add(2 * HEADER).filter(|room| *room < POOL_BYTES) else {
        return ptr::null_mut();
    };
    let room = room & !(HEADER - 1);
    let from = USED.fetch_add(room, Ordering::Relaxed);
    if from.saturating_add(room) > POOL_BYTES {
        return ptr::null_mut();
    }
    let block = (POOL.0.get() as usize + from + HEADER) as *mut u8;
    // SAFETY: the header lies in the bytes just taken, before the block, and both are aligned to 16.
    unsafe { block.cast::<usize>().sub(2).write(size) };
    block
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    if passes_on() {
        // SAFETY: as our caller asks.
        return unsafe { __libc_malloc(size) };
    }
    take(size)
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    if passes_on() {
        // SAFETY: as our caller asks.
        return unsafe { __libc_calloc(count, size) };
    }
    count.checked_mul(size).map_or(ptr::null_mut(), take)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut u8, size: usize) -> *mut u8 {
    if passes_on() && !is_pooled(old) {
        // SAFETY: as our caller asks.
        return unsafe { __libc_realloc(old, size) };
    }
    let new = malloc(size);
    if is_pooled(old) && !new.is_null() {
        // SAFETY: `old` is a block of the pool, with its size before it, and `new` has `size` bytes.
        unsafe {
            let kept = old.cast::<usize>().sub(2).read().min(size);
            ptr::copy_nonoverlapping(old, new, kept);
        }
    }
    new
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut u8) {
    if passes_on() && !is_pooled(block) {
        // SAFETY: as our caller asks.
        unsafe { __libc_free(block) };
    }
}
