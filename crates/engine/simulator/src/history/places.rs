//! Finding a freed block by its address, mostly.

use super::Past;
use highwater_allocator::Address;

/// How many places there are.
const PLACES: usize = 1 << 16;
/// log2 of the bytes of address that share a place: the smallest chunk of most allocators.
const UNIT_SHIFT: u32 = 5;

/// For an address, which block of a history may begin there: the latest of those whose addresses share a place. It may be
/// another block, or none, which whoever asks finds out by looking at it. Nothing is kept before the first block is added.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<u32>);

impl Places {
    /// The number of the block in `past` that may begin at an address.
    #[inline]
    pub(super) fn of(&mut self, address: Address, past: &[Past]) -> &mut u32 {
        if self.0.len() != PLACES {
            self.find_all(past);
        }
        &mut self.0[(address.0 >> UNIT_SHIFT) as usize % PLACES]
    }

    /// Takes note of the blocks of a history that has changed.
    #[cold]
    #[inline(never)]
    pub(super) fn find_all(&mut self, past: &[Past]) {
        self.0.resize(PLACES, 0);
        for (number, past) in (0..).zip(past) {
            *self.of(past.held.address, &[]) = number;
        }
    }
}
