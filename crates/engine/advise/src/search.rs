//! What is tried, in rounds: each change alone, then those that helped together.

use crate::candidate::{Candidate, Doer};
use crate::costs::Costs;
use crate::family::{Family, Scope};
use crate::figures::{Figures, Measure, Weights};
use crate::image::Image;
use crate::loads::Load;
use crate::reasons::Reason;
use crate::survey::Survey;
use crate::{advice, front, singles};
use highwater_simulator::{
    Bytes, Choice, Explain, JemallocVersion, Judged, Options, Outcome, Plan, SimulatorError,
    run_plan,
};
use highwater_workload::{TrimsError, Watch};
use thiserror::Error;

/// Families whose best settings are tried together.
const TOGETHER: usize = 3;
/// Candidates that other loads are tried with.
const ON_OTHER_LOADS: usize = 8;

/// What help is looked for.
pub struct Subject {
    /// The run as it is, with one stage at least.
    pub plan: Plan,
    /// What is known of its calls. Whoever only searches, and has others run the work, needs no calls in the plan.
    pub survey: Survey,
    /// Which kinds of change are tried.
    pub scope: Scope,
    /// How memory is weighed; if none is said, by what stays after the last rest, or else at the end, or else on average.
    pub weights: Option<Weights>,
    /// What faults and calls cost.
    pub costs: Costs,
    /// The jemalloc that can be had.
    pub jemalloc: Choice,
    /// Other loads of the same program.
    pub loads: Vec<Load>,
}

impl Subject {
    /// One with nothing said but what runs.
    pub fn new(plan: Plan) -> Self {
        Self {
            survey: Survey::of(&plan),
            plan,
            scope: Scope::default(),
            weights: None,
            costs: Costs::default(),
            jemalloc: Choice::Jemalloc(JemallocVersion::default()),
            loads: Vec::new(),
        }
    }

    /// Tries the jemalloc that can be installed in an image; none where no package of it is known.
    ///
    /// # Errors
    /// The package's release has no model near it.
    pub fn take_image(&mut self, image: &Image) -> Result<(), SimulatorError> {
        match image.jemalloc() {
            Some(name) => self.jemalloc = Choice::nearest(&name)?.choice,
            None => self.scope.leave_out(Family::Jemalloc),
        }
        Ok(())
    }

    /// The allocator that runs.
    pub(crate) fn allocator(&self) -> Choice {
        let first = self.plan.stages.first();
        first.map_or_else(Choice::default, |stage| stage.variant.allocator)
    }
}

/// A piece of work: a candidate on the subject's own load, or on another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Work {
    /// What is tried.
    pub candidate: Candidate,
    /// Which of the other loads runs, by its place; the subject's own if none.
    pub load: Option<usize>,
}

/// What came of a piece of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// The figures.
    pub figures: Figures,
    /// What the settings do.
    pub remarks: Vec<Judged>,
    /// Why memory is as it is after the last rest, in the first process.
    pub reasons: Vec<Reason>,
}

/// The outcome of a piece of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tried {
    /// It was run.
    Done(Trial),
    /// The watch broke it off.
    BrokenOff,
    /// It cannot be run, and why.
    Impossible(String),
}

/// Why a candidate cannot be run.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
enum WorkError {
    #[error(transparent)]
    Trims(#[from] TrimsError),
    #[error(transparent)]
    Run(#[from] SimulatorError),
}

impl Work {
    /// Runs it.
    pub fn run(&self, subject: &Subject, watch: &mut Watch) -> Tried {
        match self.trial(subject, watch) {
            Ok(trial) => Tried::Done(trial),
            Err(WorkError::Run(SimulatorError::Cancelled)) => Tried::BrokenOff,
            Err(error) => Tried::Impossible(error.to_string()),
        }
    }

    /// What runs: the load with the change.
    ///
    /// # Errors
    /// The calls of the load cannot be changed so.
    pub fn plan(&self, subject: &Subject) -> Result<Plan, TrimsError> {
        let load = self.load.and_then(|load| subject.loads.get(load));
        let plan = load.map_or(&subject.plan, |load| &load.plan);
        self.candidate.applied(plan)
    }

    /// The options that it runs with.
    pub fn options(&self) -> Options {
        options(self.load.is_none())
    }

    fn trial(&self, subject: &Subject, watch: &mut Watch) -> Result<Trial, WorkError> {
        let plan = self.plan(subject)?;
        let remarks = plan.remarks();
        let outcome = run_plan(plan, &self.options(), watch)?;
        Ok(Trial::of(&outcome, remarks))
    }
}

/// The options with which a candidate is run. Only on the subject's own load is it explained.
pub fn options(is_explained: bool) -> Options {
    Options {
        decisions: 0,
        explain: match is_explained {
            false => Explain::Nothing,
            true => Explain::LastRest,
        },
        ..Options::default()
    }
}

impl Trial {
    /// What came of a run with these [`options`].
    pub fn of(outcome: &Outcome, remarks: Vec<Judged>) -> Self {
        let last = outcome.stages.last();
        let diagnosis = last.and_then(|stage| stage.recordings.first()?.diagnosis.as_ref());
        let findings = diagnosis.map_or(&[][..], |diagnosis| &diagnosis.findings);
        Self {
            figures: Figures::of(outcome),
            remarks,
            reasons: findings.iter().filter_map(Reason::of).collect(),
        }
    }
}

/// What the search does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Round {
    Singles,
    Pairs,
    /// So many changes together.
    More(usize),
    OtherLoads,
    Done,
}

/// A search in the middle of its work.
pub struct Search {
    subject: Subject,
    weights: Weights,
    round: Round,
    /// What was tried on the subject's own load, in order; the first is the run as it is.
    pub(crate) tried: Vec<(Candidate, Trial)>,
    /// What was not tried in time.
    pub(crate) left: Vec<Candidate>,
    /// What cannot be run, and why.
    pub(crate) impossible: Vec<(Candidate, String)>,
    /// What came of other loads.
    pub(crate) elsewhere: Vec<(Work, Trial)>,
    is_stopped: bool,
}

impl Search {
    /// A search that has not begun.
    pub fn new(subject: Subject) -> Self {
        Self {
            weights: subject.weights.unwrap_or(Weights::only(Measure::Rest)),
            subject,
            round: Round::Singles,
            tried: Vec::new(),
            left: Vec::new(),
            impossible: Vec::new(),
            elsewhere: Vec::new(),
            is_stopped: false,
        }
    }

    /// What help is looked for.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// How memory is weighed.
    pub fn weights(&self) -> Weights {
        self.weights
    }

    /// Returns the work of the next round, of which each piece can be done by itself; nothing once the search is over.
    pub fn next_round(&mut self) -> Vec<Work> {
        loop {
            let work = match self.round {
                Round::Done => return Vec::new(),
                _ if self.is_stopped => Vec::new(),
                Round::Singles => own(self.singles()),
                Round::Pairs => own(self.pairs()),
                Round::More(changes) => own(self.more(changes)),
                Round::OtherLoads => self.other_loads(),
            };
            self.round = match self.round {
                Round::Singles => Round::Pairs,
                Round::Pairs => Round::More(TOGETHER),
                Round::More(_) => Round::OtherLoads,
                Round::OtherLoads | Round::Done => Round::Done,
            };
            if !work.is_empty() {
                return work;
            }
        }
    }

    /// Takes the outcome of a round's work, in the order of the work. Where a piece was broken off, the search ends with this round.
    pub fn take(&mut self, done: Vec<(Work, Tried)>) {
        for (work, trial) in done {
            if let (Tried::Done(trial), true) = (&trial, self.tried.is_empty()) {
                let rests = self.subject.survey.rests;
                let usual = Weights::usual(rests, &trial.figures);
                let weights = self.subject.weights.unwrap_or(usual);
                self.weights = Weights { rests, ..weights };
            }
            match (trial, work.load) {
                (Tried::Done(trial), None) => self.tried.push((work.candidate, trial)),
                (Tried::Done(trial), Some(_)) => self.elsewhere.push((work, trial)),
                (Tried::BrokenOff, load) => {
                    self.is_stopped = true;
                    self.left.extend(load.is_none().then_some(work.candidate));
                }
                (Tried::Impossible(why), None) => self.impossible.push((work.candidate, why)),
                (Tried::Impossible(_), Some(_)) => {}
            }
        }
    }

    /// Returns what would help, as far as it was tried; `None` where not even the run as it is was finished.
    pub fn advice(self) -> Option<advice::Advice> {
        advice::Advice::of(self)
    }

    fn singles(&self) -> Vec<Candidate> {
        let mut all = vec![Candidate::default()];
        all.extend(singles::usual());
        all.extend(singles::all(&self.subject));
        all
    }

    fn memory(&self, trial: &Trial) -> Bytes {
        self.weights.memory(&trial.figures)
    }

    /// The best setting of each family of those that help, the best first; of all with the same effect the first.
    fn best_settings(&self) -> Vec<(Family, &Candidate)> {
        let Some((_, baseline)) = self.tried.first() else {
            return Vec::new();
        };
        let before = self.memory(baseline);
        let enough = before.saturating_sub(front::step(&baseline.figures, self.weights));
        let mut best: Vec<(Family, &Candidate, Bytes)> = Vec::new();
        for (candidate, trial) in &self.tried {
            let ([family], Doer::Settings) = (&candidate.families[..], candidate.doer()) else {
                continue;
            };
            let memory = self.memory(trial);
            if memory > enough || *family == Family::Jemalloc {
                continue;
            }
            match best.iter_mut().find(|(known, ..)| known == family) {
                Some(known) if memory < known.2 => *known = (*family, candidate, memory),
                Some(_) => {}
                None => best.push((*family, candidate, memory)),
            }
        }
        best.sort_by_key(|(family, _, memory)| (*memory, *family));
        best.into_iter()
            .map(|(family, candidate, _)| (family, candidate))
            .collect()
    }

    /// The best settings two by two, and with calls of malloc_trim.
    fn pairs(&self) -> Vec<Candidate> {
        let best = self.best_settings();
        let mut pairs = Vec::new();
        for (place, (_, one)) in best.iter().enumerate() {
            pairs.extend(best[place + 1..].iter().map(|(_, other)| one.and(other)));
        }
        let trims = self.best_of(|candidate| candidate.doer() == Doer::Program);
        if let (Some(trims), Some((_, settings))) = (trims, best.first()) {
            pairs.push(trims.and(settings));
        }
        self.only_new(pairs)
    }

    /// The best combination so far with every other setting that helps.
    fn more(&self, changes: usize) -> Vec<Candidate> {
        let is_pair = |candidate: &Candidate| {
            candidate.families.len() + 1 == changes && candidate.doer() == Doer::Settings
        };
        let Some(pair) = self.best_of(is_pair) else {
            return Vec::new();
        };
        let others = self.best_settings().into_iter();
        let others = others.filter(|(family, _)| !pair.families.contains(family));
        self.only_new(others.map(|(_, other)| pair.and(other)).collect())
    }

    fn best_of(&self, is_meant: impl Fn(&Candidate) -> bool) -> Option<&Candidate> {
        let meant = self
            .tried
            .iter()
            .filter(|(candidate, _)| is_meant(candidate));
        let best = meant.min_by_key(|(_, trial)| self.memory(trial));
        best.map(|(candidate, _)| candidate)
    }

    fn only_new(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        candidates.retain(|new| {
            let is_known = self.tried.iter().any(|(known, _)| known == new);
            !is_known && singles::is_wanted(new, &self.subject.scope)
        });
        candidates
    }

    /// What is worth its cost, on other loads, and each of these as it is.
    fn other_loads(&self) -> Vec<Work> {
        let worth = front::worth(&self.tried, self.weights, &self.subject.costs);
        let worth = worth.into_iter().take(ON_OTHER_LOADS);
        let mut candidates = vec![Candidate::default()];
        candidates.extend(worth.map(|place| self.tried[place].0.clone()));
        if candidates.len() == 1 {
            return Vec::new();
        }
        let loads = 0..self.subject.loads.len();
        let on = |load| {
            let candidates = candidates.iter().cloned();
            candidates.map(move |candidate| Work {
                candidate,
                load: Some(load),
            })
        };
        loads.flat_map(on).collect()
    }
}

/// Work on the subject's own load.
fn own(candidates: Vec<Candidate>) -> Vec<Work> {
    let own = candidates.into_iter();
    own.map(|candidate| Work {
        candidate,
        load: None,
    })
    .collect()
}
