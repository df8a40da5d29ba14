//! An arena: the bins, the top, and the memory they were cut from (`struct malloc_state`).
//!
//! The main arena's structure lies in the C library's data, those of other arenas at the start of their first heap, on a
//! page that stays resident because the arena is never given back.

use crate::bins::Bins;
use crate::chunk::Chunk;
use crate::chunks::Chunks;
use crate::fastbins::Fastbins;
use crate::heap::Heap;
use crate::params::Params;
use crate::rules::Rules;
use crate::thread::Thread;
use highwater_allocator::{Address, Bytes, DecisionLog, Kernel, Numbers};

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

/// What all arenas and threads of a process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) rules: &'static Rules,
    pub(crate) params: Params,
    /// The arenas of heaps, by where those begin (`heap_info`, at the start of each).
    pub(crate) arena_of_heap: Numbers,
    /// Where the next heap would be aligned without cutting (`aligned_heap_area`).
    pub(crate) next_area: Option<Address>,
    /// Whether the library has called sbrk, if only to ask: then it knows where the program break is (misc/sbrk.c, `__curbrk`).
    pub(crate) knows_break: bool,
    pub(crate) log: DecisionLog,
}

/// Everything one call into an arena works on: the arena, the calling thread, the chunks, and what all share.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) shared: &'a mut Shared,
    pub(crate) chunks: &'a mut Chunks,
    pub(crate) arena: &'a mut Arena,
    pub(crate) threads: &'a mut [Thread],
    /// The number of the calling thread.
    pub(crate) thread: usize,
}

impl Call<'_> {
    /// The size of the arena's top; nothing as long as it has none.
    #[inline]
    pub(crate) fn top_size(&self) -> Bytes {
        self.chunks.size(self.arena.top)
    }

    /// Fills fresh memory where MALLOC_PERTURB_ asks for it (`alloc_perturb`).
    #[inline]
    pub(crate) fn perturb(&mut self, from: Address, length: Bytes) {
        if self.shared.params.perturb != 0 {
            self.kernel.touch(from, length);
        }
    }
}
