//! The decisions up to a moment: how many there were of each kind, and the latest of each.
//!
//! The simulation keeps the latest few thousand of all kinds together, so that one kind may be lost among another. A look reads
//! them on its way, and keeps as many of each.

use std::collections::VecDeque;

use highwater_simulator::{Bytes, Simulation, TimedDecision};

use crate::{protocol::ToldKind, words::tell};

/// Events between two readings: the simulation keeps a few thousand decisions, and an event takes a few at most.
pub(crate) const READ_EVERY: u64 = 512;

/// Decisions kept of each kind: many of them say the same and are told together.
const KEPT: usize = 1024;

/// What was decided up to a moment.
#[derive(Clone, Default)]
pub(crate) struct Log {
    /// Decisions read, of all kinds.
    read: u64,
    all: Latest,
    kinds: [Latest; ToldKind::NAMES.len()],
    /// What is looked for, and what was found of it.
    search: Option<Box<Search>>,
}

/// A search for words.
#[derive(Clone)]
struct Search {
    words: String,
    kind: Option<ToldKind>,
    found: Latest,
}

/// The latest of some decisions.
#[derive(Clone, Default)]
pub(crate) struct Latest {
    /// How many there were in all.
    pub(crate) count: u64,
    kept: VecDeque<TimedDecision>,
}

impl Log {
    /// Reads what was decided since the last time. Often enough, or the simulation has forgotten some of it.
    pub(crate) fn read(&mut self, simulation: &Simulation) {
        let taken = simulation.decisions_taken();
        let new = taken.saturating_sub(self.read);
        self.read = taken;
        if new == 0 {
            return;
        }
        for decision in simulation.latest_decisions(new as usize) {
            let kind = ToldKind::of(&decision.decision);
            if let Some(search) = &mut self.search {
                search.take(kind, decision);
                continue;
            }
            let place = ToldKind::NAMES.iter().position(|(named, _)| *named == kind);
            self.kinds[place.unwrap_or_default()].take(decision);
            self.all.take(decision);
        }
    }

    /// The bytes that it takes.
    pub(crate) fn footprint(&self) -> Bytes {
        let all = self.kinds.iter().chain([&self.all]);
        let kept: usize = all.map(|latest| latest.kept.capacity()).sum();
        Bytes((kept * size_of::<TimedDecision>()) as u64)
    }

    /// One that keeps only what says some words, whatever the case of their letters, and is of a kind.
    pub(crate) fn searching(words: &str, kind: Option<ToldKind>) -> Self {
        let (words, found) = (words.trim().to_ascii_lowercase(), Latest::default());
        Self {
            search: Some(Box::new(Search { words, kind, found })),
            ..Self::default()
        }
    }

    /// Whether it keeps only what is looked for.
    pub(crate) fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// What was found of that.
    pub(crate) fn found(&self) -> &Latest {
        self.search
            .as_ref()
            .map_or(&self.all, |search| &search.found)
    }

    /// Those of all kinds.
    pub(crate) fn all(&self) -> &Latest {
        &self.all
    }

    /// Those of each kind, in the order of [`ToldKind::NAMES`].
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &Latest> {
        self.kinds.iter()
    }
}

impl Search {
    /// Whether the words are part of what a decision is told by.
    fn is_said_by(&self, decision: &TimedDecision) -> bool {
        let told = tell(decision).words.to_ascii_lowercase();
        told.contains(&self.words)
    }

    fn take(&mut self, kind: ToldKind, decision: TimedDecision) {
        let is_wanted = self.kind.is_none_or(|wanted| wanted == kind) && self.is_said_by(&decision);
        if is_wanted {
            self.found.take(decision);
        }
    }
}

impl Latest {
    fn take(&mut self, decision: TimedDecision) {
        self.count += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(decision);
    }

    /// Those that are kept, the oldest first.
    pub(crate) fn kept(&self) -> Vec<TimedDecision> {
        self.kept.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;
    use highwater_simulator::Variant;
    use highwater_workload::{Pattern, pattern::Parameters};

    /// Events between two readings.
    const STEP: u64 = 300;

    fn simulation(allocator: &str, environment: &str) -> Simulation {
        let parameters: Parameters = "events=40 cycles=2".parse().expect("in range");
        let mut watch = |_| std::ops::ControlFlow::Continue(());
        let source = Pattern::AsyncFanOut.source(&parameters, &mut watch);
        let source = source.expect("it can be made");
        let variant = Variant {
            allocator: allocator.parse().expect("it is modelled"),
            environment: highwater_simulator::parse_lines(environment),
            ..Variant::default()
        };
        Simulation::new(source, &variant).expect("it can be run")
    }

    #[test]
    fn every_kind_is_counted_and_its_latest_are_there_whatever_came_after() {
        let settings = [
            ("glibc@2.36", ""),
            ("glibc@2.36", "MALLOC_TRIM_THRESHOLD_=65536"),
            ("jemalloc@5.3.0", "MALLOC_CONF=dirty_decay_ms:10"),
        ];
        for (allocator, environment) in settings {
            let mut whole = simulation(allocator, environment);
            let mut log = Log::default();
            let mut all = Vec::new();
            loop {
                let before = (whole.position(), whole.decisions_taken());
                whole.run_until(before.0 + STEP);
                let new = whole.decisions_taken() - before.1;
                all.extend(whole.latest_decisions(new as usize));
                log.read(&whole);
                if whole.position() == before.0 {
                    break;
                }
            }
            assert!(all.len() > 4, "{allocator} {environment}: {}", all.len());
            assert_eq!(log.all().count, all.len() as u64);
            let kinds = ToldKind::NAMES.iter().zip(log.kinds());
            for ((kind, name), latest) in kinds {
                let told = |decision: &&TimedDecision| words::tell(decision).kind == *kind;
                let of_kind: Vec<&TimedDecision> = all.iter().filter(told).collect();
                assert_eq!(latest.count, of_kind.len() as u64, "{allocator}: {name}");
                let from = of_kind.len().saturating_sub(KEPT);
                let kept = latest.kept();
                let kept: Vec<&TimedDecision> = kept.iter().collect();
                assert_eq!(kept, of_kind[from..], "{allocator}: {name}");
            }
        }
    }
}
