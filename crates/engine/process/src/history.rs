//! What the program held and has freed, as far as anything can ask for it.
//!
//! Asked for is what lay last where a chunk begins that the program does not hold: who had a parked chunk, what a free one was. So of
//! what was freed long ago only that is kept, and the history is as large as the allocator's table of chunks, however long the run.

mod begins;
mod bits;
mod large;
mod packed;

pub use bits::Bits;
pub use large::LARGE;
pub use packed::PackedHistory;

use crate::held::{Held, Stamp};
use begins::Begins;
use highwater_allocator::{Address, Bytes};

/// A block that was freed.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// What it was.
    pub held: Held,
    /// The event that freed it.
    pub freed: Stamp,
}

/// The history is settled after at least this many were added.
const FEW: usize = 1 << 18;

/// The blocks that were freed.
#[derive(Clone, Default)]
pub struct History {
    /// Those that were freed since it was settled, in the order in which they were.
    recent: Vec<Past>,
    /// Where chunks began when it was settled that the program did not hold, ascending, and what lay there last.
    begins: Vec<Address>,
    settled: Vec<Past>,
    /// Of those freed before it was settled the large ones, and those that an event freed which is asked for.
    kept: Vec<Past>,
    /// Where small ones lay that were freed before it was settled.
    small: Bits,
    /// How many were freed before it was settled.
    before: u64,
    /// How many recent ones there are when it is settled, or put off, next.
    due: usize,
    /// How many recent ones there may be before it is settled, by what there was then.
    expected: usize,
}

impl History {
    /// Adds a block that was just freed, and returns whether it may be time to settle it.
    #[inline]
    pub(crate) fn add(&mut self, held: &Held, freed: Stamp) -> bool {
        if self.recent.len() == self.recent.capacity() {
            self.make_room();
        }
        let held = *held;
        self.recent.push(Past { held, freed });
        self.recent.len() >= self.due
    }

    /// Makes room for all that may come until it is settled, so that they are moved once and not again and again.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let long = FEW.max(self.due).max(self.expected);
        let is_short_run = self.recent.len() < FEW / 64 && self.before == 0;
        let left = (long.saturating_sub(self.recent.len())).max(FEW / 64);
        self.recent
            .reserve_exact(if is_short_run { FEW / 64 } else { left });
    }

    /// How many blocks were freed.
    pub fn freed(&self) -> u64 {
        self.before + self.recent.len() as u64
    }

    /// How many it has at hand.
    pub fn at_hand(&self) -> usize {
        self.recent.len() + self.settled.len() + self.kept.len()
    }

    /// The blocks that were freed since it was settled, in the order in which they were.
    pub fn recent(&self) -> &[Past] {
        &self.recent
    }

    /// What was freed before it was settled and lay last where a chunk began then.
    pub fn settled_at(&self, at: Address) -> Option<&Past> {
        let place = self.begins.binary_search(&at).ok()?;
        self.settled.get(place)
    }

    /// The blocks that an event freed which is asked for.
    pub fn freed_at(&self, event: u64) -> Option<Held> {
        let mut all = self.kept.iter().chain(&self.recent);
        let past = all.find(|past| u64::from(past.freed.event) == event)?;
        Some(past.held)
    }

    /// Every large block, but for those that later large ones have covered, and every recent one.
    pub fn large_and_recent(&self) -> impl Iterator<Item = &Held> {
        self.kept.iter().chain(&self.recent).map(|past| &past.held)
    }

    /// Where small blocks lay that were freed before it was settled.
    pub fn small(&self) -> &Bits {
        &self.small
    }

    /// Whether it is time to settle it while the program holds so many blocks. That looks at every chunk, so as many blocks are to
    /// have been freed as there are chunks.
    pub(crate) fn is_due(&mut self, held: u64) -> bool {
        let chunks = held as usize + self.settled.len();
        let is_due = self.recent.len() >= FEW.max(chunks);
        if !is_due {
            self.due = self.recent.len() + FEW;
        }
        is_due
    }

    /// Keeps of what was freed what can still be asked for: what lay last where one of these chunks begins, which the program does not
    /// hold, the large ones, and what one of these events freed.
    #[cold]
    pub(crate) fn settle(
        &mut self,
        chunks: impl IntoIterator<Item = Address>,
        held: &[Held],
        events: [Option<u64>; 2],
    ) {
        let mut begins = Begins::new(chunks);
        let mut settled: Vec<Past> = Vec::with_capacity(self.settled.len());
        let mut settle = |place: (Address, Address), past: &Past| {
            if begins.take(place, settled.len()) {
                settled.push(*past);
            }
        };
        // The latest first: two blocks at one place were held one after another.
        for past in self.recent.iter().rev() {
            settle(past.held.place(), past);
        }
        for (at, past) in self.begins.iter().zip(&self.settled) {
            settle((*at, *at + Bytes(1)), past);
        }
        for past in self.recent.iter().filter(|past| past.held.size < LARGE) {
            let (start, end) = past.held.place();
            self.small.add(start, end);
        }
        self.keep_large(held, events);
        self.before += self.recent.len() as u64;
        self.recent.clear();
        self.begins = begins.found().map(|(at, _)| at).collect();
        self.settled = begins.found().map(|(_, place)| settled[place]).collect();
        self.expected = self.settled.len() + held.len();
        self.due = FEW;
    }
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

    /// Draws blocks that come and go at random, and asks what lay last where chunks begin, of a history that is settled now and then.
    #[test]
    fn what_lay_last_where_a_chunk_begins_is_known() {
        let mut chance = oorandom::Rand32::new(7);
        let (mut all, mut history) = (Vec::new(), History::default());
        let mut live: Vec<Held> = Vec::new();
        let mut drawn = oorandom::Rand32::new(8);
        let drawn = (0..400).map(|_| Address(u64::from(drawn.rand_range(1..50_000)) * 16));
        let begins: Vec<Address> = drawn.collect();
        let mut chunks: Vec<Address> = Vec::new();
        let covers =
            |held: &Held, at: Address| at.0.wrapping_sub(held.address.0) < held.size.0.max(1);
        let mut found = 0;
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
            if event % 100 == 99 {
                for at in &chunks {
                    let blocks = all.iter().chain(&live).filter(|held| covers(held, *at));
                    let expected = blocks.map(|held| held.allocated.event).max();
                    let recent = history.recent().iter().map(|past| &past.held).chain(&live);
                    let recent = recent.filter(|held| covers(held, *at));
                    let known = recent.map(|held| held.allocated.event).max();
                    let settled = history
                        .settled_at(*at)
                        .map(|past| past.held.allocated.event);
                    assert_eq!(known.or(settled), expected, "{at:?}");
                    found += u32::from(known.is_none() && settled.is_some());
                }
            }
            if event % 500 == 499 {
                let free = |at: &Address| !live.iter().any(|held| covers(held, *at));
                chunks = begins.iter().copied().filter(free).collect();
                history.settle(chunks.iter().copied(), &live, [None, None]);
                assert!(history.recent().is_empty());
                assert!(history.settled.len() <= chunks.len());
            }
        }
        assert!(found > 500, "{found}");
        assert_eq!(history.freed(), all.len() as u64);
    }

    #[test]
    fn what_was_freed_by_an_event_that_is_asked_for_is_kept() {
        let mut history = History::default();
        for event in 0..10 {
            history.add(&held(16, 24, event), stamp(event));
        }
        history.settle(None, &[], [Some(3), None]);
        assert_eq!(history.at_hand(), 1);
        assert!(history.freed_at(3).is_some() && history.freed_at(4).is_none());
        assert_eq!(history.small().ranges(), [(0, 1024)]);
    }

    #[test]
    fn large_blocks_are_kept_until_large_ones_cover_them() {
        let mut history = History::default();
        for (event, (at, size)) in [(0, LARGE.0), (1 << 20, LARGE.0), (0, 2 * LARGE.0)]
            .into_iter()
            .enumerate()
        {
            history.add(&held(at + 16, size, event as u32), stamp(event as u32));
        }
        // A small one on the way covers nothing of a large one.
        history.add(&held((1 << 20) + 16, 100, 7), stamp(7));
        history.settle(None, &[], [None, None]);
        let kept: Vec<u32> = history
            .large_and_recent()
            .map(|held| held.allocated.event)
            .collect();
        assert_eq!(kept, [1, 2]);
        let live = held(16, 4 << 20, 9);
        history.settle(None, &[live], [None, None]);
        assert_eq!(history.large_and_recent().count(), 0);
    }
}
