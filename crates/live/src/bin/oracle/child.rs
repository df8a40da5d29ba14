//! The child's work: the operations, on the C library's malloc.

use crate::resident::Resident;
use crate::table::{bring_in, mappings_top};
use bytemuck::{Pod, Zeroable};
use highwater_live::wire::{self, Answer, Record, Reply, Request};
use libc::c_void;
use std::ptr;

const PAGE: usize = 4096;

/// A block that the sequence has named.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Block {
    /// Null where the call failed or the block has gone.
    address: usize,
    /// Bytes asked for.
    size: u64,
}

unsafe extern "C" {
    fn malloc_usable_size(block: *mut c_void) -> usize;
    fn malloc_trim(pad: usize) -> i32;
}

/// Runs the records on a heap that has seen nothing yet.
pub(crate) fn run(
    request: &Request,
    records: &[Record],
    blocks: &mut [Block],
    answers: &mut [Answer],
    reply: &mut Reply,
    resident: &mut Resident,
) {
    // SAFETY: asks where the break is and moves nothing.
    reply.brk = unsafe { libc::sbrk(0) } as u64;
    reply.mappings_top = mappings_top();
    blocks.fill(Block::zeroed());
    bring_in(records);
    if request.timed == 0 {
        resident.set_base();
        for (record, answer) in records.iter().zip(answers) {
            *answer = match record.code {
                wire::MARK => Answer {
                    address: 0,
                    value: resident.bytes(),
                },
                _ if request.touch == 0 => perform::<false, true>(record, blocks),
                _ => perform::<true, true>(record, blocks),
            };
        }
        return;
    }
    let start = processor_ns();
    if request.touch == 0 {
        for record in records {
            perform::<false, false>(record, blocks);
        }
    } else {
        for record in records {
            perform::<true, false>(record, blocks);
        }
    }
    reply.nanoseconds = processor_ns() - start;
}

/// One operation. With `ASK` the usable size of a new block is asked as well.
#[inline(always)]
fn perform<const TOUCH: bool, const ASK: bool>(record: &Record, blocks: &mut [Block]) -> Answer {
    let name = record.block as usize;
    let size = record.b as usize;
    let mut kept = 0;
    let mut bytes = record.b;
    // SAFETY: these are the calls of a well-behaved program: what is freed or reallocated is the address of a live block
    // or null, as a block's entry is cleared with it.
    let address = unsafe {
        match record.code {
            wire::MALLOC => libc::malloc(size),
            wire::CALLOC => {
                bytes = record.a.wrapping_mul(record.b);
                libc::calloc(record.a as usize, size)
            }
            wire::ALIGNED => libc::memalign(record.a as usize, size),
            wire::REALLOC => {
                let (address, old_size) = reallocate(record, blocks);
                kept = old_size;
                address
            }
            wire::FREE => {
                let block = std::mem::replace(&mut blocks[name], Block::zeroed());
                libc::free(block.address as *mut c_void);
                return Answer::zeroed();
            }
            wire::TRIM => {
                let done = malloc_trim(record.a as usize);
                return Answer {
                    address: 0,
                    value: u64::from(done != 0),
                };
            }
            wire::USABLE => {
                let value = malloc_usable_size(blocks[name].address as *mut c_void) as u64;
                return Answer { address: 0, value };
            }
            _ => return Answer::zeroed(),
        }
    };
    blocks[name] = Block {
        address: address as usize,
        size: bytes,
    };
    if TOUCH && !address.is_null() {
        write_pages(address.cast(), kept as usize, bytes as usize);
    }
    if !ASK {
        return Answer::zeroed();
    }
    Answer {
        address: address as u64,
        // SAFETY: a live block of this library, or null, for which it is 0.
        value: unsafe { malloc_usable_size(address) } as u64,
    }
}

/// Returns the new address and how many bytes of the block had been asked for before.
///
/// # Safety
/// The entries of `blocks` are live blocks or null.
#[inline(always)]
unsafe fn reallocate(record: &Record, blocks: &mut [Block]) -> (*mut c_void, u64) {
    let size = record.b as usize;
    if record.a == wire::NO_BLOCK {
        // SAFETY: of the null pointer this is malloc.
        return (unsafe { libc::realloc(ptr::null_mut(), size) }, 0);
    }
    let old = blocks[record.a as usize];
    // SAFETY: our caller vouches for the entry.
    let address = unsafe { libc::realloc(old.address as *mut c_void, size) };
    if !address.is_null() || size == 0 {
        blocks[record.a as usize] = Block::zeroed();
    }
    let kept = if old.address == 0 { 0 } else { old.size };
    (address, kept)
}

/// Writes a byte into each page of a block from `from` on, and into its last byte.
#[inline(always)]
fn write_pages(block: *mut u8, from: usize, size: usize) {
    if from >= size {
        return;
    }
    let start = block as usize;
    let mut at = start + from;
    while at < start + size {
        // SAFETY: inside the block, of which `size` bytes are ours to write.
        unsafe { (at as *mut u8).write_volatile(1) };
        at = (at / PAGE + 1) * PAGE;
    }
    // SAFETY: the last byte of the block.
    unsafe { block.add(size - 1).write_volatile(1) };
}

/// Processor time, so that whatever else the machine does is left out.
fn processor_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is ours to write.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
