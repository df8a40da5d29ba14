//! `malloc_trim`: the one call that gives back whole free pages wherever they lie, and what it would give back now.
//!
//! glibc 2.36, malloc/malloc.c: `mtrim`.

use crate::arena::Arena;
use crate::bins::{BINS, UNSORTED, bin_of};
use crate::call::Call;
use crate::chunk::{Chunk, FREE_HEADER, MIN_SIZE};
use crate::chunks::Chunks;
use highwater_allocator::{Address, Bytes, Considered, Decision, Kernel, Reclaimable};

/// The whole pages inside a free chunk, behind its header.
fn free_pages(chunk: Address, size: Bytes, page: Bytes) -> Option<(Address, Bytes)> {
    if size < page + FREE_HEADER {
        return None;
    }
    let start = (chunk + FREE_HEADER).align_up(page);
    let length = (chunk + size - start).align_down(page);
    (length > Bytes::ZERO).then_some((start, length))
}

/// The bins whose chunks may hold a whole page.
fn bins_with_pages(page: Bytes) -> impl Iterator<Item = usize> {
    std::iter::once(UNSORTED).chain(bin_of(page)..BINS)
}

impl Call<'_> {
    /// Gives back the whole free pages of this arena, and the end of its top beyond `pad`.
    pub(crate) fn mtrim(&mut self, pad: Bytes) -> bool {
        self.consolidate(None);
        let page = self.kernel.page_size();
        let mut released = false;
        let before = self.kernel.rss();
        for bin in bins_with_pages(page) {
            for chunk in self.arena.bins.backwards(self.chunks, bin) {
                let (start, size) = (self.chunks.start(chunk), self.chunks.size(chunk));
                if let Some((start, length)) = free_pages(start, size, page) {
                    self.kernel.madvise_dontneed(start, length);
                    released = true;
                }
            }
        }
        if released {
            let (arena, bytes) = (self.arena.number, before - self.kernel.rss());
            self.shared
                .log
                .record(Decision::PagesReleased { arena, bytes });
        }
        // Not `||`: the top is looked at in any case. That of another arena stays as it is.
        released | (self.arena.is_main() && self.systrim(pad, Considered::MallocTrim, None))
    }
}

impl Arena {
    /// Adds what `malloc_trim(0)` would give back of this arena. The end of the heap moves by `unit`.
    pub(crate) fn find_reclaimable(
        &self,
        chunks: &Chunks,
        kernel: &Kernel,
        unit: Bytes,
        found: &mut Reclaimable,
    ) {
        if self.top.is_none() {
            return;
        }
        let page = kernel.page_size();
        let mut add = |range: Option<(Address, Bytes)>| {
            if let Some((start, length)) = range {
                found.bytes += kernel.resident_in(start, start + length);
            }
        };
        let (mut looks, has_fast) = (0, self.fast.parked() > Bytes::ZERO);
        let (mut top, end) = (chunks.start(self.top), chunks.end(self.top));
        for (_, chunk) in self.fast.chunks(chunks) {
            looks += 1;
            let Some((from, to)) = self.consolidated_from(chunks, chunk, &mut looks) else {
                continue;
            };
            if to == end {
                top = from;
            } else {
                add(free_pages(from, to - from, page));
            }
        }
        for bin in bins_with_pages(page) {
            let head = self.bins.head(bin);
            let mut chunk = chunks.bk(head);
            while chunk != head {
                looks += 1;
                let (start, size, before) = chunks.member(chunk);
                let pages = free_pages(start, size, page);
                if pages.is_some() && !(has_fast && chunks.is_beside_fast(chunk)) {
                    add(pages);
                }
                chunk = before;
            }
        }
        if self.is_main() {
            add(trimmed_from(top, end, kernel, unit));
        }
        found.looks += looks;
    }

    /// The range that consolidating the fastbins would make one, where a chunk is the lowest in it that is in a fastbin.
    fn consolidated_from(
        &self,
        chunks: &Chunks,
        chunk: Chunk,
        looks: &mut u64,
    ) -> Option<(Address, Address)> {
        let below = chunks.below(chunk);
        let first = if chunks.is_free(below) { below } else { chunk };
        if chunks.is_fast(chunks.below(first)) {
            return None;
        }
        let mut last = chunk;
        loop {
            let above = chunks.above(last);
            if above != self.top && !chunks.is_free(above) && !chunks.is_fast(above) {
                return Some((chunks.start(first), chunks.end(last)));
            }
            last = above;
            *looks += 1;
        }
    }
}

/// The range that `systrim` with no padding would cut off a top from `start` to `end`.
fn trimmed_from(
    start: Address,
    end: Address,
    kernel: &Kernel,
    unit: Bytes,
) -> Option<(Address, Bytes)> {
    let beyond = (end - start).saturating_sub(MIN_SIZE + Bytes(1));
    let extra = beyond.align_down(unit);
    (kernel.brk() == end).then(|| (end - extra, extra))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pages_behind_the_header_count() {
        let page = Bytes(4096);
        let chunk = Address(0x10fd0);
        assert_eq!(
            free_pages(chunk, Bytes(0x2030), page),
            Some((Address(0x11000), Bytes(0x2000)))
        );
        assert_eq!(free_pages(chunk + Bytes(16), Bytes(0x1000), page), None);
        assert_eq!(free_pages(chunk, Bytes(0x1000), page), None);
    }
}
