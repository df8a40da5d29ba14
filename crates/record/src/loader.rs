//! The loader's functions by which a running program finds others. The recorder's must be found then as well
//! ([`link::answer_with_own`]).
//!
//! The loader looks at the place it was called from. So these functions leave nothing on the stack when they go on to it.

use crate::link::{self, answer_with_own};
use crate::originals::originals;
use crate::{gate, start, thread};
use core::arch::naked_asm;
use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicUsize, Ordering};

/// Defines a function that calls another with the same arguments, and goes on to the address that this returns; it returns
/// the null pointer where there is none.
macro_rules! on_the_way {
    ($name:ident, $before:ident) => {
        #[doc = concat!("`", stringify!($name), "`")]
        ///
        /// # Safety
        /// As the function that it is in front of.
        #[cfg_attr(preload, unsafe(no_mangle))]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            #[cfg(target_arch = "x86_64")]
            naked_asm!(
                "push rdi", "push rsi", "push rdx",
                "call {}",
                "pop rdx", "pop rsi", "pop rdi",
                "test rax, rax", "jz 2f",
                "jmp rax",
                "2: ret",
                sym $before,
            );
            #[cfg(target_arch = "aarch64")]
            naked_asm!(
                "stp x29, x30, [sp, -48]!",
                "stp x0, x1, [sp, 16]", "str x2, [sp, 32]",
                "bl {}",
                "mov x16, x0",
                "ldr x2, [sp, 32]", "ldp x0, x1, [sp, 16]",
                "ldp x29, x30, [sp], 48",
                "cbz x16, 2f",
                "br x16",
                "2: mov x0, 0", "ret",
                sym $before,
            );
        }
    };
}

on_the_way!(dlopen, before_dlopen);
on_the_way!(dlsym, before_dlsym);
on_the_way!(dlvsym, before_dlvsym);

unsafe extern "C" fn before_dlopen(_: *const c_char, mode: c_int) -> usize {
    /// `RTLD_DEEPBIND`
    const OWN_SCOPE_FIRST: c_int = 8;
    static LATER: AtomicUsize = AtomicUsize::new(0);
    find_originals();
    if mode & OWN_SCOPE_FIRST != 0 && gate::state() != gate::OFF {
        answer_with_own();
    }
    original(originals().dlopen, &LATER, c"dlopen")
}

unsafe extern "C" fn before_dlsym(handle: usize, name: *const c_char) -> usize {
    static LATER: AtomicUsize = AtomicUsize::new(0);
    before_search(handle, name);
    original(originals().dlsym, &LATER, c"dlsym")
}

unsafe extern "C" fn before_dlvsym(handle: usize, name: *const c_char) -> usize {
    static LATER: AtomicUsize = AtomicUsize::new(0);
    before_search(handle, name);
    original(originals().dlvsym, &LATER, c"dlvsym")
}

/// Has the functions found. It never begins the recording of a process: allocators look for names before they are ready for
/// anything else.
fn find_originals() {
    // SAFETY: the data is the calling thread's.
    let thread = unsafe { &mut *thread::current() };
    if thread.depth == 0 && gate::state() == gate::NEW {
        start::begin_beside(thread);
    }
}

/// Gets ready for the search of a name in one library.
fn before_search(handle: usize, name: *const c_char) {
    /// `RTLD_DEFAULT` and `RTLD_NEXT`, which search in the usual order.
    const ORDERS: [usize; 2] = [0, usize::MAX];
    find_originals();
    // SAFETY: the program gives a text.
    let asks_for_own = || !name.is_null() && link::is_own(unsafe { CStr::from_ptr(name) });
    if !ORDERS.contains(&handle) && gate::state() != gate::OFF && asks_for_own() {
        answer_with_own();
    }
}

/// Returns the address of a function of the loader: the one that was there at the program's start, or else of a library that
/// was loaded later, as glibc's libdl before 2.34.
fn original(at_start: usize, later: &AtomicUsize, name: &CStr) -> usize {
    if at_start != 0 {
        return at_start;
    }
    match later.load(Ordering::Acquire) {
        0 => {
            let found = link::find(link::behind_this(), name).map_or(0, |found| found.address);
            later.store(found, Ordering::Release);
            found
        }
        found => found,
    }
}
