//! Which pages of a span are resident, and which once were.

use crate::page_counts::PageCounts;
use highwater_units::{Address, Bytes, Pages};
use serde::{Deserialize, Serialize};

/// What a page is at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    /// Never written since its mapping was made.
    Untouched,
    /// Backed by memory.
    Resident,
    /// Backed by memory that the kernel may take under pressure (MADV_FREE).
    Reclaimable,
    /// Written once, and given back since.
    GivenBack,
}

/// log2 of the bytes of a span.
pub(crate) const SPAN_SHIFT: u32 = 21;
/// A span's bytes.
pub(crate) const SPAN: Bytes = Bytes(1 << SPAN_SHIFT);
/// Bytes of the smallest page there is.
pub(crate) const SMALLEST_PAGE: u64 = 4096;
/// Enough for the smallest pages.
const WORDS: usize = (SPAN.0 / SMALLEST_PAGE / 64) as usize;

/// A set of the pages of one span.
pub(crate) type PageSet = [u64; WORDS];

/// The parts of `[from, end)` that lie in one span each: their first and last bytes.
#[inline]
pub(crate) fn parts(from: Address, end: Address) -> impl Iterator<Item = (Address, Address)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let first = (at < end).then_some(at)?;
        at = (first.align_down(SPAN) + SPAN).min(end);
        Some((first, at - Bytes(1)))
    })
}

/// The pages of one span of 2 MiB.
#[derive(Clone, Default)]
pub(crate) struct Span {
    /// Its first address.
    pub(crate) base: Address,
    /// Whether its range surely has a page table, or a huge page with all pages of the span.
    pub(crate) has_table: bool,
    pub(crate) resident: PageSet,
    /// Resident, and marked with MADV_FREE.
    pub(crate) lazy: PageSet,
    /// Written at least once since mapped, or brought in with a huge page.
    pub(crate) ever: PageSet,
    /// Resident because a huge page was made here, and not written since.
    pub(crate) unwritten: PageSet,
    /// Written, but with nothing but zeros since it became resident, as far as that is known.
    pub(crate) zeros: PageSet,
    /// Part of a huge page that is mapped by small ones, and is one still.
    pub(crate) torn: PageSet,
    /// Shared with the process that this one was forked from: nobody wrote it since.
    pub(crate) shared: PageSet,
}

#[inline]
pub(crate) fn contains(set: &PageSet, page: usize) -> bool {
    set[page >> 6] >> (page & 63) & 1 != 0
}

/// Calls `each` with every word of a set that pages `first..=last` reach into, and with the bits there.
#[inline]
pub(crate) fn words_of(first: usize, last: usize, mut each: impl FnMut(usize, u64)) {
    let (end, tail) = (last >> 6, u64::MAX >> (63 - (last & 63)));
    let mut bits = u64::MAX << (first & 63);
    for word in first >> 6..end + 1 {
        if word == end {
            bits &= tail;
        }
        each(word, bits);
        bits = u64::MAX;
    }
}

/// The pages whose bits are set in a word.
#[inline]
pub(crate) fn count(word: u64) -> Pages {
    Pages(u64::from(word.count_ones()))
}

impl Span {
    pub(crate) fn state(&self, page: usize) -> PageState {
        if contains(&self.lazy, page) {
            PageState::Reclaimable
        } else if contains(&self.resident, page) {
            PageState::Resident
        } else if contains(&self.ever, page) {
            PageState::GivenBack
        } else {
            PageState::Untouched
        }
    }

    /// Takes the pages of some bits of a word out of all sets but `ever`; returns how many were in each.
    pub(crate) fn take(&mut self, word: usize, bits: u64) -> PageCounts {
        let take = |set: &mut PageSet| {
            let taken = count(set[word] & bits);
            set[word] &= !bits;
            taken
        };
        PageCounts {
            resident: take(&mut self.resident),
            lazy: take(&mut self.lazy),
            unwritten: take(&mut self.unwritten),
            zeros: take(&mut self.zeros),
            torn: take(&mut self.torn),
            shared: take(&mut self.shared),
        }
    }

    /// Makes pages resident; returns how many were not.
    #[inline]
    pub(crate) fn touch(&mut self, first: usize, last: usize) -> Pages {
        let mut new = Pages(0);
        words_of(first, last, |word, bits| {
            let missing = bits & !self.resident[word];
            if missing != 0 {
                new += count(missing);
                self.resident[word] |= missing;
                self.ever[word] |= missing;
            }
        });
        new
    }

    /// Makes pages resident that nobody writes; returns how many were not.
    pub(crate) fn bring_in(&mut self, first: usize, last: usize) -> Pages {
        words_of(first, last, |word, bits| {
            self.unwritten[word] |= bits & !self.resident[word];
        });
        self.touch(first, last)
    }

    /// Notes that pages are written; returns how many had only been brought in.
    pub(crate) fn write(&mut self, first: usize, last: usize) -> Pages {
        let mut written = Pages(0);
        words_of(first, last, |word, bits| {
            written += count(self.unwritten[word] & bits);
            self.unwritten[word] &= !bits;
        });
        written
    }

    /// The pages of a word that hold something else than zeros, as far as is known.
    #[inline]
    pub(crate) fn filled(&self, word: usize) -> u64 {
        self.resident[word] & !self.unwritten[word] & !self.zeros[word]
    }

    /// Notes that something else than zeros is written; returns how many pages had nothing else.
    pub(crate) fn fill_in(&mut self, first: usize, last: usize) -> Pages {
        let mut filled = Pages(0);
        words_of(first, last, |word, bits| {
            filled += count(self.zeros[word] & bits);
            self.zeros[word] &= !bits;
        });
        filled
    }

    /// A write takes back the promise of MADV_FREE; returns how many pages had it.
    pub(crate) fn keep(&mut self, first: usize, last: usize) -> Pages {
        let mut kept = Pages(0);
        words_of(first, last, |word, bits| {
            kept += count(self.lazy[word] & bits);
            self.lazy[word] &= !bits;
        });
        kept
    }

    pub(crate) fn count_resident(&self, first: usize, last: usize) -> Pages {
        let mut sum = Pages(0);
        words_of(first, last, |word, bits| {
            let here = self.resident[word] & bits;
            // Mostly all of them are, or none is: then they need not be counted one by one.
            sum += if here == bits {
                Pages((64 - bits.leading_zeros() - bits.trailing_zeros()).into())
            } else if here == 0 {
                Pages(0)
            } else {
                count(here)
            };
        });
        sum
    }
}
