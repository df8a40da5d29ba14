//! What the program held and has freed, as far as anything can ask for it.
//!
//! Of each place the latest block that lay there is asked for: who had a parked chunk, what a free one was. A block that later
//! ones have covered is forgotten, so the history is as large as the heap, however long the run.

mod begun;
mod packed;

use begun::Begun;
pub(crate) use packed::PackedHistory;

use crate::held::{Held, Stamp};
use highwater_allocator::{Address, Bytes, Numbers};

/// A block that was freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) held: Held,
    pub(crate) freed: Stamp,
}

/// Blocks are forgotten after at least this many were added.
const FEW: usize = 1 << 16;

/// From this size on a block can have had a mapping of its own before a threshold rose: it does not count as having covered
/// a smaller one, whose place is asked for still.
const LARGE: Bytes = Bytes(128 << 10);

/// The blocks that were freed, in the order in which they were.
#[derive(Clone, Debug)]
pub(crate) struct History {
    past: Vec<Past>,
    /// How many there are when the covered ones are forgotten next.
    due: usize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            past: Vec::new(),
            due: FEW,
        }
    }
}

impl History {
    /// Adds a block that was just freed, and returns whether it is time to forget some.
    #[inline]
    pub(crate) fn add(&mut self, held: &Held, freed: Stamp) -> bool {
        if self.past.len() == self.past.capacity() {
            self.make_room();
        }
        let held = *held;
        self.past.push(Past { held, freed });
        self.past.len() >= self.due
    }

    /// Makes room for all that may come until some are forgotten, so that they are moved once and not again and again.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let is_short_run = self.past.len() < FEW / 64;
        let left = self.due.saturating_sub(self.past.len()).max(1);
        self.past
            .reserve_exact(if is_short_run { FEW / 64 } else { left });
    }

    /// Whether it is not much longer than when it forgot something last.
    pub(crate) fn is_short(&self) -> bool {
        self.due - self.past.len() > self.due / 3
    }

    /// The blocks, in the order in which they were freed.
    pub(crate) fn blocks(&self) -> &[Past] {
        &self.past
    }

    /// The place of the block that an event freed: they are in the order of those.
    fn place_freed_at(&self, event: u64) -> Option<usize> {
        let at = |past: &Past| u64::from(past.freed.event);
        let place = self.past.partition_point(|past| at(past) < event);
        (self.past.get(place).is_some_and(|past| at(past) == event)).then_some(place)
    }

    /// The block that an event freed.
    pub(crate) fn freed_at(&self, event: u64) -> Option<Held> {
        Some(self.past[self.place_freed_at(event)?].held)
    }

    /// Forgets the blocks that later ones have covered, those that the program holds among them, but for those that one of
    /// these events freed.
    #[cold]
    pub(crate) fn forget_covered<'a>(
        &mut self,
        live: impl Iterator<Item = &'a Held> + Clone,
        events: [Option<u64>; 2],
    ) {
        let (before, held) = (self.past.len(), live.clone().count());
        let mut begun = Begun::with_room(before + held);
        for live in live.clone() {
            begun.add(live);
        }
        self.retain_latest(events, |held| begun.add(held));
        // What lies at the place of several others takes longer to find. It is looked for where few went, and where many are left: a
        // moment that is kept has them all.
        if self.past.len() > before / 2 || self.past.len() > held + FEW / 2 {
            let mut covered = Covered::default();
            for live in live {
                covered.add(live);
            }
            self.retain_latest(events, |held| covered.add(held));
        }
        self.due = due(self.past.len(), held);
    }

    /// Keeps the blocks that are new, the latest first, and those that one of these events freed.
    fn retain_latest(&mut self, events: [Option<u64>; 2], mut is_new: impl FnMut(&Held) -> bool) {
        // Two blocks at one place were held one after another, so the one that was freed last is the latest.
        let mut keep = vec![false; self.past.len()];
        for (past, keep) in self.past.iter().zip(&mut keep).rev() {
            *keep = is_new(&past.held);
        }
        for event in events.into_iter().flatten() {
            if let Some(place) = self.place_freed_at(event) {
                keep[place] = true;
            }
        }
        // In place: other memory would have to be brought in first.
        let mut keep = keep.into_iter();
        self.past.retain(|_| keep.next() == Some(true));
    }
}

/// How many blocks there are when the covered ones are forgotten next, where so many were kept and the program holds so many.
fn due(kept: usize, held: usize) -> usize {
    kept + FEW.max(kept + held)
}

/// Units of one region: a bit for each eight bytes of 2 MiB.
const UNITS: u64 = 1 << (21 - 3);
/// Words of those bits.
const REGION: usize = (UNITS / 64) as usize;

/// The places of blocks: of small ones in units of eight bytes, region by region, of large ones as ranges.
#[derive(Default)]
struct Covered {
    /// Where the bits of each region are.
    regions: Numbers,
    bits: Vec<Box<[u64; REGION]>>,
    /// The region that was looked up last, with its place.
    latest: Option<(u64, usize)>,
    large: Vec<(Address, Address)>,
}

impl Covered {
    /// Adds a block, and returns whether any of its place was not covered.
    fn add(&mut self, held: &Held) -> bool {
        let end = held.address + held.size.max(Bytes(1));
        if held.size >= LARGE {
            return self.add_large(held.address, end);
        }
        let (mut unit, last) = (held.address.0 >> 3, (end.0 - 1) >> 3);
        let mut is_new = false;
        while unit <= last {
            let number = unit / UNITS;
            let to = last.min(number * UNITS + UNITS - 1);
            let region = self.region(number);
            let word = |unit: u64| (unit % UNITS / 64) as usize;
            let words = &mut self.bits[region][word(unit)..=word(to)];
            is_new |= set(words, u64::MAX << (unit & 63), u64::MAX >> (63 - (to & 63)));
            unit = to + 1;
        }
        is_new
    }

    #[inline]
    fn region(&mut self, region: u64) -> usize {
        match self.latest {
            Some((latest, place)) if latest == region => place,
            _ => self.find_region(region),
        }
    }

    #[inline(never)]
    fn find_region(&mut self, region: u64) -> usize {
        let known = self.regions.get(region);
        let place = known.map_or(self.bits.len(), |place| place as usize);
        if place == self.bits.len() {
            self.bits.push(Box::new([0; REGION]));
            self.regions.insert(region, place as u64);
        }
        self.latest = Some((region, place));
        place
    }

    /// Adds a large block to the ranges, which are in order and do not touch.
    fn add_large(&mut self, start: Address, end: Address) -> bool {
        let first = self.large.partition_point(|range| range.1 < start);
        let after = self.large.partition_point(|range| range.0 <= end);
        let reached = &self.large[first..after];
        if let [only] = reached
            && only.0 <= start
            && end <= only.1
        {
            return false;
        }
        let from = reached.first().map_or(start, |range| range.0.min(start));
        let to = reached.last().map_or(end, |range| range.1.max(end));
        self.large.splice(first..after, [(from, to)]);
        true
    }
}

/// Sets the bits of words, of the first those in `head`, of the last those in `tail`. Returns whether any was not set.
fn set(words: &mut [u64], head: u64, tail: u64) -> bool {
    let (mut bits, end) = (head, words.len());
    let mut is_new = false;
    for (place, word) in words.iter_mut().enumerate() {
        if place + 1 == end {
            bits &= tail;
        }
        is_new |= bits & !*word != 0;
        *word |= bits;
        bits = u64::MAX;
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_allocator::{Micros, ThreadId};
    use highwater_workload::SiteId;

    fn stamp(event: u32) -> Stamp {
        Stamp {
            time: Micros(event.into()),
            event,
            thread: ThreadId::MAIN,
            site: SiteId::UNKNOWN,
        }
    }

    fn held(address: u64, size: u64, event: u32) -> Held {
        Held {
            address: Address(address),
            size: Bytes(size),
            allocated: stamp(event),
        }
    }

    /// Draws blocks that come and go at random, and compares who lay where last with a history that forgets nothing.
    #[test]
    fn what_is_forgotten_was_covered() {
        let mut chance = oorandom::Rand32::new(7);
        let (mut all, mut history) = (Vec::new(), History::default());
        let mut live: Vec<Held> = Vec::new();
        for event in 0..4000 {
            if live.len() > 40 || (!live.is_empty() && chance.rand_range(0..2) == 0) {
                let place = chance.rand_range(0..live.len() as u32) as usize;
                let gone = live.swap_remove(place);
                history.add(&gone, stamp(event));
                all.push(gone);
            } else {
                let size = match chance.rand_range(0..20) {
                    0 => LARGE.0 + u64::from(chance.rand_range(0..9000)),
                    _ => u64::from(chance.rand_range(0..9000)),
                };
                let new = held(u64::from(chance.rand_range(1..40_000)) * 16, size, event);
                let overlaps = |other: &Held| {
                    other.address < new.address + new.size
                        && new.address < other.address + other.size
                };
                if !live.iter().any(overlaps) {
                    live.push(new);
                }
            }
            if event % 500 == 499 {
                history.forget_covered(live.iter(), [None, None]);
            }
        }
        assert!(history.blocks().len() < all.len() / 2);
        let latest = |blocks: &[Held], at: u64| {
            let blocks = blocks.iter().chain(&live);
            let covers = |held: &&Held| at.wrapping_sub(held.address.0) < held.size.0.max(1);
            blocks.filter(covers).map(|held| held.allocated.event).max()
        };
        let kept: Vec<Held> = history.blocks().iter().map(|past| past.held).collect();
        let mut found = 0;
        for at in (0..50_000).map(|unit| unit * 16) {
            assert_eq!(latest(&kept, at), latest(&all, at), "{at:#x}");
            found += u32::from(latest(&all, at).is_some());
        }
        assert!(found > 30_000);
    }

    #[test]
    fn what_was_freed_by_an_event_that_is_asked_for_is_kept() {
        let mut history = History::default();
        for event in 0..10 {
            history.add(&held(16, 24, event), stamp(event));
        }
        history.forget_covered([].into_iter(), [Some(3), None]);
        let kept: Vec<u32> = history
            .blocks()
            .iter()
            .map(|past| past.freed.event)
            .collect();
        assert_eq!(kept, [3, 9]);
        assert!(history.freed_at(3).is_some() && history.freed_at(4).is_none());
    }
}
