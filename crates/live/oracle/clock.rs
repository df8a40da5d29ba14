//! The time, as the allocator is told it: that of the sequence. This program's `clock_gettime` comes before the C
//! library's.

use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering};

/// A second at the start of a sequence, when the libraries are loaded: to some clocks zero means that there is no time.
const START_NS: u64 = 1_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

static NOW_NS: AtomicU64 = AtomicU64::new(START_NS);

/// So many microseconds pass.
#[inline(always)]
pub(crate) fn pass(microseconds: u64) {
    // Whoever's turn it is has the clock to itself.
    let now = NOW_NS.load(Ordering::Relaxed);
    let then = now.saturating_add(microseconds.saturating_mul(1000));
    NOW_NS.store(then, Ordering::Relaxed);
}

/// `struct timespec`
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(_: c_int, time: *mut Timespec) -> c_int {
    let now = NOW_NS.load(Ordering::Relaxed);
    // SAFETY: our caller's to write, as the call says.
    unsafe {
        time.write(Timespec {
            seconds: (now / SECOND_NS) as i64,
            nanoseconds: (now % SECOND_NS) as i64,
        });
    }
    0
}
