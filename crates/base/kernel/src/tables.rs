//! The page tables of a process: which ranges have one, and how much memory all of them take.
//!
//! A table of the lowest level exists from the first write into its range on, and goes with the last mapping there (Linux, mm/memory.c,
//! `free_pgd_range`). A huge page has one set aside, for the day on which it is split, so it counts the same
//! (mm/huge_memory.c, `pgtable_trans_huge_deposit`).

use crate::huge_pages::PageSize;
use crate::ordered::Ordered;
use highwater_units::{Address, Bytes, Pages};

/// What maps a range of the size of a huge page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leaf {
    /// A table of small pages.
    Table,
    /// One huge page.
    Huge,
    /// The huge page of zeros that all processes share: the range was read before anything was written, and none of it is resident
    /// (mm/huge_memory.c, `set_huge_zero_folio`).
    Zeros,
}

/// The page tables of a process.
#[derive(Clone)]
pub(crate) struct Tables {
    size: PageSize,
    /// log2 of the bytes that a lowest table maps.
    pub(crate) shift: u32,
    /// By the range's number.
    pub(crate) leaves: Ordered<u64, Leaf>,
    /// The tables of each level above the lowest, by the number of the range that each maps.
    upper: [Ordered<u64, ()>; 2],
    /// Ranges mapped by one huge page of their own.
    pub(crate) huge: u64,
    /// Ranges mapped by the huge page of zeros.
    zeros: u64,
}

impl Tables {
    pub(crate) fn new(size: PageSize) -> Self {
        Self {
            size,
            shift: size.huge().0.trailing_zeros(),
            leaves: Ordered::default(),
            upper: Default::default(),
            huge: 0,
            zeros: 0,
        }
    }

    /// Bytes of a range that one lowest table maps.
    pub(crate) fn span(&self) -> Bytes {
        self.size.huge()
    }

    /// Pages of such a range.
    pub(crate) fn pages(&self) -> Pages {
        Pages(self.size.bytes().0 / 8)
    }

    /// The number of the range that holds `at`.
    pub(crate) fn range_of(&self, at: Address) -> u64 {
        at.0 >> self.shift
    }

    /// The first byte of a range.
    pub(crate) fn start_of(&self, range: u64) -> Address {
        Address(range << self.shift)
    }

    pub(crate) fn leaf(&self, range: u64) -> Option<Leaf> {
        self.leaves.get(range)
    }

    pub(crate) fn is_huge(&self, range: u64) -> bool {
        self.huge > 0 && self.leaf(range) == Some(Leaf::Huge)
    }

    /// Whether any range has no table of small pages, but one entry for all of it.
    pub(crate) fn has_whole(&self) -> bool {
        self.huge + self.zeros > 0
    }

    /// Whether the range has no table of small pages, but one entry for all of it.
    pub(crate) fn is_whole(&self, range: u64) -> bool {
        self.has_whole() && matches!(self.leaf(range), Some(Leaf::Huge | Leaf::Zeros))
    }

    fn count(&mut self, old: Option<Leaf>, new: Option<Leaf>) {
        for (count, leaf) in [(&mut self.huge, Leaf::Huge), (&mut self.zeros, Leaf::Zeros)] {
            *count += u64::from(new == Some(leaf));
            *count -= u64::from(old == Some(leaf));
        }
    }

    /// Maps a range by `leaf`, whatever mapped it before.
    pub(crate) fn set(&mut self, range: u64, leaf: Leaf) {
        let old = self.leaves.insert(range, leaf);
        self.count(old, Some(leaf));
        if old.is_none() {
            for (level, shift) in self.upper.iter_mut().zip(self.size.upper_spans()) {
                level.insert(range << self.shift >> shift, ());
            }
        }
    }

    /// Frees the table of a range; those above it stay.
    pub(crate) fn free(&mut self, range: u64) {
        let old = self.leaves.remove(range);
        self.count(old, None);
    }

    /// Returns the tables of upper levels that map a part of `[start, end)`: the level, and the bounds of what each maps.
    pub(crate) fn upper_in(&self, start: Address, end: Address) -> Vec<(usize, Address, Address)> {
        let levels = self.upper.iter().zip(self.size.upper_spans()).enumerate();
        let tables = levels.flat_map(|(level, (tables, shift))| {
            let (first, last) = (start.0 >> shift, (end.0 - 1) >> shift);
            let within = tables.range(first, last + 1).iter();
            let bound = move |number: u64| Address(number << shift);
            within.map(move |(number, ())| (level, bound(*number), bound(number + 1)))
        });
        tables.collect()
    }

    /// Frees a table of an upper level, by the start of what it maps.
    pub(crate) fn free_upper(&mut self, level: usize, start: Address) {
        let shift = self.size.upper_spans()[level];
        self.upper[level].remove(start.0 >> shift);
    }

    /// Returns about how many bytes a copy of this takes.
    pub(crate) fn footprint(&self) -> Bytes {
        self.leaves.footprint()
    }

    /// Bytes of all tables.
    pub(crate) fn bytes(&self) -> Bytes {
        let upper: usize = self.upper.iter().map(Ordered::len).sum();
        self.size.bytes() * (self.leaves.len() + upper) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_each_level_counts_once() {
        let page = Bytes::kib(4);
        let mut tables = Tables::new(PageSize::Kib4);
        let (first, far) = (Address(0x7f00_0000_0000), Address(0x5555_0000_0000));
        let range = tables.range_of(first);
        tables.set(range, Leaf::Table);
        assert_eq!(tables.bytes(), page * 3);
        tables.set(range + 1, Leaf::Huge);
        assert_eq!(tables.bytes(), page * 4, "of the same GiB");
        tables.set(range + 512, Leaf::Table);
        assert_eq!(tables.bytes(), page * 6, "of the next GiB");
        let other = tables.range_of(far);
        tables.set(other, Leaf::Table);
        assert_eq!(tables.bytes(), page * 9);
        tables.free(range);
        tables.free(range + 1);
        assert_eq!((tables.bytes(), tables.huge), (page * 7, 0));
        tables.free(other);
        tables.free(other);
        for (level, start, end) in tables.upper_in(far, far + page) {
            assert!(start <= far && far < end);
            tables.free_upper(level, start);
        }
        assert_eq!(tables.bytes(), page * 4, "a table of a GiB stays");
    }
}
