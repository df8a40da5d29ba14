//! The free ranges of address space, found by size.

use highwater_units::{Address, Bytes};
use std::collections::BTreeMap;

/// Free ranges that do not touch each other. Each is kept by its end, and once more under the power of two its size
/// reaches, so that the highest range that is large enough is found without walking over all the others.
#[derive(Clone)]
pub(crate) struct Gaps {
    pub(crate) start_by_end: BTreeMap<Address, Address>,
    start_by_end_of_class: Vec<BTreeMap<Address, Address>>,
}

fn class(bytes: Bytes) -> usize {
    bytes.0.ilog2() as usize
}

impl Gaps {
    pub(crate) fn new(start: Address, end: Address) -> Self {
        let mut gaps = Self {
            start_by_end: BTreeMap::new(),
            start_by_end_of_class: vec![BTreeMap::new(); 64],
        };
        gaps.insert(start, end);
        gaps
    }

    /// The end of the highest range of at least `bytes`, which is not 0.
    pub(crate) fn highest(&self, bytes: Bytes) -> Option<Address> {
        let (same, larger) = self.start_by_end_of_class[class(bytes)..].split_first()?;
        let surely = larger
            .iter()
            .filter_map(|ranges| ranges.last_key_value())
            .map(|(end, _)| *end)
            .max();
        let perhaps = same
            .range(surely.unwrap_or(Address::NULL)..)
            .rev()
            .find(|(end, start)| **end - **start >= bytes)
            .map(|(end, _)| *end);
        perhaps.or(surely)
    }

    /// Whether `[start, end)` is free, and if so takes it.
    pub(crate) fn take(&mut self, start: Address, end: Address) -> bool {
        let Some((&to, &from)) = self.start_by_end.range(end..).next() else {
            return false;
        };
        if from > start {
            return false;
        }
        self.remove(from, to);
        self.insert(from, start);
        self.insert(end, to);
        true
    }

    /// Makes `[start, end)`, of which nothing is free, free again.
    pub(crate) fn give(&mut self, mut start: Address, mut end: Address) {
        if let Some(&from) = self.start_by_end.get(&start) {
            self.remove(from, start);
            start = from;
        }
        if let Some((&to, &from)) = self.start_by_end.range(end + Bytes(1)..).next()
            && from == end
        {
            self.remove(from, to);
            end = to;
        }
        self.insert(start, end);
    }

    fn insert(&mut self, start: Address, end: Address) {
        if start < end {
            self.start_by_end.insert(end, start);
            self.start_by_end_of_class[class(end - start)].insert(end, start);
        }
    }

    fn remove(&mut self, start: Address, end: Address) {
        self.start_by_end.remove(&end);
        self.start_by_end_of_class[class(end - start)].remove(&end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_range_that_fits_is_found() {
        let mut gaps = Gaps::new(Address(0), Address(1000));
        assert!(gaps.take(Address(400), Address(500)));
        assert!(gaps.take(Address(900), Address(1000)));
        assert!(
            !gaps.take(Address(450), Address(550)),
            "part of it is taken"
        );
        assert_eq!(gaps.highest(Bytes(400)), Some(Address(900)));
        assert!(gaps.take(Address(520), Address(900)));
        assert_eq!(gaps.highest(Bytes(20)), Some(Address(520)));
        assert_eq!(gaps.highest(Bytes(21)), Some(Address(400)));
        assert_eq!(gaps.highest(Bytes(401)), None);
    }

    #[test]
    fn neighbours_join() {
        let mut gaps = Gaps::new(Address(0), Address(1000));
        assert!(gaps.take(Address(0), Address(1000)));
        gaps.give(Address(100), Address(200));
        gaps.give(Address(300), Address(400));
        gaps.give(Address(200), Address(300));
        assert_eq!(gaps.highest(Bytes(300)), Some(Address(400)));
    }
}
