//! What a search comes to: every candidate with its figures, what explains it, and which are worth their cost.

use crate::candidate::{Candidate, Doer};
use crate::costs::Costs;
use crate::figures::{Figures, Measure, Weights};
use crate::front;
use crate::reasons::Reason;
use crate::search::Search;
use crate::singles::share;
use crate::work::Trial;
use highwater_simulator::{Bytes, Judged, Micros, Variable};
use serde::Serialize;

/// What would help.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Advice {
    /// How memory was weighed.
    pub weights: Weights,
    /// What faults and calls cost.
    pub costs: Costs,
    /// The run as it is, first; then what is worth its cost, the best first; then the usual advice; then the others.
    pub candidates: Vec<Advised>,
    /// Candidates that were not run in time, by name.
    pub not_run: Vec<String>,
    /// Candidates that cannot be run, by name, with the reason.
    pub impossible: Vec<(String, String)>,
}

/// A candidate with all that is known of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Advised {
    /// Its parts in words.
    pub name: String,
    /// The change itself.
    #[serde(skip)]
    pub candidate: Candidate,
    /// Who makes the change.
    pub doer: Doer,
    /// The allocator that runs instead, where it is another.
    pub allocator: Option<String>,
    /// Variables to set.
    pub settings: Vec<Variable>,
    /// When the program also calls `malloc_trim(0)`, as scenario files have it.
    pub trim: Option<String>,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// The memory that was weighed.
    pub memory: Bytes,
    /// Processor time of its faults and calls, in microseconds: the least, the middle and the most.
    pub cpu_us: [u64; 3],
    /// Whether it is worth its cost to those who would make the change.
    pub is_worth: bool,
    /// Whether no other candidate, by whomever, beats it.
    pub is_on_front: bool,
    /// Whether it is the usual advice.
    pub is_usual: bool,
    /// Whether it leaves memory and processor time as they are, within 1 %.
    pub does_nothing: bool,
    /// Figures of memory that it does not lower by 2 % or more.
    pub does_not_lower: Vec<Measure>,
    /// What kept memory before.
    pub explains: Option<Reason>,
    /// What still keeps memory, where it does.
    pub leaves: Option<Reason>,
    /// What comes of each setting.
    pub remarks: Vec<Judged>,
    /// What other loads make of it.
    pub on_other_loads: Vec<OnOtherLoad>,
}

/// A candidate on another load.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OnOtherLoad {
    /// The load.
    pub load: String,
    /// The memory that is weighed, in the run as it is.
    pub before: Bytes,
    /// With the candidate.
    pub after: Bytes,
    /// What is enough to matter there.
    #[serde(skip)]
    pub step: Bytes,
}

impl OnOtherLoad {
    /// How much less memory it is, in per cent; nothing where it is about as much, or more.
    pub fn saves(&self) -> Option<u64> {
        let less = self.before.saturating_sub(self.after);
        (less >= self.step).then(|| share(less, self.before))
    }

    /// How much more memory it is, where that matters.
    pub fn takes(&self) -> Option<Bytes> {
        let more = self.after.saturating_sub(self.before);
        (more >= self.step).then_some(more)
    }
}

impl Search {
    /// Returns what would help, as far as it was tried; `None` where not even the run as it is was finished.
    pub fn advice(self) -> Option<Advice> {
        Advice::of(self)
    }
}

impl Advice {
    fn of(mut search: Search) -> Option<Self> {
        // What is done first comes first, whichever thread was faster.
        let is_begun = search
            .tried
            .first()
            .is_some_and(|(first, _)| first.is_baseline());
        if !is_begun {
            return None;
        }
        let (weights, costs) = (search.weights(), search.subject().costs);
        let worth = front::worth(&search.tried, weights, &costs);
        let fronts = front::pareto(&search.tried, weights, &costs);
        let tried = std::mem::take(&mut search.tried);
        let rank = |place: usize| match worth.iter().position(|worth| *worth == place) {
            _ if place == 0 => (0, 0),
            Some(rank) => (1, rank as u64),
            None if tried[place].0.is_usual => (2, place as u64),
            None => (3, weights.memory(&tried[place].1.figures).0),
        };
        let mut order: Vec<usize> = (0..tried.len()).collect();
        order.sort_by_key(|place| (rank(*place), *place));
        let row = |place: usize| {
            let mut row = Advised::new(&tried[place], &tried[0].1, weights, &costs);
            row.is_worth = worth.contains(&place);
            row.is_on_front = fronts.contains(&place);
            row.on_other_loads = search.on_other_loads(&row.candidate);
            row
        };
        Some(Self {
            weights,
            costs,
            candidates: order.into_iter().map(row).collect(),
            not_run: search.left.iter().map(Candidate::name).collect(),
            impossible: (search.impossible.iter())
                .map(|(candidate, why)| (candidate.name(), why.clone()))
                .collect(),
        })
    }

    /// The run as it is.
    pub fn baseline(&self) -> &Advised {
        &self.candidates[0]
    }

    /// What is worth its cost, the best first.
    pub fn worth(&self) -> impl Iterator<Item = &Advised> {
        self.candidates.iter().filter(|row| row.is_worth)
    }

    /// What is worth its cost, and the usual advice whether it is or not: the rows for people, the run as it is first.
    pub fn shown(&self) -> impl Iterator<Item = &Advised> {
        let rows = self.candidates.iter().enumerate();
        let shown = rows.filter(|(place, row)| *place == 0 || row.is_worth || row.is_usual);
        shown.map(|(_, row)| row)
    }
}

impl Search {
    fn on_other_loads(&self, candidate: &Candidate) -> Vec<OnOtherLoad> {
        let loads = self.subject().loads.iter().enumerate();
        let weights = self.weights();
        let figures = |candidate: &Candidate, load: usize| {
            let mut all = self.elsewhere.iter();
            let found =
                all.find(|(work, _)| work.load == Some(load) && work.candidate == *candidate);
            found.map(|(_, trial)| trial.figures)
        };
        let on = loads.filter_map(|(number, load)| {
            let before = figures(&Candidate::default(), number)?;
            let after = figures(candidate, number).filter(|_| !candidate.is_baseline())?;
            Some(OnOtherLoad {
                load: load.name.clone(),
                before: weights.memory(&before),
                after: weights.memory(&after),
                step: front::step(&before, weights),
            })
        });
        on.collect()
    }
}

impl Advised {
    fn new(
        (candidate, trial): &(Candidate, Trial),
        baseline: &Trial,
        weights: Weights,
        costs: &Costs,
    ) -> Self {
        let figures = trial.figures;
        let (memory, before) = (weights.memory(&figures), weights.memory(&baseline.figures));
        let cpu = costs.of(figures.faults, figures.syscalls);
        let is_about = |a: u64, b: u64| a.abs_diff(b) <= b / 100;
        let is_same =
            |measure: Measure| is_about(measure.of(&figures).0, measure.of(&baseline.figures).0);
        let cpu_before = baseline.figures.cpu(costs);
        let does_nothing = Measure::ALL.into_iter().all(is_same)
            && is_about(cpu[1].0, cpu_before.0)
            && figures.killed == baseline.figures.killed;
        let does_not_lower = Measure::ALL.into_iter().filter(|measure| {
            let (after, before) = (measure.of(&figures).0, measure.of(&baseline.figures).0);
            after + before / 50 > before
        });
        Self {
            name: candidate.name(),
            doer: candidate.doer(),
            allocator: candidate.allocator.map(|choice| choice.to_string()),
            settings: candidate.variables.clone(),
            trim: candidate.trims.map(|trims| trims.to_string()),
            figures,
            memory,
            cpu_us: cpu.map(|time: Micros| time.0),
            is_worth: false,
            is_on_front: false,
            is_usual: candidate.is_usual,
            does_nothing: does_nothing && !candidate.is_baseline(),
            does_not_lower: does_not_lower.collect(),
            explains: Reason::before(&candidate.families, &baseline.reasons).or_else(|| {
                let is_change = !candidate.is_baseline() && !does_nothing;
                is_change.then(|| Reason::left(&baseline.reasons)).flatten()
            }),
            // What is left of little is no explanation.
            leaves: Reason::left(&trial.reasons).filter(|_| memory.0 * 2 > before.0),
            remarks: trial.remarks.clone(),
            on_other_loads: Vec::new(),
            candidate: candidate.clone(),
        }
    }
}
