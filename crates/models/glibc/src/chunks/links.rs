//! The links of the lists: those of a bin, and those of the sizes in a large bin.

use super::{Chunks, FLAGS, FREE, Record, Sizes};
use crate::chunk::Chunk;
use highwater_allocator::{Address, Bytes};

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

    /// Takes the last chunk, which is there, out of the list of a bin.
    #[inline]
    pub(crate) fn unlink_last(&mut self, head: Chunk) {
        let records = self.records.as_mut_slice();
        let victim = records[head.index()].bk;
        let before = records[victim.index()].bk;
        records[head.index()].bk = before;
        records[before.index()].fd = head;
    }

    /// Takes a chunk out of its list. Returns its size, and the chunk or head that followed it.
    #[inline]
    pub(crate) fn unlink(&mut self, chunk: Chunk) -> (Bytes, Chunk) {
        let records = self.records.as_mut_slice();
        let Record { head, fd, bk, .. } = records[chunk.index()];
        records[fd.index()].bk = bk;
        records[bk.index()].fd = fd;
        (Bytes(head & !FLAGS), fd)
    }

    #[inline]
    pub(crate) fn fd_nextsize(&self, chunk: Chunk) -> Chunk {
        self.sizes[chunk.index()].fd_nextsize
    }

    #[inline]
    pub(crate) fn bk_nextsize(&self, chunk: Chunk) -> Chunk {
        self.sizes[chunk.index()].bk_nextsize
    }

    /// Sets both neighbours of a chunk in the list of sizes.
    #[inline]
    pub(crate) fn set_nextsize(&mut self, chunk: Chunk, next: Chunk, before: Chunk) {
        self.sizes[chunk.index()] = Sizes {
            fd_nextsize: next,
            bk_nextsize: before,
        };
    }

    /// Puts a chunk between two members of the list of sizes that follow each other.
    pub(crate) fn link_sizes(&mut self, chunk: Chunk, before: Chunk, next: Chunk) {
        self.set_nextsize(chunk, next, before);
        self.sizes[next.index()].bk_nextsize = chunk;
        self.sizes[before.index()].fd_nextsize = chunk;
    }

    /// Lets two members of the list of sizes follow each other.
    pub(crate) fn join_sizes(&mut self, before: Chunk, next: Chunk) {
        self.sizes[next.index()].bk_nextsize = before;
        self.sizes[before.index()].fd_nextsize = next;
    }
}
