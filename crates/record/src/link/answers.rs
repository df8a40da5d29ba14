//! Has other libraries' tables of names answer with this library's functions.
//!
//! A name is found in the first library that has it, which is this one. But a program may ask one library alone (`dlsym` with
//! the C library's handle, as Python's `ctypes.CDLL("libc.so.6").malloc_trim(0)` does), and a library that was opened with
//! `RTLD_DEEPBIND` looks into those that it needs before all others. Both find the C library's own functions. So the entry of
//! each function that this library stands in front of gets the address of this library's. Only the library changes that this one
//! passes the call on to: where another allocator is loaded in front of the C library's, that one stays reachable.

use super::{Library, Tables, behind_this, find, find_in, this};
use crate::system;
use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The kind of a symbol that is a function.
const FUNCTION: u8 = 2;

/// Changes the entries, once.
pub(crate) fn answer_with_own() {
    static IS_DONE: AtomicU32 = AtomicU32::new(0);
    if IS_DONE.swap(1, Ordering::AcqRel) != 0 {
        return;
    }
    let behind = behind_this();
    // SAFETY: this library is loaded, and its table of hashes counts its symbols.
    unsafe {
        let Some(own) = this().as_ref().and_then(|library| Tables::of(library)) else {
            return;
        };
        if own.hash.is_null() {
            return;
        }
        let count = *own.hash.add(1) as usize;
        for at in 0..count {
            let symbol = &*own.symbols.add(at);
            if symbol.section == 0 || symbol.info & 15 != FUNCTION {
                continue;
            }
            let name = CStr::from_ptr(own.strings.add(symbol.name as usize).cast());
            if let Some(found) = find(behind, name)
                && let Some(library) = found.library.as_ref()
            {
                replace(library, name, found.address, own.base + symbol.value);
            }
        }
    }
}

/// Returns whether this library has a function of this name.
pub(crate) fn is_own(name: &CStr) -> bool {
    find_in(this(), name).is_some()
}

/// Has each entry of this name and address, whatever its version, answer with another address.
///
/// # Safety
/// The library must be loaded.
unsafe fn replace(library: &Library, name: &CStr, old: usize, new: usize) {
    // SAFETY: the caller's.
    let Some(tables) = (unsafe { Tables::of(library) }) else {
        return;
    };
    let name = name.to_bytes();
    // SAFETY: the tables are those of a loaded library. Other threads may read the entry, which changes as a whole.
    unsafe {
        tables.each_of_hash(name, |at| {
            let symbol = tables.symbols.add(at);
            let is_function = (*symbol).info & 15 == FUNCTION;
            if is_function
                && tables
                    .symbol(at, name)
                    .is_some_and(|(address, _)| address == old)
            {
                let value = &raw const (*symbol).value;
                with_writing(library.base, value as usize, || {
                    (*value.cast::<AtomicUsize>())
                        .store(new.wrapping_sub(library.base), Ordering::Relaxed);
                });
            }
            false
        });
    }
}

/// Runs `write` while the page of an address of a library may be written, if the kernel allows it.
///
/// # Safety
/// The library must be loaded at `base`.
unsafe fn with_writing(base: usize, address: usize, write: impl FnOnce()) {
    const WRITE: usize = 2;
    // SAFETY: the caller's.
    let Some(protection) = (unsafe { protection(base, address) }) else {
        return;
    };
    // A page that has code as well stays executable meanwhile.
    if system::protect(address, size_of::<usize>(), protection | WRITE) {
        write();
        system::protect(address, size_of::<usize>(), protection);
    }
}

/// Returns how the segment of a library that has an address is protected, by the library's program headers: 1 to read, 2 to
/// write, 4 to run. `None` where the headers are not at the library's beginning.
///
/// # Safety
/// The library must be loaded at `base`.
unsafe fn protection(base: usize, address: usize) -> Option<usize> {
    const LOADED: u32 = 1;
    const START: usize = 64;
    const HEADER: usize = 56;
    if !system::is_mapped(base, START) {
        return None;
    }
    // SAFETY: the bytes are mapped, and those of a loaded library can be read.
    let start = unsafe { &*(base as *const [u8; START]) };
    let half = |at: usize| usize::from(u16::from_le_bytes([start[at], start[at + 1]]));
    let headers = *start.get(32..40)?.first_chunk::<8>()?;
    let (headers, count) = (base + usize::from_le_bytes(headers), half(56));
    if !start.starts_with(b"\x7fELF\x02\x01")
        || half(54) != HEADER
        || !system::is_mapped(headers, count * HEADER)
    {
        return None;
    }
    for at in 0..count {
        // SAFETY: as above; a program header is 7 words: kind and flags, place, address, and the length in memory as the last but one.
        let header = unsafe { ((headers + at * HEADER) as *const [usize; 7]).read_unaligned() };
        let [kind_and_flags, _, begin, _, _, length, _] = header;
        let (kind, flags) = (kind_and_flags as u32, kind_and_flags >> 32);
        if kind == LOADED && (begin..begin + length).contains(&(address - base)) {
            return Some(flags >> 2 & 1 | flags & 2 | (flags & 1) << 2);
        }
    }
    None
}
