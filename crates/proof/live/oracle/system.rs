//! The program's ground without the standard library: its end and system calls, made without the C library.

use core::arch::asm;
use core::ffi::CStr;
use core::panic::PanicInfo;

/// Ends the program with a message.
pub(crate) fn die(message: &[u8]) -> ! {
    for part in [b"highwater-oracle: ", message, b"\n"] {
        // Where even this fails there is nobody left to be told.
        write(2, part);
    }
    exit(2)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    die(b"a mistake in the oracle: an index or a number is out of bounds")
}

/// Named by the unwinding tables of the precompiled core library; nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// What the kernel returned: negative where it refused.
type Returned = isize;

/// # Safety
/// As the call of that number says of its arguments.
#[inline]
unsafe fn call(number: usize, arguments: [usize; 6]) -> Returned {
    let [a, b, c, d, e, f] = arguments;
    let returned;
    // SAFETY: our caller vouches for the arguments; the registers are those of the kernel's interface.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => returned,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    returned
}

pub(crate) fn read(file: i32, into: &mut [u8]) -> Returned {
    // SAFETY: the buffer is as long as is said.
    unsafe {
        call(
            0,
            [
                file as usize,
                into.as_mut_ptr() as usize,
                into.len(),
                0,
                0,
                0,
            ],
        )
    }
}

pub(crate) fn write(file: i32, from: &[u8]) -> Returned {
    // SAFETY: the buffer is as long as is said.
    unsafe {
        call(
            1,
            [file as usize, from.as_ptr() as usize, from.len(), 0, 0, 0],
        )
    }
}

/// Opens a file for reading.
pub(crate) fn open(path: &CStr) -> i32 {
    // SAFETY: the path ends with a zero.
    unsafe { call(2, [path.as_ptr() as usize, 0, 0, 0, 0, 0]) as i32 }
}

pub(crate) fn close(file: i32) {
    // SAFETY: takes a number.
    unsafe { call(3, [file as usize, 0, 0, 0, 0, 0]) };
}

pub(crate) const READABLE: usize = 1;
pub(crate) const WRITABLE: usize = 2;
pub(crate) const SHARED: usize = 1;
pub(crate) const PRIVATE: usize = 2;
const ANONYMOUS: usize = 0x20;
const NORESERVE: usize = 0x4000;

/// New memory at a place of the kernel's choice; null where there is none.
pub(crate) fn map(length: usize, protection: usize, sharing: usize) -> *mut u8 {
    let flags = sharing | ANONYMOUS | NORESERVE;
    // SAFETY: disturbs no mapping there is.
    let start = unsafe { call(9, [0, length, protection, flags, usize::MAX, 0]) };
    if start < 0 {
        core::ptr::null_mut()
    } else {
        start as *mut u8
    }
}

/// `mmap` as it is asked; the number of the error where the kernel refuses.
///
/// # Safety
/// As of the call.
pub(crate) unsafe fn map_as_asked(
    place: *mut u8,
    length: usize,
    protection: i32,
    flags: i32,
    file: i32,
    offset: i64,
) -> Result<*mut u8, i32> {
    let arguments = [
        place as usize,
        length,
        protection as usize,
        flags as usize,
        file as usize,
        offset as usize,
    ];
    // SAFETY: our caller vouches for it.
    let start = unsafe { call(9, arguments) };
    if (-4095..0).contains(&start) {
        Err(-start as i32)
    } else {
        Ok(start as *mut u8)
    }
}

/// Where the thread's own data begin (the thread pointer).
pub(crate) fn thread_pointer() -> u64 {
    let pointer;
    // SAFETY: on this system a thread's data begin with a pointer to themselves.
    unsafe { asm!("mov {}, qword ptr fs:[0]", out(reg) pointer, options(nostack, readonly)) };
    pointer
}

/// # Safety
/// Nothing refers to what is mapped there.
pub(crate) unsafe fn unmap(start: *mut u8, length: usize) {
    // SAFETY: our caller vouches for it.
    unsafe { call(11, [start as usize, length, 0, 0, 0, 0]) };
}

/// Where the program break is.
pub(crate) fn program_break() -> u64 {
    // SAFETY: zero is no place for it, so it stays.
    unsafe { call(12, [0; 6]) as u64 }
}

/// Lets another thread run.
pub(crate) fn give_way() {
    // SAFETY: takes nothing.
    unsafe { call(24, [0; 6]) };
}

/// Ends the process after so long.
pub(crate) fn alarm(seconds: usize) {
    // SAFETY: takes a number.
    unsafe { call(37, [seconds, 0, 0, 0, 0, 0]) };
}

/// Waits for a child to end; its status as `waitpid` has it.
pub(crate) fn wait_for(child: i32) -> Option<i32> {
    let mut status = 0_i32;
    // SAFETY: the status is ours to write.
    let ended = unsafe { call(61, [child as usize, &raw mut status as usize, 0, 0, 0, 0]) };
    (ended == child as isize).then_some(status)
}

/// Switches huge pages off, so that a page is resident when it is touched and not before, or on again.
pub(crate) fn disable_huge_pages(off: bool) {
    const PR_SET_THP_DISABLE: usize = 41;
    // SAFETY: takes numbers.
    unsafe { call(157, [PR_SET_THP_DISABLE, usize::from(off), 0, 0, 0, 0]) };
}

/// Sleeps while the word has that value; may wake for no reason.
pub(crate) fn sleep_while(word: &core::sync::atomic::AtomicU32, value: u32) {
    // SAFETY: FUTEX_WAIT reads the word, with no limit of time.
    unsafe { call(202, [word.as_ptr() as usize, 0, value as usize, 0, 0, 0]) };
}

/// Wakes one that sleeps on the word.
pub(crate) fn wake(word: &core::sync::atomic::AtomicU32) {
    // SAFETY: FUTEX_WAKE only names the word.
    unsafe { call(202, [word.as_ptr() as usize, 1, 1, 0, 0, 0]) };
}

/// Processor time of the process, so that whatever else the machine does is left out.
pub(crate) fn processor_ns() -> u64 {
    const CLOCK_PROCESS_CPUTIME_ID: usize = 2;
    clock_ns(CLOCK_PROCESS_CPUTIME_ID)
}

const CLOCK_MONOTONIC: usize = 1;

/// The machine's time, from some beginning.
pub(crate) fn monotonic_ns() -> u64 {
    clock_ns(CLOCK_MONOTONIC)
}

fn clock_ns(clock: usize) -> u64 {
    let mut time = [0_u64; 2];
    // SAFETY: the time is ours to write: seconds and nanoseconds.
    unsafe { call(228, [clock, time.as_mut_ptr() as usize, 0, 0, 0, 0]) };
    time[0] * 1_000_000_000 + time[1]
}

/// Sleeps until then, by the machine's time.
pub(crate) fn sleep_until(then_ns: u64) {
    const ABSOLUTE: usize = 1;
    let then = [then_ns / 1_000_000_000, then_ns % 1_000_000_000];
    // A signal may end it early.
    while monotonic_ns() < then_ns {
        // SAFETY: the time is ours to read.
        unsafe { call(230, [CLOCK_MONOTONIC, ABSOLUTE, then.as_ptr() as usize, 0, 0, 0]) };
    }
}

/// Ends the process and all its threads at once, running nothing of the C library's.
pub(crate) fn exit(status: i32) -> ! {
    // SAFETY: exit_group does not return.
    unsafe { call(231, [status as usize, 0, 0, 0, 0, 0]) };
    loop {
        core::hint::spin_loop();
    }
}
