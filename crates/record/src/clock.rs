//! Microseconds since the recording began: from the processor's own counter, which is compared with the kernel's clock
//! every few milliseconds.

use crate::originals::originals;
use crate::system;
use core::arch::asm;

/// The kernel's monotonic clock.
const MONOTONIC: usize = 1;

/// The counter's speed is known well enough after this many nanoseconds; until then each time is the kernel's.
const SETTLING: u64 = 2_000_000;

/// Nanoseconds between two comparisons with the kernel's clock.
const PERIOD: u64 = 20_000_000;

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
        }
    }

    /// Begins at 0.
    pub(crate) fn begin(&mut self) {
        *self = Self::new();
        self.begin = kernel_time();
        self.begin_count = counter();
    }

    /// Returns the kernel's time at the beginning, in nanoseconds.
    pub(crate) fn beginning(&self) -> u64 {
        self.begin
    }

    /// Returns the microseconds since the beginning.
    #[inline(always)]
    pub(crate) fn now(&mut self) -> u64 {
        let count = counter();
        if count >= self.next {
            return self.compare();
        }
        self.time + ((count.wrapping_sub(self.count) * self.scale) >> 32)
    }

    #[cold]
    fn compare(&mut self) -> u64 {
        let passed = kernel_time().saturating_sub(self.begin);
        let count = counter();
        let ticks = count.wrapping_sub(self.begin_count);
        self.time = passed / 1000;
        self.count = count;
        if passed > SETTLING && ticks > 0 && is_constant() {
            // Nanoseconds fit 32 bits twice over; the quotient is a tick's share of a microsecond.
            self.scale = (((u128::from(passed)) << 32) / (u128::from(ticks) * 1000)) as u64;
            let ticks = (u128::from(ticks) * u128::from(PERIOD) / u128::from(passed)) as u64;
            self.next = count.wrapping_add(ticks);
        }
        self.time
    }
}

fn kernel_time() -> u64 {
    let mut time = [0; 2];
    match originals().clock_gettime {
        // SAFETY: the function writes two numbers.
        Some(function) if unsafe { function(MONOTONIC as i32, &mut time) } == 0 => {
            time[0] as u64 * 1_000_000_000 + time[1] as u64
        }
        _ => system::clock(MONOTONIC),
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
