//! What a search must know of a run's calls, so that whoever searches needs no calls.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_simulator::{Micros, PhaseKind, Plan};
use highwater_workload::ThreadId;

/// The calls of a run, as far as candidates depend on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Survey {
    /// For each power of two a bit: whether a chunk of that size and less than twice as much is asked for.
    sizes: u64,
    /// Whether a program has several threads.
    pub has_threads: bool,
    /// How long the shortest rest lasts.
    pub shortest_rest: Option<Micros>,
    /// How long the longest process lasts.
    pub lasts: Micros,
    /// Whether the run rests.
    pub rests: bool,
    /// Whether it has [halves](crate::half).
    pub has_halves: bool,
}

impl Survey {
    /// Looks through a plan's calls.
    pub fn of(plan: &Plan) -> Self {
        let sources = || plan.stages.iter().flat_map(|stage| &stage.sources);
        let phases = sources().filter_map(|source| source.phases());
        let rests = phases.flat_map(|phases| &phases.0);
        let rests = rests.filter(|phase| phase.kind == PhaseKind::Rest);
        let lasts = sources().map(|source| source.duration()).max();
        Self {
            sizes: sources().fold(0, |sizes, source| sizes | source.counts().sizes),
            has_threads: sources().any(|source| source.first().last_thread > ThreadId::MAIN),
            shortest_rest: rests.map(|rest| rest.lasts()).min(),
            lasts: lasts.unwrap_or_default(),
            // Of one that is made on the way every phase is known by its mark.
            rests: sources().any(|source| {
                source
                    .phases()
                    .is_none_or(|phases| phases.last_rest().is_some())
            }),
            has_halves: crate::loads::cut(plan).is_some(),
        }
    }

    /// Whether a chunk is asked for that is as large as a power of two, or less than twice as large.
    pub(crate) fn asks_between(&self, power: u64) -> bool {
        self.sizes >> power.ilog2() & 1 == 1
    }
}
