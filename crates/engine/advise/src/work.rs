//! A piece of a search's work: a candidate that is run, and what comes of it.

use crate::candidate::Candidate;
use crate::figures::Figures;
use crate::reasons::Reason;
use crate::subject::Subject;
use highwater_simulator::{Explain, Judged, Options, Outcome, Plan, SimulatorError, run_plan};
use highwater_workload::{TrimsError, Watch};
use thiserror::Error;

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
