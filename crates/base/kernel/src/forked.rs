//! A process that was forked, where huge pages may be: it shares its pages with its parent until one of both writes to them.
//! How many are resident is the same for that; MADV_FREE does nothing to those that are shared.

use crate::huge_pages::HugeMode;
use crate::pages::{Span, count, words_of};
use crate::space::Kernel;
use highwater_units::{Address, Pages};

impl Kernel {
    /// From here on the process is one that was forked: what it wrote before is its parent's, too.
    pub fn forked(&mut self) {
        if self.config.huge_pages.mode == HugeMode::Never {
            return;
        }
        self.track_areas();
        if let Some(areas) = &mut self.areas {
            areas.fork();
        }
        for span in &mut self.spans {
            span.shared = span.resident;
        }
        self.pages.shared = self.pages.resident;
        self.warm.clear();
    }

    /// The pages of a span from `from` to `last` are written: those that are shared are replaced by small ones of the process's
    /// own, also in a huge page (Linux 6.18, mm/huge_memory.c, `do_huge_pmd_wp_page`; mm/memory.c, `wp_page_copy`).
    #[cold]
    pub(crate) fn unshare(&mut self, id: usize, from: Address, last: Address) {
        let (first, to) = (self.page_in_span(from), self.page_in_span(last));
        if !self.spans[id].has_shared(first, to) {
            return;
        }
        let range = self.tables.range_of(from);
        if self.tables.is_huge(range) {
            self.split(range);
        }
        let (mut shared, mut torn) = (Pages(0), Pages(0));
        let span = &mut self.spans[id];
        words_of(first, to, |word, bits| {
            let own = span.shared[word] & bits;
            shared += count(own);
            torn += count(span.torn[word] & own);
            span.shared[word] &= !own;
            span.torn[word] &= !own;
        });
        self.pages.shared -= shared;
        self.pages.torn -= torn;
    }

    /// Whether a page of a range is shared.
    pub(crate) fn is_shared(&mut self, range: u64) -> bool {
        let start = self.tables.start_of(range);
        let mut any = false;
        if self.pages.shared > Pages(0) {
            self.each_span(start, start + self.tables.span(), |span, first, last| {
                any |= span.has_shared(first, last);
            });
        }
        any
    }
}

impl Span {
    fn has_shared(&self, first: usize, last: usize) -> bool {
        let mut any = false;
        words_of(first, last, |word, bits| {
            any |= self.shared[word] & bits != 0
        });
        any
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, HugeMode, HugePages, Kernel};
    use highwater_units::Bytes;

    #[test]
    fn madv_free_leaves_what_is_shared() {
        const PAGE: Bytes = Bytes(4096);
        const HUGE: Bytes = Bytes(2 << 20);
        let huge_pages = HugePages {
            mode: HugeMode::Always,
            ..HugePages::default()
        };
        let config = Config {
            huge_pages,
            ..Config::default()
        };
        let mut k = Kernel::new(config).expect("the machine can be");
        let m = k.mmap(HUGE * 2).expect("there is room").align_up(HUGE);
        k.touch(m, PAGE);
        k.forked();
        k.madvise_free(m + PAGE * 8, PAGE * 8);
        assert_eq!((k.rss(), k.lazy(), k.huge()), (HUGE, Bytes::ZERO, HUGE));
        // A write makes a small page of its own.
        k.touch(m + PAGE * 9, PAGE);
        assert_eq!((k.rss(), k.huge()), (HUGE, Bytes::ZERO));
        k.madvise_free(m + PAGE * 8, PAGE * 8);
        assert_eq!((k.rss(), k.lazy()), (HUGE, PAGE));
        // What is not shared goes as ever.
        k.madvise_dontneed(m, HUGE);
        k.touch(m, PAGE);
        k.madvise_free(m + PAGE * 8, PAGE * 8);
        assert_eq!(k.rss(), PAGE);
    }
}
