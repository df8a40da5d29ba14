//! What is known of some blocks before all of them are walked.

use crate::BlockState;

/// The states of blocks that a walk cannot tell from the blocks themselves, by address: what is in a cache, and what is the
/// allocator's own. All are gathered first, then looked up.
#[derive(Debug, Default)]
pub struct States {
    /// Addresses, and the places of their states; in order once they are looked up.
    places: Vec<(u64, u64)>,
    states: Vec<BlockState>,
    /// Where the next address is looked for first: a walk goes upwards.
    next: usize,
}

impl States {
    /// The block at this address is in this state.
    pub fn note(&mut self, address: u64, state: BlockState) {
        self.places.push((address, self.states.len() as u64));
        self.states.push(state);
    }

    /// Everything is noted.
    pub fn in_order(mut self) -> Self {
        self.places.sort_unstable();
        self
    }

    /// What is known of the block at an address. Of an address that was noted more than once it is any of that.
    pub fn of(&mut self, address: u64) -> Option<BlockState> {
        let at = |place: usize| self.places.get(place).map(|(address, _)| *address);
        let is_before = |place: usize| at(place).is_some_and(|other| other < address);
        if is_before(self.next) {
            self.next += 1;
        }
        let is_here = !is_before(self.next) && (self.next == 0 || is_before(self.next - 1));
        if !is_here {
            self.next = self.places.partition_point(|(other, _)| *other < address);
        }
        let (found, place) = self.places.get(self.next)?;
        (*found == address).then(|| self.states[*place as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_in_any_order() {
        let mut states = States::default();
        let bins = [5_u64, 3, 9, 4];
        for bin in bins {
            states.note(bin * 16, BlockState::Free { bin: bin as u16 });
        }
        let mut states = states.in_order();
        let upwards = 0..=200;
        let other = [200, 48, 64, 80, 144, 49, 48, 0, 144, 145];
        for address in upwards.chain(other) {
            let expected = bins.iter().find(|bin| **bin * 16 == address);
            let expected = expected.map(|bin| BlockState::Free { bin: *bin as u16 });
            assert_eq!(states.of(address), expected, "{address}");
        }
    }
}
