//! Functions of this program that come before the C library's: malloc, mmap and clock_gettime.
//!
//! malloc: the loader and the thread library call it for themselves and are served from a pool, so that the heap stays
//! pristine.
//!
//! mmap: the first call maps everything that this program needs, before the allocator maps anything, so that what lies
//! below is the allocator's alone, one mapping below the other as a model places them. glibc's malloc maps nothing before
//! the first call. jemalloc does when it is loaded, before this program has begun.
//!
//! clock_gettime: the time is that of the sequence, which passes by itself only where that is asked.

use crate::block::Block;
use crate::library::{self, __errno_location};
use crate::memory::{HEADER, Reserve, Resident, Table, close_gaps, mappings_top};
use crate::system::{self, die};
use crate::wire::{Answer, Record, Reply, Request};
use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

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

/// The oracle's tables.
pub(crate) struct Tables {
    pub(crate) request: Table<Request>,
    pub(crate) records: Table<Record>,
    pub(crate) blocks: Table<Block>,
    pub(crate) answers: Table<Answer>,
    pub(crate) reply: Table<Reply>,
    pub(crate) stacks: Table<u8>,
    pub(crate) resident: Resident,
    /// Mappings of the allocator end here, the highest of them.
    pub(crate) mappings_top: u64,
}

struct Settled(UnsafeCell<Option<Tables>>);

// SAFETY: only the thread that starts the program touches it, see below.
unsafe impl Sync for Settled {}

static SETTLED: Settled = Settled(UnsafeCell::new(None));
static DONE: AtomicBool = AtomicBool::new(false);
static LONGEST: AtomicUsize = AtomicUsize::new(0);

/// The longest mapping that the allocator asked for so far, in bytes.
pub(crate) fn longest_mapping() -> u64 {
    LONGEST.load(Ordering::Relaxed) as u64
}

/// Maps everything that this program needs, once.
fn settle() {
    if DONE.swap(true, Ordering::AcqRel) {
        return;
    }
    system::disable_huge_pages(true);
    let mut tables = Tables {
        request: Table::new(),
        records: Table::new(),
        blocks: Table::new(),
        answers: Table::new(),
        reply: Table::new(),
        stacks: Table::new(),
        resident: Resident::new(),
        mappings_top: 0,
    };
    close_gaps();
    tables.resident.bring_in();
    tables.mappings_top = mappings_top();
    if library::asks_for_huge_pages() {
        system::disable_huge_pages(false);
    }
    // SAFETY: the program has one thread until its tables have been taken.
    unsafe { *SETTLED.0.get() = Some(tables) };
}

/// The tables, for the one that asks first.
pub(crate) fn tables() -> Tables {
    settle();
    // SAFETY: see above.
    match unsafe { (*SETTLED.0.get()).take() } {
        Some(tables) => tables,
        None => die(b"its tables were taken twice"),
    }
}

/// Maps as the C library's function does, but for one thing: a new mapping always goes as high as there is room, where
/// recent kernels place one of many huge pages at the start of a huge page.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    place: *mut u8,
    length: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: i64,
) -> *mut u8 {
    settle();
    LONGEST.fetch_max(length, Ordering::Relaxed);
    // A place that is taken is as good as none, but where one is named the kernel does not look for another start.
    let place = if place.is_null() {
        (&raw const DONE).cast_mut().cast()
    } else {
        place
    };
    // SAFETY: our caller vouches for what it asks.
    match unsafe { system::map_as_asked(place, length, protection, flags, file, offset) } {
        Ok(start) => start,
        Err(error) => {
            // SAFETY: the thread's own.
            unsafe { __errno_location().write(error) };
            ptr::without_provenance_mut(usize::MAX)
        }
    }
}

/// A second at the start of a sequence, when the libraries are loaded: to some clocks zero means that there is no time.
const START_NS: u64 = 1_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

static NOW_NS: AtomicU64 = AtomicU64::new(START_NS);

/// Where the sequence's clock began on the machine's, if it goes along with it; 0 if it is put forward.
static BEGAN_NS: AtomicU64 = AtomicU64::new(0);

/// From now on the clock goes on by itself.
pub(crate) fn wait_from_now() {
    BEGAN_NS.store(system::monotonic_ns() - START_NS, Ordering::Relaxed);
}

/// Lets microseconds pass.
#[inline(always)]
pub(crate) fn pass_time(microseconds: u64) {
    // Whoever's turn it is has the clock to itself.
    let now = NOW_NS.load(Ordering::Relaxed);
    let then = now.saturating_add(microseconds.saturating_mul(1000));
    NOW_NS.store(then, Ordering::Relaxed);
    let began = BEGAN_NS.load(Ordering::Relaxed);
    if began != 0 {
        // What the calls took is not waited again.
        system::sleep_until(began.saturating_add(then));
    }
}

fn now_ns() -> u64 {
    match BEGAN_NS.load(Ordering::Relaxed) {
        0 => NOW_NS.load(Ordering::Relaxed),
        began => system::monotonic_ns() - began,
    }
}

/// `struct timespec`
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(_: c_int, time: *mut Timespec) -> c_int {
    let now = now_ns();
    // SAFETY: our caller's to write, as the call says.
    unsafe {
        time.write(Timespec {
            seconds: (now / SECOND_NS) as i64,
            nanoseconds: (now % SECOND_NS) as i64,
        });
    }
    0
}
