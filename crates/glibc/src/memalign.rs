//! `_int_memalign`: a chunk large enough to hold an aligned one, and what is left of it on either side freed.
//!
//! glibc 2.36, malloc/malloc.c: `_mid_memalign` and `_int_memalign`.

use crate::arena::Call;
use crate::chunk::{Chunk, HEADER, IS_MMAPPED, MIN_SIZE, PREV_INUSE, request_to_size};
use highwater_allocator::Bytes;

/// The alignment that is really used for one asked for, or `None` where the call fails. At most 16 is plain malloc.
pub(crate) fn effective_alignment(asked: Bytes) -> Option<Bytes> {
    let least = asked.max(MIN_SIZE);
    // Beyond the largest power of two there is none to round up to.
    least.0.checked_next_power_of_two().map(Bytes)
}

impl Call<'_> {
    /// A chunk for a request of `bytes` whose user address is a multiple of `alignment`, a power of two of at least 32.
    pub(crate) fn int_memalign(&mut self, alignment: Bytes, bytes: Bytes) -> Option<Chunk> {
        let size = request_to_size(bytes)?;
        // The real allocator lets this sum wrap around and then corrupts its heap; here the call fails.
        let padded = size.checked_add(alignment)?.checked_add(MIN_SIZE)?;
        let mut chunk = self.int_malloc(padded)?;
        if chunk.user().offset_in(alignment) > Bytes::ZERO {
            let mut aligned = Chunk(chunk.user().align_up(alignment) - HEADER);
            if aligned.0 - chunk.0 < MIN_SIZE {
                aligned = aligned.at(alignment);
            }
            let lead = aligned.0 - chunk.0;
            let left = chunk.size(self.kernel) - lead;
            if chunk.is_mmapped(self.kernel) {
                self.shift_mapped(chunk, aligned, lead, left);
                return Some(aligned);
            }
            aligned.set_head(self.kernel, left, PREV_INUSE);
            aligned.at(left).set_prev_inuse(self.kernel);
            chunk.set_size(self.kernel, lead, 0);
            self.int_free(chunk);
            chunk = aligned;
        }
        if !chunk.is_mmapped(self.kernel) {
            let whole = chunk.size(self.kernel);
            if whole > size + MIN_SIZE {
                let (rest, rest_size) = (chunk.at(size), whole - size);
                rest.set_head(self.kernel, rest_size, PREV_INUSE);
                chunk.set_size(self.kernel, size, 0);
                self.int_free(rest);
            }
        }
        Some(chunk)
    }

    /// A mapped chunk gives nothing back: it remembers how far its start lies from the mapping's.
    fn shift_mapped(&mut self, chunk: Chunk, aligned: Chunk, lead: Bytes, left: Bytes) {
        let offset = chunk.prev_size(self.kernel) + lead;
        aligned.set_prev_size(self.kernel, offset);
        aligned.set_head(self.kernel, left, IS_MMAPPED);
        self.mapped.remove(&chunk);
        self.mapped.insert(aligned);
    }
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
