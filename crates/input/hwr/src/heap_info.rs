//! What glibc's heaps of thread arenas begin with. The recorder knows them by it, and so does the command that measures a process
//! from outside: both look at memory that is not theirs.

/// Heaps begin at multiples of this (`HEAP_MAX_SIZE` in malloc/arena.c, on 64 bits), and what of them is not in use yet reaches
/// to the next multiple.
pub const HEAP_SPAN: u64 = 64 << 20;

/// Whether what lies at the beginning of a mapping can be the description of a heap (`heap_info` in malloc/arena.c): its arena,
/// the heap before it, its size, and how much of it may be read. Other memory may lie in the same places, such as the heap of Go.
pub fn is_heap_info(bytes: &[u8; 32]) -> bool {
    /// Bytes of the smallest page.
    const PAGE: u64 = 4096;
    let word = |at: usize| {
        let word = bytes.get(at * 8..).and_then(|rest| rest.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word))
    };
    let (size, readable) = (word(2), word(3));
    word(0) != 0
        && word(1).is_multiple_of(HEAP_SPAN)
        && (1..=readable).contains(&size)
        && readable <= HEAP_SPAN
        && readable.is_multiple_of(PAGE)
}

#[cfg(test)]
mod tests {
    use super::{HEAP_SPAN, is_heap_info};

    #[test]
    fn a_heap_is_known_by_what_lies_at_its_beginning() {
        let is = |words: [u64; 4]| {
            let mut bytes = [0; 32];
            for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
                place.copy_from_slice(&word.to_le_bytes());
            }
            is_heap_info(&bytes)
        };
        for words in [
            [0x7f00_0000_0030, 0, 0x21000, 0x21000],
            [0x7f00_0000_0030, 5 * HEAP_SPAN, 4096, HEAP_SPAN],
        ] {
            assert!(is(words), "{words:?}");
        }
        for words in [
            [0; 4],
            [0x7f00_0000_0030, 8, 0x21000, 0x21000],
            [1, 0, 0x21000, 0x20000],
            [1, 0, 0x21000, 0x21001],
            [1, 0, 1, 2 * HEAP_SPAN],
        ] {
            assert!(!is(words), "{words:?}");
        }
    }
}
