//! The addresses written out last, by which an event refers to a block in four bits.

/// Addresses that are kept, and so the index that means "none of them".
pub(crate) const KEPT: usize = 15;

/// Slots: a power of two, so that the oldest is found by masking. One of them is never looked at.
const SLOTS: usize = 16;

/// The [`KEPT`] addresses that were written out last.
#[derive(Clone)]
pub(crate) struct Recent {
    addresses: [u64; SLOTS],
    /// The slot that is written next.
    next: u32,
}

impl Recent {
    /// Begins with no address: 0, which no event names, fills the slots.
    pub(crate) const fn new() -> Self {
        Self {
            addresses: [0; SLOTS],
            next: 0,
        }
    }

    /// Returns the address of this age: the number of addresses that were written out since.
    #[inline(always)]
    pub(crate) fn at(&self, age: usize) -> u64 {
        self.addresses[(self.next as usize).wrapping_sub(1).wrapping_sub(age) % SLOTS]
    }

    /// Keeps an address that is written out, in place of the oldest.
    #[inline(always)]
    pub(crate) fn keep(&mut self, address: u64) {
        self.addresses[self.next as usize % SLOTS] = address;
        self.next = self.next.wrapping_add(1);
    }
}

/// Places of the table by which a writer finds an address: far more than addresses, so that few share one.
const PLACES: usize = 256;

/// The same addresses, as a writer keeps them: it finds one by a table. Of two addresses that share a place in it, the older is
/// no longer found, and is written out again.
#[derive(Clone)]
pub(crate) struct Indexed {
    recent: Recent,
    slots: [u8; PLACES],
}

impl Indexed {
    /// Begins with no address.
    pub(crate) const fn new() -> Self {
        Self {
            recent: Recent::new(),
            slots: [0; PLACES],
        }
    }

    /// Returns the age of an address; [`KEPT`] if it is not found, and keeps it then. Whether it is found follows no pattern that
    /// a processor could foresee, so there is no branch.
    #[inline(always)]
    pub(crate) fn name(&mut self, address: u64) -> usize {
        let Recent { addresses, next } = &mut self.recent;
        let place = place(address);
        let slot = self.slots[place] as usize % SLOTS;
        let age = (*next as usize).wrapping_sub(1).wrapping_sub(slot) % SLOTS;
        let is_found = (addresses[slot] == address) & (age < KEPT);
        let slot = select(is_found, slot, *next as usize % SLOTS);
        addresses[slot] = address;
        self.slots[place] = slot as u8;
        *next = next.wrapping_add(u32::from(!is_found));
        select(is_found, age, KEPT)
    }

    /// Keeps an address that an event gives otherwise, also if it is kept already.
    #[inline(always)]
    pub(crate) fn keep(&mut self, address: u64) {
        self.slots[place(address)] = (self.recent.next as usize % SLOTS) as u8;
        self.recent.keep(address);
    }
}

/// Returns the place of an address in the table, from all of its bits.
#[inline(always)]
fn place(address: u64) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    (address.wrapping_mul(FACTOR) >> 56) as usize % PLACES
}

/// Returns `yes` or `no` without a branch.
#[inline(always)]
fn select(condition: bool, yes: usize, no: usize) -> usize {
    let mask = usize::from(condition).wrapping_neg();
    (yes & mask) | (no & !mask)
}

#[cfg(test)]
mod tests {
    use super::{Indexed, KEPT, Recent};

    #[test]
    fn an_address_is_named_by_the_number_of_newer_ones() {
        let (mut written, mut read) = (Indexed::new(), Recent::new());
        let (mut state, mut found) = (1_u64, 0);
        for round in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            // Some differ in their high halves only.
            let address = ((state >> 60) + 1) << 36 | (state >> 50 & 1) << 4;
            if round % 16 == 0 {
                written.keep(address);
                read.keep(address);
                continue;
            }
            match written.name(address) {
                KEPT => read.keep(address),
                age => {
                    found += 1;
                    assert_eq!(read.at(age), address);
                }
            }
        }
        assert!(found > 5_000, "{found} of 20000 were found");
    }
}
