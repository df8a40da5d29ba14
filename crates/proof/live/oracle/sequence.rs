//! Performs a sequence in a child: the operations, on the allocator that is asked, by threads that take turns.
//!
//! The threads exist from the start of the sequence. One performs its records while the others sleep, so that the calls
//! reach the library in exactly the order of the sequence. A sequence of the main thread alone makes no others: then the
//! library takes its paths for a single thread.

use crate::block::{Block, NO_BLOCK};
use crate::interposed;
use crate::library::{self, Allocator, Thread, ThreadAttributes};
use crate::memory::{PAGE, Plain, Resident, Table, bytes, write_pages};
use crate::system::{self, die};
use crate::wire::{self, Answer, Record, Reply, Request, STACK_BYTES, THREADS_MAX};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// Reads one byte of every page, so that later no first use of a page is paid for where time is taken.
pub(crate) fn bring_in<T: Plain>(items: &[T]) {
    for byte in bytes(items).iter().step_by(PAGE) {
        core::hint::black_box(*byte);
    }
}

const NOTHING: Answer = Answer {
    address: 0,
    value: 0,
    flags: 0,
};

/// A sequence, and how far it has come.
pub(crate) struct Job<'a> {
    pub(crate) request: Request,
    pub(crate) allocator: &'a Allocator,
    pub(crate) records: &'a [Record],
    pub(crate) blocks: &'a mut [Block],
    pub(crate) answers: &'a mut [Answer],
    pub(crate) reply: &'a mut Reply,
    pub(crate) resident: &'a mut Resident,
    /// Index of the next record.
    pub(crate) next: usize,
}

impl Job<'_> {
    /// Runs the records on a heap that has seen nothing yet. Jemalloc's data of a thread lie `thread_data` from its
    /// thread pointer.
    pub(crate) fn run(&mut self, stacks: &mut Table<u8>, thread_data: u64) {
        if self.request.waits != 0 {
            interposed::wait_from_now();
        }
        self.blocks.fill(NO_BLOCK);
        bring_in(self.records);
        let threads = Threads::start(self.request.threads, stacks);
        self.reply.brk = system::program_break();
        if self.allocator.is_jemalloc() {
            let data = |pointer: u64| pointer.wrapping_add(thread_data);
            self.reply.main_thread_data = data(system::thread_pointer());
            self.reply.second_thread_data = threads.second_pointer().map_or(0, data);
        }
        if self.request.timed == 0 {
            self.resident.set_base();
            if self.request.asks != 0 {
                self.allocator.ask(c"version", ptr::null::<u8>());
            }
            take_turns(self, threads);
        } else {
            self.time();
        }
    }

    /// Returns the thread of the next record; none where there are no more.
    fn next_thread(&self) -> Option<u32> {
        self.records
            .get(self.next)
            .map(|record| record.thread.into())
    }

    /// Performs the records that follow as long as they are of this thread; true where the last of them was its end.
    fn perform_those_of(&mut self, thread: u32) -> bool {
        while let Some(record) = self.records.get(self.next)
            && u32::from(record.thread) == thread
        {
            let answer = match record.code {
                wire::THREAD_EXIT => NOTHING,
                wire::MARK => Answer {
                    value: self.resident.bytes(),
                    ..NOTHING
                },
                wire::FIGURE => Answer {
                    value: figure(self.allocator, record.a),
                    ..NOTHING
                },
                _ if self.request.touch == 0 => {
                    perform::<false, true>(self.allocator, record, self.blocks)
                }
                _ => perform::<true, true>(self.allocator, record, self.blocks),
            };
            self.answers[self.next] = answer;
            self.next += 1;
            if record.code == wire::THREAD_EXIT {
                return true;
            }
        }
        false
    }

    fn time(&mut self) {
        let start = system::processor_ns();
        if self.request.touch == 0 {
            for record in self.records {
                perform::<false, false>(self.allocator, record, self.blocks);
            }
        } else {
            for record in self.records {
                perform::<true, false>(self.allocator, record, self.blocks);
            }
        }
        self.reply.nanoseconds = system::processor_ns() - start;
    }
}

/// One operation. With `ASK` the usable size and the flags of a new block are asked as well.
#[inline(always)]
fn perform<const TOUCH: bool, const ASK: bool>(
    allocator: &Allocator,
    record: &Record,
    blocks: &mut [Block],
) -> Answer {
    let size = record.b as usize;
    let mut kept = 0;
    let mut bytes = record.b;
    // SAFETY: these are the calls of a well-behaved program: what is reallocated is the address of a live block or null.
    let address = unsafe {
        match record.code {
            wire::MALLOC => (allocator.malloc)(size),
            wire::CALLOC => {
                bytes = record.a.wrapping_mul(record.b);
                (allocator.calloc)(record.a as usize, size)
            }
            wire::ALIGNED => (allocator.memalign)(record.a as usize, size),
            wire::REALLOC => {
                let (address, old_size) = reallocate(allocator, record, blocks);
                kept = old_size;
                address
            }
            _ => return make_no_block(allocator, record, blocks),
        }
    };
    blocks[record.block as usize] = Block {
        address: address as usize,
        size: bytes,
    };
    if TOUCH && !address.is_null() {
        write_pages(address, kept as usize, bytes as usize);
    }
    if ASK && !address.is_null() {
        of_block(allocator, address)
    } else {
        NOTHING
    }
}

/// An operation that allocates nothing.
#[inline(always)]
fn make_no_block(allocator: &Allocator, record: &Record, blocks: &mut [Block]) -> Answer {
    let block = &mut blocks[record.block as usize];
    let value = match record.code {
        wire::FREE => {
            let block = core::mem::replace(block, NO_BLOCK);
            // SAFETY: the address of a live block or null, as a block's entry is cleared with it.
            unsafe { (allocator.free)(block.address as *mut u8) };
            0
        }
        wire::TRIM => allocator.malloc_trim.map_or(0, |trim| {
            // SAFETY: it takes any pad.
            u64::from(unsafe { trim(record.a as usize) } != 0)
        }),
        wire::MALLOPT => allocator.mallopt.map_or(0, |mallopt| {
            // SAFETY: it takes any option and value, and says which it does not know.
            u64::from(unsafe { mallopt(record.a as i32, record.b as i32) } != 0)
        }),
        wire::USABLE => {
            // SAFETY: a live block of this library or null.
            unsafe { (allocator.malloc_usable_size)(block.address as *mut u8) as u64 }
        }
        wire::TOUCH => {
            if block.address != 0 {
                let end = record.a.saturating_add(record.b).min(block.size);
                write_pages(block.address as *mut u8, record.a as usize, end as usize);
            }
            0
        }
        wire::WAIT => {
            interposed::pass_time(record.a);
            0
        }
        _ => 0,
    };
    Answer { value, ..NOTHING }
}

/// What the library says of a new block: its usable size, and of glibc's the flags of its chunk.
#[inline(always)]
fn of_block(allocator: &Allocator, address: *mut u8) -> Answer {
    // SAFETY: a live block of this library.
    let value = unsafe { (allocator.malloc_usable_size)(address) as u64 };
    let header = if allocator.is_jemalloc() {
        0
    } else {
        // SAFETY: before a block of glibc's the size of its chunk stands, with three flags in it.
        unsafe { address.cast::<u64>().sub(1).read_volatile() }
    };
    Answer {
        address: address as u64,
        value,
        flags: header & (wire::MAPPED | wire::OTHER_ARENA),
    }
}

/// What jemalloc reports now, in bytes; nothing of what it does not know.
fn figure(allocator: &Allocator, number: u64) -> u64 {
    let Some((name, unit)) = wire::FIGURES.get(number as usize) else {
        return 0;
    };
    allocator.refresh();
    allocator.ask(name, 0_u64).map_or(0, |count| count * unit)
}

/// Returns the new address and how many bytes of the block had been asked for before.
///
/// # Safety
/// The entries of `blocks` are live blocks or null.
#[inline(always)]
unsafe fn reallocate(
    allocator: &Allocator,
    record: &Record,
    blocks: &mut [Block],
) -> (*mut u8, u64) {
    let size = record.b as usize;
    if record.a == wire::NO_BLOCK {
        // SAFETY: of the null pointer this is malloc.
        return (unsafe { (allocator.realloc)(ptr::null_mut(), size) }, 0);
    }
    let old = blocks[record.a as usize];
    // SAFETY: our caller vouches for the entry.
    let address = unsafe { (allocator.realloc)(old.address as *mut u8, size) };
    if !address.is_null() || size == 0 {
        blocks[record.a as usize] = NO_BLOCK;
    }
    let kept = if old.address == 0 { 0 } else { old.size };
    (address, kept)
}

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
struct Threads([Thread; THREADS_MAX as usize]);

impl Threads {
    /// Makes the threads and waits until all sleep. Their stacks, and with them the library's record of each, lie in
    /// shared memory, so that they are not counted.
    fn start(count: u32, stacks: &mut Table<u8>) -> Self {
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
    fn second_pointer(&self) -> Option<u64> {
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
fn take_turns(job: &mut Job<'_>, threads: Threads) {
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
