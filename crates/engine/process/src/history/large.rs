//! Large blocks that were freed: few, so that they are kept one by one.

use super::{History, Past};
use crate::held::Held;
use highwater_allocator::{Address, Bytes};

/// From this size on a block can have had a mapping of its own before a threshold rose.
pub const LARGE: Bytes = Bytes(128 << 10);

impl History {
    /// Takes the recent large ones to those that are kept, and what one of these events freed. Large ones that later ones have
    /// covered, those that the program holds among them, are forgotten.
    pub(super) fn keep_large(&mut self, held: &[Held], events: [Option<u64>; 2]) {
        let is_asked = |past: &Past| events.contains(&Some(past.freed.event.into()));
        let mut covered = Covered::default();
        for held in held
            .iter()
            .filter(|held| held.is_live() && held.size >= LARGE)
        {
            covered.add(held);
        }
        let recent = self.recent.iter().rev().chain(self.kept.iter().rev());
        let mut kept: Vec<Past> = recent
            .filter(|past| (past.held.size >= LARGE && covered.add(&past.held)) || is_asked(past))
            .copied()
            .collect();
        kept.reverse();
        self.kept = kept;
    }
}

/// Ranges, which are in order and do not touch.
#[derive(Default)]
struct Covered(Vec<(Address, Address)>);

impl Covered {
    /// Adds the place of a block, and returns whether any of it was not covered.
    fn add(&mut self, held: &Held) -> bool {
        let (start, end) = held.place();
        let first = self.0.partition_point(|range| range.1 < start);
        let after = self.0.partition_point(|range| range.0 <= end);
        let reached = &self.0[first..after];
        if let [only] = reached
            && only.0 <= start
            && end <= only.1
        {
            return false;
        }
        let from = reached.first().map_or(start, |range| range.0.min(start));
        let to = reached.last().map_or(end, |range| range.1.max(end));
        self.0.splice(first..after, [(from, to)]);
        true
    }
}
