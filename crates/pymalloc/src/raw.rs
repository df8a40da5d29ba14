//! The layer on which everything stands: malloc, as CPython calls it.
//!
//! CPython 3.11, Objects/obmalloc.c: `PyMem_RawMalloc` and its kin, `_PyMem_RawMalloc`, `_PyMem_DebugRawAlloc`,
//! `_PyMem_DebugRawRealloc`, `_PyMem_DebugRawFree`.

use highwater_allocator::{Address, Allocator, Bytes, Kernel, ThreadId};

/// The largest request CPython passes on (`PY_SSIZE_T_MAX`).
pub(crate) const REQUEST_MAX: u64 = i64::MAX as u64;

/// What the debug hooks put in front of a block: its size, which interface it belongs to, and seven bytes of guard.
pub(crate) const DEBUG_LEAD: u64 = 16;
/// What they add to a request: that, and eight bytes of guard behind it (`PYMEM_DEBUG_EXTRA_BYTES`).
pub(crate) const DEBUG_EXTRA: u64 = 24;
/// At either end of a block that is reallocated so many bytes are spoilt and put right again (`ERASED_SIZE`); they were
/// written before, so nothing follows from it here.
const TAIL: u64 = DEBUG_EXTRA - DEBUG_LEAD;

/// Who called, and the memory it is about.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) thread: ThreadId,
}

/// The allocator below, with or without the debug hooks of the raw interface.
#[derive(Clone, Debug)]
pub(crate) struct Raw<A> {
    pub(crate) inner: A,
    pub(crate) debug: bool,
}

impl<A: Allocator> Raw<A> {
    // ---- without hooks

    /// A request of nothing is one of a byte.
    pub(crate) fn plain_malloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        let bytes = Bytes(bytes.max(1));
        let block = self.inner.malloc(call.kernel, call.thread, bytes)?;
        Some(block.0)
    }

    pub(crate) fn plain_calloc(
        &mut self,
        call: &mut Call<'_>,
        count: u64,
        bytes: u64,
    ) -> Option<u64> {
        let (count, bytes) = if count == 0 || bytes == 0 {
            (1, 1)
        } else {
            (count, bytes)
        };
        let block = self
            .inner
            .calloc(call.kernel, call.thread, count, Bytes(bytes))?;
        Some(block.0)
    }

    pub(crate) fn plain_realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<u64>,
        bytes: u64,
    ) -> Option<u64> {
        let bytes = Bytes(bytes.max(1));
        let old = old.map(Address);
        let block = self.inner.realloc(call.kernel, call.thread, old, bytes)?;
        Some(block.0)
    }

    pub(crate) fn plain_free(&mut self, call: &mut Call<'_>, block: u64) {
        self.inner.free(call.kernel, call.thread, Address(block));
    }

    // ---- with the hooks there may be

    /// `PyMem_RawMalloc`
    pub(crate) fn malloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        if !self.debug {
            return self.plain_malloc(call, bytes);
        }
        let block = self.plain_malloc(call, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(adorn(call.kernel, block, bytes, Filled::Whole))
    }

    /// `PyMem_RawCalloc`
    pub(crate) fn calloc(&mut self, call: &mut Call<'_>, count: u64, bytes: u64) -> Option<u64> {
        if !self.debug {
            return self.plain_calloc(call, count, bytes);
        }
        let bytes = count.checked_mul(bytes)?;
        let block = self.plain_calloc(call, 1, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(adorn(call.kernel, block, bytes, Filled::From(bytes)))
    }

    /// `PyMem_RawRealloc`
    pub(crate) fn realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<u64>,
        bytes: u64,
    ) -> Option<u64> {
        let Some(old) = old.filter(|_| self.debug) else {
            return match old {
                None => self.malloc_as_realloc(call, bytes),
                old => self.plain_realloc(call, old, bytes),
            };
        };
        let (head, before) = disrobe(call.kernel, old);
        let block = self.plain_realloc(call, Some(head), bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(adorn(call.kernel, block, bytes, Filled::From(before)))
    }

    /// Without hooks malloc's own realloc gets the null pointer; with them it is malloc that is called.
    fn malloc_as_realloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        if self.debug {
            self.malloc(call, bytes)
        } else {
            self.plain_realloc(call, None, bytes)
        }
    }

    /// `PyMem_RawFree`
    pub(crate) fn free(&mut self, call: &mut Call<'_>, block: u64) {
        if !self.debug {
            return self.plain_free(call, block);
        }
        let head = bury(call.kernel, block);
        self.plain_free(call, head);
    }
}

/// Which bytes of a block the debug hooks write.
#[derive(Clone, Copy)]
pub(crate) enum Filled {
    /// All.
    Whole,
    /// Those from so many on, if it has them.
    From(u64),
}

/// Writes what goes around a block of that many bytes, and returns where it begins for the program.
pub(crate) fn adorn(kernel: &mut Kernel, block: u64, bytes: u64, filled: Filled) -> u64 {
    kernel.write_run(Address(block), [bytes, 0]);
    let data = block + DEBUG_LEAD;
    let from = match filled {
        Filled::Whole => 0,
        Filled::From(kept) => kept.min(bytes),
    };
    kernel.touch(Address(data + from), Bytes(bytes - from + TAIL));
    data
}

/// Where a block with hooks begins for the allocator, and its size as it was asked for.
pub(crate) fn disrobe(kernel: &Kernel, block: u64) -> (u64, u64) {
    let head = block - DEBUG_LEAD;
    (head, kernel.read(Address(head)))
}

/// A block is about to be freed: all of it is overwritten. Returns where it begins for the allocator.
pub(crate) fn bury(kernel: &mut Kernel, block: u64) -> u64 {
    let (head, bytes) = disrobe(kernel, block);
    kernel.touch(Address(head), Bytes(bytes + DEBUG_EXTRA));
    head
}
