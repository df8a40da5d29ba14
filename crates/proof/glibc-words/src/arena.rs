//! An arena: the bins, the top, and the memory they were cut from (`struct malloc_state`).
//!
//! The structure itself is kept outside simulated memory: the main arena's lies in the C library's data, those of other
//! arenas at the start of their first heap, on a page that stays resident because the arena is never given back.

use crate::bins::Bins;
use crate::chunk::{Chunk, NON_MAIN_ARENA};
use crate::fastbins::Fastbins;
use crate::heap::Heap;
use crate::params::Params;
use crate::rules::Rules;
use crate::thread::Thread;
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
    /// 0 for the main one, then in the order of creation.
    pub(crate) number: u16,
    /// What the headers of its chunks in use say beside their size.
    pub(crate) mark: u64,
    pub(crate) bins: Bins,
    pub(crate) fast: Fastbins,
    /// `Chunk::NONE` until the first growth.
    pub(crate) top: Chunk,
    pub(crate) last_remainder: Chunk,
    pub(crate) contiguous: bool,
    /// What the main arena is made of.
    pub(crate) segments: Vec<Segment>,
    /// What another arena is made of, the top in the last.
    pub(crate) heaps: Vec<Heap>,
    /// Threads attached to it.
    pub(crate) attached: u32,
}

impl Arena {
    pub(crate) fn main() -> Self {
        Self {
            number: 0,
            mark: 0,
            bins: Bins::new(),
            fast: Fastbins::new(),
            top: Chunk::NONE,
            last_remainder: Chunk::NONE,
            contiguous: true,
            segments: Vec::new(),
            heaps: Vec::new(),
            attached: 1,
        }
    }

    /// Another arena, whose first heap is `heap` and not yet written to.
    pub(crate) fn other(number: u16, heap: Heap) -> Self {
        Self {
            number,
            mark: NON_MAIN_ARENA,
            top: heap.first,
            contiguous: false,
            heaps: vec![heap],
            ..Self::main()
        }
    }

    #[inline]
    pub(crate) fn is_main(&self) -> bool {
        self.mark == 0
    }

    #[inline]
    pub(crate) fn top_size(&self, kernel: &Kernel) -> Bytes {
        if self.top.is_none() {
            Bytes::ZERO
        } else {
            self.top.size(kernel)
        }
    }

    /// Marks a free chunk of it, taken whole, as in use.
    #[inline]
    pub(crate) fn claim(&self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) {
        chunk.at(size).set_prev_inuse(kernel);
        if !self.is_main() {
            chunk.set_flags(kernel, self.mark);
        }
    }

    /// The stretches of memory it is made of: the first chunk of each, and where its chunks end.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = (Chunk, Address)> + '_ {
        let segments = self.segments.iter().map(|s| (s.start, s.end));
        segments.chain(self.heaps.iter().map(|h| (h.first, h.end)))
    }
}

/// What all arenas and threads of a process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) rules: &'static Rules,
    pub(crate) params: Params,
    /// The chunks with mappings of their own, in ascending order.
    pub(crate) mapped: BTreeSet<Chunk>,
    /// Where the next heap would be aligned without cutting (`aligned_heap_area`).
    pub(crate) next_area: Option<Address>,
    pub(crate) log: DecisionLog,
}

/// Everything one call into an arena works on: the arena, the calling thread's cache, and what all share.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) shared: &'a mut Shared,
    pub(crate) arena: &'a mut Arena,
    pub(crate) thread: &'a mut Thread,
    /// The threads before it and after it, by number.
    pub(crate) others: [&'a [Thread]; 2],
}

impl Call<'_> {
    /// Fills fresh memory where MALLOC_PERTURB_ asks for it (`alloc_perturb`).
    #[inline]
    pub(crate) fn perturb(&mut self, from: Address, length: Bytes) {
        if self.shared.params.perturb != 0 {
            self.kernel.touch(from, length);
        }
    }
}
