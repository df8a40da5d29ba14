//! Chunks with a mapping of their own.
//!
//! glibc 2.36, malloc/malloc.c: `sysmalloc_mmap`, `munmap_chunk`, `mremap_chunk`, and the dynamic threshold in
//! `__libc_free`.

use crate::arena::Call;
use crate::chunk::{Chunk, IS_MMAPPED, WORD};
use crate::params::MMAP_THRESHOLD_MAX;
use highwater_allocator::{Bytes, Decision};

impl Call<'_> {
    /// Maps a chunk of at least `size`.
    pub(crate) fn sysmalloc_mmap(&mut self, size: Bytes) -> Option<Chunk> {
        let length = (size + WORD).align_up(self.kernel.page_size());
        if length <= size {
            return None;
        }
        let chunk = Chunk(self.kernel.mmap(length).ok()?);
        chunk.set_prev_size(self.kernel, Bytes::ZERO);
        chunk.set_head(self.kernel, length, IS_MMAPPED);
        self.mapped.insert(chunk);
        self.log.record(Decision::Mapped { bytes: length });
        Some(chunk)
    }

    /// Frees a mapped chunk; one above the mmap threshold raises the thresholds, unless any was set by hand.
    pub(crate) fn free_mapped(&mut self, chunk: Chunk) {
        let size = chunk.size(self.kernel);
        // The real comparison takes the header with its flag. So a chunk of exactly the mmap threshold counts as above
        // it, and doubles the trim threshold, while one of exactly 32 MiB is too large.
        let with_flag = size + Bytes(IS_MMAPPED);
        if self.params.dynamic_threshold
            && with_flag > self.params.mmap_threshold
            && with_flag <= MMAP_THRESHOLD_MAX
        {
            let before = (self.params.mmap_threshold, self.params.trim_threshold);
            self.params.mmap_threshold = size;
            self.params.trim_threshold = size * 2;
            if before != (size, size * 2) {
                self.log.record(Decision::ThresholdRaised {
                    mmap_threshold: size,
                    trim_threshold: size * 2,
                });
            }
        }
        self.munmap_chunk(chunk);
    }

    /// Gives a mapped chunk back.
    pub(crate) fn munmap_chunk(&mut self, chunk: Chunk) {
        let lead = chunk.prev_size(self.kernel);
        let length = lead + chunk.size(self.kernel);
        self.mapped.remove(&chunk);
        self.kernel.munmap(chunk.0 - lead, length);
        self.log.record(Decision::Unmapped { bytes: length });
    }

    /// Grows or shrinks a mapped chunk to hold `size`; `None` where the kernel refuses.
    pub(crate) fn mremap_chunk(&mut self, chunk: Chunk, size: Bytes) -> Option<Chunk> {
        let lead = chunk.prev_size(self.kernel);
        let old = lead + chunk.size(self.kernel);
        let new = Bytes(size.0.wrapping_add(lead.0).wrapping_add(WORD.0))
            .align_up(self.kernel.page_size());
        if new == old {
            return Some(chunk);
        }
        let start = self.kernel.mremap(chunk.0 - lead, old, new).ok()?;
        let moved = Chunk(start + lead);
        moved.set_head(self.kernel, new - lead, IS_MMAPPED);
        self.mapped.remove(&chunk);
        self.mapped.insert(moved);
        Some(moved)
    }
}
