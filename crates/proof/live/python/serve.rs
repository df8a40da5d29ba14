//! Reads questions, forks for each, runs its operations on Python's allocator in the child, and sends what came of them.

use crate::interpose;
use crate::library::{self, Python};
use crate::memory::{
    Plain, Resident, Table, close_gaps, copy, mappings_top, receive, send, write_pages,
};
use crate::system::{self, die};
use crate::talk::{Found, NO_PYTHON, PYTHON, Question, Ready, Result, WITH_DEBUG, WITHOUT_POOLS};
use crate::wire::{self, Record};
use core::ffi::CStr;
use core::ptr;

/// A child that has not ended after this long never will.
const PATIENCE_SECONDS: usize = 120;

// SAFETY: numbers without gaps.
unsafe impl Plain for Ready {}
// SAFETY: see above.
unsafe impl Plain for Question {}
// SAFETY: see above.
unsafe impl Plain for Found {}
// SAFETY: see above.
unsafe impl Plain for Result {}
// SAFETY: see above.
unsafe impl Plain for Block {}

/// A block that the sequence has named; its address is null where the call failed or the block has gone.
#[derive(Clone, Copy)]
#[repr(C)]
struct Block {
    address: usize,
    size: usize,
}

const NO_BLOCK: Block = Block {
    address: 0,
    size: 0,
};

pub(crate) fn serve() -> ! {
    system::disable_huge_pages(true);
    let mut question: Table<Question> = Table::new();
    let mut records: Table<Record> = Table::new();
    let mut blocks: Table<Block> = Table::new();
    let mut results: Table<Result> = Table::new();
    let mut found: Table<Found> = Table::new();
    let mut resident = Resident::new();
    close_gaps();
    resident.bring_in();
    let python = greet();
    while receive(question.first(1)) {
        let question = question.first(1)[0];
        let records = records.first(question.records as usize);
        if !receive(records) && question.records != 0 {
            die(b"the question ended early");
        }
        let blocks = blocks.first(question.blocks as usize + 1);
        let results = results.first(question.records as usize);
        let found = &mut found.first(1)[0];
        // SAFETY: this process has one thread, and its child runs on as any process would.
        match unsafe { library::fork() } {
            -1 => die(b"fork failed"),
            0 => {
                system::alarm(PATIENCE_SECONDS);
                blocks.fill(NO_BLOCK);
                python.choose(
                    question.hooks & WITHOUT_POOLS != 0,
                    question.hooks & WITH_DEBUG != 0,
                );
                found.brk = system::program_break();
                found.mappings_top = mappings_top();
                resident.set_base();
                interpose::pass_on();
                for (record, result) in records.iter().zip(results.iter_mut()) {
                    *result = match record.code {
                        wire::MARK => Result(resident.bytes()),
                        _ => perform(&python, record, blocks, question.touch != 0),
                    };
                }
                // Without running anything that might allocate or free.
                system::exit(0);
            }
            child => {
                let Some(status) = system::wait_for(child) else {
                    die(b"its child cannot be waited for");
                };
                found.status = i64::from(status);
                send(&[*found]);
                send(results);
            }
        }
    }
    system::exit(0)
}

fn greet() -> Python {
    let python = Python::find();
    let mut ready = Ready {
        says: if python.is_some() { PYTHON } else { NO_PYTHON },
        version: [0; 16],
    };
    // SAFETY: the library returns a null-terminated string that lives for ever.
    let version = unsafe { CStr::from_ptr(library::gnu_get_libc_version()) };
    copy(version, &mut ready.version);
    send(&[ready]);
    match python {
        Some(python) => python,
        None => system::exit(0),
    }
}

/// One operation; what it returned.
fn perform(python: &Python, record: &Record, blocks: &mut [Block], touch: bool) -> Result {
    let mut size = record.b as usize;
    let mut kept = 0;
    // SAFETY: these are the calls of a well-behaved program: what is freed or reallocated is the address of a live block
    // or null, as a block's entry is cleared with it.
    let address = unsafe {
        match record.code {
            wire::MALLOC => (python.malloc)(size),
            wire::CALLOC => {
                size = (record.a as usize).wrapping_mul(size);
                (python.calloc)(record.a as usize, record.b as usize)
            }
            wire::REALLOC if record.a == wire::NO_BLOCK => {
                (python.realloc)(ptr::null_mut(), size)
            }
            wire::REALLOC => {
                let old = &mut blocks[record.a as usize];
                let address = (python.realloc)(old.address as *mut u8, size);
                if !address.is_null() {
                    kept = if old.address == 0 { 0 } else { old.size };
                    *old = NO_BLOCK;
                }
                address
            }
            wire::FREE => {
                let block = core::mem::replace(&mut blocks[record.block as usize], NO_BLOCK);
                (python.free)(block.address as *mut u8);
                return Result(0);
            }
            _ => return Result(0),
        }
    };
    blocks[record.block as usize] = Block {
        address: address as usize,
        size,
    };
    if touch && !address.is_null() {
        write_pages(address, kept, size);
    }
    Result(address as u64)
}
