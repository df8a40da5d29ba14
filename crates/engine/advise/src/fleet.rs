//! Advice for many recordings together: the best single change for all of them.
//!
//! A [`Unit`] is one recording with one change, and can be run anywhere; what comes of it is a [`Line`]. The advice is made of
//! the lines alone, in whatever order they arrive.

mod table;

use crate::candidate::{Candidate, Doer};
use crate::costs::Costs;
use crate::family::Family;
use crate::figures::{Figures, Weights};
use crate::front;
use crate::singles;
use crate::subject::Subject;
use crate::work::{Tried, Work};
use highwater_simulator::{Bytes, Choice, Variable};
use highwater_workload::Watch;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A recording and a change, to be run by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// The recording.
    pub trace: String,
    /// The change's place among all; 0 for the run as it is.
    pub number: usize,
    /// The change in words.
    pub name: String,
    kinds: Vec<Family>,
    settings: Vec<Variable>,
    allocator: Option<String>,
    removes: bool,
    trim: Option<String>,
    usual: bool,
}

/// What came of a unit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// What was run.
    pub unit: Unit,
    /// The figures, if it could be run.
    figures: Option<Figures>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    impossible: Option<String>,
    /// Whether the program rests.
    rests: bool,
}

/// Why there is no advice.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FleetError {
    /// A unit that says what cannot be.
    #[error("{name}: {why}")]
    Unit {
        /// The change.
        name: String,
        /// Why not.
        why: String,
    },
    /// There is no line for the run as it is.
    #[error(
        "{0}: there is no line for the run as it is; run the unit with number 0 of this recording"
    )]
    NoBaseline(String),
    /// Lines are missing.
    #[error("{missing} of {all} units have no line; the first is {first}")]
    Missing {
        /// How many.
        missing: usize,
        /// Of how many.
        all: usize,
        /// The first of them.
        first: String,
    },
}

/// The changes that may help any of some recordings, the run as it is first. `own` are those of each.
pub fn together(own: impl IntoIterator<Item = Vec<Candidate>>) -> Vec<Candidate> {
    let mut all = vec![Candidate::default()];
    all.extend(singles::usual());
    for candidate in own.into_iter().flatten() {
        if !all.iter().any(|known| known.name() == candidate.name()) {
            all.push(candidate);
        }
    }
    all
}

/// The changes that may help one recording.
pub fn candidates(subject: &Subject) -> Vec<Candidate> {
    singles::all(subject)
}

impl Unit {
    /// The unit of a recording and a change.
    pub fn new(trace: &str, number: usize, candidate: &Candidate) -> Self {
        Self {
            trace: trace.to_owned(),
            number,
            name: candidate.name(),
            kinds: candidate.families.clone(),
            settings: candidate.variables.clone(),
            allocator: candidate.allocator.map(|choice| choice.to_string()),
            removes: candidate.removes,
            trim: candidate.trims.map(|trims| trims.to_string()),
            usual: candidate.is_usual,
        }
    }

    fn candidate(&self) -> Result<Candidate, FleetError> {
        let wrong = |why: String| FleetError::Unit {
            name: self.name.clone(),
            why,
        };
        let allocator = self.allocator.as_deref().map(str::parse::<Choice>);
        let trims = self.trim.as_deref().map(str::parse);
        Ok(Candidate {
            families: self.kinds.clone(),
            variables: self.settings.clone(),
            allocator: allocator
                .transpose()
                .map_err(|error| wrong(error.to_string()))?,
            trims: trims
                .transpose()
                .map_err(|error: highwater_workload::UnknownTrims| wrong(error.to_string()))?,
            removes: self.removes,
            is_usual: self.usual,
        })
    }

    fn doer(&self) -> Doer {
        match (&self.trim, &self.allocator) {
            (Some(_), _) => Doer::Program,
            (None, Some(_)) => Doer::Library,
            (None, None) => Doer::Settings,
        }
    }

    /// Runs it; `None` where the watch broke it off.
    ///
    /// # Errors
    /// It says what cannot be.
    pub fn run(&self, subject: &Subject, watch: &mut Watch) -> Result<Option<Line>, FleetError> {
        let work = Work {
            candidate: self.candidate()?,
            load: None,
        };
        let (figures, impossible) = match work.run(subject, watch) {
            Tried::Done(trial) => (Some(trial.figures), None),
            Tried::Impossible(why) => (None, Some(why)),
            Tried::BrokenOff => return Ok(None),
        };
        Ok(Some(Line {
            unit: self.clone(),
            figures,
            impossible,
            rests: subject.survey.rests,
        }))
    }
}

/// What helps many recordings.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FleetAdvice {
    /// The recordings.
    pub traces: Vec<String>,
    /// What faults and calls cost.
    pub costs: Costs,
    /// The run as it is; then what makes no recording take more, the least memory first; then the others.
    pub candidates: Vec<FleetAdvised>,
}

/// A change in all recordings.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FleetAdvised {
    /// The change in words.
    pub name: String,
    /// Who makes it.
    pub doer: Doer,
    /// Whether it is the usual advice.
    pub is_usual: bool,
    /// The memory that is weighed, of all recordings together.
    pub memory: Bytes,
    /// How much less that is, in per cent, on average over the recordings.
    pub saves_mean: f64,
    /// In the recording in which it saves least; below 0 where it takes more.
    pub saves_worst: f64,
    /// That recording.
    pub worst: String,
    /// Recordings in which it saves enough to matter.
    pub helps: usize,
    /// Recordings in which it takes more, by as much.
    pub hurts: usize,
    /// Recordings in which the process is killed at the cap.
    pub killed: usize,
    /// Recordings in which it cannot be run.
    pub impossible: usize,
    /// Processor time of all faults and calls, in microseconds.
    pub cpu_us: u64,
}

impl FleetAdvice {
    /// Makes the advice of all lines.
    ///
    /// # Errors
    /// A recording has no line for the run as it is.
    pub fn of(
        mut lines: Vec<Line>,
        weights: Option<Weights>,
        costs: Costs,
    ) -> Result<Self, FleetError> {
        lines.sort_by(|a, b| (&a.unit.trace, a.unit.number).cmp(&(&b.unit.trace, b.unit.number)));
        // A unit that was run twice, because a worker was lost, counts once.
        lines.dedup_by(|a, b| a.unit == b.unit);
        let mut rows: Vec<(usize, Row)> = Vec::new();
        let mut traces = Vec::new();
        for own in lines.chunk_by(|a, b| a.unit.trace == b.unit.trace) {
            let trace = &own[0].unit.trace;
            let baseline = own.first().filter(|line| line.unit.number == 0);
            let baseline = baseline.and_then(|line| Some((line.figures?, line.rests)));
            let (before, rests) = baseline.ok_or_else(|| FleetError::NoBaseline(trace.clone()))?;
            let weights = weights.unwrap_or_else(|| Weights::usual(rests, &before));
            let step = front::step(&before, weights);
            traces.push(trace.clone());
            for line in own {
                let place = rows.binary_search_by_key(&line.unit.number, |(number, _)| *number);
                let place = place.unwrap_or_else(|place| {
                    rows.insert(place, (line.unit.number, Row::new(&line.unit)));
                    place
                });
                let figures = line.figures.as_ref();
                rows[place]
                    .1
                    .add(trace, figures, (&before, weights, step), &costs);
            }
        }
        let (baseline, mut others): (Vec<Row>, Vec<Row>) = rows
            .into_iter()
            .map(|(_, row)| row)
            .partition(|row| row.is_baseline);
        let rank = |row: &Row| {
            (
                row.count < traces.len(),
                row.row.killed + row.row.hurts > 0,
                row.row.memory,
                row.row.cpu_us,
            )
        };
        others.sort_by_key(rank);
        let candidates = baseline
            .into_iter()
            .chain(others)
            .map(Row::finish)
            .collect();
        Ok(Self {
            traces,
            costs,
            candidates,
        })
    }

    /// The best change that needs no more than a setting, and takes more in no recording.
    pub fn best_setting(&self) -> Option<&FleetAdvised> {
        let mut settings = self.candidates[1..]
            .iter()
            .filter(|row| row.doer == Doer::Settings);
        settings.find(|row| row.helps > 0 && row.hurts + row.killed + row.impossible == 0)
    }
}

/// A row that is being added up.
struct Row {
    row: FleetAdvised,
    is_baseline: bool,
    count: usize,
}

impl Row {
    fn new(unit: &Unit) -> Self {
        Self {
            row: FleetAdvised {
                name: unit.name.clone(),
                doer: unit.doer(),
                is_usual: unit.usual,
                memory: Bytes::ZERO,
                saves_mean: 0.0,
                saves_worst: f64::INFINITY,
                worst: String::new(),
                helps: 0,
                hurts: 0,
                killed: 0,
                impossible: 0,
                cpu_us: 0,
            },
            is_baseline: unit.number == 0,
            count: 0,
        }
    }

    fn add(
        &mut self,
        trace: &str,
        figures: Option<&Figures>,
        (before, weights, step): (&Figures, Weights, Bytes),
        costs: &Costs,
    ) {
        let row = &mut self.row;
        let Some(figures) = figures else {
            row.impossible += 1;
            return;
        };
        self.count += 1;
        let (before, after) = (weights.memory(before), weights.memory(figures));
        let saves = (1.0 - after.0 as f64 / before.0.max(1) as f64) * 100.0;
        row.memory += after;
        row.saves_mean += saves;
        if saves < row.saves_worst {
            (row.saves_worst, row.worst) = (saves, trace.to_owned());
        }
        row.helps += usize::from(after + step <= before);
        row.hurts += usize::from(before + step <= after);
        row.killed += usize::from(figures.killed > 0);
        row.cpu_us += figures.cpu(costs).0;
    }

    fn finish(mut self) -> FleetAdvised {
        self.row.saves_mean /= self.count.max(1) as f64;
        if self.count == 0 {
            self.row.saves_worst = 0.0;
        }
        if self.is_baseline {
            self.row.worst.clear();
        }
        self.row
    }
}

/// Checks that every unit of a plan has its line.
///
/// # Errors
/// Some have none.
pub fn complete(units: &[Unit], lines: &[Line]) -> Result<(), FleetError> {
    let has: std::collections::HashSet<(&str, usize)> = lines
        .iter()
        .map(|line| (&line.unit.trace[..], line.unit.number))
        .collect();
    let mut missing = units
        .iter()
        .filter(|unit| !has.contains(&(&unit.trace[..], unit.number)))
        .peekable();
    let Some(first) = missing
        .peek()
        .map(|unit| format!("{} with {}", unit.trace, unit.name))
    else {
        return Ok(());
    };
    Err(FleetError::Missing {
        missing: missing.count(),
        all: units.len(),
        first,
    })
}
