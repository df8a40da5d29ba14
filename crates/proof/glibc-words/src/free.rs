//! `_int_free` and `malloc_consolidate`: where a freed chunk goes, and when the top is looked at.
//!
//! glibc 2.36, malloc/malloc.c; from 2.41 on in parts, `_int_free_chunk`, `_int_free_merge_chunk`,
//! `_int_free_create_chunk` and `_int_free_maybe_consolidate` (`_int_free_maybe_trim`). Only a chunk that goes past the
//! thread cache and the fastbins is merged with its neighbours, and only if the merged chunk has at least 64 KiB is giving
//! back considered.

use crate::arena::Call;
use crate::bins::is_small;
use crate::chunk::{Chunk, HEADER, PREV_INUSE, size_of_head};
use highwater_allocator::{Bytes, Considered, Decision, Refusal};

/// `FASTBIN_CONSOLIDATION_THRESHOLD`, `ATTEMPT_TRIMMING_THRESHOLD`
const CONSOLIDATION_THRESHOLD: Bytes = Bytes::kib(64);

/// What came of merging a freed chunk with its neighbours: a free chunk, or the top.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merged {
    pub(crate) size: Bytes,
    /// The chunk above it; none where it has become the top.
    pub(crate) next: Chunk,
}

impl Call<'_> {
    /// Frees a chunk of a heap for the allocator itself: a fenced top, the rest of a chunk that was cut.
    #[inline]
    pub(crate) fn int_free(&mut self, chunk: Chunk) {
        let header = chunk.header(self.kernel);
        if self.shared.rules.inner_frees_pass_tcache || !self.cache(chunk, size_of_head(header.1)) {
            self.free_chunk(chunk, header);
        }
    }

    /// Puts a chunk in the thread cache, if that takes it.
    #[inline]
    fn cache(&mut self, chunk: Chunk, size: Bytes) -> bool {
        let tcache = self.thread.tcache.as_mut();
        tcache.is_some_and(|tcache| tcache.keep(self.kernel, &self.shared.params, chunk, size))
    }

    /// Frees a chunk, both words of whose header were read, past the thread cache (`_int_free_chunk`).
    #[inline]
    pub(crate) fn free_chunk(&mut self, chunk: Chunk, header: (Bytes, u64)) {
        let size = size_of_head(header.1);
        if size <= self.shared.params.max_fast {
            self.perturb(chunk.user(), size - HEADER);
            self.arena.fast.push(self.kernel, chunk, size);
        } else {
            self.merge_and_trim(chunk, header);
        }
    }

    /// Merges a chunk with its neighbours and considers giving memory back (`_int_free_merge_chunk`).
    pub(crate) fn merge_and_trim(&mut self, chunk: Chunk, header: (Bytes, u64)) {
        let size = size_of_head(header.1);
        self.perturb(chunk.user(), size - HEADER);
        let merged = self.merge(chunk, header, self.shared.rules.small_frees_sorted);
        self.maybe_trim(merged);
    }

    /// Considers giving memory back after a merge (`_int_free_maybe_consolidate`).
    #[inline(always)]
    pub(crate) fn maybe_trim(&mut self, merged: Merged) {
        if merged.size >= CONSOLIDATION_THRESHOLD {
            self.consider_trim(merged);
        }
    }

    fn consider_trim(&mut self, merged: Merged) {
        if self.arena.fast.maybe_filled {
            self.consolidate();
        }
        if !self.arena.is_main() {
            return self.heap_trim(merged);
        }
        let threshold = self.shared.params.trim_threshold;
        if self.arena.top_size(self.kernel) >= threshold {
            self.systrim(
                self.shared.params.top_pad,
                Considered::LargeMerge,
                Some(merged),
            );
        } else {
            let reason = Refusal::BelowThreshold { threshold };
            self.refuse_trim(Considered::LargeMerge, Some(merged), reason);
        }
    }

    /// Merges a chunk with free neighbours; the result becomes the top, or goes to its bin if it is small and
    /// `small_sorted`, else to the unsorted bin.
    #[inline(always)]
    fn merge(&mut self, chunk: Chunk, (below, head): (Bytes, u64), small_sorted: bool) -> Merged {
        let size = size_of_head(head);
        let next = chunk.at(size);
        let (mut start, mut whole) = (chunk, size);
        if head & PREV_INUSE == 0 {
            start = Chunk(chunk.0 - below);
            whole += below;
            self.arena.bins.unlink(self.kernel, start, below);
        }
        self.create_free(start, whole, next, small_sorted)
    }

    /// Makes a free chunk of `whole` bytes up to `next`, above a chunk in use, merging it with what follows
    /// (`_int_free_create_chunk`).
    #[inline(always)]
    pub(crate) fn create_free(
        &mut self,
        start: Chunk,
        mut whole: Bytes,
        next: Chunk,
        small_sorted: bool,
    ) -> Merged {
        let (_, next_head) = next.header(self.kernel);
        let next_size = size_of_head(next_head);
        if next == self.arena.top {
            whole += next_size;
            start.set_head(self.kernel, whole, PREV_INUSE);
            self.arena.top = start;
            return Merged {
                size: whole,
                next: Chunk::NONE,
            };
        }
        let mut above = next;
        if next.in_use(self.kernel, next_size) {
            // Its header with the mark taken away, and the foot of the free chunk below it.
            next.set_header(self.kernel, whole, next_head & !PREV_INUSE);
        } else {
            self.arena.bins.unlink(self.kernel, next, next_size);
            whole += next_size;
            above = start.at(whole);
            start.set_foot(self.kernel, whole);
        }
        if small_sorted && is_small(whole) {
            self.arena.bins.push_small(self.kernel, start, whole);
        } else {
            self.arena.bins.push_unsorted(self.kernel, start, whole);
        }
        Merged {
            size: whole,
            next: above,
        }
    }

    /// Empties the fastbins, merging each chunk with its neighbours (`malloc_consolidate`).
    pub(crate) fn consolidate(&mut self) {
        self.arena.fast.maybe_filled = false;
        let mut chunks = 0;
        for bin in 0..self.arena.fast.len() {
            for chunk in self.arena.fast.take_all(self.kernel, bin) {
                let header = chunk.header(self.kernel);
                self.merge(chunk, header, false);
                chunks += 1;
            }
        }
        if chunks > 0 {
            let arena = self.arena.number;
            self.shared
                .log
                .record(Decision::Consolidated { arena, chunks });
        }
    }
}
