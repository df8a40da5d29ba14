//! What is kept on the way through a run: samples, marks, frames and the explained moment.

use super::{Explain, Options, Recording};
use crate::check::Checker;
use crate::diagnosis::Diagnosis;
use crate::frame::Frame;
use crate::measured::Comparing;
use crate::sample::{MarkSample, Sample, Schedule};
use crate::simulation::Simulation;
use crate::variant::Variant;
use highwater_allocator::{Allocator, Bytes, Micros};
use highwater_workload::{Call, Event, ends_a_rest};
use std::sync::Arc;

/// Samples of a rest during which the allocator has something to do.
const REST_SAMPLES: u64 = 40;

/// What is kept of a run on its way, and when the next sample and frame are due.
pub(super) struct Recorder {
    pub(super) options: Options,
    schedule: Schedule,
    /// Events between two frames, and the event from which the next is due.
    frame_every: u64,
    next_frame: u64,
    /// Events run up to which finding out what is reclaimable was paid for.
    paid: u64,
    pub(super) samples: Vec<Sample>,
    pub(super) marks: Vec<MarkSample>,
    frames: Vec<Frame>,
    explained: Option<Diagnosis>,
    /// Where addresses are to be compared.
    checker: Option<Checker>,
    comparing: Comparing,
}

impl Recorder {
    pub(super) fn new(simulation: &Simulation, variant: &Variant, options: Options) -> Self {
        let feed = &simulation.feed;
        let events = feed.events;
        let mut comparing = Comparing::new(simulation, variant);
        comparing.compare(simulation);
        Self {
            comparing,
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
    pub(super) fn drive(&mut self, simulation: &mut Simulation, until: u64) -> bool {
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
        let known = Arc::clone(simulation.feed.first());
        let workload = Arc::clone(simulation.workload());
        let start = simulation.feed.place(simulation.position());
        let end = workload.events.len().min(simulation.feed.place(until));
        let mut events = &workload.events[start.min(end)..];
        let mut left = end.saturating_sub(start);
        let now = simulation.now();
        let mut pause = events
            .first()
            .map_or(0, |first| first.time.0.saturating_sub(now.0));
        while left > 0 {
            if self.schedule.is_rest(Micros(pause)) && simulation.has_timers() {
                self.rest(simulation, events[0].time);
            }
            let most = if self.checker.is_some() { 1 } else { left };
            let position = simulation.position();
            let compared = self.comparing.events_left(&known, position);
            let most = most.min(self.schedule.until_even(position)).min(compared);
            let (run, rest) = events.split_at(simulation.run(&events[..most], self.schedule.rest));
            let Some(latest) = run.last() else {
                return false;
            };
            if let Some(checker) = &mut self.checker {
                checker.compare(simulation, latest);
            }
            // Whatever comes after everything, the moment is measured.
            let next = rest.first().map(|next| next.time);
            let next = next.or_else(|| simulation.feed.next_part_begins());
            pause = next.map_or(u64::MAX, |next| next.0.wrapping_sub(latest.time.0));
            if self
                .schedule
                .is_due(simulation.position(), latest, Micros(pause))
            {
                self.look(simulation, latest);
            }
            // Behind a mark of the same moment.
            if self.comparing.events_left(&known, simulation.position()) == 0 {
                self.comparing.compare(simulation);
            }
            left -= run.len();
            events = rest;
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
    pub(super) fn stop(&mut self, simulation: &mut Simulation, time: Micros, explained: bool) {
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

    /// Measures this moment, and keeps what is due.
    #[cold]
    fn look(&mut self, simulation: &mut Simulation, event: &Event) {
        let workload = Arc::clone(simulation.workload());
        if let Call::Mark(mark) = event.call {
            self.sample(simulation, true);
            let Some(mark) = workload.marks.get(mark.0 as usize) else {
                return;
            };
            self.mark(mark);
            self.comparing.mark(mark, simulation);
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

    /// Measures; what is reclaimable only where asked for or affordable: a look at one block is reckoned like eight events.
    pub(super) fn sample(&mut self, simulation: &mut Simulation, reclaimable: bool) {
        let mut sample = simulation.sample(false);
        if reclaimable || self.paid <= simulation.position() {
            let found = simulation.model.reclaimable(simulation.kernel());
            self.paid += 8 * found.looks;
            sample.reclaimable = Some(found.bytes);
        }
        self.samples.push(sample);
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

    pub(super) fn frame(&mut self, simulation: &Simulation) {
        self.next_frame = u64::MAX;
        if self.options.frames > 0 {
            self.next_frame = simulation.position() + self.frame_every;
            self.frames.push(simulation.frame());
        }
    }

    pub(super) fn latest(&self) -> u64 {
        self.samples.last().map_or(0, |sample| sample.event)
    }

    pub(super) fn finish(self, simulation: Simulation, variant: Variant) -> Recording {
        let counts = *simulation.kernel().counts();
        let (allocations, failed) = simulation.allocations();
        let (trims, trimmed) = simulation.trims();
        let peak = |of: fn(&Sample) -> Bytes| self.samples.iter().map(of).max().unwrap_or_default();
        Recording {
            remarks: variant.remarks(),
            variant,
            page_size: simulation.kernel().page_size(),
            events: simulation.position(),
            calls: simulation.calls(),
            allocations,
            failed,
            skipped: simulation.feed.first().skipped,
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
            throttled: simulation.throttled(),
            real: self.comparing.finish(),
            addresses: self.checker.map(Checker::finish).unwrap_or_default(),
            diagnosis: match self.options.explain {
                Explain::Nothing => None,
                _ => (self.explained).or_else(|| Some(simulation.diagnose())),
            },
        }
    }
}
