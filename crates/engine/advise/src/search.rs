//! What is tried, in rounds: each change alone, then those that helped together.

use crate::candidate::{Candidate, Doer};
use crate::family::Family;
use crate::figures::{Measure, Weights};
use crate::subject::Subject;
use crate::work::{Trial, Tried, Work};
use crate::{front, singles};
use highwater_simulator::Bytes;

/// Families whose best settings are tried together.
const TOGETHER: usize = 3;
/// Candidates that other loads are tried with.
const ON_OTHER_LOADS: usize = 8;

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
