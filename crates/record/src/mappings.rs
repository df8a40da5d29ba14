//! Calls for memory beside the allocator: the functions that the program and its libraries call in place of the C library's.
//! What the C library or the allocator maps for itself does not come here, or is told apart by its caller.

use crate::originals::originals;
use crate::owners::owner_of;
use crate::recorder::recorder;
use crate::stack::NOBODY;
use crate::system;
use crate::{fork, gate, lock, start, thread};
use core::arch::naked_asm;
use core::ffi::{c_int, c_long, c_void};
use highwater_hwr::{Event, Mapping, MappingCall};

type Pointer = *mut c_void;

/// `MAP_FAILED`
const FAILED: usize = usize::MAX;

/// What a call came to: its result, and what it did, if anything.
type Outcome<R> = (R, Option<Done>);

/// A call that was made.
#[derive(Clone, Copy)]
struct Done {
    call: MappingCall,
    address: usize,
    length: usize,
    detail: u64,
}

/// Makes a call, and records it if it comes from elsewhere than the allocator. It never begins the recording of a process:
/// allocators make such calls before they are ready for anything else.
fn beside<R: Copy>(caller: usize, call: impl FnOnce() -> Outcome<R>) -> R {
    // SAFETY: the data is the calling thread's.
    let thread = unsafe { &mut *thread::current() };
    if thread.depth == 0 && gate::state() == gate::NEW {
        start::begin_beside(thread);
    }
    if thread.depth != 0 || gate::state() != gate::RECORDING {
        return call().0;
    }
    thread.depth = 1;
    let (is_locked, ended) = lock::enter(thread);
    let is_recorded = gate::state() == gate::RECORDING;
    if is_recorded {
        // SAFETY: the lock is held, or the process has one thread.
        unsafe { recorder() }.prepare(thread, 0, ended);
    }
    let (result, done) = call();
    if let Some(done) = done
        && is_recorded
    {
        // SAFETY: as above.
        let owner = unsafe { owner_of(caller as u64) };
        if let Some(name) = owner.name() {
            let mapping = Mapping {
                call: done.call,
                address: done.address as u64,
                length: done.length as u64,
                detail: done.detail,
                owner: name,
            };
            // SAFETY: as above.
            unsafe { recorder() }.follow_mapping(&mapping);
            // SAFETY: as above.
            unsafe { recorder() }.record(thread, NOBODY, &Event::Mapping(mapping));
        }
    }
    lock::leave(is_locked);
    thread.depth = 0;
    result
}

/// Defines a function whose last argument, behind those of C, is the address it was called from.
macro_rules! with_caller {
    ($name:ident, $inner:ident, $x86:literal, $arm:literal) => {
        #[doc = concat!("`", stringify!($name), "`")]
        ///
        /// # Safety
        /// As the function that it is in front of.
        #[cfg_attr(preload, unsafe(no_mangle))]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            #[cfg(target_arch = "x86_64")]
            naked_asm!($x86, "jmp {}", sym $inner);
            #[cfg(target_arch = "aarch64")]
            naked_asm!($arm, "b {}", sym $inner);
        }
    };
}

/// Defines `mmap`, whose six arguments leave no register for the caller's address on x86-64.
macro_rules! map_with_caller {
    ($name:ident) => {
        #[doc = concat!("`", stringify!($name), "`")]
        ///
        /// # Safety
        /// As the function that it is in front of.
        #[cfg_attr(preload, unsafe(no_mangle))]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            #[cfg(target_arch = "x86_64")]
            naked_asm!("push qword ptr [rsp]", "call {}", "add rsp, 8", "ret", sym map);
            #[cfg(target_arch = "aarch64")]
            naked_asm!("mov x6, x30", "b {}", sym map);
        }
    };
}

map_with_caller!(mmap);
map_with_caller!(mmap64);
with_caller!(munmap, unmap, "mov rdx, [rsp]", "mov x2, x30");
with_caller!(mremap, remap, "mov r9, [rsp]", "mov x5, x30");
with_caller!(madvise, advise, "mov rcx, [rsp]", "mov x3, x30");
with_caller!(brk, set_break, "mov rsi, [rsp]", "mov x1, x30");
with_caller!(sbrk, move_break, "mov rsi, [rsp]", "mov x1, x30");

unsafe extern "C" fn map(
    address: Pointer,
    length: usize,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: c_long,
    caller: usize,
) -> Pointer {
    beside(caller, || {
        let result = match originals().mmap {
            // SAFETY: the program makes this call.
            Some(function) => unsafe { function(address, length, protection, flags, file, offset) },
            None => FAILED as Pointer,
        };
        let done = Done {
            call: MappingCall::Map,
            address: result as usize,
            length,
            detail: u64::from(protection as u32 & 0xff) | u64::from(flags as u32) << 8,
        };
        (result, (result as usize != FAILED).then_some(done))
    })
}

unsafe extern "C" fn unmap(address: Pointer, length: usize, caller: usize) -> c_int {
    beside(caller, || {
        let result = match originals().munmap {
            // SAFETY: the program makes this call.
            Some(function) => unsafe { function(address, length) },
            None => -1,
        };
        let done = Done {
            call: MappingCall::Unmap,
            address: address as usize,
            length,
            detail: 0,
        };
        (result, (result == 0).then_some(done))
    })
}

unsafe extern "C" fn remap(
    old: Pointer,
    old_length: usize,
    length: usize,
    flags: c_int,
    to: Pointer,
    caller: usize,
) -> Pointer {
    beside(caller, || {
        let result = match originals().mremap {
            // SAFETY: the program makes this call; the last argument counts only with some flags.
            Some(function) => unsafe { function(old, old_length, length, flags, to) },
            None => FAILED as Pointer,
        };
        let done = Done {
            call: MappingCall::Remap,
            address: result as usize,
            length,
            detail: old as u64,
        };
        (result, (result as usize != FAILED).then_some(done))
    })
}

unsafe extern "C" fn advise(
    address: Pointer,
    length: usize,
    advice: c_int,
    caller: usize,
) -> c_int {
    beside(caller, || {
        let result = match originals().madvise {
            // SAFETY: the program makes this call.
            Some(function) => unsafe { function(address, length, advice) },
            None => -1,
        };
        let done = Done {
            call: MappingCall::Advise,
            address: address as usize,
            length,
            detail: u64::from(advice as u32),
        };
        (result, (result == 0).then_some(done))
    })
}

/// Returns what a call did that moved the program break.
fn moved(to: usize) -> Done {
    Done {
        call: MappingCall::Break,
        address: to,
        length: 0,
        detail: 0,
    }
}

unsafe extern "C" fn set_break(address: Pointer, caller: usize) -> c_int {
    beside(caller, || match originals().brk {
        Some(function) => {
            // SAFETY: the program makes this call.
            let result = unsafe { function(address) };
            (result, (result == 0).then(|| moved(address as usize)))
        }
        None => (-1, None),
    })
}

unsafe extern "C" fn move_break(increment: isize, caller: usize) -> Pointer {
    beside(caller, || match originals().sbrk {
        Some(function) => {
            // SAFETY: the program makes this call.
            let old = unsafe { function(increment) };
            let has_moved = old as usize != FAILED && increment != 0;
            let to = (old as usize).wrapping_add_signed(increment);
            (old, has_moved.then(|| moved(to)))
        }
        None => (FAILED as Pointer, None),
    })
}

/// `_exit`: the process ends without its exit handlers.
///
/// # Safety
/// As the function that it is in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
pub unsafe extern "C" fn _exit(status: c_int) -> ! {
    fork::process_ends();
    if let Some(exit) = originals().exit_at_once {
        // SAFETY: the program makes this call.
        unsafe { exit(status) };
    }
    system::exit(status)
}

/// `_Exit`
///
/// # Safety
/// As the function that it is in front of.
#[cfg_attr(preload, unsafe(no_mangle))]
#[allow(non_snake_case)]
pub unsafe extern "C" fn _Exit(status: c_int) -> ! {
    // SAFETY: the two are the same.
    unsafe { _exit(status) }
}
