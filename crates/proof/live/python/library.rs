//! The functions of libpython and of the C library, in versions that every release has.

use core::arch::global_asm;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr};

global_asm!(".symver dlsym, dlsym@GLIBC_2.2.5");

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    pub(crate) fn gnu_get_libc_version() -> *const c_char;
    pub(crate) fn fork() -> c_int;
}

/// `PyMemAllocatorEx`: a context and four functions.
#[derive(Clone, Copy)]
#[repr(C)]
struct Hook([*mut c_void; 5]);

/// Of PyMem_GetAllocator and PyMem_SetAllocator: the raw interface, and that of objects.
const RAW: c_int = 0;
const OBJECTS: c_int = 2;

/// CPython's object allocator.
pub(crate) struct Python {
    pub(crate) malloc: unsafe extern "C" fn(usize) -> *mut u8,
    pub(crate) calloc: unsafe extern "C" fn(usize, usize) -> *mut u8,
    pub(crate) realloc: unsafe extern "C" fn(*mut u8, usize) -> *mut u8,
    pub(crate) free: unsafe extern "C" fn(*mut u8),
    get: unsafe extern "C" fn(c_int, *mut Hook),
    set: unsafe extern "C" fn(c_int, *const Hook),
    debug: unsafe extern "C" fn(),
}

impl Python {
    /// The one that is loaded with this program, if one is.
    pub(crate) fn find() -> Option<Self> {
        let find = |name: &CStr| {
            // SAFETY: the null handle is the default order of search, and the name ends with a zero.
            let found = unsafe { dlsym(ptr::null_mut(), name.as_ptr()) };
            (!found.is_null()).then_some(found)
        };
        // SAFETY: the functions of these names have these types in every release.
        unsafe {
            Some(Self {
                malloc: mem::transmute::<*mut c_void, _>(find(c"PyObject_Malloc")?),
                calloc: mem::transmute::<*mut c_void, _>(find(c"PyObject_Calloc")?),
                realloc: mem::transmute::<*mut c_void, _>(find(c"PyObject_Realloc")?),
                free: mem::transmute::<*mut c_void, _>(find(c"PyObject_Free")?),
                get: mem::transmute::<*mut c_void, _>(find(c"PyMem_GetAllocator")?),
                set: mem::transmute::<*mut c_void, _>(find(c"PyMem_SetAllocator")?),
                debug: mem::transmute::<*mut c_void, _>(find(c"PyMem_SetupDebugHooks")?),
            })
        }
    }

    /// Does what an interpreter does at its start for PYTHONMALLOC.
    pub(crate) fn choose(&self, no_pools: bool, debug: bool) {
        // SAFETY: no other thread allocates, and the hook is one that libpython gave.
        unsafe {
            if no_pools {
                let mut raw = Hook([ptr::null_mut(); 5]);
                (self.get)(RAW, &mut raw);
                (self.set)(OBJECTS, &raw);
            }
            if debug {
                (self.debug)();
            }
        }
    }
}
