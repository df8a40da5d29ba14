//! Blocks in about a third of the memory, for as long as nobody asks anything of them: those that were freed, one after another,
//! and those that are live, each by what it differs from the one before.

use super::{History, Past};
use crate::held::{Held, Stamp};
use highwater_allocator::{Address, Bytes, Entry, Micros, Packed, ThreadId, Unpacker};
use highwater_workload::SiteId;

/// A history as it was at a moment.
#[derive(Clone)]
pub(crate) struct PackedHistory {
    packed: Packed,
    blocks: usize,
    due: usize,
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
    pub(crate) fn packed(&self) -> PackedHistory {
        let mut packed = Packed::with_room(self.past.len() * BLOCK);
        let mut before = &BEFORE;
        for past in &self.past {
            past.put(before, &mut packed);
            before = past;
        }
        packed.shrink();
        PackedHistory {
            packed,
            blocks: self.past.len(),
            due: self.due,
        }
    }
}

impl PackedHistory {
    /// Returns the history again.
    #[inline]
    pub(crate) fn unpacked(&self) -> History {
        let mut past = Vec::with_capacity(self.blocks);
        let (mut reader, mut before) = (self.packed.reader(), BEFORE);
        for _ in 0..self.blocks {
            before = Past::take(&before, &mut reader);
            past.push(before);
        }
        History {
            past,
            due: self.due,
        }
    }

    /// Returns the bytes that it takes.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        self.packed.footprint()
    }
}

impl Entry for Past {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        let Self { held, freed } = self;
        packed.put(u64::from(freed.event.wrapping_sub(before.freed.event)));
        packed.put(freed.time.0.wrapping_sub(before.freed.time.0));
        packed.put(u64::from(freed.event.wrapping_sub(held.allocated.event)));
        packed.put(freed.time.0.wrapping_sub(held.allocated.time.0));
        packed.put_beside(held.address.0, before.held.address.0);
        let threads = pair(held.allocated.thread.0, freed.thread.0);
        let sites = pair(held.allocated.site.number(), freed.site.number());
        put_named(held.size, &[threads, sites], packed);
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        let event = before.freed.event.wrapping_add(reader.take() as u32);
        let time = before.freed.time.0.wrapping_add(reader.take());
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
                address: Address(number()),
                size: Bytes(number() >> 1),
                allocated,
            };
            history.add(&held, freed);
        }
        let again = history.packed().unpacked();
        assert_eq!(format!("{again:?}"), format!("{history:?}"));
    }
}
