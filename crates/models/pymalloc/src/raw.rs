//! The lowest layer: malloc, as CPython calls it.
//!
//! CPython 3.11, Objects/obmalloc.c: `PyMem_RawMalloc` and its kin, `_PyMem_RawMalloc`, `_PyMem_DebugRawAlloc`,
//! `_PyMem_DebugRawRealloc`, `_PyMem_DebugRawFree`.

use highwater_allocator::{Address, Allocator, Bytes, Kernel, Numbers, ThreadId};

/// The largest request CPython passes on (`PY_SSIZE_T_MAX`).
pub(crate) const REQUEST_MAX: Bytes = Bytes(i64::MAX as u64);

/// The bytes that the debug hooks put in front of a block: its size, the interface it belongs to, and seven bytes of
/// guard.
pub(crate) const DEBUG_LEAD: Bytes = Bytes(16);
/// The bytes that they add to a request: these, and eight bytes of guard after it (`PYMEM_DEBUG_EXTRA_BYTES`). At
/// either end of a block that is reallocated some bytes are spoilt and put right again (`ERASED_SIZE`); they were
/// written before, so nothing follows from it here.
pub(crate) const DEBUG_EXTRA: Bytes = Bytes(24);
const TAIL: Bytes = Bytes(DEBUG_EXTRA.0 - DEBUG_LEAD.0);

/// The thread that called, and the memory it calls for.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) thread: ThreadId,
}

/// The allocator below, with or without the debug hooks of the raw interface.
#[derive(Clone, Debug)]
pub(crate) struct Raw<A> {
    pub(crate) inner: A,
    pub(crate) debug: bool,
    pub(crate) hooks: Hooks,
}

/// Returns the product, or `None` where it does not fit 64 bits.
pub(crate) fn product(count: u64, size: Bytes) -> Option<Bytes> {
    count.checked_mul(size.0).map(Bytes)
}

impl<A: Allocator> Raw<A> {
    /// Returns the bytes of the hooks before a block.
    pub(crate) fn lead(&self) -> Bytes {
        if self.debug { DEBUG_LEAD } else { Bytes::ZERO }
    }

    // ---- without hooks; each returns `None` where malloc has no memory

    /// Allocates a block; a request of nothing is one of a byte (`_PyMem_RawMalloc`).
    pub(crate) fn plain_malloc(&mut self, call: &mut Call<'_>, bytes: Bytes) -> Option<Address> {
        let bytes = bytes.max(Bytes(1));
        self.inner.malloc(call.kernel, call.thread, bytes)
    }

    /// Allocates a block of zeros (`_PyMem_RawCalloc`).
    pub(crate) fn plain_calloc(
        &mut self,
        call: &mut Call<'_>,
        count: u64,
        bytes: Bytes,
    ) -> Option<Address> {
        let (count, bytes) = if count == 0 || bytes == Bytes::ZERO {
            (1, Bytes(1))
        } else {
            (count, bytes)
        };
        self.inner.calloc(call.kernel, call.thread, count, bytes)
    }

    /// Reallocates a block (`_PyMem_RawRealloc`).
    pub(crate) fn plain_realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<Address>,
        bytes: Bytes,
    ) -> Option<Address> {
        let bytes = bytes.max(Bytes(1));
        self.inner.realloc(call.kernel, call.thread, old, bytes)
    }

    /// Frees a block (`_PyMem_RawFree`).
    pub(crate) fn plain_free(&mut self, call: &mut Call<'_>, block: Address) {
        self.inner.free(call.kernel, call.thread, block);
    }

    // ---- with the hooks, if there are any

    /// Allocates a block (`PyMem_RawMalloc`).
    pub(crate) fn malloc(&mut self, call: &mut Call<'_>, bytes: Bytes) -> Option<Address> {
        if !self.debug {
            return self.plain_malloc(call, bytes);
        }
        let block = self.plain_malloc(call, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(self.hooks.adorn(call.kernel, block, bytes, Filled::Whole))
    }

    /// Allocates a block of zeros (`PyMem_RawCalloc`).
    pub(crate) fn calloc(
        &mut self,
        call: &mut Call<'_>,
        count: u64,
        bytes: Bytes,
    ) -> Option<Address> {
        if !self.debug {
            return self.plain_calloc(call, count, bytes);
        }
        let bytes = product(count, bytes)?;
        let block = self.plain_calloc(call, 1, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(
            self.hooks
                .adorn(call.kernel, block, bytes, Filled::From(bytes)),
        )
    }

    /// Reallocates a block (`PyMem_RawRealloc`). Without hooks malloc's own realloc gets the null pointer; with them it
    /// is malloc that is called.
    pub(crate) fn realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<Address>,
        bytes: Bytes,
    ) -> Option<Address> {
        match old {
            _ if !self.debug => self.plain_realloc(call, old, bytes),
            None => self.malloc(call, bytes),
            Some(old) => {
                let wanted = bytes.checked_add(DEBUG_EXTRA)?;
                let block = self.plain_realloc(call, Some(old - DEBUG_LEAD), wanted)?;
                let before = self.hooks.forget(old);
                Some(
                    self.hooks
                        .adorn(call.kernel, block, bytes, Filled::From(before)),
                )
            }
        }
    }

    /// Frees a block (`PyMem_RawFree`).
    pub(crate) fn free(&mut self, call: &mut Call<'_>, block: Address) {
        let block = if self.debug {
            self.hooks.bury(call.kernel, block)
        } else {
            block
        };
        self.plain_free(call, block);
    }
}

/// The bytes of a block that the debug hooks write.
#[derive(Clone, Copy)]
pub(crate) enum Filled {
    /// All.
    Whole,
    /// Those after that many, if it has them.
    From(Bytes),
}

/// What the debug hooks know: the size that was asked for of each block, which the real ones write in front of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hooks(Numbers);

impl Hooks {
    /// Returns the bytes that they take here.
    pub(crate) fn footprint(&self) -> Bytes {
        self.0.footprint()
    }

    /// Writes what goes around a block of that many bytes, and returns its address for the program.
    pub(crate) fn adorn(
        &mut self,
        kernel: &mut Kernel,
        block: Address,
        bytes: Bytes,
        filled: Filled,
    ) -> Address {
        kernel.touch(block, DEBUG_LEAD);
        let data = block + DEBUG_LEAD;
        self.0.insert(data.0, bytes.0);
        let from = match filled {
            Filled::Whole => Bytes::ZERO,
            Filled::From(kept) => kept.min(bytes),
        };
        kernel.touch(data + from, bytes - from + TAIL);
        data
    }

    /// Forgets a block that the program has no more, and returns the size that was asked for.
    pub(crate) fn forget(&mut self, block: Address) -> Bytes {
        Bytes(self.0.remove(block.0).unwrap_or(0))
    }

    /// Overwrites a block that is about to be freed, and returns its address for the allocator.
    pub(crate) fn bury(&mut self, kernel: &mut Kernel, block: Address) -> Address {
        let head = block - DEBUG_LEAD;
        kernel.touch(head, self.forget(block) + DEBUG_EXTRA);
        head
    }
}
