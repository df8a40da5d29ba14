//! `_int_memalign`: a chunk large enough to hold an aligned one, and what is left of it on either side given back.
//!
//! glibc 2.36, 2.41 and 2.43, malloc/malloc.c: `_mid_memalign` and `_int_memalign`.

use crate::arena::Call;
use crate::chunk::{Chunk, HEADER, MIN_SIZE, PREV_INUSE, request_to_size};
use crate::rules::Memalign;
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
        // Some releases let this sum wrap around and then corrupt the heap; here the call fails, as it does in the others.
        let padded = size.checked_add(alignment)?.checked_add(MIN_SIZE)?;
        let chunk = self.int_malloc(padded)?;
        if chunk.is_mmapped(self.kernel) {
            return Some(self.align_mapped(chunk, alignment));
        }
        let chunk = self.cut_lead(chunk, alignment);
        self.cut_tail(chunk, size);
        Some(chunk)
    }

    /// The first place above a chunk's start where an aligned one may begin.
    fn aligned_in(&self, chunk: Chunk, alignment: Bytes) -> Chunk {
        let aligned = Chunk(chunk.user().align_up(alignment) - HEADER);
        if aligned != chunk && aligned.0 - chunk.0 < MIN_SIZE {
            return aligned.at(alignment);
        }
        aligned
    }

    /// A mapped chunk gives nothing back: it remembers how far its start lies from the mapping's.
    fn align_mapped(&mut self, chunk: Chunk, alignment: Bytes) -> Chunk {
        let aligned = match self.shared.rules.memalign {
            Memalign::Freed | Memalign::Merged => self.aligned_in(chunk, alignment),
            Memalign::Shifted => Chunk(chunk.user().align_up(alignment) - HEADER),
        };
        if aligned == chunk {
            return chunk;
        }
        let (start, length) = self.mapping_of(chunk);
        self.shared.mapped.remove(&chunk);
        self.set_mapped(start, length, aligned.0 - start)
    }

    /// Gives back what lies before the first aligned place.
    fn cut_lead(&mut self, chunk: Chunk, alignment: Bytes) -> Chunk {
        let aligned = self.aligned_in(chunk, alignment);
        if aligned == chunk {
            return chunk;
        }
        let lead = aligned.0 - chunk.0;
        let left = chunk.size(self.kernel) - lead;
        aligned.set_head(self.kernel, left, PREV_INUSE | self.arena.mark);
        aligned.at(left).set_prev_inuse(self.kernel);
        chunk.set_size(self.kernel, lead, 0);
        match self.shared.rules.memalign {
            Memalign::Freed => self.int_free(chunk),
            Memalign::Merged | Memalign::Shifted => {
                let header = chunk.header(self.kernel);
                self.merge_and_trim(chunk, header);
            }
        }
        aligned
    }

    /// Gives back what lies beyond `size`.
    fn cut_tail(&mut self, chunk: Chunk, size: Bytes) {
        let whole = chunk.size(self.kernel);
        let (rest, rest_size) = (chunk.at(size), whole - size);
        if self.shared.rules.memalign == Memalign::Freed {
            if rest_size > MIN_SIZE {
                rest.set_head(self.kernel, rest_size, PREV_INUSE | self.arena.mark);
                chunk.set_size(self.kernel, size, 0);
                self.int_free(rest);
            }
            return;
        }
        let next = chunk.at(whole);
        let cuts = rest_size >= MIN_SIZE
            || (self.shared.rules.memalign == Memalign::Merged
                && rest_size > Bytes::ZERO
                && (next == self.arena.top || !next.in_use(self.kernel, next.size(self.kernel))));
        if cuts {
            chunk.set_size(self.kernel, size, 0);
            let sorted = self.shared.rules.small_frees_sorted;
            let merged = self.create_free(rest, rest_size, next, sorted);
            self.maybe_trim(merged);
        }
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
