//! A run from beginning to end, and everything that is kept of it.

mod recorder;

use crate::check::Addresses;
use crate::diagnosis::Diagnosis;
use crate::error::SimulatorError;
use crate::frame::Frame;
use crate::measured::RealProcess;
use crate::sample::{MarkSample, Sample};
use crate::simulation::{Killed, Simulation};
use crate::variant::Variant;
use highwater_allocator::{Allocator, Bytes, Counters, Decision, Micros, Remark};
use highwater_kernel::Syscalls;
use highwater_workload::{Moment, Phases, Progress, Source, Watch};
use recorder::Recorder;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Events between two looks at whether to go on.
const SLICE: u64 = 1 << 14;

/// Phases whose bounds are measured exactly.
const MEASURED: usize = 200;

/// What to keep of a run beyond what every run keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Options {
    /// About how many samples the curves get, besides those at marks and rests.
    pub samples: u32,
    /// How many heap maps to keep, evenly over the samples; 0 for none.
    pub frames: u32,
    /// The most of the latest decisions that are kept; [`Options::EVERY`] keeps all.
    pub decisions: u32,
    /// Which moment is explained.
    pub explain: Explain,
    /// Whether to compare addresses with the recorded ones.
    pub check: bool,
}

/// The moment of a run that is explained.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explain {
    /// None: a comparison of figures has no use for it. What was freed is not kept then either, where a plan or a whole run is run.
    Nothing,
    /// The end of the run.
    #[default]
    End,
    /// The end of the last rest; of a run that does not come to it, the end.
    LastRest,
}

impl Options {
    /// As a number of decisions: all there are, however many.
    pub const EVERY: u32 = u32::MAX;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            samples: 600,
            frames: 0,
            decisions: 1000,
            explain: Explain::End,
            check: false,
        }
    }
}

/// A decision with the time of its event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimedDecision {
    /// The event that led to it, from 0.
    pub event: u64,
    /// When.
    pub time: Micros,
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
}

/// Everything kept of one run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// What it was run through.
    pub variant: Variant,
    /// What the allocator said to the environment.
    pub remarks: Vec<Remark>,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// Events run.
    pub events: u64,
    /// Those of them that are calls of the program.
    pub calls: u64,
    /// Calls that returned a block.
    pub allocations: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Lines of the trace that named an unknown block.
    pub skipped: u64,
    /// The curves, in order of time.
    pub samples: Vec<Sample>,
    /// The marks, in order.
    pub marks: Vec<MarkSample>,
    /// Heap maps, in order.
    pub frames: Vec<Frame>,
    /// The latest decisions, oldest first.
    pub decisions: Vec<TimedDecision>,
    /// How often each kind of decision was taken over the whole run.
    pub counters: Counters,
    /// The highest resident memory.
    pub peak_rss: Bytes,
    /// The most the program held.
    pub peak_live: Bytes,
    /// Page faults.
    pub faults: u64,
    /// System calls by name.
    pub syscalls: Syscalls,
    /// Calls of `malloc_trim`.
    pub trims: u64,
    /// Resident bytes that they gave back.
    pub trimmed: Bytes,
    /// Whether the process was killed at its cap.
    pub killed: Option<Killed>,
    /// When more was charged than `memory.high` for the first time, and nothing could be taken back.
    #[serde(default)]
    pub throttled: Option<Moment>,
    /// The real process, where the trace says what was measured of it.
    #[serde(default)]
    pub real: RealProcess,
    /// The comparison with the recorded addresses, where asked for.
    pub addresses: Addresses,
    /// The moment that [`Options::explain`] asks for, explained.
    pub diagnosis: Option<Diagnosis>,
}

/// Runs a workload through a variant, telling `watch` how many events are done.
///
/// # Errors
/// Where the variant cannot run the workload, or `watch` breaks off; nothing is kept then.
pub fn run(
    source: impl Into<Source>,
    variant: &Variant,
    options: &Options,
    watch: &mut Watch,
) -> Result<Recording, SimulatorError> {
    let mut run = Run::of_figures(source, variant, options)?;
    loop {
        if watch(run.progress()).is_break() {
            return Err(SimulatorError::Cancelled);
        }
        if !run.go_on(SLICE) {
            run.check()?;
            return Ok(run.finish());
        }
    }
}

/// A run in pieces, for those who have other things to do in between.
pub struct Run {
    simulation: Simulation,
    recorder: Recorder,
    variant: Variant,
    /// Moments that are measured exactly, those to come, and whether each is explained.
    stops: VecDeque<(Moment, bool)>,
}

impl Run {
    /// A run that has not begun.
    ///
    /// # Errors
    /// Where the variant cannot run the workload.
    pub fn new(
        source: impl Into<Source>,
        variant: &Variant,
        options: &Options,
    ) -> Result<Self, SimulatorError> {
        let mut simulation = Simulation::new(source, variant)?;
        if options.decisions == Options::EVERY {
            simulation.model.decisions_mut().keep_all();
        }
        let mut recorder = Recorder::new(&simulation, variant, *options);
        recorder.sample(&mut simulation, false);
        recorder.frame(&simulation);
        Ok(Self {
            simulation,
            recorder,
            variant: variant.clone(),
            stops: VecDeque::new(),
        })
    }

    /// The same, but where nothing is explained, what is freed is not kept.
    pub(crate) fn of_figures(
        source: impl Into<Source>,
        variant: &Variant,
        options: &Options,
    ) -> Result<Self, SimulatorError> {
        let mut run = Self::new(source, variant, options)?;
        if options.explain == Explain::Nothing {
            run.simulation = run.simulation.without_history();
        }
        Ok(run)
    }

    /// From now on the bounds of phases are measured exactly, and the end of the last rest is explained if it is to be. Of many
    /// phases the last ones count.
    #[must_use]
    pub fn in_phases(mut self, phases: &Phases) -> Self {
        let is_explained = self.recorder.options.explain == Explain::LastRest;
        let rest = phases.last_rest().filter(|_| is_explained);
        let explained = rest.map(|rest| rest.end);
        let last = phases.0.len().saturating_sub(MEASURED);
        let bounds = phases.0[last..].iter().map(|phase| phase.end);
        let bounds = bounds.map(|end| (end, Some(end) == explained));
        self.stops = bounds.collect();
        self
    }

    /// Runs `events` more events; `false` once there are none left, or the process was killed.
    pub fn go_on(&mut self, events: u64) -> bool {
        let until = self.simulation.position().saturating_add(events);
        while let Some((moment, explained)) = self.stops.front().copied()
            && moment.event <= until
        {
            let stop = moment.event.max(self.simulation.position());
            let goes_on = self.recorder.drive(&mut self.simulation, stop);
            if self.simulation.position() < moment.event || self.simulation.kernel().is_killed() {
                return false;
            }
            self.stops.pop_front();
            self.recorder
                .stop(&mut self.simulation, moment.time, explained);
            if !goes_on && self.stops.is_empty() {
                return false;
            }
        }
        self.recorder.drive(&mut self.simulation, until)
    }

    /// Runs what happens up to a moment, and lets time pass until then; `false` once there is nothing left, or the process
    /// was killed.
    pub fn go_to(&mut self, moment: Micros) -> bool {
        loop {
            let due = self.simulation.due(moment);
            if due == 0 && !self.simulation.is_part_done() {
                self.simulation.wait_until(moment);
                return true;
            }
            // Where the part at hand is over, going on begins the next, or ends the run. What is due of that one is not known before.
            if !self.go_on(due) {
                return false;
            }
        }
    }

    /// Runs up to a moment; `false` where it did not come to it.
    pub fn go_to_moment(&mut self, moment: Moment) -> bool {
        let left = moment.event.saturating_sub(self.simulation.position());
        if left > 0 {
            self.go_on(left);
        }
        self.simulation.wait_until(moment.time);
        self.simulation.position() == moment.event && !self.simulation.kernel().is_killed()
    }

    /// Whether all events so far could be read.
    ///
    /// # Errors
    /// A trace that is read on the way has changed or cannot be read any more.
    pub fn check(&self) -> Result<(), SimulatorError> {
        self.simulation.check()
    }

    /// When its next event is; `None` once there are none left.
    pub(crate) fn next_time(&mut self) -> Option<Micros> {
        self.simulation.next_event().map(|event| event.time)
    }

    /// The process as it is.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Measures it now.
    pub(crate) fn sample(&mut self, reclaimable: bool) -> Sample {
        self.simulation.sample(reclaimable)
    }

    /// What was measured so far.
    pub(crate) fn samples(&self) -> &[Sample] {
        &self.recorder.samples
    }

    /// Marks it came to so far.
    pub(crate) fn marks(&self) -> &[MarkSample] {
        &self.recorder.marks
    }

    /// What may be charged for all its mappings from now on: before it is killed, and before it is slowed down.
    pub(crate) fn set_limits(&mut self, cap: Option<Bytes>, high: Option<Bytes>) {
        self.simulation.kernel.set_limits(cap, high);
    }

    /// How many events are done.
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.simulation.position(),
            total: self.simulation.feed.events.max(1),
        }
    }

    /// Returns the recording of what was run.
    pub fn finish(mut self) -> Recording {
        let (simulation, recorder) = (&mut self.simulation, &mut self.recorder);
        if simulation.position() > 0 && recorder.latest() != simulation.position() {
            recorder.sample(simulation, true);
        }
        recorder.frame(simulation);
        self.recorder.finish(self.simulation, self.variant)
    }
}

impl Simulation {
    /// How many decisions were taken up to now.
    pub fn decisions_taken(&self) -> u64 {
        self.model.decisions().total()
    }

    /// The latest decisions up to now, at most `most`, oldest first.
    pub fn latest_decisions(&self, most: usize) -> Vec<TimedDecision> {
        let mut latest: Vec<TimedDecision> = self
            .model
            .decisions()
            .iter()
            .rev()
            .take(most)
            .map(|logged| TimedDecision {
                event: logged.event,
                time: logged.time,
                decision: logged.decision,
            })
            .collect();
        latest.reverse();
        latest
    }
}
