//! Ranges of addresses among which each of very many blocks is looked up.

/// Ranges, ascending and without overlaps, and the gap between two of them that the latest address lay in. Blocks that follow
/// each other mostly lie in one gap, so that two comparisons pass over nearly all of them.
pub(crate) struct Ranges<'a> {
    ranges: &'a [(u64, u64)],
    gap: (u64, u64),
}

impl<'a> Ranges<'a> {
    pub(crate) fn new(ranges: &'a [(u64, u64)]) -> Self {
        Self {
            ranges,
            gap: (0, ranges.first().map_or(u64::MAX, |first| first.0)),
        }
    }

    /// Returns the place of the first range that something from `start` to before `end` reaches into, if it does.
    #[inline]
    pub(crate) fn reached(&mut self, start: u64, end: u64) -> Option<usize> {
        if self.gap.0 <= start && end <= self.gap.1 {
            return None;
        }
        self.find(start, end)
    }

    #[inline(never)]
    fn find(&mut self, start: u64, end: u64) -> Option<usize> {
        let first = self.ranges.partition_point(|range| range.1 <= start);
        let next = self.ranges.get(first).map_or(u64::MAX, |range| range.0);
        if next < end {
            return Some(first);
        }
        let before = first
            .checked_sub(1)
            .map_or(0, |before| self.ranges[before].1);
        self.gap = (before, next);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_is_what_a_search_finds() {
        let sets: [&[(u64, u64)]; 4] = [
            &[],
            &[(3, 4)],
            &[(0, 1), (1, 2), (9, 11)],
            &[(2, 5), (8, 9), (20, u64::MAX)],
        ];
        for set in sets {
            let mut ranges = Ranges::new(set);
            // Every pair of neighbours in the order of looking up, so that each gap is asked of each place.
            for first in 0..24_u64 {
                for second in 0..24 {
                    for (start, end) in [(first, first + 1), (second, second + 3)] {
                        let found = set
                            .iter()
                            .position(|range| range.0 < end && start < range.1);
                        assert_eq!(ranges.reached(start, end), found, "{start} {end} {set:?}");
                    }
                }
            }
        }
    }
}
