//! The addresses named last, by which an event refers to a block in four bits.

/// Addresses that are kept, and so the index that means "none of them".
pub(crate) const KEPT: usize = 15;

/// Slots: a power of two, so that the oldest is found by masking. One of them is never looked at.
const SLOTS: usize = 16;

/// The [`KEPT`] addresses named last that were not among them already.
#[derive(Clone)]
pub(crate) struct Recent {
    addresses: [u64; SLOTS],
    /// The low halves of the addresses in units of 16 bytes, which are compared all at once.
    halves: [u32; SLOTS],
    /// The slot that is written next.
    next: u32,
}

impl Recent {
    /// Begins with no address: 0, which no event names, fills the slots.
    pub(crate) const fn new() -> Self {
        Self {
            addresses: [0; SLOTS],
            halves: [0; SLOTS],
            next: 0,
        }
    }

    /// Returns how many newer addresses are kept than this one; [`KEPT`] if it is not kept.
    #[inline(always)]
    pub(crate) fn age(&self, address: u64) -> usize {
        let half = (address >> 4) as u32;
        let mut found = 0_u32;
        for slot in 0..SLOTS {
            found |= u32::from(self.halves[slot] == half) << slot;
        }
        while found != 0 {
            let slot = found.trailing_zeros();
            let age = self.next.wrapping_sub(1).wrapping_sub(slot) as usize % SLOTS;
            if self.addresses[slot as usize % SLOTS] == address && age < KEPT {
                return age;
            }
            found &= found - 1;
        }
        KEPT
    }

    /// Returns the address that [`Recent::age`] found at this age.
    #[inline(always)]
    pub(crate) fn at(&self, age: usize) -> u64 {
        self.addresses[(self.next as usize).wrapping_sub(1).wrapping_sub(age) % SLOTS]
    }

    /// Keeps an address that is not kept yet, in place of the oldest.
    #[inline(always)]
    pub(crate) fn keep(&mut self, address: u64) {
        let slot = self.next as usize % SLOTS;
        self.addresses[slot] = address;
        self.halves[slot] = (address >> 4) as u32;
        self.next = self.next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Recent};

    #[test]
    fn the_age_of_an_address_is_the_number_of_newer_ones() {
        let mut recent = Recent::new();
        for address in 1..=100_u64 {
            recent.keep(address << 36 | address);
        }
        for age in 0..KEPT {
            let address = 100 - age as u64;
            assert_eq!(recent.age(address << 36 | address), age);
            assert_eq!(recent.at(age), address << 36 | address);
        }
        assert_eq!(recent.age(85 << 36 | 85), KEPT);
        assert_eq!(recent.age(99), KEPT, "only the low half is equal");
    }
}
