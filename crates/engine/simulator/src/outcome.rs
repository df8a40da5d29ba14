//! What comes of a plan: its curves from beginning to end, and the figures that variants are compared by.

use crate::error::SimulatorError;
use crate::fleet::Fleet;
use crate::measured::RealProcess;
use crate::plan::{Plan, Stage};
use crate::recording::{Options, Recording, Run};
use crate::sample::{MarkSample, Sample};
use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Bytes, Micros};
use highwater_workload::{MarkPoint, Moment, Phases, Progress, Source, Watch};
use serde::{Deserialize, Serialize};

/// Events between two looks at whether to go on.
const SLICE: u64 = 1 << 14;

/// Everything kept of a plan's run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The plan's name.
    pub name: String,
    /// The curves, of all processes together. An event is counted from the plan's beginning, in the first process of each
    /// stage.
    pub samples: Vec<Sample>,
    /// The marks of the first process of each stage, measured over all processes.
    pub marks: Vec<MarkSample>,
    /// The phases of the first process of each stage.
    pub phases: Phases,
    /// The stages.
    pub stages: Vec<StageOutcome>,
}

/// What came of a stage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StageOutcome {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub begins: Micros,
    /// Events of the stages before, in the first process of each.
    pub first_event: u64,
    /// What each process recorded, from its own beginning.
    pub recordings: Vec<Recording>,
}

/// The figures that variants are compared by.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Summary {
    /// The highest resident memory.
    pub peak: Bytes,
    /// The most the program held.
    pub peak_live: Bytes,
    /// Resident memory when the last burst is over and what it left is collected.
    pub after_burst: Bytes,
    /// Resident memory at the moment of the comparison: the end of the last rest, if it is not said otherwise.
    pub after_rest: Bytes,
    /// What the program holds then.
    pub live: Bytes,
    /// What is free in the allocator then, resident or not.
    pub free: Bytes,
    /// What `malloc_trim(0)` would give back then.
    pub reclaimable: Bytes,
    /// What a control group is charged for then, as far as it is known here: [`Sample::charged`].
    pub memory_current: Bytes,
    /// Resident memory in huge pages then.
    pub huge: Bytes,
    /// Resident memory marked with MADV_FREE then.
    pub lazy_free: Bytes,
    /// Calls of `malloc_trim` in the run.
    pub trims: u64,
    /// Resident bytes that these gave back.
    pub trimmed: Bytes,
    /// Resident memory at the very end, after the last of them.
    pub at_end: Bytes,
    /// Page faults.
    pub faults: u64,
    /// System calls.
    pub syscalls: u64,
    /// Processes that were killed at the cap.
    pub killed: u64,
    /// How long what was charged was above the cap less one part in fifty, where there is a cap.
    pub near_cap: Option<Micros>,
    /// When more was charged than `memory.high` for the first time, and nothing could be taken back.
    pub throttled: Option<Micros>,
}

impl Outcome {
    /// The figures to compare, after the last rest; where there is none, of the end.
    pub fn summary(&self) -> Summary {
        self.summary_of(&self.sample_at(self.rested()))
    }

    /// When the last rest ends, or the run where there is no rest.
    pub fn rested(&self) -> Moment {
        let rest = self.phases.last_rest();
        rest.map_or_else(|| self.ends(), |rest| rest.end)
    }

    /// When the last burst is over, or the run where none is known.
    pub fn burst(&self) -> Moment {
        let burst = self.phases.last_burst();
        burst.map_or_else(|| self.ends(), |burst| burst.end)
    }

    /// The end of the run.
    pub fn ends(&self) -> Moment {
        let last = self.samples.last().copied().unwrap_or_default();
        Moment {
            event: last.event,
            time: last.time,
        }
    }

    /// What was measured at a moment: at a mark or a bound of a phase exactly, else at the sample before.
    pub fn sample_at(&self, moment: Moment) -> Sample {
        let is_there = |sample: &Sample| (sample.event, sample.time) == (moment.event, moment.time);
        let marked = self.marks.iter().rfind(|mark| is_there(&mark.sample));
        if let Some(mark) = marked {
            return mark.sample;
        }
        let until = |sample: &Sample| (sample.event, sample.time) <= (moment.event, moment.time);
        let after = self.samples.partition_point(until);
        let sample = self.samples.get(after.saturating_sub(1));
        sample.copied().unwrap_or_default()
    }

    /// What was measured last up to a time.
    pub fn sample_before(&self, time: Micros) -> Sample {
        let after = self.samples.partition_point(|sample| sample.time <= time);
        let sample = self.samples.get(after.saturating_sub(1));
        sample.copied().unwrap_or_default()
    }

    /// The figures to compare, at a moment that was measured.
    pub fn summary_of(&self, at: &Sample) -> Summary {
        let last = self.samples.last().copied().unwrap_or_default();
        let burst = self.sample_at(self.burst());
        let most = |of: fn(&Sample) -> Bytes| self.samples.iter().map(of).max();
        let recordings = || self.stages.iter().flat_map(|stage| &stage.recordings);
        Summary {
            peak: most(|sample| sample.rss_peak).unwrap_or_default(),
            peak_live: most(|sample| sample.live_peak).unwrap_or_default(),
            after_burst: burst.rss,
            after_rest: at.rss,
            live: at.live,
            free: at.free,
            reclaimable: at.reclaimable.unwrap_or_default(),
            memory_current: at.charged(),
            huge: at.huge,
            lazy_free: at.lazy_free,
            trims: recordings().map(|recording| recording.trims).sum(),
            trimmed: Bytes(recordings().map(|recording| recording.trimmed.0).sum()),
            at_end: last.rss,
            faults: recordings().map(|recording| recording.faults).sum(),
            syscalls: recordings()
                .map(|recording| recording.syscalls.total())
                .sum(),
            killed: recordings()
                .filter(|recording| recording.killed.is_some())
                .count() as u64,
            near_cap: self.near_cap(),
            throttled: self.throttled(),
        }
    }

    /// The real process, where the run is of one whose trace says what was measured of it.
    pub fn real(&self) -> Option<&RealProcess> {
        let [stage] = &self.stages[..] else {
            return None;
        };
        let [recording] = &stage.recordings[..] else {
            return None;
        };
        Some(&recording.real).filter(|real| real.count > 0)
    }

    /// When more was charged than `memory.high` for the first time in a process, and nothing could be taken back.
    pub fn throttled(&self) -> Option<Micros> {
        let stages = self.stages.iter().flat_map(|stage| {
            let processes = stage.recordings.iter();
            processes.filter_map(|process| Some(process.throttled?.time + stage.begins))
        });
        stages.min()
    }

    fn near_cap(&self) -> Option<Micros> {
        let cap_at = |time: Micros| {
            let begun = self.stages.iter().rev().find(|stage| stage.begins <= time);
            begun.and_then(|stage| stage.recordings.first()?.variant.cap)
        };
        self.stages
            .iter()
            .find_map(|stage| stage.recordings.first()?.variant.cap)?;
        let mut near = 0;
        for pair in self.samples.windows(2) {
            let is_near = cap_at(pair[0].time)
                .is_some_and(|cap| pair[1].charged_peak.0 >= cap.0 - cap.0 / 50);
            near += u64::from(is_near) * (pair[1].time.0.saturating_sub(pair[0].time.0));
        }
        Some(Micros(near))
    }
}

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
        // That the others can run is seen now, too, and not after the first have taken their time.
        let Some((first, others)) = this.plan.stages.split_first() else {
            return Err(SimulatorError::EmptyPlan);
        };
        for stage in others {
            Running::begin(stage, options)?;
        }
        this.running = Running::begin(first, options)?;
        Ok(this)
    }

    /// Runs about so many events more; `false` once there are none left.
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

    /// Returns the curve so far, of so many of its samples at most.
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

impl Stage {
    /// How many events its processes have; about, where they are made on the way.
    pub fn events(&self) -> u64 {
        self.sources.iter().map(Source::events).sum()
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
