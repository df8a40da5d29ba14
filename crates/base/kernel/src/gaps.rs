//! The free ranges of address space, found by size.

use std::collections::BTreeMap;

/// Free ranges that do not touch each other. Each is kept by its end, and once more under the power of two its size
/// reaches, so that the highest range that is large enough is found without walking over all the others.
#[derive(Clone)]
pub(crate) struct Gaps {
    start_by_end: BTreeMap<u64, u64>,
    start_by_end_of_class: Vec<BTreeMap<u64, u64>>,
}

fn class(bytes: u64) -> usize {
    bytes.ilog2() as usize
}

impl Gaps {
    pub(crate) fn new(start: u64, end: u64) -> Self {
        let mut gaps = Self {
            start_by_end: BTreeMap::new(),
            start_by_end_of_class: vec![BTreeMap::new(); 64],
        };
        gaps.insert(start, end);
        gaps
    }

    /// The end of the highest range of at least `bytes`, which is not 0.
    pub(crate) fn highest(&self, bytes: u64) -> Option<u64> {
        let (same, larger) = self.start_by_end_of_class[class(bytes)..].split_first()?;
        let surely = larger
            .iter()
            .filter_map(|ranges| ranges.last_key_value())
            .map(|(end, _)| *end)
            .max()
            .unwrap_or(0);
        let perhaps = same
            .range(surely..)
            .rev()
            .find(|(end, start)| **end - **start >= bytes)
            .map(|(end, _)| *end);
        perhaps.or((surely != 0).then_some(surely))
    }

    /// Whether `[start, end)` is free, and if so takes it.
    pub(crate) fn take(&mut self, start: u64, end: u64) -> bool {
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
    pub(crate) fn give(&mut self, mut start: u64, mut end: u64) {
        if let Some(&from) = self.start_by_end.get(&start) {
            self.remove(from, start);
            start = from;
        }
        if let Some((&to, &from)) = self.start_by_end.range(end + 1..).next()
            && from == end
        {
            self.remove(from, to);
            end = to;
        }
        self.insert(start, end);
    }

    fn insert(&mut self, start: u64, end: u64) {
        if start < end {
            self.start_by_end.insert(end, start);
            self.start_by_end_of_class[class(end - start)].insert(end, start);
        }
    }

    fn remove(&mut self, start: u64, end: u64) {
        self.start_by_end.remove(&end);
        self.start_by_end_of_class[class(end - start)].remove(&end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_range_that_fits_is_found() {
        let mut gaps = Gaps::new(0, 1000);
        assert!(gaps.take(400, 500));
        assert!(gaps.take(900, 1000));
        assert!(!gaps.take(450, 550), "part of it is taken");
        assert_eq!(gaps.highest(400), Some(900));
        assert!(gaps.take(520, 900));
        assert_eq!(gaps.highest(20), Some(520));
        assert_eq!(gaps.highest(21), Some(400));
        assert_eq!(gaps.highest(401), None);
    }

    #[test]
    fn neighbours_join() {
        let mut gaps = Gaps::new(0, 1000);
        assert!(gaps.take(0, 1000));
        gaps.give(100, 200);
        gaps.give(300, 400);
        gaps.give(200, 300);
        assert_eq!(gaps.highest(300), Some(400));
    }
}
