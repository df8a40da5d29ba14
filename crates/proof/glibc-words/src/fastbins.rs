//! Fastbins: single lists of small freed chunks that keep their mark of being in use until they are consolidated.
//!
//! glibc 2.36, malloc/malloc.c: `fastbin_index`, and the first part of `_int_malloc` and `_int_free`.

use crate::chunk::{Chunk, HEADER};
use highwater_allocator::{Address, Bytes, Kernel};

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

    #[inline]
    pub(crate) fn push(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) {
        let bin = fastbin_of(size);
        self.maybe_filled = true;
        kernel.write(chunk.0 + HEADER, self.heads[bin].0.0);
        self.heads[bin] = chunk;
        self.parked += size;
    }

    #[inline]
    pub(crate) fn pop(&mut self, kernel: &Kernel, size: Bytes) -> Option<Chunk> {
        let bin = fastbin_of(size);
        let chunk = self.heads[bin];
        if chunk.is_none() {
            return None;
        }
        self.heads[bin] = next(kernel, chunk);
        self.parked -= size;
        Some(chunk)
    }

    /// Empties one bin and returns its chunks in the order of the list.
    pub(crate) fn take_all(&mut self, kernel: &Kernel, bin: usize) -> Vec<Chunk> {
        let first = std::mem::replace(&mut self.heads[bin], Chunk::NONE);
        let chunks: Vec<Chunk> = list(kernel, first).collect();
        self.parked -= Bytes(16 * (bin as u64 + 2)) * chunks.len() as u64;
        chunks
    }

    /// The number of bins.
    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    /// Every chunk they hold, with its bin.
    pub(crate) fn chunks<'a>(
        &'a self,
        kernel: &'a Kernel,
    ) -> impl Iterator<Item = (usize, Chunk)> + 'a {
        self.heads
            .iter()
            .enumerate()
            .flat_map(move |(bin, first)| list(kernel, *first).map(move |chunk| (bin, chunk)))
    }
}

#[inline]
fn next(kernel: &Kernel, chunk: Chunk) -> Chunk {
    Chunk(Address(kernel.read(chunk.0 + HEADER)))
}

fn list(kernel: &Kernel, first: Chunk) -> impl Iterator<Item = Chunk> + '_ {
    let first = (!first.is_none()).then_some(first);
    std::iter::successors(first, move |chunk| {
        let next = next(kernel, *chunk);
        (!next.is_none()).then_some(next)
    })
}
