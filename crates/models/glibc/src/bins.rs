//! The bins of an arena: lists of free chunks by size.
//!
//! glibc 2.36, malloc/malloc.c: `bin_index`, `unlink_chunk`, the binmap, and the placing of chunks in `_int_malloc`.
//! Bin 1 is the unsorted bin, 2 to 63 hold one size each, 64 to 126 a range of sizes in descending order, with a second
//! list through the first chunk of each size.
//!
//! Functions that nearly every call needs are compiled into their callers. For WebAssembly each is compiled once, which keeps the page
//! small.
//!
//! A chunk that is put in a bin has its links written, fd and bk, and where it is large the two of the list of sizes behind
//! them: only there can a page become resident (see [`crate::chunks`]).

use crate::chunk::{Chunk, MIN_SIZE, WORD};
pub(crate) use crate::chunks::BINS;
use crate::chunks::{Chunks, touch_behind_header};
use highwater_allocator::{Address, Bytes, Kernel};

/// The bin of chunks not yet sorted.
pub(crate) const UNSORTED: usize = 1;
/// The smallest size that goes to a large bin.
const MIN_LARGE: Bytes = Bytes(1024);

/// The links of a chunk in a bin of one size, behind its header.
const LINKS: Bytes = Bytes(2 * WORD.0);
/// Those of a large one.
const LARGE_LINKS: Bytes = Bytes(4 * WORD.0);

/// What is written behind the header of a chunk that is put first in a bin. A large one has the mark that it is in no list of
/// sizes.
#[inline]
fn links_of(size: Bytes) -> Bytes {
    if is_small(size) { LINKS } else { LARGE_LINKS }
}

/// Whether a chunk of this size belongs in a bin of one size.
#[inline]
pub(crate) fn is_small(size: Bytes) -> bool {
    size < MIN_LARGE
}

/// The bin for chunks of a size (`bin_index`).
#[inline]
pub(crate) fn bin_of(size: Bytes) -> usize {
    let n = size.0;
    (if is_small(size) {
        n >> 4
    } else if n >> 6 <= 48 {
        48 + (n >> 6)
    } else if n >> 9 <= 20 {
        91 + (n >> 9)
    } else {
        return far_bin_of(size);
    }) as usize
}

#[inline]
fn far_bin_of(size: Bytes) -> usize {
    let n = size.0;
    (if n >> 12 <= 10 {
        110 + (n >> 12)
    } else if n >> 15 <= 4 {
        119 + (n >> 15)
    } else if n >> 18 <= 2 {
        124 + (n >> 18)
    } else {
        126
    }) as usize
}

/// The heads of the bins and the map of those that may hold something.
#[derive(Clone)]
pub(crate) struct Bins {
    /// The head of bin 0; those of the others follow.
    heads: Chunk,
    map: [u32; BINS / 32],
    bytes: Bytes,
}

impl Bins {
    /// Empty bins with these heads.
    pub(crate) fn new(heads: Chunk) -> Self {
        Self {
            heads,
            map: [0; BINS / 32],
            bytes: Bytes::ZERO,
        }
    }

    /// The head of a bin, as a member of its list.
    #[inline]
    pub(crate) fn head(&self, bin: usize) -> Chunk {
        Chunk(self.heads.0 + bin as u32)
    }

    /// Bytes of all the chunks in the bins.
    #[inline]
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes
    }

    #[inline]
    fn count(&mut self, size: Bytes) {
        self.bytes += size;
    }

    #[inline]
    fn uncount(&mut self, size: Bytes) {
        self.bytes -= size;
    }

    /// The first chunk of a bin: the largest, or the latest freed.
    #[inline]
    pub(crate) fn first(&self, chunks: &Chunks, bin: usize) -> Option<Chunk> {
        let head = self.head(bin);
        let chunk = chunks.fd(head);
        (chunk != head).then_some(chunk)
    }

    /// The last chunk of a bin: the smallest, or the earliest freed.
    #[inline]
    pub(crate) fn last(&self, chunks: &Chunks, bin: usize) -> Option<Chunk> {
        let head = self.head(bin);
        let chunk = chunks.bk(head);
        (chunk != head).then_some(chunk)
    }

    /// The chunks of a bin, last to first.
    pub(crate) fn backwards<'a>(
        &self,
        chunks: &'a Chunks,
        bin: usize,
    ) -> impl Iterator<Item = Chunk> + use<'a> {
        let head = self.head(bin);
        std::iter::successors(Some(chunks.bk(head)), |chunk| Some(chunks.bk(*chunk)))
            .take_while(move |chunk| *chunk != head)
    }

    /// The first bin from `bin` on that is marked as holding something. The mark may be stale.
    #[inline]
    pub(crate) fn next_marked(&self, bin: usize) -> Option<usize> {
        let mut block = bin / 32;
        if block >= self.map.len() {
            return None;
        }
        let mut bits = self.map[block] & (u32::MAX << (bin % 32));
        while bits == 0 {
            block += 1;
            bits = *self.map.get(block)?;
        }
        Some(block * 32 + bits.trailing_zeros() as usize)
    }

    #[inline]
    fn mark(&mut self, bin: usize) {
        self.map[bin / 32 % self.map.len()] |= 1 << (bin % 32);
    }

    /// Takes back a bin's mark.
    pub(crate) fn unmark(&mut self, bin: usize) {
        self.map[bin / 32] &= !(1 << (bin % 32));
    }

    /// Puts a freed chunk first in the unsorted bin, or in the bin of its size if it is small and `small_sorted`. Returns its
    /// size.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn push(
        &mut self,
        chunks: &mut Chunks,
        kernel: &mut Kernel,
        chunk: Chunk,
        small_sorted: bool,
    ) -> Bytes {
        let mut bin = UNSORTED;
        if small_sorted && is_small(chunks.size(chunk)) {
            bin = bin_of(chunks.size(chunk));
            self.mark(bin);
        }
        let (start, size) = chunks.link_first(chunk, self.head(bin));
        self.count(size);
        touch_behind_header(kernel, start, links_of(size));
        size
    }

    /// Cuts a chunk that was taken from a bin in two: the first `size` bytes in use, the rest first in the unsorted bin. Returns
    /// where that begins.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn split(
        &mut self,
        chunks: &mut Chunks,
        kernel: &mut Kernel,
        chunk: Chunk,
        size: Bytes,
    ) -> Address {
        let (start, size) = chunks.split(kernel, chunk, size, self.head(UNSORTED));
        self.count(size);
        touch_behind_header(kernel, start, links_of(size));
        start
    }

    /// Takes the last chunk of the unsorted bin, which has that size, for use.
    #[inline]
    pub(crate) fn pop_unsorted(&mut self, chunks: &mut Chunks, size: Bytes) {
        chunks.unlink_last(self.head(UNSORTED));
        self.uncount(size);
    }

    /// Takes the last chunk off the small bin of a size, for use.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn pop_small(&mut self, chunks: &mut Chunks, size: Bytes) -> Option<Chunk> {
        let bin = bin_of(size);
        let victim = self.last(chunks, bin)?;
        chunks.unlink_last(self.head(bin));
        self.uncount(size);
        Some(victim)
    }

    /// Puts the chunks of the unsorted bin where their sizes belong, the earliest freed first, at most `room` of them, up to one of
    /// exactly `size` or the last remainder, where that is alone and can be cut again for a small request. Returns that chunk,
    /// which stays, or none, and how many were put elsewhere.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub(crate) fn sort(
        &mut self,
        chunks: &mut Chunks,
        size: Bytes,
        last_remainder: Address,
        room: u64,
    ) -> (Chunk, u64) {
        let head = self.head(UNSORTED);
        let mut victim = chunks.bk(head);
        if victim == head {
            return (Chunk::NONE, 0);
        }
        let (mut found, mut sorted) = (Chunk::NONE, 0);
        while victim != head && sorted < room {
            let (start, whole, before) = chunks.member(victim);
            let is_last_remainder = start == last_remainder
                && is_small(size)
                && before == head
                && whole > size + MIN_SIZE;
            if whole == size || is_last_remainder {
                found = victim;
                break;
            }
            self.put_by_size(chunks, victim, whole);
            sorted += 1;
            victim = before;
        }
        chunks.end_list(head, victim);
        (found, sorted)
    }

    /// Puts a chunk that is in no list where its size belongs.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn put_by_size(&mut self, chunks: &mut Chunks, chunk: Chunk, size: Bytes) {
        let bin = bin_of(size);
        self.mark(bin);
        let head = self.head(bin);
        let first = chunks.fd(head);
        let (bck, fwd) = if is_small(size) {
            (head, first)
        } else if first == head {
            chunks.begin_size(chunk);
            (head, head)
        } else {
            place_by_size(chunks, chunk, size, (head, first))
        };
        chunks.link(chunk, bck, fwd);
    }

    /// Finds the smallest chunk of a large bin that holds `size` (`_int_malloc`, the scan of the list of sizes).
    #[inline]
    pub(crate) fn best_fit(&self, chunks: &Chunks, bin: usize, size: Bytes) -> Option<Chunk> {
        let largest = self.first(chunks, bin)?;
        if chunks.size(largest) < size {
            return None;
        }
        Some(self.smallest_fit(chunks, (bin, largest), size))
    }

    /// The same where the largest chunk of the bin is known to hold it.
    #[inline(never)]
    fn smallest_fit(&self, chunks: &Chunks, (bin, largest): (usize, Chunk), size: Bytes) -> Chunk {
        let smallest = chunks.bk(self.head(bin));
        if smallest == largest {
            // The only chunk of its bin: no list of sizes was made.
            return largest;
        }
        let mut victim = chunks.bk_nextsize(largest);
        let mut found = chunks.size(victim);
        while found < size {
            victim = chunks.bk_nextsize(victim);
            found = chunks.size(victim);
        }
        // Rather not the first of its size: the list of sizes would have to change.
        if victim != smallest {
            let second = chunks.fd(victim);
            if chunks.size(second) == found {
                return second;
            }
        }
        victim
    }

    /// Takes a chunk out of whatever list holds it, and marks it as in use (`unlink_chunk`). Returns its
    /// size.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn unlink(&mut self, chunks: &mut Chunks, chunk: Chunk) -> Bytes {
        let size = chunks.unlink(chunk);
        self.uncount(size);
        size
    }

    /// Joins a chunk of these bins with a neighbour that is in none (see [`Chunks::merge`]).
    #[inline]
    pub(crate) fn merge(&mut self, chunks: &mut Chunks, free: Chunk, both: (Chunk, Chunk)) {
        let size = chunks.merge(free, both);
        self.uncount(size);
    }
}

/// Finds a large chunk's neighbours in its bin, where there are others, and enters it in the list of sizes if it is the first of
/// its size.
fn place_by_size(
    chunks: &mut Chunks,
    chunk: Chunk,
    size: Bytes,
    (head, largest): (Chunk, Chunk),
) -> (Chunk, Chunk) {
    let smallest = chunks.bk(head);
    if smallest == largest {
        // Up to now it was the only one.
        chunks.lead_alone(largest);
    }
    if size < chunks.size(smallest) {
        chunks.link_sizes(chunk, chunks.bk_nextsize(largest), largest);
        return (smallest, head);
    }
    let mut fwd = largest;
    while size < chunks.size(fwd) {
        fwd = chunks.fd_nextsize(fwd);
    }
    if size == chunks.size(fwd) {
        // Always in the second place, so that the list of sizes need not change.
        fwd = chunks.fd(fwd);
    } else {
        chunks.link_sizes(chunk, chunks.bk_nextsize(fwd), fwd);
    }
    (chunks.bk(fwd), fwd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_find_their_bins() {
        let bins = [
            (32, 2),
            (1008, 63),
            (1024, 64),
            (3136, 97),
            (10752, 112),
            (40960, 120),
            (131072, 123),
            (786_432, 126),
            (1 << 40, 126),
        ];
        for (size, bin) in bins {
            assert_eq!(bin_of(Bytes(size)), bin, "a chunk of {size}");
        }
    }
}
