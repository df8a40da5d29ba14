//! Which pages are resident: what writing to them does, and what giving them back does.
//!
//! Pages are kept in spans of 2 MiB, which exist from the first write on.

use crate::config::OutOfMemory;
use crate::pages::{SPAN_SHIFT, Span, contains, words_of};
use crate::space::Kernel;
use highwater_units::{Address, Bytes, Pages};

pub(crate) const SPAN: u64 = 1 << SPAN_SHIFT;
/// In the place of a span that does not exist.
const NO_SPAN: u32 = u32::MAX;

impl Kernel {
    /// Something is written in the aligned 8 bytes at `at`: their page becomes resident.
    #[inline]
    pub fn touch_word(&mut self, at: Address) {
        let page = at.0 >> self.page_shift;
        if !self.warm.holds(page, page) {
            self.touch_cold(at.0, at.0);
        }
    }

    /// The program writes `length` bytes at `start`, whatever they are: their pages become resident.
    #[inline]
    pub fn touch(&mut self, start: Address, length: Bytes) {
        if length.0 == 0 {
            return;
        }
        let (from, last) = (start.0, start.0 + length.0 - 1);
        if !self
            .warm
            .holds(from >> self.page_shift, last >> self.page_shift)
        {
            self.touch_cold(from, last);
        }
    }

    #[cold]
    #[inline(never)]
    fn touch_cold(&mut self, from: u64, last: u64) {
        self.touch_spans(from, last);
        self.warm
            .add(from >> self.page_shift, last >> self.page_shift);
    }

    fn touch_spans(&mut self, from: u64, last: u64) {
        let mut at = from;
        while at <= last {
            let end = (at | (SPAN - 1)).min(last);
            self.touch_span(at, end);
            at = end + 1;
        }
    }

    fn touch_span(&mut self, from: u64, last: u64) {
        debug_assert!(
            self.is_mapped(from, last + 1),
            "touch of unmapped {from:#x}"
        );
        let id = self.span_at(from);
        let (first, last) = (self.page_in_span(from), self.page_in_span(last));
        let span = &mut self.spans[id];
        let new = span.touch(first, last);
        if self.lazy != 0 {
            self.lazy -= span.keep(first, last);
        }
        if new != 0 {
            self.fault(new);
        }
    }

    fn fault(&mut self, pages: u64) {
        self.counts.faults += pages;
        self.resident += pages;
        if self.resident > self.cap_pages {
            self.press();
        }
        self.peak = self.peak.max(self.resident);
    }

    /// Sets the cap anew, as where other processes in the same group leave more or less; what lies above it is looked at
    /// when a page becomes resident next. Memory beyond the machine's is no more to be had than before.
    pub fn set_cap(&mut self, cap: Bytes) {
        let cap = cap.min(self.config.memory);
        self.cap_pages = cap.0 / self.config.page_size.0;
    }

    /// The cap is reached: pages marked with MADV_FREE go first, then the process is killed.
    #[cold]
    fn press(&mut self) {
        let mut wanted = self.resident - self.cap_pages;
        for id in 0..self.spans.len() {
            if wanted == 0 || self.lazy == 0 {
                break;
            }
            for page in 0..(SPAN >> self.page_shift) as usize {
                if wanted > 0 && contains(&self.spans[id].lazy, page) {
                    self.drop_in_span(id, page, page, false);
                    self.counts.reclaimed += 1;
                    wanted -= 1;
                }
            }
        }
        if wanted > 0 && self.killed.is_none() {
            self.killed = Some(OutOfMemory {
                resident: Pages(self.resident) * self.config.page_size,
                cap: Pages(self.cap_pages) * self.config.page_size,
            });
        }
    }

    #[inline]
    pub(crate) fn page_up(&self, n: u64) -> u64 {
        Bytes(n).align_up(self.config.page_size).0
    }

    #[inline]
    pub(crate) fn page_in_span(&self, at: u64) -> usize {
        ((at & (SPAN - 1)) >> self.page_shift) as usize
    }

    fn is_mapped(&self, from: u64, end: u64) -> bool {
        let brk_page = Bytes(self.config.brk.0).align_down(self.config.page_size).0;
        if brk_page <= from && end <= self.page_up(self.brk) {
            return true;
        }
        // Mappings side by side are one to whoever writes.
        let mut at = from;
        while at < end {
            match self.mappings.holding(at, at + 1) {
                Some((_, to)) => at = to,
                None => return false,
            }
        }
        true
    }

    /// Where a span is listed: in `low` or, counted downwards, in `high`.
    #[inline]
    fn slot_of(&self, at: u64) -> (bool, usize) {
        if at < self.middle {
            let first = self.config.brk.0 >> SPAN_SHIFT;
            (false, ((at >> SPAN_SHIFT).wrapping_sub(first)) as usize)
        } else {
            let last = self.config.mmap_top.0 >> SPAN_SHIFT;
            (true, (last.wrapping_sub(at >> SPAN_SHIFT)) as usize)
        }
    }

    #[inline]
    pub(crate) fn find_span(&self, at: u64) -> Option<usize> {
        let (is_high, slot) = self.slot_of(at);
        let list = if is_high { &self.high } else { &self.low };
        match list.get(slot) {
            Some(&NO_SPAN) | None => None,
            Some(&id) => Some(id as usize),
        }
    }

    #[inline]
    fn span_at(&mut self, at: u64) -> usize {
        match self.find_span(at) {
            Some(id) => id,
            None => self.new_span(at),
        }
    }

    #[cold]
    fn new_span(&mut self, at: u64) -> usize {
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
            base: at & !(SPAN - 1),
            ..Span::default()
        });
        self.spans.len() - 1
    }

    /// Calls `each` for every span that exists in `[from, end)`, with the pages concerned.
    pub(crate) fn each_span(
        &mut self,
        from: u64,
        end: u64,
        mut each: impl FnMut(&mut Span, usize, usize),
    ) {
        let mut at = from;
        while at < end {
            let stop = (at | (SPAN - 1)).min(end - 1);
            if let Some(id) = self.find_span(at) {
                let (first, last) = (self.page_in_span(at), self.page_in_span(stop));
                each(&mut self.spans[id], first, last);
            }
            at = stop + 1;
        }
    }

    /// Gives back the pages of `[from, end)`; `forget` also forgets that they were ever written.
    pub(crate) fn drop_pages(&mut self, from: u64, end: u64, forget: bool) {
        let mut at = from;
        while at < end {
            let stop = (at | (SPAN - 1)).min(end - 1);
            if let Some(id) = self.find_span(at) {
                let (first, last) = (self.page_in_span(at), self.page_in_span(stop));
                self.drop_in_span(id, first, last, forget);
            }
            at = stop + 1;
        }
    }

    fn drop_in_span(&mut self, id: usize, first: usize, last: usize, forget: bool) {
        let page = self.spans[id].base >> self.page_shift;
        self.warm.remove(page + first as u64, page + last as u64);
        let span = &mut self.spans[id];
        let (mut resident, mut lazy) = (0, 0);
        words_of(first, last, |word, bits| {
            resident += u64::from((span.resident[word] & bits).count_ones());
            lazy += u64::from((span.lazy[word] & bits).count_ones());
            span.resident[word] &= !bits;
            span.lazy[word] &= !bits;
            if forget {
                span.ever[word] &= !bits;
            }
        });
        self.resident -= resident;
        self.lazy -= lazy;
    }

    /// Moves `length` bytes of pages.
    pub(crate) fn move_pages(&mut self, from: u64, to: u64, length: u64) {
        let page = self.config.page_size.0;
        for offset in (0..length).step_by(page as usize) {
            let Some(source) = self.find_span(from + offset) else {
                continue;
            };
            let bit = self.page_in_span(from + offset);
            if !contains(&self.spans[source].resident, bit) {
                continue;
            }
            let target = self.span_at(to + offset);
            let target_bit = self.page_in_span(to + offset);
            let mask = 1 << (target_bit & 63);
            self.spans[target].resident[target_bit >> 6] |= mask;
            self.spans[target].ever[target_bit >> 6] |= mask;
            self.resident += 1;
        }
    }
}
