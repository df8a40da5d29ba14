//! Transparent huge pages: when a range gets one, and what ends it.
//!
//! A range of the size of a huge page gets one at its first write if it lies whole in one area that may have huge pages, and has no page
//! table: so nothing was ever written there, or all of it was given back since (Linux 6.18, mm/memory.c,
//! `__handle_mm_fault`; mm/huge_memory.c, `do_huge_pmd_anonymous_page`). Otherwise it gets small pages, one at a time, and
//! only khugepaged or MADV_COLLAPSE make a huge one of them (mm/khugepaged.c). A huge page is split when a part of it is given
//! back or unmapped, or when the area ends within it.

use crate::pages::{SPAN, parts};
use crate::pages::{count, words_of};
use crate::space::Kernel;
use crate::tables::Leaf;
use crate::vmas::Advice;
use highwater_units::{Address, Bytes, Pages};

impl Kernel {
    /// madvise(MADV_HUGEPAGE): the range may have huge pages where the machine leaves that to the program.
    pub fn madvise_hugepage(&mut self, start: Address, length: Bytes) {
        self.advise(start, length, Advice::Huge);
    }

    /// madvise(MADV_NOHUGEPAGE): the range gets no more huge pages. It keeps those that it has.
    pub fn madvise_nohugepage(&mut self, start: Address, length: Bytes) {
        self.advise(start, length, Advice::NoHuge);
    }

    /// madvise(MADV_COLLAPSE): makes huge pages of all small ones that lie whole in the range, whatever the machine's mode.
    pub fn madvise_collapse(&mut self, start: Address, length: Bytes) {
        self.counts.syscalls.madvise += 1;
        self.track_areas();
        let span = self.tables.span();
        let first = self.tables.range_of(start.align_up(span));
        let end = self.tables.range_of(start + length);
        for range in first..end.max(first) {
            let vma = self.area_of(range);
            let is_eligible =
                vma.is_some_and(|vma| vma.has_pages() && vma.flags.advice != Advice::NoHuge);
            if is_eligible && !self.config.huge_pages.is_disabled {
                self.collapse(range, self.tables.pages());
            }
        }
    }

    /// Bytes of a huge page.
    pub fn huge_page_size(&self) -> Bytes {
        self.tables.span()
    }

    /// Returns the memory in huge pages, as AnonHugePages of /proc/PID/smaps.
    pub fn huge(&self) -> Bytes {
        self.tables.span() * self.tables.huge
    }

    /// Returns the memory of the process's page tables, as VmPTE of /proc/PID/status.
    pub fn page_tables(&self) -> Bytes {
        self.tables.bytes()
    }

    /// Returns the memory marked with MADV_FREE that is still resident, as LazyFree of /proc/PID/smaps.
    pub fn lazy(&self) -> Bytes {
        self.config.page_size * self.pages.lazy.0
    }

    /// Returns the memory that is resident only because huge pages were made where it lies: nobody has written it since.
    pub fn unwritten(&self) -> Bytes {
        self.config.page_size * self.pages.unwritten.0
    }

    /// Returns the part of [`Kernel::unwritten`] in the pages that `[start, end)` reaches into.
    pub fn unwritten_in(&self, start: Address, end: Address) -> Bytes {
        let mut pages = Pages(0);
        for (from, last) in parts(start, end) {
            if let Some(id) = self.find_span(from) {
                let (first, last) = (self.page_in_span(from), self.page_in_span(last));
                let span = &self.spans[id];
                words_of(first, last, |word, bits| {
                    pages += count(span.unwritten[word] & bits);
                });
            }
        }
        self.config.page_size * pages.0
    }

    /// The first addresses of the huge pages, ascending.
    pub fn huge_pages(&self) -> impl Iterator<Item = Address> + '_ {
        let leaves = self.tables.leaves.all().iter();
        let huge = leaves.filter(|(_, leaf)| *leaf == Leaf::Huge);
        huge.map(|(range, _)| self.tables.start_of(*range))
    }

    /// Whether the page that holds `at` is a part of a huge page.
    pub fn is_huge(&self, at: Address) -> bool {
        self.tables.is_huge(self.tables.range_of(at))
    }

    /// Whether `[start, end)` lies in one area of the kernel's (a VMA), as far as areas are known: only such a range can move.
    pub fn is_one_area(&self, start: Address, end: Address) -> bool {
        let areas = self.areas.as_ref();
        areas.is_none_or(|areas| areas.holding(start, end).is_some())
    }

    // ---- getting one

    /// `length` bytes at `start` are read. That makes nothing resident, but a range of which nothing was
    /// written may get the huge page of zeros: if a part of it is given back then, its first write finds a table (mm/huge_memory.c,
    /// `do_huge_pmd_anonymous_page`). Nothing follows from it, and nothing is done, while no area may have huge pages.
    #[inline]
    pub(crate) fn read(&mut self, start: Address, length: Bytes) {
        if self.areas.is_some() && length > Bytes::ZERO {
            self.read_ranges(start, start + length - Bytes(1));
        }
    }

    #[cold]
    fn read_ranges(&mut self, start: Address, last: Address) {
        for range in self.tables.range_of(start)..=self.tables.range_of(last) {
            if self.tables.leaf(range).is_some() {
                continue;
            }
            if self.may_range_be_huge(range) {
                self.tables.set(range, Leaf::Zeros);
                let at = start.max(self.tables.start_of(range));
                if let Some(areas) = &mut self.areas {
                    areas.touch(at);
                }
            } else {
                self.tables.set(range, Leaf::Table);
            }
        }
    }

    /// Whether a range lies whole in an area that may have huge pages.
    fn may_range_be_huge(&self, range: u64) -> bool {
        let vma = self.area_of(range);
        vma.is_some_and(|vma| self.may_be_huge(&vma))
    }

    /// The first write into a range without a page table: the range gets a huge page, or a table.
    #[cold]
    pub(crate) fn first_touch(&mut self, at: Address) {
        let range = self.tables.range_of(at);
        let leaf = self.tables.leaf(range);
        if matches!(leaf, None | Some(Leaf::Zeros)) {
            // A page of zeros is replaced whatever was said of the area since (`do_huge_zero_wp_pmd`).
            let is_huge = leaf.is_some() || self.may_range_be_huge(range);
            if is_huge && self.fits(self.tables.pages()) {
                self.tables.set(range, Leaf::Huge);
                let new = self.fill(range);
                self.counts.faults += 1;
                self.add_resident(new);
                self.note_page(at);
            } else {
                self.tables.set(range, Leaf::Table);
            }
        }
        let id = self.span_at(at);
        self.spans[id].has_table = true;
    }

    /// Whether the cap leaves room for this many pages. The kernel does not press for a huge page: it takes small ones instead.
    fn fits(&self, pages: Pages) -> bool {
        self.charged() + self.config.page_size * pages.0 <= self.cap
    }

    /// Makes all pages of a range resident, and returns how many were not.
    fn fill(&mut self, range: u64) -> Pages {
        let start = self.tables.start_of(range);
        let mut new = Pages(0);
        for (from, last) in parts(start, start + self.tables.span()) {
            let id = self.span_at(from);
            let (first, last) = (self.page_in_span(from), self.page_in_span(last));
            let span = &mut self.spans[id];
            span.has_table = true;
            self.pages.lazy -= span.keep(first, last);
            new += span.bring_in(first, last);
        }
        self.pages.unwritten += new;
        new
    }

    /// Makes a huge page of the small ones in a range if no more than `most` are missing.
    pub(crate) fn collapse(&mut self, range: u64, most: Pages) -> bool {
        if self.tables.leaf(range) != Some(Leaf::Table) {
            return false;
        }
        let start = self.tables.start_of(range);
        let resident = self.resident_in(start, start + self.tables.span());
        let missing = self.tables.pages() - Pages(resident / self.config.page_size);
        // The small pages go only once the huge one is filled.
        if missing > most || !self.fits(self.tables.pages()) {
            return false;
        }
        self.tables.set(range, Leaf::Huge);
        let new = self.fill(range);
        self.counts.collapses += 1;
        self.add_resident(new);
        true
    }

    /// A page became resident.
    #[cold]
    pub(crate) fn note_page(&mut self, at: Address) {
        if let Some(areas) = &mut self.areas {
            areas.touch(at);
        }
        self.settle_all(at, at + Bytes(1));
    }

    /// A write into a huge page marked with MADV_FREE keeps all of it.
    #[cold]
    pub(crate) fn keep_huge(&mut self, at: Address) {
        let range = self.tables.range_of(at);
        if self.tables.is_huge(range) {
            self.fill(range);
        }
    }

    /// Takes back a page marked with MADV_FREE: with it all of the huge page that it is a part of.
    pub(crate) fn reclaim(&mut self, id: usize, page: usize) {
        let at = self.spans[id].base + self.config.page_size * page as u64;
        let range = self.tables.range_of(at);
        if !self.tables.is_huge(range) {
            return self.drop_in_span(id, page, page, false);
        }
        let start = self.tables.start_of(range);
        self.drop_pages(start, start + self.tables.span(), false);
        self.free_table(range);
    }

    // ---- losing one

    /// Small pages map what a huge one did, which is one still.
    pub(crate) fn split(&mut self, range: u64) {
        if self.tables.is_huge(range) {
            self.counts.splits += 1;
            self.tear(range);
        }
        self.tables.set(range, Leaf::Table);
    }

    /// Splits the huge pages of which `[start, end)` is a part.
    pub(crate) fn split_ends(&mut self, start: Address, end: Address) {
        self.split_those(start, end, |kernel, range| {
            if kernel.tables.is_whole(range) {
                kernel.split(range);
            }
        });
    }

    /// The same for MADV_FREE, which splits the huge page itself, not only its mapping, and also one whose mapping was split before
    /// (mm/huge_memory.c, `madvise_free_huge_pmd`; mm/madvise.c, `madvise_free_pte_range`). The page of zeros it leaves alone.
    pub(crate) fn split_for_free(&mut self, start: Address, end: Address) {
        self.split_those(start, end, |kernel, range| {
            if kernel.tables.is_huge(range) && !kernel.is_shared(range) {
                kernel.split(range);
            }
        });
        if self.pages.torn > Pages(0) && start < end {
            let last = self.tables.range_of(end - Bytes(1));
            for range in self.tables.range_of(start)..=last {
                self.part(range, start, end);
            }
        }
    }

    fn split_those(&mut self, start: Address, end: Address, split: fn(&mut Self, u64)) {
        if !self.tables.has_whole() || start >= end {
            return;
        }
        for at in [start, end] {
            let range = self.tables.range_of(at);
            if self.tables.start_of(range) != at {
                split(self, range);
            }
        }
    }

    /// MADV_DONTNEED took all pages of `[start, end)`: the huge pages of ranges that lie in it whole go with their tables, and so do
    /// tables of small pages where the kernel frees these.
    pub(crate) fn free_tables_of_advice(&mut self, start: Address, end: Address) {
        let frees = self.config.huge_pages.frees_tables;
        if !frees && !self.tables.has_whole() {
            return;
        }
        let first = self.tables.range_of(start.align_up(self.tables.span()));
        let last = self.tables.range_of(end);
        if first >= last {
            return;
        }
        let ranges = self.tables.leaves.range(first, last).to_vec();
        for (range, leaf) in ranges {
            let is_whole = self.areas.is_none() || {
                let start = self.tables.start_of(range);
                let areas = self.areas.as_ref();
                areas
                    .is_some_and(|areas| areas.holding(start, start + self.tables.span()).is_some())
            };
            if leaf != Leaf::Table || frees && is_whole {
                self.free_table(range);
            }
        }
    }

    /// `[start, end)` is no longer mapped: tables of ranges where nothing else is go (mm/memory.c, `free_pgd_range`).
    pub(crate) fn free_tables_of_unmapped(&mut self, start: Address, end: Address) {
        let (first, last) = (
            self.tables.range_of(start),
            self.tables.range_of(end - Bytes(1)),
        );
        let tables = self.tables.leaves.range(first, last + 1).iter();
        let ranges: Vec<u64> = tables.map(|(range, _)| *range).collect();
        for range in ranges {
            let start = self.tables.start_of(range);
            if !self.is_any_mapped(start, start + self.tables.span()) {
                self.free_table(range);
            }
        }
        // A table of an upper level goes with the last mapping in its range, even one that nobody wrote to.
        for (level, start, end) in self.tables.upper_in(start, end) {
            if !self.is_any_mapped(start, end) {
                self.tables.free_upper(level, start);
            }
        }
    }

    pub(crate) fn free_table(&mut self, range: u64) {
        self.tables.free(range);
        let start = self.tables.start_of(range);
        for from in (0..self.tables.span().0).step_by(SPAN.0 as usize) {
            if let Some(id) = self.find_span(start + Bytes(from)) {
                self.spans[id].has_table = false;
            }
        }
    }

    /// Whether anything is mapped in `[start, end)`. What lies below the heap and above the mappings belongs to others, who have
    /// pages there.
    fn is_any_mapped(&self, start: Address, end: Address) -> bool {
        let heap = self.config.brk;
        let holds_bound = |bound: Address| start < bound && bound < end;
        let holds_heap = heap < self.brk && heap < end && start < self.brk;
        holds_bound(heap)
            || holds_bound(self.config.mmap_top)
            || holds_heap
            || self.mappings.reaches_into(start, end)
    }
}

#[cfg(test)]
mod tests;
