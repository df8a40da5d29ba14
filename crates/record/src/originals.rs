//! The functions that this library stands in front of.

use crate::link::{self, Library};
use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int, c_long, c_void};
use core::{mem, ptr};

type Create = unsafe extern "C" fn(*mut c_void, *const c_void, *mut c_void, *mut c_void) -> c_int;

type Map = unsafe extern "C" fn(*mut c_void, usize, c_int, c_int, c_int, c_long) -> *mut c_void;

/// The next definitions of the functions, behind this library. Where an allocator lacks one, it is `None`.
#[derive(Clone, Copy)]
pub(crate) struct Originals {
    pub(crate) malloc: Option<unsafe extern "C" fn(usize) -> *mut c_void>,
    pub(crate) calloc: Option<unsafe extern "C" fn(usize, usize) -> *mut c_void>,
    pub(crate) realloc: Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    pub(crate) reallocarray: Option<unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void>,
    pub(crate) free: Option<unsafe extern "C" fn(*mut c_void)>,
    pub(crate) cfree: Option<unsafe extern "C" fn(*mut c_void)>,
    pub(crate) free_sized: Option<unsafe extern "C" fn(*mut c_void, usize)>,
    pub(crate) free_aligned_sized: Option<unsafe extern "C" fn(*mut c_void, usize, usize)>,
    pub(crate) posix_memalign:
        Option<unsafe extern "C" fn(*mut *mut c_void, usize, usize) -> c_int>,
    pub(crate) aligned_alloc: Option<unsafe extern "C" fn(usize, usize) -> *mut c_void>,
    pub(crate) memalign: Option<unsafe extern "C" fn(usize, usize) -> *mut c_void>,
    pub(crate) valloc: Option<unsafe extern "C" fn(usize) -> *mut c_void>,
    pub(crate) pvalloc: Option<unsafe extern "C" fn(usize) -> *mut c_void>,
    pub(crate) malloc_trim: Option<unsafe extern "C" fn(usize) -> c_int>,
    pub(crate) mallopt: Option<unsafe extern "C" fn(c_int, c_int) -> c_int>,
    pub(crate) mmap: Option<Map>,
    pub(crate) munmap: Option<unsafe extern "C" fn(*mut c_void, usize) -> c_int>,
    pub(crate) mremap:
        Option<unsafe extern "C" fn(*mut c_void, usize, usize, c_int, *mut c_void) -> *mut c_void>,
    pub(crate) madvise: Option<unsafe extern "C" fn(*mut c_void, usize, c_int) -> c_int>,
    pub(crate) brk: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    pub(crate) sbrk: Option<unsafe extern "C" fn(isize) -> *mut c_void>,
    pub(crate) exit_at_once: Option<unsafe extern "C" fn(c_int) -> !>,
    /// Addresses of functions of the loader; 0 where the program has none at its start.
    pub(crate) dlopen: usize,
    pub(crate) dlsym: usize,
    pub(crate) dlvsym: usize,
    pub(crate) pthread_create: Option<Create>,
    pub(crate) thrd_create:
        Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int>,
    pub(crate) key_create:
        Option<unsafe extern "C" fn(*mut u32, Option<unsafe extern "C" fn(*mut c_void)>) -> c_int>,
    pub(crate) set_specific: Option<unsafe extern "C" fn(u32, *const c_void) -> c_int>,
    pub(crate) register_atfork: Option<
        unsafe extern "C" fn(
            Option<unsafe extern "C" fn()>,
            Option<unsafe extern "C" fn()>,
            Option<unsafe extern "C" fn()>,
            *mut c_void,
        ) -> c_int,
    >,
    pub(crate) clock_gettime: Option<unsafe extern "C" fn(c_int, *mut [c_long; 2]) -> c_int>,
    pub(crate) errno: Option<unsafe extern "C" fn() -> *mut c_int>,
    /// A byte that is 0 once the process has had a second thread.
    pub(crate) single_threaded: *const u8,
    /// The library that defines malloc.
    pub(crate) allocator: *const Library,
}

/// A value that one thread writes before any other reads it.
struct Settled(UnsafeCell<Originals>);

// SAFETY: `find_all` writes it during the first call of the process's only thread.
unsafe impl Sync for Settled {}

static ALWAYS_SINGLE: u8 = 1;

static ORIGINALS: Settled = Settled(UnsafeCell::new(Originals {
    malloc: None,
    calloc: None,
    realloc: None,
    reallocarray: None,
    free: None,
    cfree: None,
    free_sized: None,
    free_aligned_sized: None,
    posix_memalign: None,
    aligned_alloc: None,
    memalign: None,
    valloc: None,
    pvalloc: None,
    malloc_trim: None,
    mallopt: None,
    mmap: None,
    munmap: None,
    mremap: None,
    madvise: None,
    brk: None,
    sbrk: None,
    exit_at_once: None,
    dlopen: 0,
    dlsym: 0,
    dlvsym: 0,
    pthread_create: None,
    thrd_create: None,
    key_create: None,
    set_specific: None,
    register_atfork: None,
    clock_gettime: None,
    errno: None,
    single_threaded: &raw const ALWAYS_SINGLE,
    allocator: ptr::null(),
}));

/// Returns the functions; none before [`find_all`].
#[inline(always)]
pub(crate) fn originals() -> &'static Originals {
    // SAFETY: nothing writes once there is a second thread.
    unsafe { &*ORIGINALS.0.get() }
}

/// Finds the functions, unless they have been found.
///
/// # Safety
/// No other thread may be inside this library, and no reference from [`originals`] may be kept over the call.
pub(crate) unsafe fn find_all() {
    if originals().malloc.is_some() {
        // Later the libraries may answer with this one's functions.
        return;
    }
    let behind = link::behind_this();
    let malloc = link::find(behind, c"malloc");
    // A program may have a copy of the byte, which is then the one that counts.
    let single = link::find(link::first(), c"__libc_single_threaded");
    // SAFETY: functions of these names have these types in every C library and allocator that has them.
    let found = unsafe {
        Originals {
            malloc: function(behind, c"malloc"),
            calloc: function(behind, c"calloc"),
            realloc: function(behind, c"realloc"),
            reallocarray: function(behind, c"reallocarray"),
            free: function(behind, c"free"),
            cfree: function(behind, c"cfree"),
            free_sized: function(behind, c"free_sized"),
            free_aligned_sized: function(behind, c"free_aligned_sized"),
            posix_memalign: function(behind, c"posix_memalign"),
            aligned_alloc: function(behind, c"aligned_alloc"),
            memalign: function(behind, c"memalign"),
            valloc: function(behind, c"valloc"),
            pvalloc: function(behind, c"pvalloc"),
            malloc_trim: function(behind, c"malloc_trim"),
            mallopt: function(behind, c"mallopt"),
            mmap: function(behind, c"mmap"),
            munmap: function(behind, c"munmap"),
            mremap: function(behind, c"mremap"),
            madvise: function(behind, c"madvise"),
            brk: function(behind, c"brk"),
            sbrk: function(behind, c"sbrk"),
            exit_at_once: function(behind, c"_exit"),
            dlopen: link::find(behind, c"dlopen").map_or(0, |found| found.address),
            dlsym: link::find(behind, c"dlsym").map_or(0, |found| found.address),
            dlvsym: link::find(behind, c"dlvsym").map_or(0, |found| found.address),
            pthread_create: function(behind, c"pthread_create"),
            thrd_create: function(behind, c"thrd_create"),
            key_create: function(behind, c"pthread_key_create"),
            set_specific: function(behind, c"pthread_setspecific"),
            register_atfork: function(behind, c"__register_atfork"),
            clock_gettime: function(behind, c"clock_gettime"),
            errno: function(behind, c"__errno_location"),
            single_threaded: single
                .map_or(&raw const ALWAYS_SINGLE, |found| found.address as *const u8),
            allocator: malloc.map_or(ptr::null(), |found| found.library),
        }
    };
    // SAFETY: the caller's.
    unsafe { *ORIGINALS.0.get() = found };
}

/// Finds a function of type `F`.
///
/// # Safety
/// `F` must be the type of the functions that have this name.
unsafe fn function<F: Copy>(behind: *const Library, name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<usize>()) };
    let address = link::find(behind, name)?.address;
    // SAFETY: the caller's.
    Some(unsafe { mem::transmute_copy(&address) })
}

/// Returns a text that the allocator's library gives, by the name of a function without arguments.
pub(crate) fn version_of_glibc() -> Option<&'static CStr> {
    let address = link::find_in(originals().allocator, c"gnu_get_libc_version")?;
    // SAFETY: glibc's function of this name has this type and returns a constant.
    unsafe {
        let version: extern "C" fn() -> *const c_char = mem::transmute(address);
        Some(CStr::from_ptr(version()))
    }
}

/// Returns the version that jemalloc gives, if the allocator is jemalloc.
pub(crate) fn version_of_jemalloc() -> Option<&'static CStr> {
    type Mallctl =
        unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;
    let address = link::find_in(originals().allocator, c"mallctl")?;
    let mut version: *const c_char = ptr::null();
    let mut length = size_of::<*const c_char>();
    // SAFETY: jemalloc's function of this name has this type, and writes the address of a constant text.
    unsafe {
        let mallctl: Mallctl = mem::transmute(address);
        let place = (&raw mut version).cast();
        let failed = mallctl(c"version".as_ptr(), place, &mut length, ptr::null_mut(), 0);
        (failed == 0 && !version.is_null()).then(|| CStr::from_ptr(version))
    }
}
