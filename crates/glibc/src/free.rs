//! `_int_free` and `malloc_consolidate`: where a freed chunk goes, and when the top is looked at.
//!
//! glibc 2.36, malloc/malloc.c. Only a chunk that goes past the thread cache and the fastbins is merged with its
//! neighbours, and only if the merged chunk has at least 64 KiB is the top compared with the trim threshold.

use crate::arena::Call;
use crate::chunk::{Chunk, HEADER, PREV_INUSE, size_of_head};
use highwater_allocator::{Bytes, Considered, Decision, Refusal};

/// `FASTBIN_CONSOLIDATION_THRESHOLD`
const CONSOLIDATION_THRESHOLD: Bytes = Bytes::kib(64);

impl Call<'_> {
    /// Frees a chunk of a heap.
    #[inline]
    pub(crate) fn int_free(&mut self, chunk: Chunk) {
        let header = chunk.header(self.kernel);
        self.int_free_with(chunk, header);
    }

    /// The same, where both words of the header were read already.
    #[inline]
    pub(crate) fn int_free_with(&mut self, chunk: Chunk, header: (Bytes, u64)) {
        let size = size_of_head(header.1);
        if let Some(bin) = self.params.tcache_bin(size)
            && let Some(tcache) = self.tcache
            && tcache.has_room(bin, self.params.tcache_count)
        {
            tcache.put(self.kernel, chunk, bin);
            return;
        }
        self.perturb(chunk.user(), size - HEADER);
        if size <= self.params.max_fast {
            self.arena.fast.push(self.kernel, chunk, size);
            return;
        }
        let merged = self.merge(chunk, header);
        if merged >= CONSOLIDATION_THRESHOLD {
            if self.arena.fast.maybe_filled {
                self.consolidate();
            }
            self.consider_trim(merged);
        }
    }

    fn consider_trim(&mut self, merged: Bytes) {
        let top_size = self.arena.top_size(self.kernel);
        let threshold = self.params.trim_threshold;
        if top_size >= threshold {
            let pad = self.params.top_pad;
            self.systrim(pad, Considered::LargeMerge, merged);
        } else {
            self.log.record(Decision::TrimRefused {
                considered: Considered::LargeMerge,
                merged,
                top: self.arena.top.0,
                top_size,
                reason: Refusal::BelowThreshold { threshold },
            });
        }
    }

    /// Merges a chunk with free neighbours; the result goes to the unsorted bin, or becomes the top. Returns its size.
    fn merge(&mut self, chunk: Chunk, (below, head): (Bytes, u64)) -> Bytes {
        let size = size_of_head(head);
        let next = chunk.at(size);
        let (mut start, mut whole) = (chunk, size);
        if head & PREV_INUSE == 0 {
            start = Chunk(chunk.0 - below);
            whole += below;
            self.arena.bins.unlink(self.kernel, start, below);
        }
        let (_, next_head) = next.header(self.kernel);
        let next_size = size_of_head(next_head);
        if next == self.arena.top {
            whole += next_size;
            start.set_head(self.kernel, whole, PREV_INUSE);
            self.arena.top = start;
            return whole;
        }
        if next.in_use(self.kernel, next_size) {
            // Its header with the mark taken away, and the foot of the free chunk below it.
            next.set_header(self.kernel, whole, next_head & !PREV_INUSE);
        } else {
            self.arena.bins.unlink(self.kernel, next, next_size);
            whole += next_size;
            start.set_foot(self.kernel, whole);
        }
        self.arena.bins.push_unsorted(self.kernel, start, whole);
        whole
    }

    /// Empties the fastbins, merging each chunk with its neighbours (`malloc_consolidate`).
    pub(crate) fn consolidate(&mut self) {
        self.arena.fast.maybe_filled = false;
        let mut chunks = 0;
        for bin in 0..self.arena.fast.len() {
            for chunk in self.arena.fast.take_all(self.kernel, bin) {
                let header = chunk.header(self.kernel);
                self.merge(chunk, header);
                chunks += 1;
            }
        }
        if chunks > 0 {
            self.log.record(Decision::Consolidated { chunks });
        }
    }
}
