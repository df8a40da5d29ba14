//! Which pages are resident: what writing to them does, and what giving them back does.
//!
//! Pages are kept in spans of 2 MiB, which exist from the first write on.

use crate::page_counts::PageCounts;
use crate::pages::{SMALLEST_PAGE, SPAN, SPAN_SHIFT, Span, parts, words_of};
use crate::space::Kernel;
use highwater_units::{Address, Bytes, Pages};

/// In the place of a span that does not exist.
const NO_SPAN: u32 = u32::MAX;

impl Kernel {
    /// Something is written in the aligned 8 bytes at `at`: their page becomes resident.
    #[inline]
    pub fn touch_word(&mut self, at: Address) {
        let page = self.page_of(at);
        if !self.warm.holds_one(page) {
            self.touch_cold(at, at);
        }
    }

    /// The program writes `length` bytes at `start`, whatever they are: their pages become resident.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub fn touch(&mut self, start: Address, length: Bytes) {
        if length == Bytes::ZERO {
            return;
        }
        let last = start + length - Bytes(1);
        let is_warm = if start.0 ^ last.0 < SMALLEST_PAGE {
            self.warm.holds_one(self.page_of(start))
        } else {
            self.warm.holds(self.page_of(start), self.page_of(last))
        };
        if !is_warm {
            self.touch_cold(start, last);
        }
    }

    #[cold]
    #[inline(never)]
    fn touch_cold(&mut self, from: Address, last: Address) {
        for (from, last) in parts(from, last + Bytes(1)) {
            self.touch_span(from, last);
        }
        self.warm.add(self.page_of(from), self.page_of(last));
    }

    pub(crate) fn touch_span(&mut self, from: Address, last: Address) {
        debug_assert!(
            self.is_mapped(from, last + Bytes(1)),
            "touch of unmapped {from}"
        );
        let id = self.span_at(from);
        if !self.spans[id].has_table {
            self.first_touch(from);
        }
        if self.pages.shared > Pages(0) {
            self.unshare(id, from, last);
        }
        let (at, first, last) = (from, self.page_in_span(from), self.page_in_span(last));
        let span = &mut self.spans[id];
        let new = span.touch(first, last);
        if self.pages.unwritten > Pages(0) {
            self.pages.unwritten -= span.write(first, last);
        }
        if self.pages.zeros > Pages(0) {
            self.pages.zeros -= span.fill_in(first, last);
        }
        if self.pages.lazy > Pages(0) {
            let kept = span.keep(first, last);
            self.pages.lazy -= kept;
            if kept > Pages(0) {
                if self.tables.huge > 0 {
                    self.keep_huge(at);
                }
                self.note_peaks();
            }
        }
        if new > Pages(0) {
            self.counts.faults += new.0;
            self.add_resident(new);
            if self.areas.is_some() {
                self.note_page(at);
            }
        }
    }

    pub(crate) fn add_resident(&mut self, pages: Pages) {
        self.pages.resident += pages;
        if self.charged() > self.limit {
            self.press();
        }
        self.note_peaks();
    }

    #[inline]
    pub(crate) fn page_up(&self, length: Bytes) -> Bytes {
        length.align_up(self.config.page_size)
    }

    /// The end of the page that ends at `end` or has the byte before it.
    #[inline]
    pub(crate) fn page_end(&self, end: Address) -> Address {
        Address(Bytes(end.0).align_up(self.config.page_size).0)
    }

    /// The number of the page that holds `at`, as the list of warm ones counts them.
    #[inline]
    pub(crate) fn page_of(&self, at: Address) -> u64 {
        at.0 >> self.page_shift
    }

    #[inline]
    pub(crate) fn page_in_span(&self, at: Address) -> usize {
        (at.offset_in(SPAN).0 >> self.page_shift) as usize
    }

    fn is_mapped(&self, from: Address, end: Address) -> bool {
        let brk_page = self.config.brk.align_down(self.config.page_size);
        if brk_page <= from && end <= self.page_end(self.brk) {
            return true;
        }
        // Mappings side by side are one to whoever writes.
        let mut at = from;
        while at < end {
            match self.mappings.holding(at, at + Bytes(1)) {
                Some((_, to)) => at = to,
                None => return false,
            }
        }
        true
    }

    /// Where a span is listed: in `low` or, counted downwards, in `high`.
    #[inline]
    fn slot_of(&self, at: Address) -> (bool, usize) {
        if at < self.middle {
            let first = self.config.brk.0 >> SPAN_SHIFT;
            (false, ((at.0 >> SPAN_SHIFT).wrapping_sub(first)) as usize)
        } else {
            let last = self.config.mmap_top.0 >> SPAN_SHIFT;
            (true, (last.wrapping_sub(at.0 >> SPAN_SHIFT)) as usize)
        }
    }

    #[inline]
    pub(crate) fn find_span(&self, at: Address) -> Option<usize> {
        let (is_high, slot) = self.slot_of(at);
        let list = if is_high { &self.high } else { &self.low };
        match list.get(slot) {
            Some(&NO_SPAN) | None => None,
            Some(&id) => Some(id as usize),
        }
    }

    #[inline]
    pub(crate) fn span_at(&mut self, at: Address) -> usize {
        match self.find_span(at) {
            Some(id) => id,
            None => self.new_span(at),
        }
    }

    #[cold]
    fn new_span(&mut self, at: Address) -> usize {
        let (is_high, slot) = self.slot_of(at);
        let list = if is_high {
            &mut self.high
        } else {
            &mut self.low
        };
        if list.len() <= slot {
            list.resize(slot + 1, NO_SPAN);
        }
        list[slot] = self.spans.len() as u32;
        self.spans.push(Span {
            base: at.align_down(SPAN),
            ..Span::default()
        });
        self.spans.len() - 1
    }

    /// Calls `each` for every span that exists in `[from, end)`, with the pages concerned.
    pub(crate) fn each_span(
        &mut self,
        from: Address,
        end: Address,
        mut each: impl FnMut(&mut Span, usize, usize),
    ) {
        for (from, last) in parts(from, end) {
            if let Some(id) = self.find_span(from) {
                let (first, last) = (self.page_in_span(from), self.page_in_span(last));
                each(&mut self.spans[id], first, last);
            }
        }
    }

    /// Gives back the pages of `[from, end)`; `forget` also forgets that they were ever written.
    pub(crate) fn drop_pages(&mut self, from: Address, end: Address, forget: bool) {
        for (from, last) in parts(from, end) {
            if let Some(id) = self.find_span(from) {
                let (first, last) = (self.page_in_span(from), self.page_in_span(last));
                self.drop_in_span(id, first, last, forget);
            }
        }
    }

    pub(crate) fn drop_in_span(&mut self, id: usize, first: usize, last: usize, forget: bool) {
        let page = self.page_of(self.spans[id].base);
        self.warm.remove(page + first as u64, page + last as u64);
        let span = &mut self.spans[id];
        let mut gone = PageCounts::default();
        words_of(first, last, |word, bits| {
            gone += span.take(word, bits);
            if forget {
                span.ever[word] &= !bits;
            }
        });
        self.pages -= gone;
    }
}
