//! Fastbins: single lists of small freed chunks that keep their mark of being in use until they are consolidated.
//!
//! glibc 2.36, malloc/malloc.c: `fastbin_index`, and the first part of `_int_malloc` and `_int_free`.

use crate::chunk::{Chunk, WORD};
use crate::chunks::{Chunks, touch_behind_header};
use highwater_allocator::{Bytes, Kernel};

/// `NFASTBINS`: enough for requests of up to 160 bytes.
const FASTBINS: usize = 10;

/// The fastbins of one arena.
#[derive(Clone)]
pub(crate) struct Fastbins {
    heads: [Chunk; FASTBINS],
    /// Whether a chunk was put in since the last consolidation (`have_fastchunks`). Stays set when all were taken out.
    pub(crate) maybe_filled: bool,
    parked: Bytes,
}

/// The fastbin of chunks of a size.
#[inline]
pub(crate) fn fastbin_of(size: Bytes) -> usize {
    (size.0 >> 4) as usize - 2
}

impl Fastbins {
    pub(crate) fn new() -> Self {
        Self {
            heads: [Chunk::NONE; FASTBINS],
            maybe_filled: false,
            parked: Bytes::ZERO,
        }
    }

    /// Bytes of the chunks they hold.
    #[inline]
    pub(crate) fn parked(&self) -> Bytes {
        self.parked
    }

    /// Puts a chunk first in the bin of its size, which writes its link to the next.
    #[inline]
    pub(crate) fn push(
        &mut self,
        chunks: &mut Chunks,
        kernel: &mut Kernel,
        chunk: Chunk,
        size: Bytes,
    ) {
        let bin = fastbin_of(size);
        self.maybe_filled = true;
        chunks.set_fast(chunk, self.heads[bin]);
        touch_behind_header(kernel, chunks.start(chunk), WORD);
        self.heads[bin] = chunk;
        self.parked += size;
    }

    #[inline]
    pub(crate) fn pop(&mut self, chunks: &mut Chunks, size: Bytes) -> Option<Chunk> {
        let bin = fastbin_of(size);
        let chunk = self.heads[bin];
        if chunk.is_none() {
            return None;
        }
        self.heads[bin] = chunks.take_fast(chunk);
        self.parked -= size;
        Some(chunk)
    }

    /// Takes out the first chunk of a bin, by the bin's number.
    pub(crate) fn pop_of(&mut self, chunks: &mut Chunks, bin: usize) -> Option<Chunk> {
        self.pop(chunks, Bytes(16 * (bin as u64 + 2)))
    }

    /// The number of bins.
    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    /// Every chunk they hold, with its bin.
    pub(crate) fn chunks<'a>(
        &'a self,
        chunks: &'a Chunks,
    ) -> impl Iterator<Item = (usize, Chunk)> + 'a {
        let some = |chunk: Chunk| (!chunk.is_none()).then_some(chunk);
        self.heads.iter().enumerate().flat_map(move |(bin, first)| {
            std::iter::successors(some(*first), move |chunk| some(chunks.fd(*chunk)))
                .map(move |chunk| (bin, chunk))
        })
    }
}
