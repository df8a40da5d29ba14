//! Memory in the arenas of threads: spread over them, left behind by threads, and out of malloc_trim's reach.

use super::finding::Finding;
use super::kinds::{Cause, FreeInArena};
use super::remedy::{Cost, Gain, Remedy, variable};
use super::scene::Scene;
use highwater_allocator::Bytes;
use highwater_glibc::Glibc;

/// Arenas named one by one.
const MOST_NAMED: usize = 3;

impl Scene<'_> {
    /// Says how free memory is spread over the arenas, where there are more than one.
    pub(super) fn arenas_of_free(&self) -> Option<Finding> {
        if !self.has_others() {
            return None;
        }
        let mut rest = self.diagnosis.arenas.clone();
        let mut most = Vec::new();
        while most.len() < MOST_NAMED
            && let Some(index) = (0..rest.len()).max_by_key(|index| rest[*index].free_resident)
        {
            let share = rest.remove(index);
            most.push(FreeInArena {
                arena: share.arena,
                free_resident: share.free_resident,
            });
        }
        let sum = |sum, share: &crate::arenas::ArenaShare| sum + share.free_resident;
        let others = rest.iter().fold(Bytes::ZERO, sum);
        let bytes = self.diagnosis.arenas.iter().fold(Bytes::ZERO, sum);
        let cause = Cause::Arenas {
            arenas: self.diagnosis.arenas.len() as u64,
            most,
            others,
        };
        let one = vec![variable("MALLOC_ARENA_MAX", 1)];
        let remedy = Remedy::set(one, Gain::Ends {}, Cost::WaitsForTheArena);
        let finding = Finding::new(cause, bytes).by("an_arena_serves_its_threads", "arena_get2");
        Some(finding.with([remedy]))
    }

    /// Finds tops of other arenas, which malloc_trim leaves.
    pub(super) fn other_tops(&self) -> Option<Finding> {
        let tops = self
            .others()
            .filter(|share| share.top_resident > Bytes::ZERO);
        let (mut arenas, mut bytes) = (0, Bytes::ZERO);
        for share in tops {
            arenas += 1;
            bytes += share.top_resident;
        }
        let finding = || Finding::new(Cause::OtherTops { arenas }, bytes);
        self.is_worth(bytes)
            .then(|| finding().by("malloc_trim_leaves_other_tops", "mtrim"))
    }

    /// Finds memory in arenas that no thread uses any more.
    pub(super) fn ended_arenas(&self, glibc: &Glibc) -> Option<Finding> {
        let (mut arenas, mut bytes, mut most) = (0, Bytes::ZERO, (Bytes::ZERO, 0));
        for share in self.others() {
            let is_left = glibc
                .arena_use(share.arena)
                .is_some_and(|used| used.is_left);
            let kept = share.free_resident + share.parked;
            if is_left && kept > Bytes::ZERO {
                arenas += 1;
                bytes += kept;
                if kept > most.0 {
                    most = (kept, share.arena);
                }
            }
        }
        let example = most.1;
        let cause = Cause::EndedArenas { arenas, example };
        self.is_worth(bytes).then(|| {
            Finding::new(cause, bytes).by(
                "an_arena_outlives_its_threads",
                "__malloc_arena_thread_freeres",
            )
        })
    }

    /// Says where threads share arenas at the limit: the model's calls take turns, those of a real process do not.
    pub(super) fn shared_arenas(&self, glibc: &Glibc) -> Option<Finding> {
        let limit = glibc.arena_limit_in_force()?;
        let threads = u64::from(glibc.threads_with_arena());
        let cause = Cause::SharedArenas {
            arenas: self.diagnosis.arenas.len() as u64,
            threads,
            limit,
        };
        (threads > limit)
            .then(|| Finding::new(cause, Bytes::ZERO).by("arenas_are_shared", "reused_arena"))
    }
}
