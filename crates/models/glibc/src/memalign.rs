//! `_int_memalign`: a chunk large enough to hold an aligned one, and what is left of it on either side given back.
//!
//! glibc 2.36, 2.41 and 2.43, malloc/malloc.c: `_mid_memalign` and `_int_memalign`.

use crate::call::Call;
use crate::chunk::{Chunk, MIN_SIZE, request_to_size, start_of, user_of};
use crate::rules::Memalign;
use highwater_allocator::{Address, Bytes};

/// The alignment that is really used for one asked for, or `None` where the call fails. At most 16 is plain malloc.
pub(crate) fn effective_alignment(asked: Bytes) -> Option<Bytes> {
    let least = asked.max(MIN_SIZE);
    // Beyond the largest power of two there is none to round up to.
    least.0.checked_next_power_of_two().map(Bytes)
}

impl Call<'_> {
    /// A block for a request of `bytes` whose address is a multiple of `alignment`, a power of two of at least 32.
    pub(crate) fn int_memalign(&mut self, alignment: Bytes, bytes: Bytes) -> Option<Address> {
        let size = request_to_size(bytes)?;
        // Some releases let this sum wrap around and then corrupt the heap; here the call fails, as it does in the others.
        let padded = size.checked_add(alignment)?.checked_add(MIN_SIZE)?;
        let block = self.int_malloc(padded)?;
        let mut chunk = self.chunks.of_user(block);
        if self.chunks.is_mmapped(chunk) {
            chunk = self.align_mapped(chunk, alignment);
        } else {
            chunk = self.cut_lead(chunk, alignment);
            self.cut_tail(chunk, size);
        }
        Some(self.chunks.user(chunk))
    }

    /// A mapped chunk gives nothing back: it remembers how far its start lies from the mapping's.
    fn align_mapped(&mut self, chunk: Chunk, alignment: Bytes) -> Chunk {
        let old = self.chunks.start(chunk);
        let aligned = match self.shared.rules.memalign {
            Memalign::Freed | Memalign::Merged => aligned_in(old, alignment),
            Memalign::Shifted => start_of(user_of(old).align_up(alignment)),
        };
        if aligned == old {
            return chunk;
        }
        let (start, length) = self.mapping_of(chunk);
        self.chunks.remove_mapped(chunk);
        self.set_mapped(start, length, aligned - start)
    }

    /// Gives back what lies before the first aligned place.
    fn cut_lead(&mut self, chunk: Chunk, alignment: Bytes) -> Chunk {
        let start = self.chunks.start(chunk);
        let lead = aligned_in(start, alignment) - start;
        if lead == Bytes::ZERO {
            return chunk;
        }
        let aligned = self.chunks.cut(self.kernel, chunk, lead);
        match self.shared.rules.memalign {
            Memalign::Freed => self.int_free(chunk),
            Memalign::Merged | Memalign::Shifted => self.merge_and_trim(chunk),
        }
        aligned
    }

    /// Gives back what lies beyond `size`.
    fn cut_tail(&mut self, chunk: Chunk, size: Bytes) {
        let rest_size = self.chunks.size(chunk) - size;
        if self.shared.rules.memalign == Memalign::Freed {
            if rest_size > MIN_SIZE {
                let rest = self.chunks.cut(self.kernel, chunk, size);
                self.int_free(rest);
            }
            return;
        }
        let next = self.chunks.above(chunk);
        let cuts = rest_size >= MIN_SIZE
            || (self.shared.rules.memalign == Memalign::Merged
                && rest_size > Bytes::ZERO
                && (next == self.arena.top || self.chunks.is_free(next)));
        if cuts {
            let rest = self.chunks.cut(self.kernel, chunk, size);
            self.free_rest(rest);
        }
    }
}

/// The first place from a chunk's start on where an aligned one may begin.
fn aligned_in(start: Address, alignment: Bytes) -> Address {
    let aligned = start_of(user_of(start).align_up(alignment));
    if aligned != start && aligned - start < MIN_SIZE {
        return aligned + alignment;
    }
    aligned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignments_are_rounded_up_to_a_power_of_two() {
        for (asked, used) in [(17, 32), (48, 64), (4096, 4096), (1 << 63, 1 << 63)] {
            assert_eq!(effective_alignment(Bytes(asked)), Some(Bytes(used)));
        }
        assert_eq!(effective_alignment(Bytes((1 << 63) + 1)), None);
    }
}
