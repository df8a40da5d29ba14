//! `_int_realloc`: a chunk of a heap grows in place where it can, and moves where it can't.
//!
//! glibc 2.36, malloc/malloc.c.

use crate::arena::Call;
use crate::chunk::{ALIGNMENT, Chunk, MIN_SIZE, PREV_INUSE};
use crate::mapped::usable;
use highwater_allocator::Bytes;

impl Call<'_> {
    /// Makes the chunk hold `size`; `None` where there is no memory, and the chunk then stays as it was.
    pub(crate) fn int_realloc(&mut self, chunk: Chunk, size: Bytes) -> Option<Chunk> {
        let old_size = chunk.size(self.kernel);
        if old_size >= size {
            self.give_back_tail(chunk, old_size, size);
            return Some(chunk);
        }
        let next = chunk.at(old_size);
        let next_size = next.size(self.kernel);
        let joined = old_size + next_size;
        if next == self.arena.top {
            if joined >= size + MIN_SIZE {
                chunk.set_size(self.kernel, size, 0);
                self.arena.top = chunk.at(size);
                self.arena
                    .top
                    .set_head(self.kernel, joined - size, PREV_INUSE);
                return Some(chunk);
            }
        } else if joined >= size && !next.in_use(self.kernel, next_size) {
            self.arena.bins.unlink(self.kernel, next, next_size);
            self.give_back_tail(chunk, joined, size);
            return Some(chunk);
        }
        // The request that yields `size` again when it is padded.
        let new = self.int_malloc(size - (ALIGNMENT - Bytes(1)))?;
        if new == next {
            let whole = old_size + new.size(self.kernel);
            self.give_back_tail(chunk, whole, size);
            return Some(chunk);
        }
        let copied = usable(self.kernel, self.shared.rules, chunk);
        self.kernel.touch(new.user(), copied);
        self.int_free(chunk);
        Some(new)
    }

    /// Ends a chunk of `whole` bytes at `size` and frees what is beyond, where that makes a chunk.
    fn give_back_tail(&mut self, chunk: Chunk, whole: Bytes, size: Bytes) {
        if whole - size < MIN_SIZE {
            chunk.set_size(self.kernel, whole, 0);
            chunk.at(whole).set_prev_inuse(self.kernel);
            return;
        }
        let (rest, rest_size) = (chunk.at(size), whole - size);
        chunk.set_size(self.kernel, size, 0);
        rest.set_head(self.kernel, rest_size, PREV_INUSE | self.arena.mark);
        rest.at(rest_size).set_prev_inuse(self.kernel);
        self.int_free(rest);
    }
}
