//! The way of one call: passed on, or recorded around the allocator's own work.

use crate::originals::{self, originals};
use crate::recorder::{self, recorder};
use crate::stack::{Caller, NOBODY};
use crate::thread::{self, Thread};
use crate::{fork, gate, lock, system};
use core::sync::atomic::{AtomicU32, Ordering};
use highwater_hwr::Event;

/// Makes a call, and records what `event` makes of its result, if anything. `block` is the one that it is given, or 0;
/// `caller` is whence it comes if that is of interest.
#[inline(always)]
pub(crate) fn recorded<R: Copy>(
    block: u64,
    caller: Caller,
    call: impl FnOnce() -> R,
    event: impl FnOnce(R) -> Option<Event<'static>>,
) -> R {
    // SAFETY: the data is the calling thread's, and no other reference to it exists while `depth` is 0.
    let thread = unsafe { &mut *thread::current() };
    if thread.depth != 0 || gate::state() != gate::RECORDING {
        return slowly(thread, block, caller, call, event);
    }
    thread.depth = 1;
    let result = inside(thread, block, caller, call, event);
    thread.depth = 0;
    result
}

#[inline(always)]
fn inside<R: Copy>(
    thread: &mut Thread,
    block: u64,
    caller: Caller,
    call: impl FnOnce() -> R,
    event: impl FnOnce(R) -> Option<Event<'static>>,
) -> R {
    let (is_locked, ended) = lock::enter(thread);
    if gate::state() == gate::RECORDING {
        // SAFETY: the lock is held, or the process has one thread.
        unsafe { recorder() }.prepare(thread, block, ended);
    }
    let result = call();
    if let Some(event) = event(result)
        && gate::state() == gate::RECORDING
    {
        // SAFETY: as above; the call has not reached the recorder.
        unsafe { recorder() }.record(thread, caller, &event);
    }
    lock::leave(is_locked);
    result
}

/// The first call of a process, calls from inside others, and calls that are not recorded.
#[cold]
#[inline(never)]
fn slowly<R: Copy>(
    thread: &mut Thread,
    block: u64,
    caller: Caller,
    call: impl FnOnce() -> R,
    event: impl FnOnce(R) -> Option<Event<'static>>,
) -> R {
    if thread.depth != 0 {
        // The allocator calls itself, this library calls it, or a signal handler came between.
        recorder::INNER.fetch_add(1, Ordering::Relaxed);
        return call();
    }
    thread.depth = 1;
    let is_first = gate::state() == gate::NEW && begin_once();
    if thread.number != 0 {
        // A forked child's thread has a number of its own.
        thread.kernel = system::thread();
    }
    let result = if gate::state() == gate::RECORDING {
        inside(thread, block, caller, call, event)
    } else {
        call()
    };
    if is_first {
        // Behind the allocator's own first call: its handlers must be the first, and ours the second.
        fork::register();
    }
    thread.depth = 0;
    result
}

/// Begins the recording if no allocator call came first.
pub(crate) fn begin_if_new() {
    if gate::state() == gate::NEW {
        recorded(0, NOBODY, || (), |()| None);
    }
}

/// Gets ready for a call beside the allocator: in a forked child the recording begins, and in a process that has not called
/// its allocator the functions are found.
#[cold]
pub(crate) fn begin_beside(thread: &mut Thread) {
    thread.depth = 1;
    if gate::is_moved() {
        begin_once();
        thread.kernel = system::thread();
    } else if originals().malloc.is_none() {
        // SAFETY: a thread is only made once the recording has begun, so the process has none but this.
        unsafe { originals::find_all() };
    }
    thread.depth = 0;
}

/// Begins the recording of the process, or of a forked child. Returns whether it is the process's first call.
fn begin_once() -> bool {
    static STATE: AtomicU32 = AtomicU32::new(0);
    const BEGINNING: u32 = 1;
    const BEGUN: u32 = 2;
    let found = STATE.compare_exchange(0, BEGINNING, Ordering::Acquire, Ordering::Acquire);
    match found {
        Ok(_) => {
            // SAFETY: this is the first call, and others wait below.
            let is_recorded = unsafe { recorder::begin(false) };
            STATE.store(BEGUN, Ordering::Release);
            is_recorded
        }
        Err(BEGUN) if gate::is_moved() => {
            // SAFETY: the word is zero again, so this is a forked child, which has one thread.
            unsafe { recorder::begin(true) };
            false
        }
        Err(_) => {
            while STATE.load(Ordering::Acquire) == BEGINNING {
                system::give_way();
            }
            false
        }
    }
}
