//! The one word that a call looks at to see whether it is recorded.

use core::cell::UnsafeCell;
use core::sync::atomic::AtomicU32;

/// Nothing is known yet; also what a forked child finds.
pub(crate) const NEW: u32 = 0;
/// Calls are recorded.
pub(crate) const RECORDING: u32 = 1;
/// Calls are passed on: nobody asked for a recording, or it has ended.
pub(crate) const OFF: u32 = 2;

/// Where the word is: in a page that a forked child finds to be zero, once there is one.
struct Place(UnsafeCell<*mut u32>);

// SAFETY: the place changes during the process's first call only. The word is read and written as a whole, by whoever holds
// the lock; a call that reads it a moment too late is passed on by the recorder.
unsafe impl Sync for Place {}

/// The word until there is such a page.
static FIRST: AtomicU32 = AtomicU32::new(NEW);

static PLACE: Place = Place(UnsafeCell::new(FIRST.as_ptr()));

/// Returns the word.
#[inline(always)]
pub(crate) fn state() -> u32 {
    // SAFETY: see above.
    unsafe { word().read_volatile() }
}

/// Sets the word.
pub(crate) fn set(state: u32) {
    // SAFETY: see above.
    unsafe { word().write_volatile(state) };
}

/// Moves the word into a page that a forked child finds to be zero.
pub(crate) fn move_to(page: *mut u8) {
    // SAFETY: see above; the page is aligned.
    unsafe { *PLACE.0.get() = page.cast() };
}

/// Whether the word lies in such a page.
pub(crate) fn is_moved() -> bool {
    word() != FIRST.as_ptr()
}

#[inline(always)]
fn word() -> *mut u32 {
    // SAFETY: see above.
    unsafe { *PLACE.0.get() }
}
