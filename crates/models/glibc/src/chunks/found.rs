//! Chunks found by where they begin.

use super::{Chunks, SMALLEST_PAGE};
use crate::chunk::{Chunk, WORD, start_of};
use crate::starts::is_beside;
use highwater_allocator::{Address, Bytes, Kernel};

impl Chunks {
    /// The chunk that begins at an address; any or none where no chunk does.
    #[inline]
    pub(crate) fn find(&self, start: Address) -> Chunk {
        self.starts.get(start)
    }

    /// The chunk that a user address belongs to.
    #[inline]
    pub(crate) fn of_user(&self, user: Address) -> Chunk {
        self.find(start_of(user))
    }

    /// A chunk begins `size` bytes above another, and its header is written.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(super) fn begin(&mut self, kernel: &mut Kernel, start: Address, size: Bytes, chunk: Chunk) {
        self.set_start(kernel, start, chunk);
        if start.0 ^ (start - size).0 >= SMALLEST_PAGE {
            kernel.touch_word(start + WORD);
        }
    }

    /// From now on a chunk is found where it begins.
    #[inline]
    pub(super) fn set_start(&mut self, kernel: &Kernel, start: Address, chunk: Chunk) {
        if !self.starts.set(start, chunk) {
            self.add_start(kernel, start, chunk);
        }
    }

    #[inline(never)]
    fn add_start(&mut self, kernel: &Kernel, start: Address, chunk: Chunk) {
        let Some(only) = self.starts.only_in_page(start) else {
            return self.starts.add(kernel, start, chunk);
        };
        let there = &self.records[only.index()];
        // Every chunk has a size; what has none is no chunk any more.
        if there.head != 0 && is_beside(there.start, start) {
            let one = (there.start, *only);
            self.starts.split(one, (start, chunk));
        } else {
            *only = chunk;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_kernel::Config;

    #[test]
    fn a_chunk_is_found_however_many_begin_in_its_page() {
        let mut kernel = Kernel::new(Config::default()).expect("the defaults are in order");
        let start = kernel.sbrk(1 << 20).expect("there is room");
        let mut chunks = Chunks::new();
        let bottom = chunks.add(&mut kernel, start, Bytes::mib(1), true);
        // One in a page, then one in another place of the page, then many, then one again.
        for size in [4096, 4096 + 64, 48, 8192].map(Bytes) {
            let mut cut = vec![bottom];
            while let Some(&top) = cut.last()
                && chunks.size(top) > size * 2
            {
                cut.push(chunks.cut(&mut kernel, top, size));
            }
            for chunk in &cut {
                assert_eq!(chunks.find(chunks.start(*chunk)), *chunk, "of {size}");
            }
            for chunk in &cut[1..] {
                chunks.join(bottom, *chunk);
            }
        }
    }
}
