//! The child's work: the operations, on the allocator that is asked.

use crate::clock;
use crate::library::Allocator;
use crate::resident::Resident;
use crate::system;
use crate::table::{Plain, Table, bring_in};
use crate::threads::{self, Threads};
use crate::touch::write_pages;
use crate::wire::{self, Answer, Record, Reply, Request};
use core::ptr;

/// A block that the sequence has named.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Block {
    /// Null where the call failed or the block has gone.
    address: usize,
    /// Bytes asked for.
    size: u64,
}

// SAFETY: two numbers.
unsafe impl Plain for Block {}

const NO_BLOCK: Block = Block {
    address: 0,
    size: 0,
};

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
    pub(crate) fn run(mut self, stacks: &mut Table<u8>, thread_data: u64) {
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
            threads::take_turns(&mut self, threads);
        } else {
            self.time();
        }
    }

    /// The thread of the next record; none where there are no more.
    pub(crate) fn next_thread(&self) -> Option<u32> {
        self.records
            .get(self.next)
            .map(|record| record.thread.into())
    }

    /// Performs the records that follow as long as they are of this thread; true where the last of them was its end.
    pub(crate) fn perform_those_of(&mut self, thread: u32) -> bool {
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
    let name = record.block as usize;
    let size = record.b as usize;
    let mut kept = 0;
    let mut bytes = record.b;
    // SAFETY: these are the calls of a well-behaved program: what is freed or reallocated is the address of a live block
    // or null, as a block's entry is cleared with it.
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
            wire::FREE => {
                let block = core::mem::replace(&mut blocks[name], NO_BLOCK);
                (allocator.free)(block.address as *mut u8);
                return NOTHING;
            }
            wire::TRIM => {
                let done = match allocator.malloc_trim {
                    Some(trim) => trim(record.a as usize) != 0,
                    None => false,
                };
                return Answer {
                    value: u64::from(done),
                    ..NOTHING
                };
            }
            wire::USABLE => {
                let value = (allocator.malloc_usable_size)(blocks[name].address as *mut u8) as u64;
                return Answer { value, ..NOTHING };
            }
            wire::WAIT => {
                clock::pass(record.a);
                return NOTHING;
            }
            _ => return NOTHING,
        }
    };
    blocks[name] = Block {
        address: address as usize,
        size: bytes,
    };
    if TOUCH && !address.is_null() {
        write_pages(address, kept as usize, bytes as usize);
    }
    if !ASK || address.is_null() {
        return NOTHING;
    }
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
