//! The C library's functions, by names that do not lead to the ones this program interposes, and in versions that every
//! release has: `pthread_create` and its kin got new ones in 2.34, when they moved from one library to another.

use core::arch::global_asm;
use core::ffi::{c_char, c_int, c_void};

global_asm!(
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
    #[link_name = "__libc_malloc"]
    pub(crate) fn malloc(size: usize) -> *mut u8;
    #[link_name = "__libc_calloc"]
    pub(crate) fn calloc(count: usize, size: usize) -> *mut u8;
    #[link_name = "__libc_realloc"]
    pub(crate) fn realloc(block: *mut u8, size: usize) -> *mut u8;
    #[link_name = "__libc_memalign"]
    pub(crate) fn memalign(alignment: usize, size: usize) -> *mut u8;
    #[link_name = "__libc_free"]
    pub(crate) fn free(block: *mut u8);
    pub(crate) fn malloc_trim(pad: usize) -> c_int;
    pub(crate) fn malloc_usable_size(block: *mut u8) -> usize;
    pub(crate) fn gnu_get_libc_version() -> *const c_char;
    pub(crate) fn fork() -> c_int;
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
