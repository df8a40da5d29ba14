//! The functions that the program calls in place of the C library's.
//!
//! Each keeps the contract of the function that it stands in front of: it makes the same call and returns what that returned.

use crate::lock;
use crate::originals::originals;
use crate::stack::{Caller, NOBODY};
use crate::start::{begin_if_new, recorded};
use core::arch::naked_asm;
use core::ffi::{c_int, c_void};
use core::ptr;
use highwater_hwr::Event;

type Pointer = *mut c_void;

/// Makes the call of a function by its name, also where the functions have not been found yet: during the very first call.
macro_rules! original {
    ($name:ident($($argument:expr),*), $missing:expr) => {
        match originals().$name {
            // SAFETY: the program calls the function of this name with these arguments.
            Some(function) => unsafe { function($($argument),*) },
            None => $missing,
        }
    };
}

/// Defines a function whose last two arguments, behind those of C, are the address that it returns to and the caller's frame
/// pointer.
macro_rules! with_caller {
    ($name:ident, $inner:ident, $address:literal, $frame:literal, $address_arm:literal, $frame_arm:literal) => {
        #[doc = concat!("`", stringify!($name), "`")]
        ///
        /// # Safety
        /// As the function that it is in front of.
        #[cfg_attr(preload, unsafe(no_mangle))]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            #[cfg(target_arch = "x86_64")]
            naked_asm!(
                concat!("mov ", $address, ", [rsp]"),
                concat!("mov ", $frame, ", rbp"),
                "jmp {}",
                sym $inner,
            );
            #[cfg(target_arch = "aarch64")]
            naked_asm!(
                concat!("mov ", $address_arm, ", x30"),
                concat!("mov ", $frame_arm, ", x29"),
                "b {}",
                sym $inner,
            );
        }
    };
}

/// Returns the null pointer and sets `ENOSYS`, for a function that the allocator lacks.
#[cold]
fn missing() -> Pointer {
    const NO_SUCH_FUNCTION: c_int = 38;
    if let Some(errno) = originals().errno {
        // SAFETY: the C library's function returns the place of the calling thread's number.
        unsafe { *errno() = NO_SUCH_FUNCTION };
    }
    ptr::null_mut()
}

fn number(pointer: Pointer) -> u64 {
    pointer as usize as u64
}

with_caller!(malloc, malloc_from, "rsi", "rdx", "x1", "x2");

unsafe extern "C" fn malloc_from(size: usize, address: usize, frame: usize) -> Pointer {
    recorded(
        0,
        Caller { address, frame },
        || original!(malloc(size), missing()),
        |block| {
            let (address, size) = (number(block), size as u64);
            Some(Event::Malloc { address, size })
        },
    )
}

with_caller!(calloc, calloc_from, "rdx", "rcx", "x2", "x3");

unsafe extern "C" fn calloc_from(
    count: usize,
    size: usize,
    address: usize,
    frame: usize,
) -> Pointer {
    recorded(
        0,
        Caller { address, frame },
        || original!(calloc(count, size), missing()),
        |block| {
            Some(Event::Calloc {
                address: number(block),
                count: count as u64,
                size: size as u64,
            })
        },
    )
}

with_caller!(realloc, realloc_from, "rdx", "rcx", "x2", "x3");

unsafe extern "C" fn realloc_from(
    old: Pointer,
    size: usize,
    address: usize,
    frame: usize,
) -> Pointer {
    recorded(
        number(old),
        Caller { address, frame },
        || original!(realloc(old, size), missing()),
        |block| {
            Some(Event::Realloc {
                address: number(block),
                old: number(old),
                size: size as u64,
            })
        },
    )
}

with_caller!(reallocarray, reallocarray_from, "rcx", "r8", "x3", "x4");

unsafe extern "C" fn reallocarray_from(
    old: Pointer,
    count: usize,
    size: usize,
    address: usize,
    frame: usize,
) -> Pointer {
    recorded(
        number(old),
        Caller { address, frame },
        || original!(reallocarray(old, count, size), missing()),
        |block| {
            Some(Event::Realloc {
                address: number(block),
                old: number(old),
                size: count.saturating_mul(size) as u64,
            })
        },
    )
}

/// Records the end of a block; the null pointer is none.
fn freed<R>(block: Pointer) -> impl FnOnce(R) -> Option<Event<'static>> {
    move |_| {
        let address = number(block);
        (address != 0).then_some(Event::Free { address })
    }
}

/// `free`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn free(block: Pointer) {
    if block.is_null() {
        return;
    }
    recorded(
        number(block),
        NOBODY,
        || original!(free(block), ()),
        freed(block),
    );
}

/// `cfree`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn cfree(block: Pointer) {
    recorded(
        number(block),
        NOBODY,
        || original!(cfree(block), original!(free(block), ())),
        freed(block),
    );
}

/// `free_sized`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn free_sized(block: Pointer, size: usize) {
    recorded(
        number(block),
        NOBODY,
        || original!(free_sized(block, size), original!(free(block), ())),
        freed(block),
    );
}

/// `free_aligned_sized`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn free_aligned_sized(block: Pointer, alignment: usize, size: usize) {
    recorded(
        number(block),
        NOBODY,
        || {
            original!(
                free_aligned_sized(block, alignment, size),
                original!(free(block), ())
            );
        },
        freed(block),
    );
}

fn aligned(block: Pointer, alignment: usize, size: usize) -> Option<Event<'static>> {
    Some(Event::Aligned {
        address: number(block),
        alignment: alignment as u64,
        size: size as u64,
    })
}

with_caller!(posix_memalign, posix_memalign_from, "rcx", "r8", "x3", "x4");

unsafe extern "C" fn posix_memalign_from(
    place: *mut Pointer,
    alignment: usize,
    size: usize,
    address: usize,
    frame: usize,
) -> c_int {
    const NO_MEMORY: c_int = 12;
    recorded(
        0,
        Caller { address, frame },
        || original!(posix_memalign(place, alignment, size), NO_MEMORY),
        |error| {
            // An alignment that is refused is no call of the allocator.
            let is_refused = error != 0 && error != NO_MEMORY;
            let block = match error {
                // SAFETY: the function has written the block to the place that the program gave.
                0 => unsafe { *place },
                _ => ptr::null_mut(),
            };
            if is_refused {
                None
            } else {
                aligned(block, alignment, size)
            }
        },
    )
}

with_caller!(aligned_alloc, aligned_alloc_from, "rdx", "rcx", "x2", "x3");

unsafe extern "C" fn aligned_alloc_from(
    alignment: usize,
    size: usize,
    address: usize,
    frame: usize,
) -> Pointer {
    recorded(
        0,
        Caller { address, frame },
        || original!(aligned_alloc(alignment, size), missing()),
        |block| aligned(block, alignment, size),
    )
}

with_caller!(memalign, memalign_from, "rdx", "rcx", "x2", "x3");

unsafe extern "C" fn memalign_from(
    alignment: usize,
    size: usize,
    address: usize,
    frame: usize,
) -> Pointer {
    recorded(
        0,
        Caller { address, frame },
        || original!(memalign(alignment, size), missing()),
        |block| aligned(block, alignment, size),
    )
}

/// Bytes of a page, as far as `valloc` and `pvalloc` are concerned.
const PAGE: usize = 4096;

with_caller!(valloc, valloc_from, "rsi", "rdx", "x1", "x2");

unsafe extern "C" fn valloc_from(size: usize, address: usize, frame: usize) -> Pointer {
    recorded(
        0,
        Caller { address, frame },
        || original!(valloc(size), missing()),
        |block| aligned(block, PAGE, size),
    )
}

with_caller!(pvalloc, pvalloc_from, "rsi", "rdx", "x1", "x2");

unsafe extern "C" fn pvalloc_from(size: usize, address: usize, frame: usize) -> Pointer {
    recorded(
        0,
        Caller { address, frame },
        || original!(pvalloc(size), missing()),
        |block| {
            let pages = size.checked_next_multiple_of(PAGE).unwrap_or(size);
            aligned(block, PAGE, pages)
        },
    )
}

/// `malloc_trim`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn malloc_trim(pad: usize) -> c_int {
    recorded(
        0,
        NOBODY,
        || original!(malloc_trim(pad), 0),
        |_| Some(Event::Trim { pad: pad as u64 }),
    )
}

/// `mallopt`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn mallopt(parameter: c_int, value: c_int) -> c_int {
    recorded(
        0,
        NOBODY,
        || original!(mallopt(parameter, value), 0),
        |_| {
            let (parameter, value) = (parameter.into(), value.into());
            Some(Event::Mallopt { parameter, value })
        },
    )
}

/// `pthread_create`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn pthread_create(
    thread: Pointer,
    attributes: *const c_void,
    routine: Pointer,
    argument: Pointer,
) -> c_int {
    /// `EAGAIN`
    const AGAIN: c_int = 11;
    begin_if_new();
    lock::expect_threads();
    original!(pthread_create(thread, attributes, routine, argument), AGAIN)
}

/// `thrd_create`
///
/// # Safety
/// As the function that it stands in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn thrd_create(
    thread: Pointer,
    routine: Pointer,
    argument: Pointer,
) -> c_int {
    /// `thrd_error`
    const FAILED: c_int = 2;
    begin_if_new();
    lock::expect_threads();
    original!(thrd_create(thread, routine, argument), FAILED)
}
