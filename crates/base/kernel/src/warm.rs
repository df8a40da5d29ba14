//! Pages known to be resident: what nearly every write of a program or an allocator asks first.

/// How many pages upwards from the first program break are listed, and how many downwards from the highest mapping.
const LISTED: u64 = 1 << 21;

/// A page that is listed here is resident and not marked with MADV_FREE. One that is not listed may be resident as well.
#[derive(Clone)]
pub(crate) struct Warm {
    first: u64,
    pub(crate) low: Vec<bool>,
    last: u64,
    pub(crate) high: Vec<bool>,
}

/// A place in a list; beyond every one where it has more bits than those.
#[inline]
fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

impl Warm {
    /// No page, in an address space whose heap begins in page `first` and whose highest mapping ends before page `last`.
    pub(crate) fn new(first: u64, last: u64) -> Self {
        Self {
            first,
            low: Vec::new(),
            last,
            high: Vec::new(),
        }
    }

    /// Returns one for the same address space that lists no page.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.first, self.last)
    }

    /// Returns whether a page is listed.
    #[inline]
    pub(crate) fn holds_one(&self, page: u64) -> bool {
        // What lies below the first wraps around, and so is none of these.
        match self.low.get(index(page.wrapping_sub(self.first))) {
            Some(is_listed) => *is_listed,
            None => self.holds_high(page, page),
        }
    }

    /// Whether all pages from `from` to `to`, which is no lower, are listed.
    #[inline]
    pub(crate) fn holds(&self, from: u64, to: u64) -> bool {
        let (start, end) = (from.wrapping_sub(self.first), to.wrapping_sub(self.first));
        match self.low.get(index(start)) {
            Some(true) => self.holds_run(start, end),
            Some(false) => false,
            None => self.holds_high(from, to),
        }
    }

    #[inline(never)]
    fn holds_run(&self, start: u64, end: u64) -> bool {
        let run = self.low.get(index(start)..=index(end));
        run.is_some_and(|run| {
            let mut eights = run.chunks_exact(8);
            eights.by_ref().all(|eight| eight == [true; 8])
                && eights.remainder().iter().all(|is_listed| *is_listed)
        })
    }

    #[inline]
    fn holds_high(&self, from: u64, to: u64) -> bool {
        let (start, end) = (self.last.wrapping_sub(to), self.last.wrapping_sub(from));
        if start > end || end >= self.high.len() as u64 {
            return false;
        }
        let (start, end) = (start as usize, end as usize);
        self.high[start] && (start == end || !self.high[start..=end].contains(&false))
    }

    /// Lists the pages from `from` to `to`, which are resident.
    pub(crate) fn add(&mut self, from: u64, to: u64) {
        let (list, start, end) = if from.wrapping_sub(self.first) < LISTED {
            (&mut self.low, from - self.first, to - self.first)
        } else if self.last.wrapping_sub(from) < LISTED {
            (&mut self.high, self.last - to, self.last - from)
        } else {
            return;
        };
        if end >= LISTED {
            return;
        }
        let (start, end) = (start as usize, end as usize);
        if list.len() <= end {
            list.resize((end | 63) + 1, false);
        }
        list[start..=end].fill(true);
    }

    /// Takes all pages off the list.
    pub(crate) fn clear(&mut self) {
        self.low.clear();
        self.high.clear();
    }

    /// Takes the pages from `from` to `to` off the list.
    pub(crate) fn remove(&mut self, from: u64, to: u64) {
        let low = (to >= self.first).then(|| (from.saturating_sub(self.first), to - self.first));
        let high = (from <= self.last).then(|| (self.last.saturating_sub(to), self.last - from));
        for (list, range) in [(&mut self.low, low), (&mut self.high, high)] {
            let length = list.len() as u64;
            if let Some((start, end)) = range
                && start < length
            {
                let end = (end + 1).min(length) as usize;
                list[start as usize..end].fill(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_warm_while_all_of_its_pages_are() {
        let mut warm = Warm::new(100, 1_000_000_000);
        for base in [100, 999_999_000] {
            warm.add(base + 10, base + 20);
            assert!(warm.holds(base + 10, base + 20) && warm.holds(base + 15, base + 15));
            assert!(!warm.holds(base + 9, base + 12) && !warm.holds(base + 20, base + 21));
            warm.remove(base + 15, base + 16);
            assert!(!warm.holds(base + 14, base + 15) && warm.holds(base + 17, base + 20));
        }
        warm.add(50, 60);
        assert!(!warm.holds(50, 60), "too far away to be listed");
    }
}
