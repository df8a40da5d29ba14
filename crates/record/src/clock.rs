//! Microseconds since the recording began: from the processor's own counter, which is compared with the kernel's clock
//! every few milliseconds.

use crate::originals::originals;
use crate::system;
use core::arch::asm;

/// The kernel's monotonic clock, and the same as of its last tick (1 to 10 ms), which is read from memory alone.
const MONOTONIC: usize = 1;
const COARSE: usize = 6;

/// The counter's speed is known well enough after this many nanoseconds; until then each time is the kernel's.
const SETTLING: u64 = 2_000_000;

/// Nanoseconds between two comparisons with the kernel's clock, and so between two samples.
const PERIOD: u64 = 10_000_000;

/// The events that may share a reading of the counter. To read it, the processor waits for all that it has begun, which
/// takes longer than anything else that an event needs.
const SHARED: u32 = 32;

/// The state of the clock.
pub(crate) struct Clock {
    /// The kernel's time at the beginning, in nanoseconds.
    begin: u64,
    /// The counter at the beginning.
    begin_count: u64,
    /// Microseconds and the counter at the last comparison.
    time: u64,
    count: u64,
    /// The counter at the next comparison: 0 for at once.
    next: u64,
    /// Microseconds of a tick, times 2^32.
    scale: u64,
    /// Microseconds at the last reading, the kernel's coarse clock then, and the events that may still share it.
    present: u64,
    coarse: u64,
    left: u32,
}

impl Clock {
    /// A clock that has not begun.
    pub(crate) const fn new() -> Self {
        Self {
            begin: 0,
            begin_count: 0,
            time: 0,
            count: 0,
            next: 0,
            scale: 0,
            present: 0,
            coarse: 0,
            left: 0,
        }
    }

    /// Begins at 0.
    pub(crate) fn begin(&mut self) {
        *self = Self::new();
        self.begin = kernel_time(MONOTONIC);
        self.begin_count = counter();
    }

    /// Returns the kernel's time at the beginning, in nanoseconds.
    pub(crate) fn beginning(&self) -> u64 {
        self.begin
    }

    /// Whether the next event needs a reading of its own: the kernel's coarse clock has moved, or enough events share the last.
    #[inline(always)]
    pub(crate) fn is_due(&mut self) -> bool {
        let coarse = kernel_time(COARSE);
        let is_due = self.left == 0 || coarse != self.coarse;
        self.coarse = coarse;
        self.left = self.left.wrapping_sub(1);
        is_due
    }

    /// Returns the microseconds from the beginning to the last reading.
    #[inline(always)]
    pub(crate) fn present(&self) -> u64 {
        self.present
    }

    /// Reads the counter. Returns whether it was compared with the kernel's clock, as it is every few milliseconds.
    pub(crate) fn read(&mut self) -> bool {
        let count = counter();
        if count >= self.next {
            self.compare();
            return true;
        }
        let passed = count.wrapping_sub(self.count);
        self.present = self.time + ((passed * self.scale) >> 32);
        self.left = SHARED - 1;
        false
    }

    #[cold]
    fn compare(&mut self) {
        let passed = kernel_time(MONOTONIC).saturating_sub(self.begin);
        let count = counter();
        let ticks = count.wrapping_sub(self.begin_count);
        self.time = passed / 1000;
        self.present = self.time;
        self.count = count;
        self.left = 0;
        if passed > SETTLING && ticks > 0 && is_constant() {
            // Nanoseconds fit 32 bits twice over; the quotient is a tick's share of a microsecond.
            self.scale = (((u128::from(passed)) << 32) / (u128::from(ticks) * 1000)) as u64;
            let ticks = (u128::from(ticks) * u128::from(PERIOD) / u128::from(passed)) as u64;
            self.next = count.wrapping_add(ticks);
        }
    }
}

/// Returns the nanoseconds of the kernel's monotonic clock.
pub(crate) fn nanoseconds() -> u64 {
    kernel_time(MONOTONIC)
}

#[inline(always)]
fn kernel_time(which: usize) -> u64 {
    let mut time = [0; 2];
    match originals().clock_gettime {
        // SAFETY: the function writes two numbers.
        Some(function) if unsafe { function(which as i32, &mut time) } == 0 => {
            time[0] as u64 * 1_000_000_000 + time[1] as u64
        }
        _ => system::clock(which),
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn counter() -> u64 {
    // SAFETY: every processor of this kind has the counter, and Linux lets programs read it unless they ask otherwise.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn counter() -> u64 {
    let count;
    // SAFETY: Linux lets programs read the counter.
    unsafe { asm!("mrs {}, cntvct_el0", out(reg) count, options(nomem, nostack)) };
    count
}

/// Whether the counter runs at one speed, also while the processor rests.
#[cfg(target_arch = "x86_64")]
fn is_constant() -> bool {
    const POWER: u32 = 0x8000_0007;
    const INVARIANT: u32 = 1 << 8;
    let (highest, flags): (u32, u32);
    // SAFETY: every processor of this kind answers; the register that the compiler keeps for itself is put back.
    unsafe {
        asm!("push rbx", "cpuid", "pop rbx", inlateout("eax") 0x8000_0000_u32 => highest, lateout("ecx") _, lateout("edx") _);
        if highest < POWER {
            return false;
        }
        asm!("push rbx", "cpuid", "pop rbx", inlateout("eax") POWER => _, lateout("ecx") _, lateout("edx") flags);
    }
    flags & INVARIANT != 0
}

#[cfg(target_arch = "aarch64")]
fn is_constant() -> bool {
    true
}
