//! `malloc_trim`: the one call that gives back whole free pages wherever they lie, and what it would give back now.
//!
//! glibc 2.36, malloc/malloc.c: `mtrim`.

use crate::arena::{Arena, Call};
use crate::bins::{BINS, UNSORTED, bin_of};
use crate::chunk::{Chunk, FREE_HEADER, MIN_SIZE};
use highwater_allocator::{Address, Bytes, Considered, Decision, Kernel};

/// The whole pages inside a free chunk, behind its header.
fn free_pages(chunk: Chunk, size: Bytes, page: Bytes) -> Option<(Address, Bytes)> {
    if size < page + FREE_HEADER {
        return None;
    }
    let start = (chunk.0 + FREE_HEADER).align_up(page);
    let length = (chunk.0 + size - start).align_down(page);
    (length > Bytes::ZERO).then_some((start, length))
}

/// The bins whose chunks may hold a whole page.
fn bins_with_pages(page: Bytes) -> impl Iterator<Item = usize> {
    std::iter::once(UNSORTED).chain(bin_of(page)..BINS)
}

impl Call<'_> {
    /// Gives back the whole free pages of this arena, and the end of its top beyond `pad`.
    pub(crate) fn mtrim(&mut self, pad: Bytes) -> bool {
        self.consolidate();
        let page = self.kernel.page_size();
        let mut released = false;
        let before = self.kernel.rss();
        for bin in bins_with_pages(page) {
            let chunks: Vec<Chunk> = self.arena.bins.backwards(self.kernel, bin).collect();
            for chunk in chunks {
                if let Some((start, length)) = free_pages(chunk, chunk.size(self.kernel), page) {
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
    /// Resident bytes that `malloc_trim(0)` would give back from this arena.
    pub(crate) fn reclaimable(&self, kernel: &Kernel) -> Bytes {
        if self.top.is_none() {
            return Bytes::ZERO;
        }
        let page = kernel.page_size();
        let merged = self.merged_by_consolidation(kernel);
        let mut sum = Bytes::ZERO;
        let mut top = (self.top, self.top_size(kernel));
        let resident = |range: Option<(Address, Bytes)>| {
            range.map_or(Bytes::ZERO, |(start, length)| {
                kernel.resident_in(start, start + length)
            })
        };
        for &(start, end) in &merged {
            if end == top.0.0 + top.1 {
                top = (Chunk(start), end - start);
            } else {
                sum += resident(free_pages(Chunk(start), end - start, page));
            }
        }
        let is_merged = |chunk: Chunk| {
            let above = merged.partition_point(|(start, _)| *start <= chunk.0);
            above > 0 && chunk.0 < merged[above - 1].1
        };
        for bin in bins_with_pages(page) {
            for chunk in self.bins.backwards(kernel, bin) {
                if merged.is_empty() || !is_merged(chunk) {
                    sum += resident(free_pages(chunk, chunk.size(kernel), page));
                }
            }
        }
        let trimmed = self.trimmed_from(top, kernel);
        sum + resident(trimmed.filter(|_| self.is_main()))
    }

    /// The range that `systrim` with no padding would cut off the end of a top.
    fn trimmed_from(&self, top: (Chunk, Bytes), kernel: &Kernel) -> Option<(Address, Bytes)> {
        let end = top.0.0 + top.1;
        let beyond = top.1.saturating_sub(MIN_SIZE + Bytes(1));
        let extra = beyond.align_down(kernel.page_size());
        (kernel.brk() == end).then(|| (end - extra, extra))
    }

    /// The free ranges that consolidating the fastbins would leave where their chunks are now, ascending.
    fn merged_by_consolidation(&self, kernel: &Kernel) -> Vec<(Address, Address)> {
        let range = |(_, chunk): (usize, Chunk)| {
            let (size, prev_inuse) = chunk.size_and_prev_inuse(kernel);
            let (mut start, mut end) = (chunk.0, chunk.0 + size);
            if !prev_inuse {
                start = start - chunk.prev_size(kernel);
            }
            let next = chunk.at(size);
            let next_size = next.size(kernel);
            if next == self.top || !next.in_use(kernel, next_size) {
                end = end + next_size;
            }
            (start.0, end.0)
        };
        let mut ranges: Vec<_> = self.fast.chunks(kernel).map(range).collect();
        ranges.sort_unstable();
        join_touching(ranges)
    }
}

/// Joins ascending ranges, given by start and end, that touch or overlap.
fn join_touching(ranges: Vec<(u64, u64)>) -> Vec<(Address, Address)> {
    let mut joined: Vec<(Address, Address)> = Vec::new();
    for (start, end) in ranges {
        let (start, end) = (Address(start), Address(end));
        match joined.last_mut() {
            Some(last) if last.1 >= start => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_ranges_join_and_others_do_not() {
        let range = |(start, end)| (Address(start), Address(end));
        let ranges = [(10, 20), (20, 30), (25, 28), (40, 50)];
        let expected = [(10, 30), (40, 50)].map(range);
        assert_eq!(join_touching(ranges.to_vec()), expected);
    }

    #[test]
    fn only_whole_pages_behind_the_header_count() {
        let page = Bytes(4096);
        let chunk = Chunk(Address(0x10fd0));
        assert_eq!(
            free_pages(chunk, Bytes(0x2030), page),
            Some((Address(0x11000), Bytes(0x2000)))
        );
        assert_eq!(free_pages(chunk.at(Bytes(16)), Bytes(0x1000), page), None);
        assert_eq!(free_pages(chunk, Bytes(0x1000), page), None);
    }
}
