//! An arena: the bins, the top, and the memory they were cut from (`struct malloc_state`).
//!
//! The main arena's own structure lies in the C library's data, outside every mapping of the allocator, so it is kept
//! outside simulated memory here.

use crate::bins::Bins;
use crate::chunk::Chunk;
use crate::fastbins::Fastbins;
use crate::params::Params;
use crate::tcache::Tcache;
use highwater_allocator::{Address, Bytes, DecisionLog, Kernel};
use std::collections::BTreeSet;

/// A stretch of memory that the main heap was cut from: one, unless the program break could not be moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) start: Chunk,
    /// One past the last chunk: the fence where the heap went on elsewhere, or the end of the top.
    pub(crate) end: Address,
}

#[derive(Clone)]
pub(crate) struct Arena {
    pub(crate) bins: Bins,
    pub(crate) fast: Fastbins,
    /// `Chunk::NONE` until the first growth.
    pub(crate) top: Chunk,
    pub(crate) last_remainder: Chunk,
    pub(crate) contiguous: bool,
    pub(crate) segments: Vec<Segment>,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Self {
            bins: Bins::new(),
            fast: Fastbins::new(),
            top: Chunk::NONE,
            last_remainder: Chunk::NONE,
            contiguous: true,
            segments: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn top_size(&self, kernel: &Kernel) -> Bytes {
        if self.top.is_none() {
            Bytes::ZERO
        } else {
            self.top.size(kernel)
        }
    }
}

/// Everything one call into the allocator works on: a thread's cache, the arena it was given, and what all share.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) params: &'a mut Params,
    pub(crate) arena: &'a mut Arena,
    pub(crate) tcache: &'a mut Option<Tcache>,
    /// The chunks with mappings of their own.
    pub(crate) mapped: &'a mut BTreeSet<Chunk>,
    pub(crate) log: &'a mut DecisionLog,
}

impl Call<'_> {
    /// Fills fresh memory where MALLOC_PERTURB_ asks for it (`alloc_perturb`).
    #[inline]
    pub(crate) fn perturb(&mut self, from: Address, length: Bytes) {
        if self.params.perturb != 0 {
            self.kernel.touch(from, length);
        }
    }
}
