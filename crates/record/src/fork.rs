//! What the C library tells this one of: forks, the ends of threads, and the end of the process.

use crate::lock;
use crate::originals::originals;
use crate::recorder::recorder;
use crate::{gate, thread, thread_value};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

/// Registers the handlers. The allocator must have registered its own before: then ours take the lock before the
/// allocator's take theirs, as every call does.
pub(crate) fn register() {
    // SAFETY: the functions are the C library's, and the handlers live as long as the process.
    unsafe {
        if let Some(register) = originals().register_atfork {
            register(
                Some(before),
                Some(after_in_parent),
                Some(after_in_child),
                ptr::null_mut(),
            );
        }
    }
    thread_value::create(thread_ends);
}

/// Is called in each round of destructors; in the last one the thread makes hardly any further call.
unsafe extern "C" fn thread_ends(value: *mut c_void) {
    const ROUNDS: usize = 4;
    let round = value as usize;
    // SAFETY: the data is the calling thread's.
    let thread = unsafe { &mut *thread::current() };
    if round < ROUNDS {
        thread_value::set(round + 1);
    } else if thread.depth == 0 && gate::state() == gate::RECORDING {
        thread.depth = 1;
        let (is_locked, ended) = lock::enter(thread);
        // SAFETY: the lock is held, or the process has one thread.
        unsafe { recorder() }.prepare(thread, 0, ended);
        if is_locked {
            lock::expect_end(thread);
        }
        lock::leave(is_locked);
        thread.depth = 0;
    }
}

/// Whether the present fork holds the lock. Only the thread that holds it reads it.
static IS_HELD: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn before() {
    // SAFETY: the data is the calling thread's.
    let thread = unsafe { &mut *thread::current() };
    if thread.depth != 0 || gate::state() != gate::RECORDING {
        return;
    }
    thread.depth = 1;
    let ended = lock::hold_for_fork(thread);
    IS_HELD.store(1, Ordering::Relaxed);
    if gate::state() == gate::RECORDING {
        // SAFETY: the lock is held.
        let recorder = unsafe { recorder() };
        recorder.prepare(thread, 0, ended);
        recorder.note_fork(thread);
    }
}

unsafe extern "C" fn after_in_parent() {
    if IS_HELD.load(Ordering::Relaxed) == 1 {
        // SAFETY: the data is the calling thread's, which made the fork.
        let thread = unsafe { &mut *thread::current() };
        if thread.depth == 1 {
            IS_HELD.store(0, Ordering::Relaxed);
            lock::leave(true);
            thread.depth = 0;
        }
    }
}

unsafe extern "C" fn after_in_child() {
    if IS_HELD.swap(0, Ordering::Relaxed) == 1 {
        lock::reset_in_child();
        // SAFETY: the data is the calling thread's, which made the fork.
        unsafe { (*thread::current()).depth = 0 };
    }
}

/// Notes that the process ends: in an orderly way, or at once.
pub(crate) extern "C" fn process_ends() {
    // SAFETY: the data is the calling thread's.
    let thread = unsafe { &mut *thread::current() };
    if thread.depth != 0 || gate::state() != gate::RECORDING {
        return;
    }
    thread.depth = 1;
    let (is_locked, ended) = lock::enter(thread);
    if gate::state() == gate::RECORDING {
        // SAFETY: the lock is held, or the process has one thread.
        let recorder = unsafe { recorder() };
        // A child of vfork shares this memory, and may end by itself.
        if recorder.is_of_this_process() {
            recorder.prepare(thread, 0, ended);
            recorder.note_exit(thread);
        }
    }
    lock::leave(is_locked);
    thread.depth = 0;
}

/// The loader calls what this section names when the process ends.
#[cfg(preload)]
#[used]
#[unsafe(link_section = ".fini_array")]
static AT_END: extern "C" fn() = process_ends;
#[cfg(not(preload))]
const _: extern "C" fn() = process_ends;
