//! `_int_realloc`: a chunk of a heap grows in place where it can, and moves where it can't.
//!
//! glibc 2.36, malloc/malloc.c.

use crate::call::Call;
use crate::chunk::{ALIGNMENT, Chunk, MIN_SIZE};
use crate::mapped::usable;
use highwater_allocator::{Address, Bytes};

impl Call<'_> {
    /// Makes the chunk, which has `old_size`, hold `size`; `None` where there is no memory, and the chunk then stays as it was.
    pub(crate) fn int_realloc(
        &mut self,
        chunk: Chunk,
        old_size: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        let user = self.chunks.user(chunk);
        let in_place = match old_size >= size {
            true => Some(old_size),
            false => self.grow_into_next(chunk, old_size, size),
        };
        if let Some(whole) = in_place {
            self.give_back_tail(chunk, whole, size);
            return Some(user);
        }
        if self.chunks.above(chunk) == self.arena.top && self.grow_into_top(chunk, old_size, size) {
            return Some(user);
        }
        // The request that yields `size` again when it is padded.
        let new = self.int_malloc(size - (ALIGNMENT - Bytes(1)))?;
        if new == user + old_size {
            let next = self.chunks.above(chunk);
            let whole = old_size + self.chunks.size(next);
            self.chunks.join(chunk, next);
            self.give_back_tail(chunk, whole, size);
            return Some(user);
        }
        let copied = usable(self.chunks, self.shared.rules, chunk);
        self.kernel.copy(user, new, copied);
        self.int_free(chunk);
        Some(new)
    }

    /// Adds to a chunk the one above it, where that is free and makes it large enough. Returns its size then.
    fn grow_into_next(&mut self, chunk: Chunk, old_size: Bytes, size: Bytes) -> Option<Bytes> {
        let next = self.chunks.above(chunk);
        let whole = old_size + self.chunks.size(next);
        if !self.chunks.is_free(next) || whole < size {
            return None;
        }
        (self.arena.bins).merge(self.chunks, next, (chunk, next));
        Some(whole)
    }

    /// Moves the start of the top, which is above the chunk, where that leaves a top.
    fn grow_into_top(&mut self, chunk: Chunk, old_size: Bytes, size: Bytes) -> bool {
        let grows = old_size + self.top_size() >= size + MIN_SIZE;
        if grows {
            self.chunks.join(chunk, self.arena.top);
            self.arena.top = self.chunks.cut(self.kernel, chunk, size);
        }
        grows
    }

    /// Ends a chunk, which has the size `whole`, at `size` and frees what is beyond, where that makes a chunk.
    fn give_back_tail(&mut self, chunk: Chunk, whole: Bytes, size: Bytes) {
        if whole - size >= MIN_SIZE {
            let rest = self.chunks.cut(self.kernel, chunk, size);
            self.int_free(rest);
        }
    }
}
