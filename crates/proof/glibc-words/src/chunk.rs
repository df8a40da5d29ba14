//! A chunk: the unit in which glibc cuts memory, and the header that says what it is.
//!
//! Layout and names: glibc 2.36, malloc/malloc.c, `struct malloc_chunk` and the macros that follow it. The header lives
//! in simulated memory: reading a field reads the word there, writing one makes its page resident.

use highwater_allocator::{Address, Bytes, Kernel};

/// Bytes of one header word.
pub(crate) const WORD: Bytes = Bytes(8);
/// Bytes of a chunk's header.
pub(crate) const HEADER: Bytes = Bytes(16);
/// What every chunk and every user address is a multiple of.
pub(crate) const ALIGNMENT: Bytes = Bytes(16);
/// The smallest chunk.
pub(crate) const MIN_SIZE: Bytes = Bytes(32);
/// Header and the four links of a free chunk of a large bin (`sizeof (struct malloc_chunk)`).
pub(crate) const FREE_HEADER: Bytes = Bytes(48);

/// The chunk below is in use.
pub(crate) const PREV_INUSE: u64 = 1;
/// The chunk has a mapping of its own.
pub(crate) const IS_MMAPPED: u64 = 2;
/// The chunk belongs to another arena than the main one.
pub(crate) const NON_MAIN_ARENA: u64 = 4;
const FLAGS: u64 = PREV_INUSE | IS_MMAPPED | NON_MAIN_ARENA;

/// The largest request: PTRDIFF_MAX.
const MAX_REQUEST: u64 = i64::MAX as u64;

/// A chunk, named by its address.
///
/// The heads of an arena's bins take part in the same linked lists as chunks do. They are no memory of the heap, so they
/// get addresses below the first page, which no chunk can have: the index of the bin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Chunk(pub(crate) Address);

/// The size of the chunk that serves a request, or `None` for a request no chunk can serve (`checked_request2size`).
#[inline]
pub(crate) fn request_to_size(request: Bytes) -> Option<Bytes> {
    (request.0 <= MAX_REQUEST).then(|| {
        (request + WORD + ALIGNMENT - Bytes(1))
            .align_down(ALIGNMENT)
            .max(MIN_SIZE)
    })
}

/// The size in a header word, without the flags beside it.
#[inline]
pub(crate) fn size_of_head(head: u64) -> Bytes {
    Bytes(head & !FLAGS)
}

impl Chunk {
    /// No chunk: the end of a list, or the top of an arena that has none yet.
    pub(crate) const NONE: Self = Self(Address::NULL);

    /// The chunk that a user address belongs to (`mem2chunk`).
    #[inline]
    pub(crate) fn of_user(user: Address) -> Self {
        Self(user - HEADER)
    }

    /// The address the program gets (`chunk2mem`).
    #[inline]
    pub(crate) fn user(self) -> Address {
        self.0 + HEADER
    }

    /// What lies `distance` above this chunk's start, taken as a chunk.
    #[inline]
    pub(crate) fn at(self, distance: Bytes) -> Self {
        Self(self.0 + distance)
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self.0.is_null()
    }

    #[inline]
    pub(crate) fn head(self, kernel: &Kernel) -> u64 {
        kernel.read(self.0 + WORD)
    }

    /// The size, without the flags beside it.
    #[inline]
    pub(crate) fn size(self, kernel: &Kernel) -> Bytes {
        size_of_head(self.head(kernel))
    }

    /// Both words of the header: the size of the chunk below, where that is free, and this one's size with its flags.
    #[inline]
    pub(crate) fn header(self, kernel: &Kernel) -> (Bytes, u64) {
        let (below, head) = kernel.read_pair(self.0);
        (Bytes(below), head)
    }

    /// Writes both words of the header.
    #[inline]
    pub(crate) fn set_header(self, kernel: &mut Kernel, below: Bytes, head: u64) {
        kernel.write_run(self.0, [below.0, head]);
    }

    /// Size and whether the chunk below is in use, for one read of the header.
    #[inline]
    pub(crate) fn size_and_prev_inuse(self, kernel: &Kernel) -> (Bytes, bool) {
        let head = self.head(kernel);
        (size_of_head(head), head & PREV_INUSE != 0)
    }

    #[inline]
    pub(crate) fn is_mmapped(self, kernel: &Kernel) -> bool {
        self.head(kernel) & IS_MMAPPED != 0
    }

    #[inline]
    pub(crate) fn prev_inuse(self, kernel: &Kernel) -> bool {
        self.head(kernel) & PREV_INUSE != 0
    }

    /// Whether this chunk, of size `size`, is in use: the flag stands in the next one's header.
    #[inline]
    pub(crate) fn in_use(self, kernel: &Kernel, size: Bytes) -> bool {
        self.at(size).prev_inuse(kernel)
    }

    /// Writes size and flags (`set_head`).
    #[inline]
    pub(crate) fn set_head(self, kernel: &mut Kernel, size: Bytes, flags: u64) {
        kernel.write(self.0 + WORD, size.0 | flags);
    }

    /// Writes the size and leaves the flags (`set_head_size`), adding `flags`.
    #[inline]
    pub(crate) fn set_size(self, kernel: &mut Kernel, size: Bytes, flags: u64) {
        let kept = self.head(kernel) & FLAGS;
        self.set_head(kernel, size, kept | flags);
    }

    /// Adds flags to the header.
    #[inline]
    pub(crate) fn set_flags(self, kernel: &mut Kernel, flags: u64) {
        let head = self.head(kernel);
        kernel.write(self.0 + WORD, head | flags);
    }

    /// Says that the chunk below this one is in use.
    #[inline]
    pub(crate) fn set_prev_inuse(self, kernel: &mut Kernel) {
        self.set_flags(kernel, PREV_INUSE);
    }

    /// The size of the chunk below, valid while that is free; in a mapped chunk the offset from its mapping's start.
    #[inline]
    pub(crate) fn prev_size(self, kernel: &Kernel) -> Bytes {
        Bytes(kernel.read(self.0))
    }

    #[inline]
    pub(crate) fn set_prev_size(self, kernel: &mut Kernel, size: Bytes) {
        kernel.write(self.0, size.0);
    }

    /// Repeats the size of this free chunk at its end (`set_foot`).
    #[inline]
    pub(crate) fn set_foot(self, kernel: &mut Kernel, size: Bytes) {
        self.at(size).set_prev_size(kernel, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_padded_and_rounded() {
        let sizes = [
            (0, 32),
            (24, 32),
            (25, 48),
            (40, 48),
            (41, 64),
            (1032, 1040),
            (1033, 1056),
        ];
        for (request, size) in sizes {
            assert_eq!(request_to_size(Bytes(request)), Some(Bytes(size)));
        }
        assert!(request_to_size(Bytes(MAX_REQUEST)).is_some());
        assert_eq!(request_to_size(Bytes(MAX_REQUEST + 1)), None);
        assert_eq!(request_to_size(Bytes(u64::MAX)), None);
    }
}
