//! The way of one call: passed on, or recorded around the allocator's own work.

use crate::recorder::{self, recorder};
use crate::thread::{self, Thread};
use crate::{fork, gate, lock, system};
use core::sync::atomic::{AtomicU32, Ordering};
use highwater_hwr::Event;

/// Makes a call, and records what `event` makes of its result, if anything.
#[inline(always)]
pub(crate) fn recorded<R: Copy>(
    call: impl FnOnce() -> R,
    event: impl FnOnce(R) -> Option<Event<'static>>,
) -> R {
    // SAFETY: the data is the calling thread's, and no other reference to it exists while `depth` is 0.
    let thread = unsafe { &mut *thread::current() };
    if thread.depth != 0 || gate::state() != gate::RECORDING {
        return slowly(thread, call, event);
    }
    thread.depth = 1;
    let result = inside(thread, call, event);
    thread.depth = 0;
    result
}

#[inline(always)]
fn inside<R: Copy>(
    thread: &mut Thread,
    call: impl FnOnce() -> R,
    event: impl FnOnce(R) -> Option<Event<'static>>,
) -> R {
    let (is_locked, ended) = lock::enter(thread);
    let result = call();
    let event = event(result);
    if gate::state() == gate::RECORDING {
        // SAFETY: the lock is held, or the process has one thread.
        let recorder = unsafe { recorder() };
        if ended != 0 {
            recorder.append(ended - 1, &Event::ThreadEnd);
        }
        if let Some(event) = event {
            recorder.record(thread, &event);
        }
    }
    lock::leave(is_locked);
    result
}

/// The first call of a process, calls from inside others, and calls that are not recorded.
#[cold]
#[inline(never)]
fn slowly<R: Copy>(
    thread: &mut Thread,
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
        // A forked child has a number of the kernel's own.
        thread.kernel = system::thread();
    }
    let result = if gate::state() == gate::RECORDING {
        inside(thread, call, event)
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
