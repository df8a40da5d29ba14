//! The links of the lists: those of a bin, and those of the sizes in a large bin.

use super::{Chunks, FLAGS, FREE, LEADS, Record, Sizes};
use crate::chunk::Chunk;
use highwater_allocator::{Address, Bytes, Kernel};

impl Chunks {
    #[inline]
    pub(crate) fn fd(&self, chunk: Chunk) -> Chunk {
        self.record(chunk).fd
    }

    #[inline]
    pub(crate) fn bk(&self, chunk: Chunk) -> Chunk {
        self.record(chunk).bk
    }

    /// Puts a chunk between two members of a list that follow each other.
    #[inline]
    pub(crate) fn link(&mut self, chunk: Chunk, bck: Chunk, fwd: Chunk) {
        let records = self.records.as_mut_slice();
        records[fwd.index()].bk = chunk;
        records[bck.index()].fd = chunk;
        let record = &mut records[chunk.index()];
        record.fd = fwd;
        record.bk = bck;
    }

    /// Puts a chunk first in the list of a bin, and marks it as free. Returns where it begins, and its size.
    #[inline]
    pub(crate) fn link_first(&mut self, chunk: Chunk, head: Chunk) -> (Address, Bytes) {
        let records = self.records.as_mut_slice();
        let fwd = std::mem::replace(&mut records[head.index()].fd, chunk);
        records[fwd.index()].bk = chunk;
        let record = &mut records[chunk.index()];
        record.fd = fwd;
        record.bk = head;
        let size = record.head & !FLAGS;
        record.head |= FREE;
        (record.start, Bytes(size))
    }

    /// Ends a chunk in use at `size`, and puts the rest, whose header that writes, first in the list of a bin. Returns where the
    /// rest begins, and its size.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn split(
        &mut self,
        kernel: &mut Kernel,
        chunk: Chunk,
        size: Bytes,
        bin: Chunk,
    ) -> (Address, Bytes) {
        let rest = self.new_number();
        let records = self.records.as_mut_slice();
        let fwd = std::mem::replace(&mut records[bin.index()].fd, rest);
        records[fwd.index()].bk = rest;
        let record = &mut records[chunk.index()];
        let (start, head) = (record.start + size, record.head - size.0);
        let above = std::mem::replace(&mut record.above, rest);
        record.head = size.0 | (head & FLAGS);
        records[above.index()].below = rest;
        records[rest.index()] = Record {
            start,
            head: head | FREE,
            below: chunk,
            above,
            fd: fwd,
            bk: bin,
        };
        self.begin(kernel, start, size, rest);
        (start, Bytes(head & !FLAGS))
    }

    /// Where a member of a list begins, its size, and the member before it.
    #[inline]
    pub(crate) fn member(&self, chunk: Chunk) -> (Address, Bytes, Chunk) {
        let record = self.record(chunk);
        (record.start, Bytes(record.head & !FLAGS), record.bk)
    }

    /// Ends the list of a bin with one of its members: those behind it are in the list no more.
    #[inline]
    pub(crate) fn end_list(&mut self, head: Chunk, last: Chunk) {
        self.record_mut(head).bk = last;
        self.record_mut(last).fd = head;
    }

    /// Takes the last chunk, which is there and in no list of sizes, out of the list of a bin, and marks it as in use.
    #[inline]
    pub(crate) fn unlink_last(&mut self, head: Chunk) {
        let records = self.records.as_mut_slice();
        let victim = records[head.index()].bk;
        let victim = &mut records[victim.index()];
        let before = victim.bk;
        victim.head &= !FREE;
        records[head.index()].bk = before;
        records[before.index()].fd = head;
    }

    /// Takes a chunk out of its bin, and marks it as in use. Returns its size.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn unlink(&mut self, chunk: Chunk) -> Bytes {
        let records = self.records.as_mut_slice();
        let record = &mut records[chunk.index()];
        let Record { head, fd, bk, .. } = *record;
        record.head = head & !(FREE | LEADS);
        records[fd.index()].bk = bk;
        records[bk.index()].fd = fd;
        let size = Bytes(head & !FLAGS);
        // Where it was the only chunk of its bin, there is no list of sizes left.
        if head & LEADS != 0 && fd != bk {
            self.unlink_size(chunk, size, fd);
        }
        size
    }

    /// Takes a chunk out of its bin and joins it with a neighbour that is in none. The lower of both remains and is in use. Returns
    /// the size of the chunk that was in the bin.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn merge(&mut self, free: Chunk, (lower, upper): (Chunk, Chunk)) -> Bytes {
        let spare = std::mem::replace(&mut self.spare, upper);
        let records = self.records.as_mut_slice();
        let Record { head, fd, bk, .. } = records[free.index()];
        records[fd.index()].bk = bk;
        records[bk.index()].fd = fd;
        let gone = &mut records[upper.index()];
        let (added, above) = (gone.head & !FLAGS, gone.above);
        gone.head = 0;
        gone.fd = spare;
        let record = &mut records[lower.index()];
        record.head = (record.head & !(FREE | LEADS)) + added;
        record.above = above;
        records[above.index()].below = lower;
        let size = Bytes(head & !FLAGS);
        if head & LEADS != 0 && fd != bk {
            self.unlink_size(free, size, fd);
        }
        size
    }

    /// Takes a chunk out of the list of sizes, in which the chunk that followed it takes its place if it has the same size.
    #[inline(never)]
    fn unlink_size(&mut self, chunk: Chunk, size: Bytes, fd: Chunk) {
        let Sizes {
            fd_nextsize: next,
            bk_nextsize: before,
        } = self.sizes[chunk.index()];
        if self.size(fd) != size {
            self.sizes[next.index()].bk_nextsize = before;
            self.sizes[before.index()].fd_nextsize = next;
        } else if next == chunk {
            self.lead_alone(fd);
        } else {
            self.link_sizes(fd, before, next);
        }
    }

    #[inline]
    pub(crate) fn fd_nextsize(&self, chunk: Chunk) -> Chunk {
        self.sizes[chunk.index()].fd_nextsize
    }

    #[inline]
    pub(crate) fn bk_nextsize(&self, chunk: Chunk) -> Chunk {
        self.sizes[chunk.index()].bk_nextsize
    }

    /// Makes a chunk, the only one of its bin, the first of its size. Its place in the list of sizes is not written yet.
    #[inline]
    pub(crate) fn begin_size(&mut self, chunk: Chunk) {
        self.record_mut(chunk).head |= LEADS;
    }

    /// Makes a chunk the only one in the list of sizes of its bin.
    pub(crate) fn lead_alone(&mut self, chunk: Chunk) {
        self.record_mut(chunk).head |= LEADS;
        self.sizes[chunk.index()] = Sizes {
            fd_nextsize: chunk,
            bk_nextsize: chunk,
        };
    }

    /// Puts a chunk between two members of the list of sizes that follow each other.
    pub(crate) fn link_sizes(&mut self, chunk: Chunk, before: Chunk, next: Chunk) {
        self.record_mut(chunk).head |= LEADS;
        self.sizes[chunk.index()] = Sizes {
            fd_nextsize: next,
            bk_nextsize: before,
        };
        self.sizes[next.index()].bk_nextsize = chunk;
        self.sizes[before.index()].fd_nextsize = chunk;
    }
}
