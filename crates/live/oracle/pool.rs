//! Serves the calls of malloc that the loader and the thread library make for themselves: this program's `malloc` comes
//! before the C library's when they look for one. What is given back is not used again.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Enough for the tables of [`crate::wire::THREADS_MAX`] threads.
const POOL_BYTES: usize = 1 << 20;
/// Before each block stands its size.
const HEADER: usize = 16;

#[repr(align(64))]
struct Pool(UnsafeCell<[u8; POOL_BYTES]>);

// SAFETY: each byte is handed out once, to one caller.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool(UnsafeCell::new([0; POOL_BYTES]));
static USED: AtomicUsize = AtomicUsize::new(0);

/// Fresh bytes, all zero; null where there are no more.
fn take(size: usize, alignment: usize) -> *mut u8 {
    let alignment = alignment.max(HEADER);
    let Some(room) = size.checked_add(2 * alignment + HEADER) else {
        return ptr::null_mut();
    };
    if room > POOL_BYTES {
        return ptr::null_mut();
    }
    let from = USED.fetch_add(room, Ordering::Relaxed);
    if from.saturating_add(room) > POOL_BYTES {
        return ptr::null_mut();
    }
    let start = POOL.0.get() as usize + from + HEADER;
    let block = start.next_multiple_of(alignment) as *mut u8;
    // SAFETY: the header lies in the bytes just taken, before the block, and both are aligned to 16.
    unsafe { block.cast::<usize>().sub(2).write(size) };
    block
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    take(size, HEADER)
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    count
        .checked_mul(size)
        .map_or(ptr::null_mut(), |size| take(size, HEADER))
}

#[unsafe(no_mangle)]
extern "C" fn memalign(alignment: usize, size: usize) -> *mut u8 {
    take(size, alignment)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut u8, size: usize) -> *mut u8 {
    let new = take(size, HEADER);
    if !old.is_null() && !new.is_null() {
        // SAFETY: `old` is a block of this pool, with its size before it, and `new` has `size` bytes.
        unsafe {
            let kept = old.cast::<usize>().sub(2).read().min(size);
            ptr::copy_nonoverlapping(old, new, kept);
        }
    }
    new
}

#[unsafe(no_mangle)]
extern "C" fn free(_: *mut u8) {}
