//! The bins of an arena: lists of free chunks by size, and the links that hold them together.
//!
//! glibc 2.36, malloc/malloc.c: `bin_index`, `unlink_chunk`, the binmap, and the placing of chunks in `_int_malloc`.
//! Bin 1 is the unsorted bin, 2 to 63 hold one size each, 64 to 126 a range of sizes in descending order, with a second
//! list through the first chunk of each size.

use crate::chunk::{Chunk, FREE_HEADER, HEADER, PREV_INUSE, WORD};
use highwater_allocator::{Address, Bytes, Kernel};

/// How many bins there are, the unused bin 0 included.
pub(crate) const BINS: usize = 128;
/// The bin of chunks not yet sorted.
pub(crate) const UNSORTED: usize = 1;
/// The smallest size that goes to a large bin.
const MIN_LARGE: Bytes = Bytes(1024);

/// The least a free chunk has around a page of the smallest size.
const SMALLEST_WITH_PAGE: Bytes = Bytes(4096 + FREE_HEADER.0);

const FD: Bytes = HEADER;
const BK: Bytes = Bytes(HEADER.0 + WORD.0);
const FD_NEXTSIZE: Bytes = Bytes(HEADER.0 + 2 * WORD.0);
const BK_NEXTSIZE: Bytes = Bytes(HEADER.0 + 3 * WORD.0);

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
    } else if n >> 12 <= 10 {
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
    fd: [Chunk; BINS],
    bk: [Chunk; BINS],
    map: [u32; BINS / 32],
    bytes: Bytes,
    /// Chunks large enough to hold a whole page.
    with_page: u32,
}

/// The head of a bin, as a member of its list.
#[inline]
pub(crate) fn head(bin: usize) -> Chunk {
    Chunk(Address(bin as u64))
}

/// The bin whose head this is, if it is one and not a chunk.
#[inline]
fn as_head(chunk: Chunk) -> Option<usize> {
    ((chunk.0.0 as usize) < BINS).then_some(chunk.0.0 as usize)
}

impl Bins {
    pub(crate) fn new() -> Self {
        let heads = std::array::from_fn(head);
        Self {
            fd: heads,
            bk: heads,
            map: [0; BINS / 32],
            bytes: Bytes::ZERO,
            with_page: 0,
        }
    }

    /// Bytes of all the chunks in the bins.
    #[inline]
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes
    }

    #[inline]
    pub(crate) fn fd(&self, kernel: &Kernel, chunk: Chunk) -> Chunk {
        match as_head(chunk) {
            Some(bin) => self.fd[bin],
            None => Chunk(Address(kernel.read(chunk.0 + FD))),
        }
    }

    #[inline]
    pub(crate) fn bk(&self, kernel: &Kernel, chunk: Chunk) -> Chunk {
        match as_head(chunk) {
            Some(bin) => self.bk[bin],
            None => Chunk(Address(kernel.read(chunk.0 + BK))),
        }
    }

    #[inline]
    fn set_fd(&mut self, kernel: &mut Kernel, chunk: Chunk, to: Chunk) {
        match as_head(chunk) {
            Some(bin) => self.fd[bin] = to,
            None => kernel.write(chunk.0 + FD, to.0.0),
        }
    }

    #[inline]
    fn set_bk(&mut self, kernel: &mut Kernel, chunk: Chunk, to: Chunk) {
        match as_head(chunk) {
            Some(bin) => self.bk[bin] = to,
            None => kernel.write(chunk.0 + BK, to.0.0),
        }
    }

    /// How many chunks in the bins may hold a whole page.
    pub(crate) fn with_page(&self) -> u64 {
        self.with_page.into()
    }

    #[inline]
    fn count(&mut self, size: Bytes) {
        self.bytes += size;
        self.with_page += u32::from(size >= SMALLEST_WITH_PAGE);
    }

    #[inline]
    fn uncount(&mut self, size: Bytes) {
        self.bytes -= size;
        self.with_page -= u32::from(size >= SMALLEST_WITH_PAGE);
    }

    /// The first chunk of a bin: the largest, or the latest freed.
    #[inline]
    pub(crate) fn first(&self, bin: usize) -> Option<Chunk> {
        let chunk = self.fd[bin];
        (chunk != head(bin)).then_some(chunk)
    }

    /// The last chunk of a bin: the smallest, or the earliest freed.
    #[inline]
    pub(crate) fn last(&self, bin: usize) -> Option<Chunk> {
        let chunk = self.bk[bin];
        (chunk != head(bin)).then_some(chunk)
    }

    /// The chunks of a bin, last to first.
    pub(crate) fn backwards<'a>(
        &'a self,
        kernel: &'a Kernel,
        bin: usize,
    ) -> impl Iterator<Item = Chunk> + 'a {
        std::iter::successors(self.last(bin), move |chunk| {
            let next = self.bk(kernel, *chunk);
            (next != head(bin)).then_some(next)
        })
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

    /// Takes back a bin's mark.
    pub(crate) fn unmark(&mut self, bin: usize) {
        self.map[bin / 32] &= !(1 << (bin % 32));
    }

    /// Makes `size` bytes a free chunk, above one that is in use, and puts it first in the unsorted bin: header, links and,
    /// for a large one, the mark that it is in no list of sizes.
    #[inline]
    pub(crate) fn push_unsorted(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) {
        self.push_front(kernel, UNSORTED, chunk, size);
    }

    /// The same with the bin of its size, for a small chunk.
    #[inline]
    pub(crate) fn push_small(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) {
        let bin = bin_of(size);
        self.map[bin / 32] |= 1 << (bin % 32);
        self.push_front(kernel, bin, chunk, size);
    }

    #[inline(always)]
    fn push_front(&mut self, kernel: &mut Kernel, bin: usize, chunk: Chunk, size: Bytes) {
        self.count(size);
        let fwd = self.fd[bin];
        let header = size.0 | PREV_INUSE;
        let (fd, bk) = (fwd.0.0, head(bin).0.0);
        if is_small(size) {
            kernel.write_run(chunk.0 + WORD, [header, fd, bk]);
        } else {
            kernel.write_run(chunk.0 + WORD, [header, fd, bk, 0, 0]);
        }
        self.fd[bin] = chunk;
        self.set_bk(kernel, fwd, chunk);
    }

    /// Takes the last chunk of the unsorted bin, which has that size, off its list.
    #[inline]
    pub(crate) fn pop_unsorted(&mut self, kernel: &mut Kernel, victim: Chunk, size: Bytes) {
        self.pop(kernel, UNSORTED, victim, size);
    }

    /// Takes the last chunk off the small bin of a size.
    #[inline]
    pub(crate) fn pop_small(&mut self, kernel: &mut Kernel, size: Bytes) -> Option<Chunk> {
        let bin = bin_of(size);
        let victim = self.last(bin)?;
        self.pop(kernel, bin, victim, size);
        Some(victim)
    }

    #[inline(always)]
    fn pop(&mut self, kernel: &mut Kernel, bin: usize, victim: Chunk, size: Bytes) {
        let before = self.bk(kernel, victim);
        self.bk[bin] = before;
        self.set_fd(kernel, before, head(bin));
        self.uncount(size);
    }

    /// Puts a chunk from the unsorted bin where its size belongs.
    pub(crate) fn sort_in(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) {
        let bin = bin_of(size);
        self.count(size);
        let (bck, fwd) = if is_small(size) {
            (head(bin), self.fd[bin])
        } else {
            self.place_by_size(kernel, chunk, size, bin)
        };
        self.map[bin / 32] |= 1 << (bin % 32);
        self.link(kernel, chunk, bck, fwd);
    }

    /// Finds a large chunk's neighbours in its bin, and enters it in the list of sizes if it is the first of its size.
    fn place_by_size(
        &mut self,
        kernel: &mut Kernel,
        chunk: Chunk,
        size: Bytes,
        bin: usize,
    ) -> (Chunk, Chunk) {
        let Some(largest) = self.first(bin) else {
            self.set_nextsize(kernel, chunk, chunk, chunk);
            return (head(bin), head(bin));
        };
        let smallest = self.bk[bin];
        if size < smallest.size(kernel) {
            self.insert_size_before(kernel, chunk, largest);
            return (smallest, head(bin));
        }
        let mut fwd = largest;
        while size < fwd.size(kernel) {
            fwd = fd_nextsize(kernel, fwd);
        }
        if size == fwd.size(kernel) {
            // Always in the second place, so that the list of sizes need not change.
            fwd = self.fd(kernel, fwd);
        } else {
            self.insert_size_before(kernel, chunk, fwd);
        }
        (self.bk(kernel, fwd), fwd)
    }

    fn insert_size_before(&mut self, kernel: &mut Kernel, chunk: Chunk, next: Chunk) {
        let before = bk_nextsize(kernel, next);
        self.set_nextsize(kernel, chunk, next, before);
        kernel.write(next.0 + BK_NEXTSIZE, chunk.0.0);
        kernel.write(before.0 + FD_NEXTSIZE, chunk.0.0);
    }

    /// Finds the smallest chunk of a large bin that holds `size` (`_int_malloc`, the scan of the list of sizes).
    pub(crate) fn best_fit(&self, kernel: &Kernel, bin: usize, size: Bytes) -> Option<Chunk> {
        let largest = self.first(bin)?;
        if largest.size(kernel) < size {
            return None;
        }
        let mut victim = bk_nextsize(kernel, largest);
        let mut found = victim.size(kernel);
        while found < size {
            victim = bk_nextsize(kernel, victim);
            found = victim.size(kernel);
        }
        // Rather not the first of its size: the list of sizes would have to change.
        if victim != self.bk[bin] {
            let second = self.fd(kernel, victim);
            if second.size(kernel) == found {
                return Some(second);
            }
        }
        Some(victim)
    }

    /// Takes a chunk out of whatever list holds it (`unlink_chunk`).
    pub(crate) fn unlink(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) {
        let (fd, bk) = kernel.read_pair(chunk.0 + FD);
        let (fd, bk) = (Chunk(Address(fd)), Chunk(Address(bk)));
        self.uncount(size);
        self.set_bk(kernel, fd, bk);
        self.set_fd(kernel, bk, fd);
        if is_small(size) {
            return;
        }
        let (next, before) = kernel.read_pair(chunk.0 + FD_NEXTSIZE);
        let (next, before) = (Chunk(Address(next)), Chunk(Address(before)));
        if next.is_none() {
            return;
        }
        let is_first_of_next_size = as_head(fd).is_some() || !fd_nextsize(kernel, fd).is_none();
        if is_first_of_next_size {
            kernel.write(next.0 + BK_NEXTSIZE, before.0.0);
            kernel.write(before.0 + FD_NEXTSIZE, next.0.0);
        } else if next == chunk {
            self.set_nextsize(kernel, fd, fd, fd);
        } else {
            self.set_nextsize(kernel, fd, next, before);
            kernel.write(next.0 + BK_NEXTSIZE, fd.0.0);
            kernel.write(before.0 + FD_NEXTSIZE, fd.0.0);
        }
    }

    #[inline]
    fn link(&mut self, kernel: &mut Kernel, chunk: Chunk, bck: Chunk, fwd: Chunk) {
        kernel.write_run(chunk.0 + FD, [fwd.0.0, bck.0.0]);
        self.set_bk(kernel, fwd, chunk);
        self.set_fd(kernel, bck, chunk);
    }

    fn set_nextsize(&mut self, kernel: &mut Kernel, chunk: Chunk, next: Chunk, before: Chunk) {
        kernel.write_run(chunk.0 + FD_NEXTSIZE, [next.0.0, before.0.0]);
    }
}

fn fd_nextsize(kernel: &Kernel, chunk: Chunk) -> Chunk {
    Chunk(Address(kernel.read(chunk.0 + FD_NEXTSIZE)))
}

fn bk_nextsize(kernel: &Kernel, chunk: Chunk) -> Chunk {
    Chunk(Address(kernel.read(chunk.0 + BK_NEXTSIZE)))
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
