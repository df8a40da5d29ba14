//! The blocks that live, where only the newest part of a recording is kept: each part begins with them.

use crate::system;
use core::slice;
use highwater_hwr::Event;

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// Where it lies; 0 in an empty slot.
    pub(crate) address: u64,
    /// Bytes asked for.
    pub(crate) size: u64,
    /// The thread that allocated it, and the site.
    pub(crate) thread: u32,
    pub(crate) site: u16,
    /// The logarithm of the alignment asked for; 0 if none was.
    pub(crate) alignment: u8,
}

/// Bytes of the first table, and of the largest.
const FIRST: usize = 1 << 20;
const LARGEST: usize = 1 << 34;
/// From the recorder's place to the table, to the one that it grows into, and to what is sorted.
const TABLES: [usize; 2] = [0x4_0000_0000, 0x8_0000_0000];
const SORTED: usize = 0xc_0000_0000;

/// A table with open addressing in memory of its own.
pub(crate) struct Live {
    place: usize,
    /// Which of the two places has the table.
    side: usize,
    /// Slots, a power of two; 0 while there is no table.
    slots: usize,
    count: usize,
    /// Bytes of the largest block with a mapping of its own that was freed: glibc's threshold for such blocks follows it.
    largest_mapped: u64,
}

impl Live {
    /// No table.
    pub(crate) const fn new() -> Self {
        Self {
            place: 0,
            side: 0,
            slots: 0,
            count: 0,
            largest_mapped: 0,
        }
    }

    /// Makes a table. `false` if there is no memory for it.
    pub(crate) fn begin(&mut self, place: usize) -> bool {
        self.place = place;
        let slots = FIRST / size_of::<Block>();
        // The largest power of two that fits.
        let slots = slots.next_power_of_two() / 2;
        let is_mapped = map(place + TABLES[0], slots);
        self.slots = if is_mapped { slots } else { 0 };
        is_mapped
    }

    /// Whether there is a table.
    #[inline(always)]
    pub(crate) fn is_wanted(&self) -> bool {
        self.slots > 0
    }

    /// Returns the bytes of the table, which are this library's.
    pub(crate) fn bytes(&self) -> u64 {
        (self.slots * size_of::<Block>()) as u64
    }

    /// Follows a call. `false` if there is no room for one block more.
    pub(crate) fn follow(&mut self, thread: u32, site: u16, event: &Event) -> bool {
        let (address, old, size, alignment) = match *event {
            Event::Free { address } => (0, address, 0, 0),
            Event::Malloc { address, size } => (address, 0, size, 0),
            Event::Calloc {
                address,
                count,
                size,
            } => (address, 0, count.wrapping_mul(size), 0),
            Event::Aligned {
                address,
                alignment,
                size,
            } => (address, 0, size, alignment.trailing_zeros() as u8 & 63),
            // The old block lives on if there is no new one, unless it was to have no bytes.
            Event::Realloc {
                address: 0, size, ..
            } if size > 0 => return true,
            Event::Realloc { address, old, size } => (address, old, size, 0),
            _ => return true,
        };
        if let Some(block) = self.remove(old)
            && block.is_mapped()
        {
            self.largest_mapped = self.largest_mapped.max(block.size);
        }
        address == 0
            || self.insert(Block {
                address,
                size,
                thread,
                site,
                alignment,
            })
    }

    fn table(&mut self) -> &mut [Block] {
        if self.slots == 0 {
            return &mut [];
        }
        // SAFETY: the table is mapped at this place with so many slots, and only the holder of the lock reaches it.
        unsafe {
            slice::from_raw_parts_mut((self.place + TABLES[self.side]) as *mut Block, self.slots)
        }
    }

    fn insert(&mut self, block: Block) -> bool {
        if self.count * 2 >= self.slots && !self.grow() {
            return false;
        }
        let slots = self.slots;
        let table = self.table();
        let mut at = slot(block.address, slots);
        while table[at].address != 0 && table[at].address != block.address {
            at = (at + 1) % slots;
        }
        let is_new = table[at].address == 0;
        table[at] = block;
        self.count += usize::from(is_new);
        true
    }

    fn find(&mut self, address: u64) -> Option<usize> {
        if address == 0 || self.slots == 0 {
            return None;
        }
        let slots = self.slots;
        let table = self.table();
        let mut at = slot(address, slots);
        // Half of the slots are empty.
        while table[at].address != address {
            if table[at].address == 0 {
                return None;
            }
            at = (at + 1) % slots;
        }
        Some(at)
    }

    /// Removes a block if it is there, and moves those behind it that then would not be found.
    fn remove(&mut self, address: u64) -> Option<Block> {
        let mut empty = self.find(address)?;
        self.count -= 1;
        let slots = self.slots;
        let table = self.table();
        let removed = table[empty];
        let mut at = empty;
        loop {
            at = (at + 1) % slots;
            let block = table[at];
            if block.address == 0 {
                break;
            }
            let from_own = at.wrapping_sub(slot(block.address, slots)) % slots;
            if from_own >= at.wrapping_sub(empty) % slots {
                table[empty] = block;
                empty = at;
            }
        }
        table[empty].address = 0;
        Some(removed)
    }

    /// Doubles the table.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> bool {
        let (slots, old) = (self.slots, self.place + TABLES[self.side]);
        let side = 1 - self.side;
        if !map(self.place + TABLES[side], slots * 2) {
            return false;
        }
        (self.side, self.slots, self.count) = (side, slots * 2, 0);
        for at in 0..slots {
            // SAFETY: the old table is still mapped, with so many slots.
            let block = unsafe { *(old as *const Block).add(at) };
            if block.address != 0 {
                self.insert(block);
            }
        }
        system::unmap(old, slots * size_of::<Block>());
        true
    }

    /// Returns the blocks in order of their addresses, until [`Live::end_sorted`]; `None` if there is no memory for that.
    pub(crate) fn sorted(&mut self) -> Option<&'static [Block]> {
        let place = self.place + SORTED;
        system::map_anonymous(place, self.sorted_bytes())?;
        // SAFETY: the memory was mapped just now, for so many blocks; it is unmapped when nobody needs them any more.
        let sorted = unsafe { slice::from_raw_parts_mut(place as *mut Block, self.count) };
        let blocks = self.table().iter().filter(|block| block.address != 0);
        for (sorted, block) in sorted.iter_mut().zip(blocks) {
            *sorted = *block;
        }
        sorted.sort_unstable_by_key(|block| block.address);
        Some(sorted)
    }

    /// Gives the memory of the sorted blocks back. The table must be as it was when they were sorted.
    pub(crate) fn end_sorted(&mut self) {
        system::unmap(self.place + SORTED, self.sorted_bytes());
    }

    fn sorted_bytes(&self) -> usize {
        (self.count.max(1) * size_of::<Block>()).next_multiple_of(1 << 16)
    }

    /// Returns the bytes of the largest block with a mapping of its own that was freed.
    pub(crate) fn largest_mapped(&self) -> u64 {
        self.largest_mapped
    }
}

fn map(place: usize, slots: usize) -> bool {
    let length = slots * size_of::<Block>();
    length <= LARGEST && system::map_anonymous(place, length).is_some()
}

/// Returns a block's own slot.
#[inline(always)]
fn slot(address: u64, slots: usize) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    (address.wrapping_mul(FACTOR) >> 24) as usize % slots
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::laid_out::lay_out;
    use std::collections::HashMap;

    /// A table that no other test has.
    pub(crate) fn table(number: usize) -> Live {
        let mut live = Live::new();
        assert!(live.begin(0x2800_0000_0000 + (number << 40)));
        live
    }

    #[test]
    fn blocks_are_there_until_they_are_freed() {
        let mut live = table(0);
        let mut expected = HashMap::new();
        let mut state = 1_u64;
        for _ in 0..300_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let address = ((state >> 40) % 90_000 + 1) * 32 + 16;
            let size = state >> 50;
            if state >> 33 & 3 == 0 {
                expected.remove(&address);
                assert!(live.follow(1, 2, &Event::Free { address }));
            } else {
                expected.insert(address, size);
                assert!(live.follow(1, 2, &Event::Malloc { address, size }));
            }
        }
        assert_eq!(live.count, expected.len());
        let mut seen = HashMap::new();
        let mut last = 0;
        let count = lay_out(
            live.sorted().expect("memory"),
            None,
            0,
            |thread, site, event| {
                let Event::Malloc { address, size } = *event else {
                    panic!("{event:?}");
                };
                assert_eq!((thread, site), (1, 2));
                assert!(address > last, "in order");
                last = address;
                seen.insert(address, size);
            },
        );
        live.end_sorted();
        assert_eq!(count, expected.len() as u64);
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_failed_resize_leaves_the_block() {
        let mut live = table(2);
        live.follow(
            0,
            0,
            &Event::Malloc {
                address: 64,
                size: 5,
            },
        );
        let failed = Event::Realloc {
            address: 0,
            old: 64,
            size: 9,
        };
        live.follow(0, 0, &failed);
        assert_eq!(live.count, 1);
        // A block that was not seen to be freed is replaced.
        live.follow(
            0,
            0,
            &Event::Malloc {
                address: 64,
                size: 7,
            },
        );
        assert_eq!(live.count, 1);
    }
}
