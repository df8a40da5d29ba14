//! A history in about a third of the memory, for as long as nobody asks it anything.
//!
//! One block after another, each by what it differs from the one before: numbers of seven bits to a byte, the low ones first.

use super::{History, Past};
use crate::simulation::{Held, Stamp};
use highwater_allocator::{Address, Bytes, Micros, ThreadId, table_bytes};
use highwater_workload::SiteId;

/// A history as it was at a moment.
#[derive(Clone)]
pub(crate) struct PackedHistory {
    bytes: Vec<u8>,
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
        let mut bytes = Vec::with_capacity(self.past.len() * BLOCK);
        let mut before = BEFORE;
        for past in &self.past {
            put_past(&mut bytes, past, &before);
            before = *past;
        }
        bytes.shrink_to_fit();
        PackedHistory {
            bytes,
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
        let (mut bytes, mut before) = (self.bytes.iter(), BEFORE);
        for _ in 0..self.blocks {
            before = take_past(&mut bytes, &before);
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
        table_bytes(&self.bytes)
    }
}

#[inline]
fn put_past(bytes: &mut Vec<u8>, past: &Past, before: &Past) {
    let Past { held, freed } = past;
    let pair = |first: u16, second: u16| u64::from(first) << 16 | u64::from(second);
    let threads = pair(held.allocated.thread.0, freed.thread.0);
    let sites = pair(held.allocated.site.number(), freed.site.number());
    put(
        bytes,
        u64::from(freed.event.wrapping_sub(before.freed.event)),
    );
    put(bytes, freed.time.0.wrapping_sub(before.freed.time.0));
    put(
        bytes,
        u64::from(freed.event.wrapping_sub(held.allocated.event)),
    );
    put(bytes, freed.time.0.wrapping_sub(held.allocated.time.0));
    put(bytes, threads);
    put(
        bytes,
        folded(held.address.0.wrapping_sub(before.held.address.0)),
    );
    put(bytes, held.size.0);
    put(bytes, sites);
}

#[inline]
fn take_past(bytes: &mut std::slice::Iter<'_, u8>, before: &Past) -> Past {
    let event = before.freed.event.wrapping_add(take(bytes) as u32);
    let time = before.freed.time.0.wrapping_add(take(bytes));
    let allocated_event = event.wrapping_sub(take(bytes) as u32);
    let allocated_time = time.wrapping_sub(take(bytes));
    let threads = take(bytes);
    let address = Address(before.held.address.0.wrapping_add(unfolded(take(bytes))));
    let size = Bytes(take(bytes));
    let sites = take(bytes);
    let stamp = |event, time, thread, site| Stamp {
        time: Micros(time),
        event,
        thread: ThreadId(thread),
        site: SiteId::of_number(site),
    };
    let (thread, site) = ((threads >> 16) as u16, (sites >> 16) as u16);
    Past {
        held: Held {
            address,
            size,
            allocated: stamp(allocated_event, allocated_time, thread, site),
        },
        freed: stamp(event, time, threads as u16, sites as u16),
    }
}

/// A difference, so that a small one in either direction is a small number.
fn folded(difference: u64) -> u64 {
    let signed = difference as i64;
    ((signed << 1) ^ (signed >> 63)) as u64
}

fn unfolded(folded: u64) -> u64 {
    (folded >> 1) ^ (folded & 1).wrapping_neg()
}

#[inline]
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[inline]
fn take(bytes: &mut std::slice::Iter<'_, u8>) -> u64 {
    let (mut number, mut shift) = (0, 0);
    for byte in bytes {
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 {
            break;
        }
    }
    number
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
                size: Bytes(number()),
                allocated,
            };
            history.add(&held, freed);
        }
        let again = history.packed().unpacked();
        assert_eq!(format!("{again:?}"), format!("{history:?}"));
    }
}
