//! Sets of places in memory: a bit for each unit of 1 KiB, region by region.

use highwater_allocator::{Address, Bytes, Numbers};

/// Bytes of a unit, by the power of two.
const UNIT: u32 = 10;

/// Words of the bits of one region.
const WORDS: u64 = 1 << 12;

/// Units of memory. Only regions that have any take memory.
#[derive(Clone, Default)]
pub struct Bits {
    /// Where the words of each region are.
    regions: Numbers,
    words: Vec<(u64, Box<[u64; WORDS as usize]>)>,
    /// The region that was looked up last, with its place.
    latest: Option<(u64, usize)>,
}

impl Bits {
    /// Adds every unit that a place reaches into. It takes as long as the place is large.
    pub fn add(&mut self, from: Address, to: Address) {
        let (first, last) = (from.0 >> UNIT, (to.0 - 1) >> UNIT);
        let mut bits = u64::MAX << (first % 64);
        for word in first / 64..last / 64 {
            *self.word(word) |= bits;
            bits = u64::MAX;
        }
        *self.word(last / 64) |= bits & (u64::MAX >> (63 - last % 64));
    }

    /// The bits of 64 units.
    #[inline]
    fn word(&mut self, word: u64) -> &mut u64 {
        let region = word / WORDS;
        let place = match self.latest {
            Some((latest, place)) if latest == region => place,
            _ => self.look_up(region),
        };
        &mut self.words[place].1[(word % WORDS) as usize]
    }

    #[inline(never)]
    fn look_up(&mut self, region: u64) -> usize {
        let place = match self.regions.get(region) {
            Some(place) => place as usize,
            None => {
                self.regions.insert(region, self.words.len() as u64);
                self.words.push((region, Box::new([0; WORDS as usize])));
                self.words.len() - 1
            }
        };
        self.latest = Some((region, place));
        place
    }

    /// Returns the units as ranges of bytes, ascending, that do not touch.
    pub fn ranges(&self) -> Vec<(u64, u64)> {
        let regions = (0..).zip(&self.words);
        let mut regions: Vec<(u64, u64)> = regions.map(|(place, words)| (words.0, place)).collect();
        regions.sort_unstable();
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (region, place) in regions {
            for (number, word) in (0..).zip(self.words[place as usize].1.iter()) {
                let first = (region * WORDS + number) * 64;
                let mut rest = *word;
                while rest != 0 {
                    let skipped = rest.trailing_zeros();
                    let length = (rest >> skipped).trailing_ones();
                    let start = (first + u64::from(skipped)) << UNIT;
                    let end = start + (u64::from(length) << UNIT);
                    match ranges.last_mut() {
                        Some(last) if last.1 == start => last.1 = end,
                        _ => ranges.push((start, end)),
                    }
                    rest &= u64::MAX.checked_shl(skipped + length).unwrap_or(0);
                }
            }
        }
        ranges
    }

    /// Returns the bytes that it takes.
    pub(super) fn footprint(&self) -> Bytes {
        Bytes(self.words.len() as u64 * WORDS * 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_of_units_says_the_same() {
        let mut chance = oorandom::Rand64::new(3);
        let (mut bits, mut units) = (Bits::default(), BTreeSet::new());
        // Around the end of a region.
        let around = (WORDS * 64) << UNIT;
        for _ in 0..500 {
            let from = around - 4_000_000 + chance.rand_range(0..8_000_000);
            let most = [8, 4_000, 130_000][chance.rand_range(0..3) as usize];
            let to = from + 1 + chance.rand_range(0..most);
            bits.add(Address(from), Address(to));
            units.extend(from >> UNIT..=(to - 1) >> UNIT);
            let ranges = bits.ranges();
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
            let said = ranges
                .iter()
                .flat_map(|(from, to)| from >> UNIT..to >> UNIT);
            assert!(said.eq(units.iter().copied()));
        }
        assert!(units.len() > 1000);
    }
}
