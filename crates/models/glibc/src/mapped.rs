//! Chunks with a mapping of their own.
//!
//! glibc 2.36, malloc/malloc.c: `sysmalloc_mmap`, `munmap_chunk`, `mremap_chunk`, and the dynamic threshold in
//! `__libc_free`.

use crate::call::Call;
use crate::chunk::{Chunk, HEADER, WORD};
use crate::chunks::Chunks;
use crate::params::MMAP_THRESHOLD_MAX;
use crate::rules::{MappedLayout, Rules};
use highwater_allocator::{Address, Bytes, Decision};

impl MappedLayout {
    /// Bytes of the mapping beyond the chunk's size and what lies before it.
    pub(crate) fn tail(self) -> Bytes {
        match self {
            Self::ToTheEnd => Bytes::ZERO,
            Self::LikeAHeap => HEADER,
        }
    }

    /// Bytes that a mapping must have beyond the size of a chunk of a heap.
    fn beyond(self) -> Bytes {
        match self {
            Self::ToTheEnd => WORD,
            Self::LikeAHeap => HEADER,
        }
    }
}

/// `IS_MMAPPED`, as it stands in the header of a mapped chunk.
const FLAG: Bytes = Bytes(2);

/// Where the mapping of a mapped chunk begins, and its length (`mmap_base`, `mmap_size`).
pub(crate) fn mapping_of(chunks: &Chunks, rules: &Rules, chunk: Chunk) -> (Address, Bytes) {
    let lead = chunks.lead(chunk);
    let length = lead + chunks.size(chunk) + rules.mapped_layout.tail();
    (chunks.start(chunk) - lead, length)
}

/// The usable bytes of a chunk in use (`memsize`): a chunk of a heap may use the next one's first word.
pub(crate) fn usable(chunks: &Chunks, rules: &Rules, chunk: Chunk) -> Bytes {
    let shared = match rules.mapped_layout {
        MappedLayout::ToTheEnd if chunks.is_mmapped(chunk) => Bytes::ZERO,
        _ => WORD,
    };
    chunks.size(chunk) - HEADER + shared
}

impl Call<'_> {
    /// Maps a chunk of at least `size`.
    pub(crate) fn sysmalloc_mmap(&mut self, size: Bytes) -> Option<Chunk> {
        let beyond = self.shared.rules.mapped_layout.beyond();
        let length = (size + beyond).align_up(self.kernel.page_size());
        if length <= size {
            return None;
        }
        let start = self.kernel.mmap(length).ok()?;
        self.madvise_thp(start, length);
        let chunk = self.set_mapped(start, length, Bytes::ZERO);
        self.shared.log.record(Decision::Mapped { bytes: length });
        Some(chunk)
    }

    /// Makes what lies `lead` above a mapping's start its chunk (`mmap_set_chunk`).
    pub(crate) fn set_mapped(&mut self, start: Address, length: Bytes, lead: Bytes) -> Chunk {
        let size = length - lead - self.shared.rules.mapped_layout.tail();
        self.chunks
            .add_mapped(self.kernel, start + lead, size, lead)
    }

    /// Where the mapping of a mapped chunk begins, and its length.
    pub(crate) fn mapping_of(&self, chunk: Chunk) -> (Address, Bytes) {
        mapping_of(self.chunks, self.shared.rules, chunk)
    }

    /// Frees a mapped chunk; one above the mmap threshold raises the thresholds, unless any was set by hand.
    pub(crate) fn free_mapped(&mut self, chunk: Chunk) {
        let size = self.chunks.size(chunk);
        // The real comparison takes the header with its flag. So a chunk of exactly the mmap threshold counts as above
        // it, and doubles the trim threshold, while one of exactly 32 MiB is too large.
        let with_flag = size + FLAG;
        if self.shared.params.dynamic_threshold
            && with_flag > self.shared.params.mmap_threshold
            && with_flag <= MMAP_THRESHOLD_MAX
        {
            let before = (
                self.shared.params.mmap_threshold,
                self.shared.params.trim_threshold,
            );
            self.shared.params.mmap_threshold = size;
            self.shared.params.trim_threshold = size * 2;
            if before != (size, size * 2) {
                self.shared.log.record(Decision::ThresholdRaised {
                    mmap_before: before.0,
                    trim_before: before.1,
                    mmap_threshold: size,
                    trim_threshold: size * 2,
                });
            }
        }
        self.munmap_chunk(chunk);
    }

    /// Gives a mapped chunk back.
    pub(crate) fn munmap_chunk(&mut self, chunk: Chunk) {
        let (start, length) = self.mapping_of(chunk);
        self.chunks.remove_mapped(chunk);
        self.kernel.munmap(start, length);
        self.shared.log.record(Decision::Unmapped { bytes: length });
    }

    /// Grows or shrinks a mapped chunk to hold `size`; `None` where the kernel refuses.
    pub(crate) fn mremap_chunk(&mut self, chunk: Chunk, size: Bytes) -> Option<Chunk> {
        let lead = self.chunks.lead(chunk);
        let (start, old) = self.mapping_of(chunk);
        let beyond = self.shared.rules.mapped_layout.beyond();
        let new = Bytes(size.0.wrapping_add(lead.0).wrapping_add(beyond.0))
            .align_up(self.kernel.page_size());
        if new == old {
            return Some(chunk);
        }
        let start = self.kernel.mremap(start, old, new).ok()?;
        self.madvise_thp(start, new);
        self.chunks.remove_mapped(chunk);
        Some(self.set_mapped(start, new, lead))
    }
}
