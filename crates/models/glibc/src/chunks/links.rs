//! The links of the lists: those of a bin, and those of the sizes in a large bin.

use super::{Chunks, Sizes};
use crate::chunk::Chunk;

impl Chunks {
    #[inline]
    pub(crate) fn fd(&self, chunk: Chunk) -> Chunk {
        self.record(chunk).fd
    }

    #[inline]
    pub(crate) fn bk(&self, chunk: Chunk) -> Chunk {
        self.record(chunk).bk
    }

    #[inline]
    pub(crate) fn set_fd(&mut self, chunk: Chunk, to: Chunk) {
        self.record_mut(chunk).fd = to;
    }

    #[inline]
    pub(crate) fn set_bk(&mut self, chunk: Chunk, to: Chunk) {
        self.record_mut(chunk).bk = to;
    }

    /// Puts a chunk between two members of a list that follow each other.
    #[inline]
    pub(crate) fn link(&mut self, chunk: Chunk, bck: Chunk, fwd: Chunk) {
        let record = self.record_mut(chunk);
        record.fd = fwd;
        record.bk = bck;
        self.record_mut(fwd).bk = chunk;
        self.record_mut(bck).fd = chunk;
    }

    #[inline]
    pub(crate) fn fd_nextsize(&self, chunk: Chunk) -> Chunk {
        self.sizes[chunk.0 as usize].fd_nextsize
    }

    #[inline]
    pub(crate) fn bk_nextsize(&self, chunk: Chunk) -> Chunk {
        self.sizes[chunk.0 as usize].bk_nextsize
    }

    /// Sets both neighbours of a chunk in the list of sizes.
    #[inline]
    pub(crate) fn set_nextsize(&mut self, chunk: Chunk, next: Chunk, before: Chunk) {
        self.sizes[chunk.0 as usize] = Sizes {
            fd_nextsize: next,
            bk_nextsize: before,
        };
    }

    /// Puts a chunk between two members of the list of sizes that follow each other.
    pub(crate) fn link_sizes(&mut self, chunk: Chunk, before: Chunk, next: Chunk) {
        self.set_nextsize(chunk, next, before);
        self.sizes[next.0 as usize].bk_nextsize = chunk;
        self.sizes[before.0 as usize].fd_nextsize = chunk;
    }

    /// Lets two members of the list of sizes follow each other.
    pub(crate) fn join_sizes(&mut self, before: Chunk, next: Chunk) {
        self.sizes[next.0 as usize].bk_nextsize = before;
        self.sizes[before.0 as usize].fd_nextsize = next;
    }
}
