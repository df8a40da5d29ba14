//! A run from beginning to end, and everything that is kept of it.

use crate::check::{Addresses, Checker};
use crate::diagnosis::Diagnosis;
use crate::error::SimulatorError;
use crate::frame::Frame;
use crate::sample::{MarkSample, Sample, Schedule};
use crate::simulation::{Killed, Simulation};
use crate::variant::Variant;
use highwater_allocator::{Allocator, Bytes, Counters, Decision, Micros, Remark};
use highwater_kernel::Syscalls;
use highwater_workload::{Call, Event, Moment, Phases, Progress, Source, Watch, ends_a_rest};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Events between two looks at whether to go on.
const SLICE: u64 = 1 << 14;

/// Phases whose bounds are measured exactly.
const MEASURED: usize = 200;

/// The pause after the last event of a part: whatever comes, the moment is measured.
const END: Micros = Micros(u64::MAX);

/// Samples of a rest during which the allocator has something to do.
const REST_SAMPLES: u64 = 40;

/// What to keep of a run beyond what every run keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Options {
    /// About how many samples the curves get, besides those at marks and rests.
    pub samples: u32,
    /// How many heap maps to keep, evenly over the samples; 0 for none.
    pub frames: u32,
    /// At most so many of the latest decisions are kept; [`Options::EVERY`] keeps all.
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
    /// None: a comparison of figures has no use for it.
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
    let mut run = Run::new(source, variant, options)?;
    loop {
        if watch(run.progress()).is_break() {
            return Err(SimulatorError::Cancelled);
        }
        if !run.go_on(SLICE) {
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
        let mut recorder = Recorder::new(&simulation, *options);
        recorder.sample(&mut simulation, false);
        recorder.frame(&simulation);
        Ok(Self {
            simulation,
            recorder,
            variant: variant.clone(),
            stops: VecDeque::new(),
        })
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

    /// Runs so many events more; `false` once there are none left, or the process was killed.
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
            // Where the part at hand is over, going on begins the next, or ends the run.
            if (due > 0 || self.simulation.is_part_done()) && !self.go_on(due) {
                return false;
            }
            if !self.simulation.is_part_done() {
                self.simulation.wait_until(moment);
                return true;
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

    /// Marks it came to so far.
    pub(crate) fn marks(&self) -> &[MarkSample] {
        &self.recorder.marks
    }

    /// What all its mappings may have resident from now on.
    pub(crate) fn set_cap(&mut self, cap: Bytes) {
        self.simulation.kernel.set_cap(cap);
    }

    /// How many events are done.
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.simulation.position(),
            total: self.simulation.feed.events.max(1),
        }
    }

    /// What there is to keep of what was run.
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

    /// The latest decisions up to now, at most so many, oldest first.
    pub fn latest_decisions(&self, most: usize) -> Vec<TimedDecision> {
        let mut latest: Vec<TimedDecision> = self
            .model
            .decisions()
            .iter()
            .rev()
            .take(most)
            .map(|logged| TimedDecision {
                event: logged.event,
                time: logged
                    .time
                    .or_else(|| self.feed.time(logged.event))
                    .unwrap_or_default(),
                decision: logged.decision,
            })
            .collect();
        latest.reverse();
        latest
    }
}

struct Recorder {
    options: Options,
    schedule: Schedule,
    /// Events between two frames, and the event from which the next is due.
    frame_every: u64,
    next_frame: u64,
    /// Events run up to which finding out what is reclaimable was paid for.
    paid: u64,
    samples: Vec<Sample>,
    marks: Vec<MarkSample>,
    frames: Vec<Frame>,
    explained: Option<Diagnosis>,
    /// Where addresses are to be compared.
    checker: Option<Checker>,
}

impl Recorder {
    fn new(simulation: &Simulation, options: Options) -> Self {
        let feed = &simulation.feed;
        let events = feed.events;
        Self {
            options,
            schedule: Schedule::new(events, feed.duration, options.samples),
            frame_every: (events / u64::from(options.frames.max(1))).max(1),
            next_frame: 0,
            paid: 0,
            samples: Vec::new(),
            marks: Vec::new(),
            frames: Vec::new(),
            explained: None,
            checker: options.check.then(|| Checker::new(simulation)),
        }
    }

    /// Runs up to the given event; `false` once the run is over.
    fn drive(&mut self, simulation: &mut Simulation, until: u64) -> bool {
        loop {
            if !self.drive_part(simulation, until) {
                return false;
            }
            let left =
                simulation.feed.part().events.len() > simulation.feed.place(simulation.position());
            if !left && !simulation.refill() {
                return false;
            }
            if simulation.position() >= until {
                return true;
            }
        }
    }

    /// Runs up to the given event or the end of the part at hand; `false` if the process was killed.
    fn drive_part(&mut self, simulation: &mut Simulation, until: u64) -> bool {
        let workload = Arc::clone(simulation.workload());
        let start = simulation.feed.place(simulation.position());
        let end = workload.events.len().min(simulation.feed.place(until));
        let events = &workload.events[start.min(end)..];
        let now = simulation.now();
        let first = events.first().map_or(now, |event| event.time);
        let mut pause = Micros(first.0.saturating_sub(now.0));
        for (index, event) in events[..end.saturating_sub(start)].iter().enumerate() {
            if self.schedule.is_rest(pause) && simulation.has_timers() {
                self.rest(simulation, event.time);
            }
            if !simulation.advance(event) {
                return false;
            }
            if let Some(checker) = &mut self.checker {
                checker.compare(simulation, event);
            }
            let next = events.get(index + 1);
            pause = next.map_or(END, |next| Micros(next.time.0.wrapping_sub(event.time.0)));
            if self.schedule.is_due(simulation.position(), event, pause) {
                self.look(simulation, event);
            }
        }
        true
    }

    /// Watches what happens while the program rests.
    #[cold]
    fn rest(&mut self, simulation: &mut Simulation, until: Micros) {
        let start = simulation.now();
        for step in 1..REST_SAMPLES {
            let lasts = until.0.saturating_sub(start.0);
            simulation.wait_until(Micros(start.0 + lasts / REST_SAMPLES * step));
            self.sample(simulation, false);
        }
    }

    /// Measures a moment exactly, and explains it if it is to be.
    #[cold]
    fn stop(&mut self, simulation: &mut Simulation, time: Micros, explained: bool) {
        if time > simulation.now() {
            let pause = Micros(time.0 - simulation.now().0);
            if self.schedule.is_rest(pause) && simulation.has_timers() {
                self.rest(simulation, time);
            }
            simulation.wait_until(time);
        }
        let moment = (simulation.position(), simulation.now());
        match self.samples.last_mut() {
            Some(last) if (last.event, last.time) == moment => {
                last.reclaimable = last.reclaimable.or_else(|| Some(simulation.reclaimable()));
            }
            _ => self.sample(simulation, true),
        }
        if explained {
            self.explained = Some(simulation.diagnose());
        }
    }

    /// Keeps what there is to keep of this moment.
    #[cold]
    fn look(&mut self, simulation: &mut Simulation, event: &Event) {
        let workload = Arc::clone(simulation.workload());
        if let Call::Mark(mark) = event.call {
            self.sample(simulation, true);
            let Some(mark) = workload.marks.get(mark.0 as usize) else {
                return;
            };
            self.mark(mark);
            // Phases of what is made on the way are known from their marks only.
            if self.options.explain == Explain::LastRest
                && simulation.feed.is_made_on_the_way()
                && simulation.feed.is_last_part()
                && ends_a_rest(&mark.name)
            {
                self.explained = Some(simulation.diagnose());
            }
        } else {
            self.sample(simulation, false);
        }
        if simulation.position() >= self.next_frame {
            self.frame(simulation);
        }
    }

    /// Measures; what is reclaimable only where asked for or affordable: a look at one block is reckoned like four events.
    fn sample(&mut self, simulation: &mut Simulation, reclaimable: bool) {
        let cost = 4 * simulation.model.reclaimable_cost();
        let affordable = self.paid + cost <= simulation.position();
        if affordable {
            self.paid += cost;
        }
        self.samples
            .push(simulation.sample(reclaimable || affordable));
    }

    fn mark(&mut self, mark: &highwater_workload::Mark) {
        if let Some(sample) = self.samples.last() {
            self.marks.push(MarkSample {
                name: mark.name.clone(),
                sample: *sample,
                measured: mark.value("heap_rss").map(Bytes),
                recorded: mark.measured.clone(),
            });
        }
    }

    fn frame(&mut self, simulation: &Simulation) {
        self.next_frame = u64::MAX;
        if self.options.frames > 0 {
            self.next_frame = simulation.position() + self.frame_every;
            self.frames.push(simulation.frame());
        }
    }

    fn latest(&self) -> u64 {
        self.samples.last().map_or(0, |sample| sample.event)
    }

    fn finish(self, simulation: Simulation, variant: Variant) -> Recording {
        let counts = *simulation.kernel().counts();
        let (allocations, failed) = simulation.allocations();
        let (trims, trimmed) = simulation.trims();
        let peak = |of: fn(&Sample) -> Bytes| self.samples.iter().map(of).max().unwrap_or_default();
        Recording {
            remarks: variant.remarks(),
            variant,
            page_size: simulation.kernel().page_size(),
            events: simulation.position(),
            allocations,
            failed,
            skipped: simulation.workload().skipped,
            marks: self.marks,
            frames: self.frames,
            decisions: simulation.latest_decisions(self.options.decisions as usize),
            counters: simulation.model.decisions().counters(),
            peak_rss: peak(|sample| sample.rss_peak),
            peak_live: peak(|sample| sample.live_peak),
            samples: self.samples,
            faults: counts.faults,
            syscalls: counts.syscalls,
            trims,
            trimmed,
            killed: simulation.killed(),
            addresses: self.checker.map(Checker::finish).unwrap_or_default(),
            diagnosis: match self.options.explain {
                Explain::Nothing => None,
                _ => (self.explained).or_else(|| Some(simulation.diagnose())),
            },
        }
    }
}
