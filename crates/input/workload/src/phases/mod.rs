//! Phases of a program: what it does when, found from its marks whatever their names, and from its calls where it has none.
//!
//! A rest is a stretch of time in which next to nothing is called; a burst is what lies between two. Marks give phases their
//! names and exact bounds. Names with a meaning (`docs/trace-format.md`) say themselves what a phase is.

mod activity;
mod assemble;
mod cells;
mod names;
mod rests;

use crate::{Call, Micros, Workload};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A moment of a run.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Default,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Moment {
    /// Events that have been run by then.
    pub event: u64,
    /// When: time may have passed since the last of them.
    pub time: Micros,
}

/// A mark of a workload, and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarkPoint {
    /// Its name.
    pub name: String,
    /// The moment after it.
    pub at: Moment,
}

/// Whether a mark's name says that it stands at the end of a rest.
pub fn ends_a_rest(name: &str) -> bool {
    use names::{Side, Stem};
    matches!(
        names::read(name),
        Some((Stem::Rest, None | Some(Side::End)))
    )
}

/// What a program does in a phase.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// It starts.
    Start,
    /// It works.
    Burst,
    /// It frees what a burst left.
    Collect,
    /// It rests.
    Rest,
    /// It calls `malloc_trim` for the last time.
    Trim,
    /// It ends.
    End,
}

impl PhaseKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Start,
        Self::Burst,
        Self::Collect,
        Self::Rest,
        Self::Trim,
        Self::End,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Burst => "burst",
            Self::Collect => "collect",
            Self::Rest => "rest",
            Self::Trim => "trim",
            Self::End => "end",
        }
    }
}

/// Where a phase is known from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseSource {
    /// A mark whose name says it.
    Mark(String),
    /// The calls, of which so many were made.
    Calls(u64),
}

/// A stretch of a program's time in which it does one thing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Phase {
    /// What it does.
    pub kind: PhaseKind,
    /// Where it begins.
    pub begin: Moment,
    /// Where it ends.
    pub end: Moment,
    /// The mark that bounds it; else its kind and a number.
    pub name: String,
    /// Whether the name is that of a mark.
    pub is_marked: bool,
    /// Where it is known from.
    pub source: PhaseSource,
}

impl Phase {
    /// How long it is.
    pub fn lasts(&self) -> Micros {
        Micros(self.end.time.0.saturating_sub(self.begin.time.0))
    }
}

/// The phases of a program, one after another, from beginning to end.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(transparent)]
pub struct Phases(pub Vec<Phase>);

/// Finds the phases of a program that is read part by part.
pub(crate) struct PhaseReader(cells::Reader);

impl PhaseReader {
    /// Begins with nothing read.
    pub(crate) fn new() -> Self {
        Self(cells::Reader::new())
    }

    /// Reads the next part.
    pub(crate) fn part(&mut self, part: &Workload) {
        self.0.part(part);
    }

    /// The phases of everything that was read.
    pub(crate) fn finish(self) -> Phases {
        assemble::phases(&activity::Activity::read(self.0))
    }
}

impl Phases {
    /// Finds the phases of a workload. Takes a time linear in its calls.
    pub fn of(workload: &Workload) -> Self {
        assemble::phases(&activity::Activity::of(workload))
    }

    /// Finds the phases of a workload in which each mark ends a phase that its name says, from the marks alone.
    pub(crate) fn of_named_marks(workload: &Workload) -> Self {
        let events = workload.events.iter().enumerate();
        let marks = events.filter_map(|(index, event)| match event.call {
            Call::Mark(mark) => Some(MarkPoint {
                name: workload.marks.get(mark.0 as usize)?.name.clone(),
                at: Moment {
                    event: index as u64 + 1,
                    time: event.time,
                },
            }),
            _ => None,
        });
        let ends = Moment {
            event: workload.events.len() as u64,
            time: workload.ends(),
        };
        Self::of_marks(marks.collect(), ends)
    }

    /// Finds phases from marks alone, whose names must say them, of a program that ends at a moment.
    pub fn of_marks(marks: Vec<MarkPoint>, ends: Moment) -> Self {
        assemble::phases(&activity::Activity::unknown(marks, ends))
    }

    /// The last rest before a final trim or the end.
    pub fn last_rest(&self) -> Option<&Phase> {
        self.0.iter().rfind(|phase| phase.kind == PhaseKind::Rest)
    }

    /// The last burst before the last rest, or with what it left collected; of a run without rest the last one.
    pub fn last_burst(&self) -> Option<&Phase> {
        let rest = self
            .0
            .iter()
            .rposition(|phase| phase.kind == PhaseKind::Rest);
        let before = &self.0[..rest.unwrap_or(self.0.len())];
        before
            .iter()
            .rfind(|phase| matches!(phase.kind, PhaseKind::Burst | PhaseKind::Collect))
    }

    /// The phase that a moment lies in: of two, the one that ends there.
    pub fn at(&self, moment: Moment) -> Option<&Phase> {
        self.0.iter().find(|phase| moment <= phase.end)
    }

    /// The same, up to a moment: a process may be killed. A rest of no length at that moment stays: it is what the last burst left.
    #[must_use]
    pub fn until(&self, end: Moment) -> Self {
        let begun = (self.0.iter()).filter(|phase| phase.begin < end || phase.end <= end);
        let cut = begun.map(|phase| Phase {
            end: phase.end.min(end),
            ..phase.clone()
        });
        Self(cut.collect())
    }

    /// The same, counted from an earlier beginning.
    #[must_use]
    pub fn moved(&self, by: Moment) -> Self {
        let moved = |moment: Moment| Moment {
            event: moment.event + by.event,
            time: Micros(moment.time.0 + by.time.0),
        };
        let phases = self.0.iter().map(|phase| Phase {
            begin: moved(phase.begin),
            end: moved(phase.end),
            ..phase.clone()
        });
        Self(phases.collect())
    }
}
