//! Pages that hold nothing but zeros, where huge pages may be: when a huge page itself is split, the kernel gives those back.
//!
//! Nobody need have kept from writing there: calloc writes zeros, and a copy of what was never written is one of zeros.

use crate::page_counts::PageCounts;
use crate::pages::parts;
use crate::pages::{PageSet, count, words_of};
use crate::space::Kernel;
use highwater_units::{Address, Bytes, Pages};

impl Kernel {
    /// Zeros are written to `length` bytes at `start`: their pages become resident, as with [`Kernel::touch`].
    #[inline]
    pub fn touch_zeros(&mut self, start: Address, length: Bytes) {
        match self.areas.is_some() && length > Bytes::ZERO {
            true => self.write_zeros(start, start + length),
            false => self.touch(start, length),
        }
    }

    /// `length` bytes are copied from one place to another, as by memcpy.
    #[inline]
    pub fn copy(&mut self, from: Address, to: Address, length: Bytes) {
        match self.areas.is_some() {
            true => self.copy_pages(from, to, length),
            false => self.touch(to, length),
        }
    }

    #[cold]
    #[inline(never)]
    fn copy_pages(&mut self, from: Address, to: Address, length: Bytes) {
        self.read(from, length);
        let page = self.config.page_size;
        let mut done = Bytes::ZERO;
        while done < length {
            let (source, target) = (from + done, to + done);
            let part = (page - target.offset_in(page)).min(length - done);
            match self.are_zeros(source, source + part) {
                true => self.write_zeros(target, target + part),
                false => self.touch(target, part),
            }
            done += part;
        }
    }

    /// Whether `[start, end)` lies in pages that hold nothing but zeros.
    fn are_zeros(&self, start: Address, end: Address) -> bool {
        parts(start, end).all(|(from, last)| {
            let Some(id) = self.find_span(from) else {
                return true;
            };
            let (first, last) = (self.page_in_span(from), self.page_in_span(last));
            let span = &self.spans[id];
            let mut filled = 0;
            words_of(first, last, |word, bits| {
                filled |= bits & span.filled(word);
            });
            filled == 0
        })
    }

    #[cold]
    fn write_zeros(&mut self, start: Address, end: Address) {
        for (from, last) in parts(start, end) {
            let holds = self.zeros_after(from, last);
            self.touch_span(from, last);
            // The next that is written there need not be zeros.
            self.warm.remove(self.page_of(from), self.page_of(last));
            let id = self.span_at(from);
            for (word, bits) in holds.into_iter().enumerate() {
                self.spans[id].zeros[word] |= bits;
                self.pages.zeros += count(bits);
            }
        }
    }

    /// The pages of a span that hold nothing but zeros once these are written from `from` to `last`: those that are written
    /// whole, and those that held nothing else before.
    fn zeros_after(&self, from: Address, last: Address) -> PageSet {
        let page = self.config.page_size;
        let span = self.find_span(from).map(|id| &self.spans[id]);
        let mut holds = PageSet::default();
        let (first, to) = (self.page_in_span(from), self.page_in_span(last));
        words_of(first, to, |word, bits| {
            holds[word] = bits & !span.map_or(0, |span| span.filled(word));
        });
        let (whole, end) = (from.align_up(page), (last + Bytes(1)).align_down(page));
        if whole < end {
            let (first, to) = (self.page_in_span(whole), self.page_in_span(end - Bytes(1)));
            words_of(first, to, |word, bits| holds[word] |= bits);
        }
        holds
    }

    /// The mapping of a range's huge page is split.
    pub(crate) fn tear(&mut self, range: u64) {
        let start = self.tables.start_of(range);
        let mut torn = Pages(0);
        self.each_span(start, start + self.tables.span(), |span, first, last| {
            words_of(first, last, |word, bits| {
                torn += count(span.resident[word] & bits & !span.torn[word]);
                span.torn[word] |= span.resident[word] & bits;
            });
        });
        self.pages.torn += torn;
    }

    /// Splits the huge page that small pages of a range map, if some but not all of it lies in `[start, end)` and it is the process's
    /// alone. With that the pages go that hold nothing but zeros (mm/migrate.c, `try_to_map_unused_to_zeropage`).
    pub(crate) fn part(&mut self, range: u64, start: Address, end: Address) {
        let from = self.tables.start_of(range);
        let to = from + self.tables.span();
        let mut concerned = Pages(0);
        self.each_span(from.max(start), to.min(end), |span, first, last| {
            words_of(first, last, |word, bits| {
                concerned += count(span.torn[word] & bits)
            });
        });
        let is_whole = concerned == self.tables.pages();
        if concerned == Pages(0) || is_whole || self.is_shared(range) {
            return;
        }
        let mut gone = PageCounts::default();
        self.each_span(from, to, |span, first, last| {
            words_of(first, last, |word, bits| {
                let parts = span.torn[word] & bits;
                gone.torn += count(parts);
                span.torn[word] &= !parts;
                gone += span.take(word, (span.unwritten[word] | span.zeros[word]) & parts);
            });
        });
        self.pages -= gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, HugeMode, HugePages};

    const PAGE: Bytes = Bytes(4096);
    const HUGE: Bytes = Bytes(2 << 20);

    /// A kernel with one huge page, of which three small ones were written.
    fn huge() -> (Kernel, Address) {
        let huge_pages = HugePages {
            mode: HugeMode::Always,
            ..HugePages::default()
        };
        let mut k = Kernel::new(Config {
            huge_pages,
            ..Config::default()
        })
        .expect("the machine can be");
        let m = k.mmap(HUGE * 3).expect("there is room").align_up(HUGE);
        k.touch(m, PAGE * 3);
        (k, m)
    }

    #[test]
    fn pages_of_zeros_go_when_the_huge_page_is_split() {
        let (mut k, m) = huge();
        k.touch_zeros(m + PAGE * 2 + Bytes(8), PAGE * 4);
        assert_eq!(k.unwritten(), HUGE - PAGE * 7, "zeros are written, too");
        k.touch_word(m + PAGE * 4);
        k.touch_zeros(m, PAGE);
        k.madvise_free(m + PAGE * 500, PAGE);
        // One of the first three, the third that the zeros only reach into, and the one that got more than zeros.
        assert_eq!(k.rss(), PAGE * 3);
    }

    #[test]
    fn a_huge_page_whose_mapping_was_split_is_split_itself_by_madv_free() {
        let (mut k, m) = huge();
        k.madvise_dontneed(m + PAGE * 100, PAGE);
        assert_eq!(k.rss(), HUGE - PAGE, "only the mapping is split");
        // A small page of its own is no part of the huge one.
        k.touch_zeros(m + PAGE * 100, PAGE);
        k.madvise_free(m + PAGE * 100, PAGE);
        assert_eq!(k.rss(), HUGE);
        k.madvise_free(m + PAGE * 99, PAGE);
        assert_eq!(k.rss(), PAGE * 4);
    }

    #[test]
    fn a_copy_holds_what_its_source_does() {
        let (mut k, m) = huge();
        // Half a page off: the page that begins in the last written one is not of zeros.
        k.copy(m + PAGE, m + PAGE * 100 + Bytes(2048), PAGE * 10);
        assert_eq!(k.unwritten(), HUGE - PAGE * (3 + 11));
        k.madvise_free(m + PAGE * 500, PAGE);
        assert_eq!(k.rss(), PAGE * 3 + PAGE * 3);
    }
}
