//! Blocks in about a third of the memory, for as long as nobody asks anything of them: those that were freed, one after another,
//! and those that are live, each by what it differs from the one before.

use super::{Bits, History, Past};
use crate::held::{Held, Stamp};
use highwater_allocator::{Address, Bytes, Entry, Micros, Packed, ThreadId, Unpacker};
use highwater_workload::SiteId;

/// A history as it was at a moment.
#[derive(Clone)]
pub struct PackedHistory {
    packed: Packed,
    /// How many are recent, kept and settled.
    lengths: [usize; 3],
    small: Bits,
    before: u64,
    due: usize,
    expected: usize,
}

/// What the first block differs from.
const BEFORE: Past = Past {
    held: Held {
        address: Address::NULL,
        size: Bytes::ZERO,
        allocated: START,
    },
    freed: START,
};

const START: Stamp = Stamp {
    time: Micros(0),
    event: 0,
    thread: ThreadId::MAIN,
    site: SiteId::UNKNOWN,
};

/// About how many bytes a block takes.
const BLOCK: usize = 15;

impl History {
    /// Returns it as it is now.
    #[inline]
    pub fn packed(&self) -> PackedHistory {
        let blocks = [&self.recent, &self.kept, &self.settled];
        let lengths = blocks.map(Vec::len);
        let mut packed = Packed::with_room(lengths.iter().sum::<usize>() * BLOCK);
        for blocks in blocks {
            let mut before = &BEFORE;
            for past in blocks {
                past.put(before, &mut packed);
                before = past;
            }
        }
        for (at, past) in self.begins.iter().zip(&self.settled) {
            packed.put(at.0 - past.held.address.0);
        }
        packed.shrink();
        PackedHistory {
            packed,
            lengths,
            small: self.small.clone(),
            before: self.before,
            due: self.due,
            expected: self.expected,
        }
    }
}

impl PackedHistory {
    /// Returns the history again.
    #[inline]
    pub fn unpacked(&self) -> History {
        let mut reader = self.packed.reader();
        let [recent, kept, settled] = self.lengths.map(|count| {
            let mut blocks: Vec<Past> = Vec::with_capacity(count);
            let mut before = BEFORE;
            for _ in 0..count {
                before = Past::take(&before, &mut reader);
                blocks.push(before);
            }
            blocks
        });
        let begins = settled
            .iter()
            .map(|past| past.held.address + Bytes(reader.take()));
        History {
            recent,
            begins: begins.collect(),
            settled,
            kept,
            small: self.small.clone(),
            before: self.before,
            due: self.due,
            expected: self.expected,
        }
    }

    /// Returns the bytes that it takes.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        self.packed.footprint() + self.small.footprint()
    }
}

/// Beside one that was freed before, or lies below.
impl Entry for Past {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        let Self { held, freed } = self;
        packed.put_beside(freed.event.into(), before.freed.event.into());
        packed.put_beside(freed.time.0, before.freed.time.0);
        packed.put(u64::from(freed.event.wrapping_sub(held.allocated.event)));
        packed.put(freed.time.0.wrapping_sub(held.allocated.time.0));
        packed.put_beside(held.address.0, before.held.address.0);
        let threads = pair(held.allocated.thread.0, freed.thread.0);
        let sites = pair(held.allocated.site.number(), freed.site.number());
        put_named(held.size, &[threads, sites], packed);
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        let event = reader.take_beside(before.freed.event.into()) as u32;
        let time = reader.take_beside(before.freed.time.0);
        let allocated_event = event.wrapping_sub(reader.take() as u32);
        let allocated_time = time.wrapping_sub(reader.take());
        let address = Address(reader.take_beside(before.held.address.0));
        let (size, [threads, sites]) = take_named(reader);
        let stamp = |event, time, thread, site| Stamp {
            time: Micros(time),
            event,
            thread: ThreadId(thread),
            site: SiteId::of_number(site),
        };
        let (thread, site) = ((threads >> 16) as u16, (sites >> 16) as u16);
        Self {
            held: Held {
                address,
                size,
                allocated: stamp(allocated_event, allocated_time, thread, site),
            },
            freed: stamp(event, time, threads as u16, sites as u16),
        }
    }
}

fn pair(first: u16, second: u16) -> u64 {
    u64::from(first) << 16 | u64::from(second)
}

/// Writes a size, and after it numbers that mostly are all zero: then one bit says so. No block is so large that the bit is missed.
#[inline]
fn put_named(size: Bytes, numbers: &[u64], packed: &mut Packed) {
    let is_named = numbers.iter().any(|number| *number != 0);
    packed.put(size.0 << 1 | u64::from(is_named));
    for number in numbers.iter().filter(|_| is_named) {
        packed.put(*number);
    }
}

/// Reads what [`put_named`] wrote.
#[inline]
fn take_named<const N: usize>(reader: &mut Unpacker<'_>) -> (Bytes, [u64; N]) {
    let size = reader.take();
    let mut numbers = [0; N];
    if size & 1 == 1 {
        numbers = numbers.map(|_| reader.take());
    }
    (Bytes(size >> 1), numbers)
}

/// What is live, beside what is live by the number before it.
impl Entry for Held {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        let (stamp, earlier) = (&self.allocated, &before.allocated);
        packed.put_beside(self.address.0, before.address.0);
        packed.put_beside(stamp.event.into(), earlier.event.into());
        packed.put_beside(stamp.time.0, earlier.time.0);
        let by = pair(stamp.thread.0, stamp.site.number());
        put_named(self.size, &[by], packed);
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        let earlier = &before.allocated;
        let address = Address(reader.take_beside(before.address.0));
        let event = reader.take_beside(earlier.event.into()) as u32;
        let time = Micros(reader.take_beside(earlier.time.0));
        let (size, [by]) = take_named(reader);
        Self {
            address,
            size,
            allocated: Stamp {
                time,
                event,
                thread: ThreadId((by >> 16) as u16),
                site: SiteId::of_number(by as u16),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_comes_back() {
        let mut chance = oorandom::Rand64::new(11);
        let mut history = History::default();
        let mut number = || chance.rand_u64() >> chance.rand_range(0..64);
        for _ in 0..5_000 {
            let mut stamp = || Stamp {
                time: Micros(number()),
                event: number() as u32,
                thread: ThreadId(number() as u16),
                site: SiteId::of_number(number() as u16),
            };
            let (allocated, freed) = (stamp(), stamp());
            let held = Held {
                address: Address(number() >> 17),
                size: Bytes(number() >> 24),
                allocated,
            };
            history.add(&held, freed);
        }
        history.settle(
            (0..500).map(|unit| Address(unit << 37)),
            &[],
            [Some(3), None],
        );
        assert!(history.at_hand() > 10);
        for event in 0..100 {
            history.add(&Held::NOTHING, Stamp { event, ..START });
        }
        let again = history.packed().unpacked();
        let blocks = |history: &History| {
            let History {
                recent,
                begins,
                settled,
                kept,
                ..
            } = history;
            format!("{recent:?} {begins:?} {settled:?} {kept:?}")
        };
        assert_eq!(blocks(&again), blocks(&history));
        assert_eq!(again.small().ranges(), history.small().ranges());
        assert_eq!(again.freed(), history.freed());
    }
}
