//! Where chunks begin, for finding what lay there last.

use highwater_allocator::Address;

/// Where chunks begin, in order, and which of them a block was found for.
pub(super) struct Begins {
    /// Each with one more than the place of its block; none yet is zero.
    places: Vec<(u64, u64)>,
    /// For each, the first from it on that has none yet, or one that is nearer to that.
    next: Vec<u32>,
}

impl Begins {
    /// None of these has a block.
    pub(super) fn new(chunks: impl IntoIterator<Item = Address>) -> Self {
        let mut places: Vec<(u64, u64)> = chunks.into_iter().map(|at| (at.0, 0)).collect();
        places.sort_unstable();
        let next = (0..=places.len() as u32).collect();
        Self { places, next }
    }

    /// Returns whether any chunk that had none begins in a block, which now is theirs and has this place.
    #[inline]
    pub(super) fn take(&mut self, (from, to): (Address, Address), place: usize) -> bool {
        let first = self.places.partition_point(|(at, _)| *at < from.0);
        let mut at = self.first_from(first);
        let mut any = false;
        while let Some((begin, found)) = self.places.get_mut(at)
            && *begin < to.0
        {
            *found = place as u64 + 1;
            any = true;
            self.next[at] += 1;
            at = self.first_from(at + 1);
        }
        any
    }

    /// The first from a place on that has none yet.
    #[inline]
    fn first_from(&mut self, mut at: usize) -> usize {
        // Every step halves the way that later ones have.
        while self.next[at] as usize != at {
            let next = self.next[self.next[at] as usize];
            self.next[at] = next;
            at = next as usize;
        }
        at
    }

    /// Those that a block was found for, in order, each with the place of its block.
    pub(super) fn found(&self) -> impl Iterator<Item = (Address, usize)> {
        let found = self.places.iter().filter(|(_, found)| *found > 0);
        found.map(|(at, found)| (Address(*at), *found as usize - 1))
    }
}
