//! What findings are made from, and from how many bytes on one is worth having.

use crate::arenas::{Arena, ArenaShare};
use crate::diagnosis::Diagnosis;
use crate::simulation::Simulation;
use highwater_allocator::Bytes;

/// From here on a finding is worth having, whatever is resident.
pub(super) const WORTH: Bytes = Bytes::mib(1);
/// Below this none is.
const LEAST: Bytes = Bytes::kib(64);
/// In between, one is that is at least this part of what is resident.
const PART: u64 = 10;

/// What findings are made from.
pub(super) struct Scene<'a> {
    pub(super) simulation: &'a Simulation,
    pub(super) arenas: &'a [Arena],
    pub(super) diagnosis: &'a Diagnosis,
}

impl Scene<'_> {
    pub(super) fn is_worth(&self, bytes: Bytes) -> bool {
        bytes >= WORTH || (bytes >= LEAST && bytes.0 * PART >= self.diagnosis.rss.0)
    }

    pub(super) fn has_others(&self) -> bool {
        self.others().next().is_some()
    }

    pub(super) fn others(&self) -> impl Iterator<Item = &ArenaShare> {
        self.diagnosis.arenas.iter().filter(|share| share.arena > 0)
    }

    pub(super) fn page(&self) -> Bytes {
        self.simulation.kernel().page_size()
    }
}
