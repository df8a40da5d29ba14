//! Memory that comes and goes in turn: each turn costs system calls, and page faults for all of it.

use super::finding::Finding;
use super::kinds::{Cause, Churn};
use super::remedy::{Cost, Gain, Remedy, variable};
use super::scene::Scene;
use highwater_allocator::{Allocator, Bytes, Turns, Variable};
use highwater_glibc::Glibc;

/// Fewer turns are bursts with rests between them.
const TURNS: u64 = 32;
/// Turns further apart than this, on average, cost nothing to speak of.
const APART_MICROS: u64 = 1_000_000;
/// The largest mmap threshold that can be set (`HEAP_MAX_SIZE / 2`).
const MOST_MMAP_THRESHOLD: Bytes = Bytes::mib(32);
/// What a request and its padding may add to a top.
const BESIDE: Bytes = Bytes::kib(64);

impl Scene<'_> {
    /// Finds heaps that grow and are trimmed in turn, and blocks that are mapped and unmapped in turn.
    pub(super) fn churn(&self, glibc: &Glibc) -> Vec<Finding> {
        let remembered = self.simulation.model.decisions().remembered();
        let params = glibc.params();
        let mut found = Vec::new();
        if let Some(churn) = self.churn_of(&remembered.heaps) {
            let threshold = params.trim_threshold;
            let enough = above(churn.largest);
            let mut set = vec![variable("MALLOC_TRIM_THRESHOLD_", enough.0)];
            set.extend(self.as_risen(glibc));
            let remedy = Remedy::set(set, Gain::Ends {}, Cost::StaysResident);
            let cause = Cause::HeapChurn { churn, threshold };
            let finding = Finding::new(cause, Bytes::ZERO).by("trim_at_the_threshold", "systrim");
            found.push(finding.with((enough > threshold).then_some(remedy)));
        }
        if let Some(churn) = self.churn_of(&remembered.mappings) {
            let threshold = params.mmap_threshold;
            let room = remembered.most_mapped + remembered.heaps.largest;
            let trim = variable("MALLOC_TRIM_THRESHOLD_", above(room).0);
            let page = self.page();
            let enough = churn.largest + page;
            let heap = if enough <= MOST_MMAP_THRESHOLD {
                variable("MALLOC_MMAP_THRESHOLD_", enough.0)
            } else {
                variable("MALLOC_MMAP_MAX_", 0)
            };
            let remedy = Remedy::set(vec![heap, trim], Gain::Ends {}, Cost::StaysResident);
            let cause = Cause::MappingChurn { churn, threshold };
            let finding = Finding::new(cause, Bytes::ZERO);
            let finding = finding.by("large_blocks_are_mapped", "sysmalloc_mmap");
            found.push(finding.with([remedy]));
        }
        found
    }

    fn churn_of(&self, turns: &Turns) -> Option<Churn> {
        let simulation = self.simulation;
        let (first, latest) = (turns.first, turns.latest);
        let lasted = latest.0.saturating_sub(first.0);
        if turns.turns < TURNS || lasted > turns.turns.saturating_mul(APART_MICROS) {
            return None;
        }
        let counts = simulation.kernel().counts();
        let (faults, syscalls) = (counts.faults, counts.syscalls.total());
        let per_second = |count: u64| {
            let rate = u128::from(count) * 1_000_000;
            rate.checked_div(u128::from(simulation.now().0))
                .map(|rate| rate as u64)
        };
        Some(Churn {
            turns: turns.turns,
            taken: turns.taken,
            given_back: turns.given_back,
            returned: turns.bytes,
            a_turn: Bytes(turns.bytes.0 / turns.turns),
            largest: turns.largest,
            first,
            latest,
            faults,
            syscalls,
            faults_per_second: per_second(faults),
            syscalls_per_second: per_second(syscalls),
        })
    }

    /// Returns the mmap threshold as a setting where it has risen: one that is set no longer rises, and blocks that lie in
    /// the heap now would be mapped.
    fn as_risen(&self, glibc: &Glibc) -> Option<Variable> {
        let params = glibc.params();
        let remembered = self.simulation.model.decisions().remembered();
        let has_risen = params.dynamic_threshold && remembered.latest_raise.is_some();
        has_risen.then(|| variable("MALLOC_MMAP_THRESHOLD_", params.mmap_threshold.0))
    }
}

/// Returns a round threshold that a top of this size does not reach.
fn above(top: Bytes) -> Bytes {
    Bytes(
        (top.0.saturating_add(BESIDE.0))
            .checked_next_power_of_two()
            .unwrap_or(1 << 62),
    )
}
