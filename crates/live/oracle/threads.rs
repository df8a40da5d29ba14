//! The threads of a sequence. They exist from its start and take turns: one performs its records while the others sleep,
//! so that the calls reach the library in exactly the order of the sequence.
//!
//! A sequence of the main thread alone makes no others: then the library takes its paths for a single thread.

use crate::child::Job;
use crate::die::die;
use crate::library::{self, Thread, ThreadAttributes};
use crate::system;
use crate::table::Table;
use crate::wire::{STACK_BYTES, THREADS_MAX};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// 1 for the thread whose turn it is.
static TURN: [AtomicU32; THREADS_MAX as usize] =
    [const { AtomicU32::new(0) }; THREADS_MAX as usize];
/// How many of the threads run.
static STARTED: AtomicU32 = AtomicU32::new(0);
/// Where the data of the second thread begin; 0 before it is there.
static SECOND: AtomicU64 = AtomicU64::new(0);
/// The thread that has ended and waits to be joined; 0 if none.
static ENDED: AtomicU32 = AtomicU32::new(0);
/// What all work on; whoever's turn it is has it to itself.
static JOB: AtomicPtr<Job<'static>> = AtomicPtr::new(ptr::null_mut());

/// The threads beside the main one, each at the index of its number.
pub(crate) struct Threads([Thread; THREADS_MAX as usize]);

impl Threads {
    /// Makes the threads and waits until all sleep. Their stacks, and with them the library's record of each, lie in
    /// shared memory, so that they are not counted.
    pub(crate) fn start(count: u32, stacks: &mut Table<u8>) -> Self {
        let mut threads = Self([0; THREADS_MAX as usize]);
        for number in 1..count {
            let mut attributes = ThreadAttributes([0; 128]);
            let end = STACK_BYTES * number as usize;
            let stack = stacks.first(end)[end - STACK_BYTES..].as_mut_ptr();
            // SAFETY: the attributes and the place for the thread's name are ours, and nobody else uses that stack.
            let failed = unsafe {
                library::pthread_attr_init(&mut attributes) != 0
                    || library::pthread_attr_setstack(&mut attributes, stack, STACK_BYTES) != 0
                    || library::pthread_create(
                        &mut threads.0[number as usize],
                        &attributes,
                        work,
                        number as usize as *mut c_void,
                    ) != 0
            };
            if failed {
                die(b"a thread cannot be made");
            }
        }
        while STARTED.load(Ordering::Acquire) + 1 < count {
            system::give_way();
        }
        threads
    }

    /// The thread pointer of the second of all threads, if there is one; those of the others follow one stack apart.
    pub(crate) fn second_pointer(&self) -> Option<u64> {
        let pointer = SECOND.load(Ordering::Acquire);
        (pointer != 0).then_some(pointer)
    }

    fn join(&self, number: u32) {
        // SAFETY: a thread that was made above, and is joined once, since it ends once.
        if unsafe { library::pthread_join(self.0[number as usize], ptr::null_mut()) } != 0 {
            die(b"a thread cannot be joined");
        }
    }
}

/// The main thread's part: performs its own records, passes the turn, and joins whoever has ended.
pub(crate) fn take_turns(job: &mut Job<'_>, threads: Threads) {
    let job: *mut Job<'_> = job;
    JOB.store(job.cast(), Ordering::Release);
    loop {
        // SAFETY: it is the main thread's turn, so no other thread looks at the job.
        let next = unsafe {
            (*job).perform_those_of(0);
            (*job).next_thread()
        };
        match next {
            None => return,
            // Its own end is the process's, and means nothing before.
            Some(0) => {}
            Some(thread) => {
                pass_to(thread);
                wait_for_turn(0);
                match ENDED.swap(0, Ordering::AcqRel) {
                    0 => {}
                    ended => threads.join(ended),
                }
            }
        }
    }
}

/// Another thread's part, to its end or to the end of the sequence.
extern "C" fn work(number: *mut c_void) -> *mut c_void {
    let number = number as usize as u32;
    if number == 1 {
        SECOND.store(system::thread_pointer(), Ordering::Release);
    }
    STARTED.fetch_add(1, Ordering::AcqRel);
    loop {
        wait_for_turn(number);
        let job = JOB.load(Ordering::Acquire);
        // SAFETY: it is this thread's turn, so no other thread looks at the job, which the main thread keeps alive.
        let (ends, next) = unsafe { ((*job).perform_those_of(number), (*job).next_thread()) };
        if ends {
            ENDED.store(number, Ordering::Release);
            pass_to(0);
            return ptr::null_mut();
        }
        // Where nothing is left the main thread ends the process, while this one sleeps.
        pass_to(next.unwrap_or(0));
    }
}

fn wait_for_turn(number: u32) {
    let turn = &TURN[number as usize];
    while turn.swap(0, Ordering::AcqRel) == 0 {
        system::sleep_while(turn, 0);
    }
}

fn pass_to(number: u32) {
    let turn = &TURN[number as usize];
    turn.store(1, Ordering::Release);
    system::wake(turn);
}
