//! System calls, made directly: the C library's functions set `errno`, and some of them are what this library replaces.

mod files;
mod memory;
mod number;

use core::arch::asm;

pub(crate) use files::{
    File, create_directory, largest_file, remove, rename_to_new, working_directory,
};
pub(crate) use memory::{
    is_mapped, keep_from_children, map_anonymous, map_wiped_on_fork, pages_in_core, populate,
    protect, unmap,
};

/// `EEXIST`, `ESRCH`, `ENOSPC`, `EDQUOT`, `EOPNOTSUPP`, `EINTR`, `ENOSYS` and `EINVAL`, as system calls return them.
pub(crate) const EXISTS: isize = -17;
pub(crate) const NO_SUCH_PROCESS: isize = -3;
pub(crate) const NO_SPACE: isize = -28;
pub(crate) const QUOTA: isize = -122;
pub(crate) const NOT_SUPPORTED: isize = -95;
pub(crate) const INTERRUPTED: isize = -4;
const NO_SUCH_CALL: isize = -38;
const NOT_VALID: isize = -22;

/// Makes a system call.
///
/// # Safety
/// The call must be allowed to do what it does with these arguments.
#[inline(always)]
unsafe fn call(number: usize, arguments: [usize; 6]) -> isize {
    let result;
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the kernel's convention; it changes no other register, and the caller answers for the rest.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => result, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    // SAFETY: the kernel's convention; it changes no other register, and the caller answers for the rest.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a as isize => result, in("x1") b, in("x2") c, in("x3") d,
            in("x4") e, in("x5") f, options(nostack));
    }
    result
}

/// Returns the program break.
pub(crate) fn program_break() -> usize {
    // SAFETY: a break of 0 is refused, and the present one returned.
    unsafe { call(number::BRK, [0; 6]) as usize }
}

/// Returns the number of the process.
pub(crate) fn process() -> u32 {
    // SAFETY: it reads only.
    unsafe { call(number::GETPID, [0; 6]) as u32 }
}

/// Returns the number of the parent process.
pub(crate) fn parent() -> u32 {
    // SAFETY: it reads only.
    unsafe { call(number::GETPPID, [0; 6]) as u32 }
}

/// Returns the kernel's number of the calling thread.
pub(crate) fn thread() -> u32 {
    // SAFETY: it reads only.
    unsafe { call(number::GETTID, [0; 6]) as u32 }
}

/// Returns whether a thread of a process has not ended.
pub(crate) fn is_alive(process: u32, thread: u32) -> bool {
    // SAFETY: signal 0 is no signal; the kernel only looks the thread up.
    let result = unsafe {
        call(
            number::TGKILL,
            [process as usize, thread as usize, 0, 0, 0, 0],
        )
    };
    result != NO_SUCH_PROCESS
}

/// Returns the number of processors that the calling thread may run on; 0 if there are more than fit what it asks with.
pub(crate) fn allowed_processors() -> u64 {
    let mut mask = [0_u64; 128];
    // SAFETY: it writes at most the given length.
    let length = unsafe {
        call(
            number::SCHED_GETAFFINITY,
            [0, size_of_val(&mask), mask.as_mut_ptr() as usize, 0, 0, 0],
        )
    };
    match length > 0 {
        true => mask.iter().map(|word| u64::from(word.count_ones())).sum(),
        false => 0,
    }
}

/// Lets other threads run.
pub(crate) fn give_way() {
    // SAFETY: it changes no memory.
    unsafe { call(number::SCHED_YIELD, [0; 6]) };
}

/// Waits for some microseconds.
pub(crate) fn wait(microseconds: i64) {
    let time = [0_i64, microseconds * 1000];
    // SAFETY: the kernel reads the time.
    unsafe { call(number::NANOSLEEP, [time.as_ptr() as usize, 0, 0, 0, 0, 0]) };
}

/// Waits until the word is woken, unless it has another value already.
pub(crate) fn futex_wait(word: *const u32, value: u32) {
    const WAIT_PRIVATE: usize = 128;
    // SAFETY: the word is in a static of this library.
    unsafe {
        call(
            number::FUTEX,
            [word as usize, WAIT_PRIVATE, value as usize, 0, 0, 0],
        )
    };
}

/// Wakes one thread that waits for the word.
pub(crate) fn futex_wake(word: *const u32) {
    const WAKE_PRIVATE: usize = 129;
    // SAFETY: the word is in a static of this library.
    unsafe { call(number::FUTEX, [word as usize, WAKE_PRIVATE, 1, 0, 0, 0]) };
}

/// Returns nanoseconds of a clock: 0 real time, 1 monotonic.
pub(crate) fn clock(which: usize) -> u64 {
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes two numbers.
    unsafe {
        call(
            number::CLOCK_GETTIME,
            [which, time.as_mut_ptr() as usize, 0, 0, 0, 0],
        )
    };
    time[0] * 1_000_000_000 + time[1]
}

/// Returns the kernel's release, as text that ends with zero.
pub(crate) fn kernel_release() -> [u8; 65] {
    let mut names = [[0_u8; 65]; 6];
    // SAFETY: the kernel writes six names of 65 bytes.
    unsafe { call(number::UNAME, [names.as_mut_ptr() as usize, 0, 0, 0, 0, 0]) };
    names[2]
}

/// Ends the process.
pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: the process ends.
        unsafe { call(number::EXIT_GROUP, [status as usize, 0, 0, 0, 0, 0]) };
    }
}

/// Ends the process by an illegal instruction.
#[cfg(preload)]
pub(crate) fn trap() -> ! {
    // SAFETY: the process ends.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("ud2", options(noreturn, nostack));
        #[cfg(target_arch = "aarch64")]
        asm!("udf #0", options(noreturn, nostack));
    }
}
