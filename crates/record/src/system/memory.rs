//! System calls about memory.

use super::{EXISTS, call, number};

/// The pages that kernels have, in bytes; a call that begins within one is refused.
const PAGES: [usize; 3] = [4 << 10, 16 << 10, 64 << 10];

/// Maps memory at this address and no other.
pub(super) fn map_at(
    address: usize,
    length: usize,
    kind: usize,
    file: usize,
    at: u64,
) -> Result<*mut u8, isize> {
    const READ_AND_WRITE: usize = 3;
    const FIXED_NO_REPLACE: usize = 0x10_0000;
    let flags = kind | FIXED_NO_REPLACE;
    let arguments = [address, length, READ_AND_WRITE, flags, file, at as usize];
    // SAFETY: it replaces no mapping.
    match unsafe { call(number::MMAP, arguments) } {
        error if (-4095..0).contains(&error) => Err(error),
        // A kernel before 4.17 takes the address as a hint.
        mapped if mapped as usize != address => {
            unmap(mapped as usize, length);
            Err(EXISTS)
        }
        mapped => Ok(mapped as usize as *mut u8),
    }
}

/// Maps a page of zeros at this address, which a forked child finds to be zero again. `None` if it cannot be had; the kernel
/// must be 4.14 or newer.
pub(crate) fn map_wiped_on_fork(address: usize, length: usize) -> Option<*mut u8> {
    const PRIVATE_ANONYMOUS: usize = 0x22;
    const WIPE_ON_FORK: usize = 18;
    let page = map_at(address, length, PRIVATE_ANONYMOUS, usize::MAX, 0).ok()?;
    // SAFETY: the page is this library's own.
    match unsafe { call(number::MADVISE, [address, length, WIPE_ON_FORK, 0, 0, 0]) } {
        0 => Some(page),
        _ => {
            unmap(address, length);
            None
        }
    }
}

/// Maps memory of zeros at this address and no other, which a forked child has a copy of, and has its pages ready at once.
pub(crate) fn map_anonymous(address: usize, length: usize) -> Option<*mut u8> {
    const PRIVATE_ANONYMOUS: usize = 0x22;
    let mapped = map_at(address, length, PRIVATE_ANONYMOUS, usize::MAX, 0).ok()?;
    populate(address, length);
    Some(mapped)
}

/// Keeps a mapping of this library out of forked children.
pub(crate) fn keep_from_children(address: usize, length: usize) {
    const DONT_FORK: usize = 10;
    // SAFETY: the mapping is this library's own.
    unsafe { call(number::MADVISE, [address, length, DONT_FORK, 0, 0, 0]) };
}

/// Has the kernel make the pages of a mapping of this library ready to be written, all at once instead of one by one. A kernel
/// before 5.14 does nothing.
pub(crate) fn populate(address: usize, length: usize) {
    const POPULATE_WRITE: usize = 23;
    let arguments = [address, length, POPULATE_WRITE, 0, 0, 0];
    // SAFETY: the mapping is this library's own, and what it holds does not change.
    unsafe { call(number::MADVISE, arguments) };
}

/// Removes a mapping of this library.
pub(crate) fn unmap(address: usize, length: usize) {
    // SAFETY: the mapping is this library's own, and nothing points to it any more.
    unsafe { call(number::MUNMAP, [address, length, 0, 0, 0, 0]) };
}

/// Finds which pages from this address on are in memory: a byte for each. `false` if the kernel does not say.
pub(crate) fn pages_in_core(address: u64, length: u64, flags: &mut [u8]) -> bool {
    let place = flags.as_mut_ptr() as usize;
    let arguments = [address as usize, length as usize, place, 0, 0, 0];
    // SAFETY: the kernel writes a byte a page, and there are as many.
    unsafe { call(number::MINCORE, arguments) == 0 }
}

/// Changes how the pages of some bytes of a library are protected: 1 to read, 2 to write, 4 to run. Returns whether it has.
pub(crate) fn protect(address: usize, length: usize, protection: usize) -> bool {
    PAGES.iter().any(|page| {
        let begin = address & !(page - 1);
        let arguments = [begin, address + length - begin, protection, 0, 0, 0];
        // SAFETY: the caller leaves the pages as they were, or may only do more with them.
        unsafe { call(number::MPROTECT, arguments) == 0 }
    })
}

/// Whether all pages of some bytes are mapped. `false` also where the kernel does not say, and for more than 64 KiB.
pub(crate) fn is_mapped(address: usize, length: usize) -> bool {
    let mut flags = [0; 33];
    let Some(end) = address.checked_add(length) else {
        return false;
    };
    length <= 64 << 10
        && PAGES.iter().any(|page| {
            let begin = address & !(page - 1);
            begin > 0 && pages_in_core(begin as u64, (end - begin) as u64, &mut flags)
        })
}
