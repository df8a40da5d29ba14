//! What the library keeps for each thread: 32 bytes of thread-local storage that exist from the thread's beginning (the
//! initial-exec model), so that reaching them never allocates.

use core::arch::{asm, global_asm};

/// The calling thread's data, which no other thread reads.
#[repr(C)]
pub(crate) struct Thread {
    /// 1 while the thread is inside this library or inside an allocator call that is recorded: what it calls then is no call
    /// of the program.
    pub(crate) depth: u32,
    /// The thread's number in the recording plus 1; 0 before its first event.
    pub(crate) number: u32,
    /// The kernel's number of the thread, once it has a number.
    pub(crate) kernel: u32,
    /// How often the thread's stack was looked for.
    pub(crate) stack_looks: u32,
    /// Where the thread's stack begins and ends, once that was looked for.
    pub(crate) stack_begin: usize,
    pub(crate) stack_end: usize,
}

const _: () = assert!(size_of::<Thread>() == 32);

#[cfg(test)]
impl Thread {
    /// What a new thread has.
    pub(crate) fn for_tests() -> Self {
        Self {
            depth: 0,
            number: 1,
            kernel: 0,
            stack_looks: 0,
            stack_begin: 0,
            stack_end: 0,
        }
    }
}

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".balign 16",
    ".globl highwater_record_thread",
    ".hidden highwater_record_thread",
    ".type highwater_record_thread, @object",
    ".size highwater_record_thread, 32",
    "highwater_record_thread:",
    ".zero 32",
    ".popsection",
);

/// Returns the calling thread's data. It is valid while the thread runs.
#[inline(always)]
pub(crate) fn current() -> *mut Thread {
    let thread: *mut Thread;
    // SAFETY: the thread pointer's first word is itself, by both C libraries' convention; the linker gives the offset.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "mov {thread}, qword ptr fs:[0]",
            "add {thread}, qword ptr [rip + highwater_record_thread@GOTTPOFF]",
            thread = out(reg) thread,
            options(pure, nomem, nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "mrs {thread}, tpidr_el0",
            "adrp {offset}, :gottprel:highwater_record_thread",
            "ldr {offset}, [{offset}, :gottprel_lo12:highwater_record_thread]",
            "add {thread}, {thread}, {offset}",
            thread = out(reg) thread,
            offset = out(reg) _,
            options(pure, nomem, nostack),
        );
    }
    thread
}
