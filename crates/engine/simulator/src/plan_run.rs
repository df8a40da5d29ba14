//! A plan, stage after stage, until its outcome is there.

use crate::error::SimulatorError;
use crate::fleet::Fleet;
use crate::outcome::{Outcome, StageOutcome};
use crate::plan::{Plan, Stage};
use crate::recording::{Options, Recording, Run};
use crate::sample::{MarkSample, Sample};
use crate::simulation::Simulation;
use highwater_workload::{MarkPoint, Moment, Phases, Progress, Source, Watch};

/// Events between two looks at whether to go on.
const SLICE: u64 = 1 << 14;

/// A plan in the middle of its run.
pub struct PlanRun {
    plan: Plan,
    options: Options,
    running: Running,
    at: usize,
    done: u64,
    outcome: Outcome,
}

enum Running {
    /// One process, which records for itself.
    One(Box<Run>),
    Several(Fleet),
    Nothing,
}

impl PlanRun {
    /// A run that has not begun.
    ///
    /// # Errors
    /// Where there is nothing to run, or a variant cannot run its workload.
    pub fn new(plan: Plan, options: &Options) -> Result<Self, SimulatorError> {
        let outcome = Outcome {
            name: plan.name.clone(),
            samples: Vec::new(),
            marks: Vec::new(),
            phases: Phases::default(),
            stages: Vec::new(),
        };
        let mut this = Self {
            running: Running::Nothing,
            options: *options,
            at: 0,
            done: 0,
            outcome,
            plan,
        };
        // Validate every later stage before running the first one.
        let Some((first, others)) = this.plan.stages.split_first() else {
            return Err(SimulatorError::EmptyPlan);
        };
        for stage in others {
            Running::begin(stage, options)?;
        }
        this.running = Running::begin(first, options)?;
        Ok(this)
    }

    /// Runs about `events` more events; `false` once there are none left.
    ///
    /// # Errors
    /// Where the next stage's variant cannot run its workload.
    pub fn go_on(&mut self, events: u64) -> Result<bool, SimulatorError> {
        let goes_on = match &mut self.running {
            Running::One(run) => run.go_on(events),
            Running::Several(fleet) => fleet.go_on(events),
            Running::Nothing => return Ok(false),
        };
        if goes_on {
            return Ok(true);
        }
        match &self.running {
            Running::One(run) => run.check()?,
            Running::Several(fleet) => fleet.check()?,
            Running::Nothing => {}
        }
        self.end_stage();
        self.at += 1;
        let Some(next) = self.plan.stages.get(self.at) else {
            return Ok(false);
        };
        self.running = Running::begin(next, &self.options)?;
        Ok(true)
    }

    /// Returns the stage that is run, by its number, and its process as it is now; `None` where several run side by side: under one
    /// cap each depends on the others.
    pub fn process(&self) -> Option<(usize, &Simulation)> {
        match &self.running {
            Running::One(run) => Some((self.at, run.simulation())),
            Running::Several(_) | Running::Nothing => None,
        }
    }

    fn end_stage(&mut self) {
        let (samples, marks, recordings) =
            match std::mem::replace(&mut self.running, Running::Nothing) {
                Running::One(run) => {
                    let recording = run.finish();
                    (
                        recording.samples.clone(),
                        recording.marks.clone(),
                        vec![recording],
                    )
                }
                Running::Several(fleet) => fleet.finish(),
                Running::Nothing => return,
            };
        let before = self.outcome.samples.last().copied().unwrap_or_default();
        let (begins, first_event) = (before.time, before.event);
        let moved = |sample: Sample| sample.moved(&before);
        let phases = self.phases(&marks, &recordings);
        let begun = Moment {
            event: first_event,
            time: begins,
        };
        self.outcome.phases.0.extend(phases.moved(begun).0);
        self.outcome.samples.extend(samples.into_iter().map(moved));
        self.outcome
            .marks
            .extend(marks.into_iter().map(|mark| MarkSample {
                sample: moved(mark.sample),
                ..mark
            }));
        self.done += self.plan.stages[self.at].events();
        self.outcome.stages.push(StageOutcome {
            name: self.plan.stages[self.at].name.clone(),
            begins,
            first_event,
            recordings,
        });
    }

    /// The phases of the stage that ends, as far as its first process came.
    fn phases(&self, marks: &[MarkSample], recordings: &[Recording]) -> Phases {
        let moment = |sample: &Sample| Moment {
            event: sample.event,
            time: sample.time,
        };
        let first = recordings.first();
        let ends = first.and_then(|recording| recording.samples.last());
        let ends = ends.map(moment).unwrap_or_default();
        let source = self
            .plan
            .stages
            .get(self.at)
            .and_then(|stage| stage.sources.first());
        match source.and_then(Source::phases) {
            Some(phases) => phases.until(ends),
            None => {
                let marks = marks.iter().map(|mark| MarkPoint {
                    name: mark.name.clone(),
                    at: moment(&mark.sample),
                });
                Phases::of_marks(marks.collect(), ends)
            }
        }
    }

    /// How many events are done, of about how many.
    pub fn progress(&self) -> Progress {
        let now = match &self.running {
            Running::One(run) => run.progress().done,
            Running::Several(fleet) => fleet.progress().done,
            Running::Nothing => 0,
        };
        Progress {
            done: self.done + now,
            total: self
                .plan
                .stages
                .iter()
                .map(Stage::events)
                .sum::<u64>()
                .max(1),
        }
    }

    /// Returns the curve so far, at most `most` of its samples.
    pub fn so_far(&self, most: usize) -> Vec<Sample> {
        let running = match &self.running {
            Running::One(run) => run.samples(),
            Running::Several(fleet) => fleet.samples(),
            Running::Nothing => &[],
        };
        let ran = &self.outcome.samples;
        let before = ran.last().copied().unwrap_or_default();
        let all = ran.len() + running.len();
        let mut curve = Vec::new();
        for place in (0..all).step_by(all / most.max(1) + 1) {
            curve.push(match place.checked_sub(ran.len()) {
                None => ran[place],
                Some(place) => running[place].moved(&before),
            });
        }
        curve
    }

    /// What came of what was run.
    pub fn finish(mut self) -> Outcome {
        self.end_stage();
        self.outcome
    }
}

impl Running {
    fn begin(stage: &Stage, options: &Options) -> Result<Self, SimulatorError> {
        Ok(match &stage.sources[..] {
            [source] => {
                let run = Run::of_figures(source, &stage.variant, options)?;
                Self::One(Box::new(match source.phases() {
                    Some(phases) => run.in_phases(phases),
                    None => run,
                }))
            }
            _ => Self::Several(Fleet::new(stage, options)?),
        })
    }
}

/// Runs a plan from beginning to end, telling `watch` how far it is.
///
/// # Errors
/// Where there is nothing to run, a variant cannot run its workload, or `watch` breaks off; nothing is kept then.
pub fn run_plan(
    plan: Plan,
    options: &Options,
    watch: &mut Watch,
) -> Result<Outcome, SimulatorError> {
    let mut run = PlanRun::new(plan, options)?;
    loop {
        if watch(run.progress()).is_break() {
            return Err(SimulatorError::Cancelled);
        }
        if !run.go_on(SLICE)? {
            return Ok(run.finish());
        }
    }
}
