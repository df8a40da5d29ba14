//! Everything this program maps for itself, mapped before the allocator maps anything, so that what lies below is the
//! allocator's alone, one mapping below the other as a model places them.
//!
//! glibc's malloc maps nothing before the first call. jemalloc does when it is loaded, before this program has begun: its
//! first call of `mmap`, which is this program's, settles the address space.

use crate::child::Block;
use crate::die::die;
use crate::library::__errno_location;
use crate::resident::Resident;
use crate::system;
use crate::table::{Table, close_gaps, mappings_top};
use crate::wire::{Answer, Record, Reply, Request};
use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

/// Does it, unless it was done.
fn settle() {
    if DONE.swap(true, Ordering::AcqRel) {
        return;
    }
    system::disable_huge_pages();
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
            core::ptr::without_provenance_mut(usize::MAX)
        }
    }
}
