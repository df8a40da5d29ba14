//! `_int_free` and `malloc_consolidate`: where a freed chunk goes, and when the top is looked at.
//!
//! glibc 2.36, malloc/malloc.c; from 2.41 on in parts, `_int_free_chunk`, `_int_free_merge_chunk`,
//! `_int_free_create_chunk` and `_int_free_maybe_consolidate` (`_int_free_maybe_trim`). Only a chunk that goes past the
//! thread cache and the fastbins is merged with its neighbours, and only if the merged chunk has at least 64 KiB is giving
//! back considered.

use crate::call::Call;
use crate::chunk::{Chunk, HEADER};
use highwater_allocator::{Address, Bytes, Considered, Decision, Refusal};

/// `FASTBIN_CONSOLIDATION_THRESHOLD`, `ATTEMPT_TRIMMING_THRESHOLD`
const CONSOLIDATION_THRESHOLD: Bytes = Bytes::kib(64);

/// What came of merging a freed chunk with its neighbours: a free chunk, or the top.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merged {
    /// The chunk, which consolidating may merge further.
    pub(crate) chunk: Chunk,
    pub(crate) start: Address,
    /// What was merged at first.
    pub(crate) size: Bytes,
}

impl Call<'_> {
    /// Frees a chunk of a heap for the allocator itself: a fenced top, the rest of a chunk that was cut.
    #[inline(never)]
    pub(crate) fn int_free(&mut self, chunk: Chunk) {
        if self.shared.rules.inner_frees_pass_tcache || !self.cache(chunk) {
            self.free_chunk(chunk, self.chunks.size(chunk));
        }
    }

    /// Puts a chunk in the thread cache, if that takes it.
    #[inline]
    fn cache(&mut self, chunk: Chunk) -> bool {
        let (user, size) = self.chunks.user_and_size(chunk);
        let tcache = self.threads[self.thread].tcache.as_mut();
        tcache.is_some_and(|tcache| tcache.keep(self.kernel, &self.shared.params, user, size))
    }

    /// Frees a chunk of this size past the thread cache (`_int_free_chunk`).
    #[inline]
    pub(crate) fn free_chunk(&mut self, chunk: Chunk, size: Bytes) {
        if size <= self.shared.params.max_fast {
            self.perturb_freed(chunk);
            self.arena.fast.push(self.chunks, self.kernel, chunk, size);
        } else {
            self.merge_and_trim(chunk);
        }
    }

    /// Fills freed memory where MALLOC_PERTURB_ asks for it (`free_perturb`).
    #[inline]
    fn perturb_freed(&mut self, chunk: Chunk) {
        if self.shared.params.perturb != 0 {
            self.fill_freed(chunk);
        }
    }

    #[cold]
    #[inline(never)]
    fn fill_freed(&mut self, chunk: Chunk) {
        let (user, size) = self.chunks.user_and_size(chunk);
        self.kernel.touch(user, size - HEADER);
    }

    /// Merges a chunk with its neighbours and considers giving memory back (`_int_free_merge_chunk`).
    #[inline(always)]
    pub(crate) fn merge_and_trim(&mut self, chunk: Chunk) {
        self.perturb_freed(chunk);
        let (merged, size) = self.merge(chunk, self.shared.rules.small_frees_sorted);
        self.maybe_trim(merged, size);
    }

    /// Makes a chunk that was cut off and is in no list, above a chunk in use, a free one, and considers giving memory back.
    #[inline(never)]
    pub(crate) fn free_rest(&mut self, chunk: Chunk) {
        let (merged, size) = self.create_free(chunk, self.shared.rules.small_frees_sorted);
        self.maybe_trim(merged, size);
    }

    /// Considers giving memory back after a merge (`_int_free_maybe_consolidate`).
    #[inline(always)]
    fn maybe_trim(&mut self, merged: Chunk, size: Bytes) {
        if size >= CONSOLIDATION_THRESHOLD {
            self.consider_trim(Merged {
                chunk: merged,
                start: self.chunks.start(merged),
                size,
            });
        }
    }

    #[inline(never)]
    fn consider_trim(&mut self, mut merged: Merged) {
        if self.arena.fast.maybe_filled {
            self.consolidate(Some(&mut merged));
        }
        if !self.arena.is_main() {
            return self.heap_trim(merged);
        }
        let threshold = self.shared.params.trim_threshold;
        if self.top_size() >= threshold {
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

    /// Merges a chunk with free neighbours. The result becomes the top, or goes to its bin if it is small and `small_sorted`, else
    /// to the unsorted bin; it is returned with its size.
    #[inline(always)]
    fn merge(&mut self, chunk: Chunk, small_sorted: bool) -> (Chunk, Bytes) {
        let below = self.chunks.below(chunk);
        if !self.chunks.is_free(below) {
            return self.create_free(chunk, small_sorted);
        }
        (self.arena.bins).merge(self.chunks, below, (below, chunk));
        self.create_free(below, small_sorted)
    }

    /// Makes a chunk that is in no list, above a chunk in use, a free one, merging it with what follows
    /// (`_int_free_create_chunk`). Returns what it is then, and its size.
    #[inline(always)]
    fn create_free(&mut self, chunk: Chunk, small_sorted: bool) -> (Chunk, Bytes) {
        let next = self.chunks.above(chunk);
        if next == self.arena.top {
            self.chunks.join(chunk, next);
            self.arena.top = chunk;
            return (chunk, self.chunks.size(chunk));
        }
        if self.chunks.is_free(next) {
            (self.arena.bins).merge(self.chunks, next, (chunk, next));
        }
        let bins = &mut self.arena.bins;
        let size = bins.push(self.chunks, self.kernel, chunk, small_sorted);
        (chunk, size)
    }

    /// Empties the fastbins, merging each chunk with its neighbours (`malloc_consolidate`). What was merged before may become
    /// part of a larger chunk.
    pub(crate) fn consolidate(&mut self, mut before: Option<&mut Merged>) {
        self.arena.fast.maybe_filled = false;
        let mut count = 0;
        for bin in 0..self.arena.fast.len() {
            while let Some(chunk) = self.arena.fast.pop_of(self.chunks, bin) {
                let (merged, _) = self.merge(chunk, false);
                if let Some(before) = &mut before
                    && self.chunks.start(merged) <= before.start
                    && before.start < self.chunks.end(merged)
                {
                    before.chunk = merged;
                }
                count += 1;
            }
        }
        if count > 0 {
            let (arena, chunks) = (self.arena.number, count);
            self.shared
                .log
                .record(Decision::Consolidated { arena, chunks });
        }
    }
}
