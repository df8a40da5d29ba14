//! The functions of the C library, or of the allocator that is loaded in place of its malloc: those that this program
//! interposes are looked up behind it. All are asked for in versions that every release has: `pthread_create` and its kin
//! got new ones in 2.34, when they moved from one library to another.

use crate::system::die;
use core::arch::global_asm;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr};

global_asm!(
    ".symver dlsym, dlsym@GLIBC_2.2.5",
    ".symver pthread_create, pthread_create@GLIBC_2.2.5",
    ".symver pthread_join, pthread_join@GLIBC_2.2.5",
    ".symver pthread_attr_setstack, pthread_attr_setstack@GLIBC_2.2.5",
);

/// `pthread_attr_t`, with room to spare.
#[repr(C, align(16))]
pub(crate) struct ThreadAttributes(pub(crate) [u8; 128]);

/// `pthread_t`
pub(crate) type Thread = u64;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    pub(crate) fn __errno_location() -> *mut c_int;
    pub(crate) fn gnu_get_libc_version() -> *const c_char;
    pub(crate) fn fork() -> c_int;
    fn getenv(name: *const c_char) -> *const c_char;
    pub(crate) fn pthread_attr_init(attributes: *mut ThreadAttributes) -> c_int;
    pub(crate) fn pthread_attr_setstack(
        attributes: *mut ThreadAttributes,
        stack: *mut u8,
        size: usize,
    ) -> c_int;
    pub(crate) fn pthread_create(
        thread: *mut Thread,
        attributes: *const ThreadAttributes,
        routine: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> c_int;
    pub(crate) fn pthread_join(thread: Thread, returned: *mut *mut c_void) -> c_int;
}

type Mallctl = unsafe extern "C" fn(
    name: *const c_char,
    old: *mut c_void,
    old_length: *mut usize,
    new: *mut c_void,
    new_length: usize,
) -> c_int;

/// Whether the environment makes malloc ask for transparent huge pages.
pub(crate) fn asks_for_huge_pages() -> bool {
    crate::wire::asks_for_huge_pages(|name| {
        // SAFETY: the library's answer is a string that stays, or null.
        unsafe {
            let value = getenv(name.as_ptr());
            (!value.is_null()).then(|| core::ffi::CStr::from_ptr(value).to_bytes())
        }
    })
}

/// The calls of the allocator that is asked.
pub(crate) struct Allocator {
    pub(crate) malloc: unsafe extern "C" fn(usize) -> *mut u8,
    pub(crate) calloc: unsafe extern "C" fn(usize, usize) -> *mut u8,
    pub(crate) realloc: unsafe extern "C" fn(*mut u8, usize) -> *mut u8,
    pub(crate) memalign: unsafe extern "C" fn(usize, usize) -> *mut u8,
    pub(crate) free: unsafe extern "C" fn(*mut u8),
    pub(crate) malloc_usable_size: unsafe extern "C" fn(*mut u8) -> usize,
    /// Of the C library whose malloc it is; another allocator has none.
    pub(crate) malloc_trim: Option<unsafe extern "C" fn(usize) -> c_int>,
    /// The same.
    pub(crate) mallopt: Option<unsafe extern "C" fn(c_int, c_int) -> c_int>,
    mallctl: Option<Mallctl>,
}

impl Allocator {
    /// The one whose malloc comes first behind this program's.
    pub(crate) fn find() -> Self {
        let needed = |name: &CStr| match next(name) {
            found if found.is_null() => die(b"the allocator lacks a function"),
            found => found,
        };
        // SAFETY: the functions of these names have these types in every library that has them; a null pointer becomes
        // none.
        unsafe {
            let mallctl: Option<Mallctl> = mem::transmute(next(c"mallctl"));
            let malloc_trim = match mallctl {
                Some(_) => None,
                None => mem::transmute::<_, Option<_>>(next(c"malloc_trim")),
            };
            let mallopt = match mallctl {
                Some(_) => None,
                None => mem::transmute::<_, Option<_>>(next(c"mallopt")),
            };
            Self {
                malloc: mem::transmute(needed(c"malloc")),
                calloc: mem::transmute(needed(c"calloc")),
                realloc: mem::transmute(needed(c"realloc")),
                memalign: mem::transmute(needed(c"memalign")),
                free: mem::transmute(needed(c"free")),
                malloc_usable_size: mem::transmute(needed(c"malloc_usable_size")),
                malloc_trim,
                mallopt,
                mallctl,
            }
        }
    }

    pub(crate) fn is_jemalloc(&self) -> bool {
        self.mallctl.is_some()
    }

    /// What jemalloc answers to a question; nothing from another allocator. `T` is of the type that it documents.
    pub(crate) fn ask<T: Copy>(&self, name: &CStr, mut answer: T) -> Option<T> {
        let mut length = size_of::<T>();
        // SAFETY: the name ends with a zero, and the answer has the length that is given.
        let failed = unsafe {
            self.mallctl?(
                name.as_ptr(),
                (&raw mut answer).cast(),
                &mut length,
                ptr::null_mut(),
                0,
            )
        };
        (failed == 0 && length == size_of::<T>()).then_some(answer)
    }

    /// Lets jemalloc take its figures anew.
    pub(crate) fn refresh(&self) {
        let Some(mallctl) = self.mallctl else { return };
        let mut epoch = 1_u64;
        let new = (&raw mut epoch).cast();
        // SAFETY: an epoch is written, and nothing read.
        unsafe {
            mallctl(
                c"epoch".as_ptr(),
                ptr::null_mut(),
                ptr::null_mut(),
                new,
                size_of::<u64>(),
            );
        }
    }
}

/// The function of that name in the libraries that were loaded after this program; null where there is none.
fn next(name: &CStr) -> *mut c_void {
    const RTLD_NEXT: *mut c_void = ptr::without_provenance_mut(usize::MAX);
    // SAFETY: the name ends with a zero.
    unsafe { dlsym(RTLD_NEXT, name.as_ptr()) }
}
