//! Moments of a run that are kept, so that a look need not begin at the beginning.

use crate::simulation::Simulation;
use crate::snapshot::Snapshot;
use highwater_allocator::{Bytes, Micros};

/// Events between two snapshots at least, at first: a few milliseconds of a run.
const SPACING: u64 = 1 << 16;

/// Events that are run for each entry of a table that a snapshot looks at. An entry takes a fifth of what an event takes, so
/// making snapshots takes less than three hundredths of a run.
const EVENTS_FOR_ENTRY: u64 = 8;

/// One in so many of the bytes is the most that one snapshot may take.
const LARGEST: u64 = 3;

/// Moments of one run that are kept, at most so many and so many bytes. Where there are more, every second one goes and the spacing
/// doubles. Beside each moment `T` is kept, which belongs to whoever looks.
pub struct Snapshots<T> {
    /// By how far the run had come.
    kept: Vec<Kept<T>>,
    most: usize,
    most_bytes: Bytes,
    spacing: u64,
    /// No snapshot is made before this event, for the last one would have been too large.
    declined_until: u64,
}

struct Kept<T> {
    snapshot: Snapshot,
    beside: T,
    bytes: Bytes,
    /// Events until the next is made at the earliest.
    pause: u64,
}

impl<T: Clone> Snapshots<T> {
    /// Begins with none.
    pub fn new(most: usize, most_bytes: Bytes) -> Self {
        Self {
            kept: Vec::new(),
            most,
            most_bytes,
            spacing: SPACING,
            declined_until: 0,
        }
    }

    /// Keeps the moment at which a simulation is, if one is due there. `beside` makes what is kept beside it, and says how many
    /// bytes that takes.
    pub fn offer(&mut self, simulation: &Simulation, beside: impl FnOnce() -> (T, Bytes)) {
        let position = simulation.position();
        let after = self.after(position, Micros(u64::MAX));
        let due = match after.checked_sub(1).map(|before| &self.kept[before]) {
            Some(before) => before.snapshot.position() + before.pause.max(self.spacing),
            None => self.spacing,
        };
        let is_before_another = (self.kept.get(after))
            .is_some_and(|next| next.snapshot.position() - position < self.spacing);
        if position < due.max(self.declined_until) || is_before_another {
            return;
        }
        let snapshot = simulation.snapshot();
        let (beside, bytes) = beside();
        let kept = Kept {
            bytes: snapshot.bytes() + bytes,
            pause: simulation.entries() * EVENTS_FOR_ENTRY,
            snapshot,
            beside,
        };
        if kept.bytes > Bytes(self.most_bytes.0 / LARGEST) {
            self.declined_until = position + kept.pause.max(self.spacing);
            return;
        }
        self.kept.insert(after, kept);
        while self.kept.len() > self.most || self.bytes() > self.most_bytes {
            self.thin();
        }
    }

    /// Lets every second one go, and doubles the spacing.
    pub fn thin(&mut self) {
        self.spacing *= 2;
        let mut number = 0;
        self.kept.retain(|_| {
            number += 1;
            number % 2 == 0
        });
    }

    /// Returns the simulation at the latest kept moment that is not after this one, with what was kept beside it, if that is after
    /// `since`. `near` is as for [`Snapshot::resumed`].
    pub fn resumed(
        &self,
        (event, time): (u64, Micros),
        since: u64,
        near: Option<&Simulation>,
    ) -> Option<(Simulation, T)> {
        let before = self.after(event, time).checked_sub(1)?;
        let kept = &self.kept[before];
        if kept.snapshot.position() <= since {
            return None;
        }
        Some((kept.snapshot.resumed(near), kept.beside.clone()))
    }

    /// Returns about how many bytes all of them take.
    pub fn bytes(&self) -> Bytes {
        Bytes(self.kept.iter().map(|kept| kept.bytes.0).sum())
    }

    /// Returns how many events had been run at each.
    pub fn positions(&self) -> impl Iterator<Item = u64> {
        self.kept.iter().map(|kept| kept.snapshot.position())
    }

    /// Returns how many lie at a moment or before it.
    fn after(&self, event: u64, time: Micros) -> usize {
        let is_before =
            |kept: &Kept<T>| (kept.snapshot.position(), kept.snapshot.now()) <= (event, time);
        self.kept.partition_point(is_before)
    }
}
