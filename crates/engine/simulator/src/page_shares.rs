//! What keeps each resident page, where an allocator decides over whole pages, and how long the free ones may stay.

use crate::page_kind::PageKind;
use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Allocator, Bytes, Micros, PageUse};
use serde::{Deserialize, Serialize};

/// Resident bytes by what keeps them. All together are the resident memory.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct PageShares {
    /// Blocks the program holds, and slabs of which at least half is in use.
    pub live: Bytes,
    /// Slabs of which less than half is in use, but an eighth or more.
    pub slabs_below_half: Bytes,
    /// Slabs of which less than an eighth is in use.
    pub slabs_below_eighth: Bytes,
    /// Bytes in use in the slabs of both these kinds.
    pub used_in_slabs: Bytes,
    /// Pages whose blocks are all freed and kept by thread caches.
    pub parked: Bytes,
    /// Free pages as they were left.
    pub dirty: Bytes,
    /// How long these may stay.
    pub dirty_waits: Waits,
    /// Free pages offered to the kernel.
    pub muzzy: Bytes,
    /// How long these may stay.
    pub muzzy_waits: Waits,
    /// What only huge pages keep resident of retained address space, and of blocks of the allocator's own: nobody wrote there since they
    /// were made.
    pub retained: Bytes,
    /// The allocator's own structures, without what was resident of them when the process began.
    pub metadata: Bytes,
}

/// How long free pages may stay, if until then nobody takes any and none become free. They go at the first look at the clock
/// after that, all pages of an extent together.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Waits {
    /// Resident bytes that go at the next look.
    pub due: Bytes,
    /// How long half of the others may stay; `None` where no others ever go.
    pub half: Option<Micros>,
    /// How long the last may stay.
    pub last: Option<Micros>,
}

impl PageShares {
    /// Resident bytes in slabs of which less than half is in use.
    pub fn slabs(&self) -> Bytes {
        self.slabs_below_half + self.slabs_below_eighth
    }
}

impl Waits {
    /// From the bytes that go after each time.
    fn of(mut waiting: Vec<(u64, u64)>) -> Self {
        waiting.sort_unstable();
        let waiting: Vec<_> = (waiting.into_iter())
            .map(|(wait, bytes)| (Micros(wait), Bytes(bytes)))
            .collect();
        let is_due = |(wait, _): &(Micros, Bytes)| *wait == Micros(0);
        let later = waiting.partition_point(is_due);
        let sum = |of: &[(Micros, Bytes)]| of.iter().fold(Bytes::ZERO, |sum, (_, b)| sum + *b);
        let all = sum(&waiting[later..]);
        let mut gone = Bytes::ZERO;
        let half = waiting[later..].iter().find(|(_, bytes)| {
            gone += *bytes;
            gone + gone >= all
        });
        Self {
            due: sum(&waiting[..later]),
            half: half.map(|(wait, _)| *wait),
            last: waiting[later..].last().map(|(wait, _)| *wait),
        }
    }
}

impl Simulation {
    /// What keeps each resident page.
    pub(crate) fn page_shares(&self) -> PageShares {
        let mut shares = PageShares::default();
        let (mut dirty, mut muzzy) = (Vec::new(), Vec::new());
        self.model.page_runs(&mut |run| {
            let end = run.start + run.size;
            let mut resident = self.kernel.resident_in(run.start, end);
            if run.used == PageUse::Metadata {
                let unwritten = self.kernel.unwritten_in(run.start, end);
                resident -= unwritten;
                shares.retained += unwritten;
            }
            if resident == Bytes::ZERO {
                return;
            }
            let wait = |of: &mut Vec<_>, wait: Option<Micros>| {
                of.extend(wait.map(|wait| (wait.0, resident.0)));
            };
            match run.used {
                PageUse::Dirty { wait: left } => wait(&mut dirty, left),
                PageUse::Muzzy { wait: left } => wait(&mut muzzy, left),
                _ => {}
            }
            let kind = PageKind::of(run.used);
            if let PageUse::Slab { used, regions } = run.used
                && kind != PageKind::Live
            {
                let region = run.size.0 / u64::from(regions.max(1));
                shares.used_in_slabs += Bytes(region * u64::from(used));
            }
            *match kind {
                PageKind::Slab => &mut shares.slabs_below_half,
                PageKind::SparseSlab => &mut shares.slabs_below_eighth,
                PageKind::Parked => &mut shares.parked,
                PageKind::Dirty | PageKind::Due => &mut shares.dirty,
                PageKind::Muzzy => &mut shares.muzzy,
                PageKind::Free => &mut shares.retained,
                PageKind::Metadata => &mut shares.metadata,
                _ => &mut shares.live,
            } += resident;
        });
        let at_start = self.model.written_at_start();
        shares.metadata = shares.metadata.saturating_sub(at_start);
        shares.dirty_waits = Waits::of(dirty);
        shares.muzzy_waits = Waits::of(muzzy);
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_waits_no_more() {
        let waits = Waits::of(vec![(300, 1), (0, 8), (200, 1), (100, 2)]);
        assert_eq!(waits.due, Bytes(8));
        assert_eq!(
            (waits.half, waits.last),
            (Some(Micros(100)), Some(Micros(300)))
        );
        assert_eq!(Waits::of(Vec::new()), Waits::default());
    }
}
