//! Moments of a run that are kept, so that a look need not begin at the beginning.

use crate::simulation::Simulation;
use crate::snapshot::Snapshot;
use highwater_allocator::{Bytes, Micros};

/// Events between two snapshots at least, at first: a few milliseconds of a run.
const SPACING: u64 = 1 << 16;

/// One in so many of the bytes is the most that one snapshot may take.
const LARGEST: u64 = 2;

/// What a moment takes beside its blocks, as if it were so many more.
const BESIDE: u64 = 1 << 12;

/// Moments of one run that are kept, at most so many and so many bytes. Where there are more, the one goes that leaves the shortest
/// way between its neighbours. Beside each moment `T` is kept, which belongs to whoever looks.
pub struct Snapshots<T> {
    /// By how far the run had come.
    kept: Vec<Kept<T>>,
    most: usize,
    most_bytes: Bytes,
    spacing: u64,
    /// No snapshot is made from the first of these events to the second: one there would have been too large.
    declined: (u64, u64),
    /// The least that a simulation weighed behind a kept moment, and where that moment is.
    least: (u64, u64),
}

struct Kept<T> {
    snapshot: Snapshot,
    beside: T,
    bytes: Bytes,
    weight: u64,
}

impl<T: Clone> Snapshots<T> {
    /// Begins with none.
    pub fn new(most: usize, most_bytes: Bytes) -> Self {
        Self {
            kept: Vec::new(),
            most,
            most_bytes,
            spacing: SPACING,
            declined: (0, 0),
            least: (u64::MAX, 0),
        }
    }

    /// Returns whether a moment is to be kept where a simulation is: it is far enough from the others, and little is to be kept
    /// there, as after a burst. In a trace that is read on the way it is near the end of a part. The moments of a run are to lie
    /// evenly over it, so the next is due when its share of the run has passed.
    pub fn is_due(&mut self, simulation: &Simulation) -> bool {
        let position = simulation.position();
        let after = self.after(position, Micros(u64::MAX));
        let position_of = |kept: &Kept<T>| kept.snapshot.position();
        let before = after
            .checked_sub(1)
            .map_or(0, |place| position_of(&self.kept[place]));
        let passed = position - before;
        let next = self.kept.get(after).map_or(u64::MAX, position_of);
        let is_declined = self.declined.0 <= position && position < self.declined.1;
        let weight = simulation.weight() + BESIDE;
        self.least = match self.least {
            (least, since) if since == before && before > 0 => (least.min(weight), since),
            _ => (weight, before),
        };
        let spacing = match next {
            u64::MAX => self.spacing.max(self.share(simulation.feed.events)),
            _ => self.spacing,
        };
        let late = passed.saturating_sub(spacing);
        // A moment that weighs as much as several light ones takes the room of as many, so the way to it may be longer, up to a bound.
        let most = self.least.0.saturating_mul(spacing + 2 * late) / spacing;
        passed >= spacing
            && simulation.is_light()
            && next - position >= self.spacing
            && !is_declined
            && (weight <= most.saturating_add(most / 4) || late >= 3 * spacing)
    }

    /// Returns how far apart moments lie that are spread evenly over a run of about so many events. A sixteenth more, since a
    /// run may be somewhat longer, and one more moment takes the place of another.
    fn share(&self, events: u64) -> u64 {
        let even = events / (self.room() + 1);
        even + even / 16
    }

    /// Returns how many moments fit, if all are as light as can be behind the latest that is kept.
    fn room(&self) -> u64 {
        let most = self.most as u64;
        self.kept.last().map_or(most, |latest| {
            let light = self.least.0.min(latest.weight);
            let bytes = latest.bytes.0.saturating_mul(light) / latest.weight;
            most.min(self.most_bytes.0 / bytes.max(1))
        })
    }

    /// Keeps the moment at which a simulation is, unless it would take too much of the bytes. `beside` is kept beside it, and takes
    /// so many bytes.
    pub fn keep(&mut self, simulation: &Simulation, (beside, bytes): (T, Bytes)) {
        let snapshot = simulation.snapshot();
        let position = snapshot.position();
        let bytes = bytes + snapshot.bytes();
        if bytes > Bytes(self.most_bytes.0 / LARGEST) {
            self.declined = (position, position + self.spacing);
            return;
        }
        let kept = Kept {
            snapshot,
            beside,
            bytes,
            weight: simulation.weight() + BESIDE,
        };
        self.kept
            .insert(self.after(position, Micros(u64::MAX)), kept);
        while self.kept.len() > self.most || self.bytes() > self.most_bytes {
            self.thin();
        }
    }

    /// Lets one go: the one that leaves the shortest way from the one before it, or the beginning, to the one behind it. The last
    /// goes only if it is alone. From then on moments lie at least half as far from each other as those that are kept do.
    pub fn thin(&mut self) {
        let position = |kept: &Kept<T>| kept.snapshot.position();
        let Some(last) = self.kept.last().map(position) else {
            return;
        };
        let before = std::iter::once(0).chain(self.kept.iter().map(position));
        let behind = self.kept.iter().skip(1).map(position);
        let ways = before.zip(behind).map(|(before, behind)| behind - before);
        let shortest = ways.zip(0..).min().map_or(0, |(_, place)| place);
        self.kept.remove(shortest);
        let average = last / (self.kept.len() as u64 + 1);
        self.spacing = self.spacing.max(average / 2);
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
