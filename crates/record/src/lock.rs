//! The order of the calls: while a process has several threads, one lock is held over the allocator's own work and the
//! event's writing, so that the file has the calls in the order in which the allocator executed them.

use crate::originals::originals;
use crate::{system, thread::Thread};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const FREE: u32 = 0;
const HELD: u32 = 1;
const AWAITED: u32 = 2;

static LOCK: AtomicU32 = AtomicU32::new(FREE);
static HAS_THREADS: AtomicBool = AtomicBool::new(false);
/// The kernel's number and the recording's number plus 1 of a thread that is about to end; 0 if there is none.
static ENDING: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

/// Notes that the process is about to have a second thread.
pub(crate) fn expect_threads() {
    HAS_THREADS.store(true, Ordering::Release);
}

/// Whether the process may have had more than one thread.
#[inline(always)]
fn has_threads() -> bool {
    if HAS_THREADS.load(Ordering::Relaxed) {
        return true;
    }
    // SAFETY: the C library's byte, or one of this library that stays 1.
    let is_single = unsafe { originals().single_threaded.read_volatile() } != 0;
    if !is_single {
        expect_threads();
    }
    !is_single
}

/// Takes the lock if the process has threads, and returns whether it did. A thread that ends is waited for; the second
/// value is its number plus 1, if it has ended since.
#[inline(always)]
pub(crate) fn enter(thread: &Thread) -> (bool, u32) {
    if has_threads() {
        (true, enter_with_threads(thread))
    } else {
        (false, 0)
    }
}

fn enter_with_threads(thread: &Thread) -> u32 {
    acquire();
    match ENDING[0].load(Ordering::Relaxed) {
        0 => 0,
        ending if ending == thread.kernel => 0,
        ending => await_end(thread, ending),
    }
}

/// Waits, without the lock, until the thread that ends has ended, and takes the lock again. Returns its number plus 1, or 0 if
/// another thread noted its end. What it does after its last call (glibc returns its cache) then lies exactly between two
/// events; a last call that it makes still comes first. A thread that does not end for long is waited for no more, and its
/// end is not noted: it may wait for something that the waiting thread holds.
#[cold]
fn await_end(thread: &Thread, mut ending: u32) -> u32 {
    /// Half a second and more: on a busy machine a thread may wait that long for a processor.
    const ATTEMPTS: u32 = 5000;
    let process = system::process();
    let mut attempt = 0;
    loop {
        leave(true);
        let is_over = !system::is_alive(process, ending) || attempt == ATTEMPTS;
        if !is_over && attempt < 100 {
            system::give_way();
        } else if !is_over {
            system::wait(100);
        }
        acquire();
        let now = ENDING[0].load(Ordering::Relaxed);
        if now == 0 || now == thread.kernel {
            return 0;
        }
        if now == ending && is_over {
            ENDING[0].store(0, Ordering::Relaxed);
            return match attempt {
                ATTEMPTS => 0,
                _ => ENDING[1].load(Ordering::Relaxed),
            };
        }
        attempt = if now == ending { attempt + 1 } else { 0 };
        ending = now;
    }
}

/// Notes, under the lock, that the calling thread makes no further call.
pub(crate) fn expect_end(thread: &Thread) {
    ENDING[1].store(thread.number, Ordering::Relaxed);
    ENDING[0].store(thread.kernel, Ordering::Relaxed);
}

/// Gives the lock back if [`enter`] took it.
#[inline(always)]
pub(crate) fn leave(taken: bool) {
    if taken && LOCK.swap(FREE, Ordering::Release) == AWAITED {
        system::futex_wake(LOCK.as_ptr());
    }
}

#[inline(always)]
fn acquire() {
    if LOCK
        .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
        .is_err()
    {
        acquire_slowly();
    }
}

#[cold]
fn acquire_slowly() {
    const SPINS: u32 = 100;
    for _ in 0..SPINS {
        core::hint::spin_loop();
        if LOCK.load(Ordering::Relaxed) == FREE
            && LOCK
                .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
        {
            return;
        }
    }
    while LOCK.swap(AWAITED, Ordering::Acquire) != FREE {
        system::futex_wait(LOCK.as_ptr(), AWAITED);
    }
}

/// Takes the lock before the process forks, so that no call of another thread is halfway done in the child.
pub(crate) fn hold_for_fork(thread: &Thread) -> u32 {
    enter_with_threads(thread)
}

/// Forgets who held the lock: in a child, which has one thread.
pub(crate) fn reset_in_child() {
    LOCK.store(FREE, Ordering::Relaxed);
    ENDING[0].store(0, Ordering::Relaxed);
}
