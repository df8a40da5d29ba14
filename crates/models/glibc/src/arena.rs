//! An arena: the bins, the top, and the memory they were cut from (`struct malloc_state`).
//!
//! The main arena's structure lies in the C library's data, those of other arenas at the start of their first heap, on a
//! page that stays resident because the arena is never given back.

use crate::bins::Bins;
use crate::chunk::Chunk;
use crate::fastbins::Fastbins;
use crate::heap::Heap;
use highwater_allocator::Address;

/// An arena's place in the list of all.
pub(crate) type ArenaId = usize;

/// The arena of the program break.
pub(crate) const MAIN: ArenaId = 0;

/// A stretch of memory that the main heap was cut from: one, unless the program break could not be moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) start: Address,
    /// One past the last chunk: the fence where the heap went on elsewhere, or the end of the top.
    pub(crate) end: Address,
}

#[derive(Clone)]
pub(crate) struct Arena {
    /// 0 for the main one, then in the order of creation.
    pub(crate) number: u16,
    pub(crate) bins: Bins,
    pub(crate) fast: Fastbins,
    /// `Chunk::NONE` until the first growth.
    pub(crate) top: Chunk,
    /// Where the latest rest of a small request begins: an address, for a chunk that begins there later is taken for it.
    pub(crate) last_remainder: Address,
    pub(crate) contiguous: bool,
    /// What the main arena is made of.
    pub(crate) segments: Vec<Segment>,
    /// What another arena is made of, the top in the last.
    pub(crate) heaps: Vec<Heap>,
    /// Threads attached to it.
    pub(crate) attached: u32,
}

impl Arena {
    /// The main arena, whose bins have these heads.
    pub(crate) fn main(heads: Chunk) -> Self {
        Self {
            number: 0,
            bins: Bins::new(heads),
            fast: Fastbins::new(),
            top: Chunk::NONE,
            last_remainder: Address::NULL,
            contiguous: true,
            segments: Vec::new(),
            heaps: Vec::new(),
            attached: 1,
        }
    }

    /// Another arena, whose first heap is `heap`, all of it its top.
    pub(crate) fn other(number: u16, heads: Chunk, heap: Heap, top: Chunk) -> Self {
        Self {
            number,
            top,
            contiguous: false,
            heaps: vec![heap],
            ..Self::main(heads)
        }
    }

    #[inline]
    pub(crate) fn is_main(&self) -> bool {
        self.number == 0
    }

    /// The stretches of memory it is made of: the first chunk of each, and where its chunks end.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = (Address, Address)> + '_ {
        let segments = self.segments.iter().map(|s| (s.start, s.end));
        segments.chain(self.heaps.iter().map(|h| (h.first, h.end)))
    }
}
