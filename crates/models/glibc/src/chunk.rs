//! A chunk: the unit in which glibc cuts memory, its sizes, and what is written where in it.
//!
//! Layout and names: glibc 2.36, malloc/malloc.c, `struct malloc_chunk` and the macros that follow it.

use highwater_allocator::{Address, Bytes};

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

/// The largest request: PTRDIFF_MAX.
const MAX_REQUEST: u64 = i64::MAX as u64;

/// A chunk, named by the number of its record (see [`crate::chunks`]). The heads of the bins have numbers as well, for they
/// take part in the same lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chunk(pub(crate) u32);

impl Chunk {
    /// No chunk: the end of a list, the neighbour that does not exist, or the top of an arena that has none yet.
    pub(crate) const NONE: Self = Self(0);

    /// Where its record lies in the table.
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// The size of the chunk that serves a request, or `None` for a request no chunk can serve (`checked_request2size`).
#[inline]
pub(crate) fn request_to_size(request: Bytes) -> Option<Bytes> {
    (request.0 <= MAX_REQUEST).then(|| {
        (request + WORD + ALIGNMENT - Bytes(1))
            .align_down(ALIGNMENT)
            .max(MIN_SIZE)
    })
}

/// The address the program gets for a chunk at `start` (`chunk2mem`).
#[inline]
pub(crate) fn user_of(start: Address) -> Address {
    start + HEADER
}

/// Where the chunk begins that a user address belongs to (`mem2chunk`).
#[inline]
pub(crate) fn start_of(user: Address) -> Address {
    user - HEADER
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
