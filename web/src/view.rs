//! A run as the page holds it: the curves, the bands between marks, the maps, and how to find a moment in them.

mod moment;

use std::{cell::RefCell, rc::Rc};

use highwater_chart::{Band, Extents, Scale, bands};
use highwater_simulator::{Bytes, Frame, Micros, Moment, PhaseKind, Quoted, Sample, Variant};

use crate::protocol::{Ask, Order, Ran, Work};
pub use moment::{Look, Now};

/// A run that is shown. One equals only itself, which spares comparing curves point by point at every movement.
#[derive(Debug)]
pub struct RunView {
    /// What was run.
    pub order: Rc<Order>,
    /// Its figures.
    pub ran: Ran,
    /// Its curves, never empty.
    pub samples: Vec<Sample>,
    /// Its phases.
    pub bands: Vec<Band>,
    /// Its maps.
    pub frames: Vec<Frame>,
    /// The room its maps need.
    pub extents: Extents,
    /// Curves as they were drawn last, so that they are written anew only when something about them changes.
    drawn: [RefCell<Option<Path>>; 7],
}

/// A curve as it was drawn, what it is of, and the scale at which it was.
type Path = (Quoted, Scale, Rc<str>);

/// The curves that a run has.
#[derive(Debug, Clone, Copy)]
pub enum Drawn {
    /// What is quoted of its memory.
    Memory,
    /// What the program holds.
    Held,
    /// The first of those that decide whether memory goes back.
    First,
    /// The second.
    Second,
    /// What was measured of the real process.
    Measured,
    /// The same of the whole run, whatever part of it is shown.
    Whole,
    /// What the program holds in the whole run.
    WholeHeld,
}

impl PartialEq for RunView {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl RunView {
    /// Takes what the worker sent.
    pub fn receive(order: Rc<Order>, mut ran: Ran) -> Self {
        let samples = std::mem::take(&mut ran.samples);
        let frames = std::mem::take(&mut ran.frames);
        Self::new(order, ran, samples, frames)
    }

    /// A run in which nothing happened.
    #[cfg(test)]
    pub(crate) fn empty(order: Rc<Order>) -> Self {
        let ran = Ran {
            took_ms: 1.0,
            calls: 0,
            page_size: Bytes(4096),
            summary: highwater_simulator::Summary::default(),
            answer: Default::default(),
            stages: vec![],
            marks: vec![],
            phases: highwater_simulator::Phases::default(),
            samples: vec![],
            frames: vec![],
            real: highwater_simulator::RealProcess::default(),
        };
        Self::new(order, ran, vec![], vec![])
    }

    fn new(order: Rc<Order>, ran: Ran, mut samples: Vec<Sample>, frames: Vec<Frame>) -> Self {
        if samples.is_empty() {
            samples.push(Sample::default());
        }
        let mut extents = Extents::default();
        for frame in &frames {
            extents.cover(frame);
        }
        Self {
            order,
            bands: bands(&ran.phases),
            extents,
            ran,
            samples,
            frames,
            drawn: Default::default(),
        }
    }

    /// A curve as a path, at a scale.
    pub fn drawn(
        &self,
        curve: Drawn,
        (quoted, scale): (Quoted, &Scale),
        draw: impl FnOnce() -> String,
    ) -> Rc<str> {
        let kept = &self.drawn[curve as usize];
        if let Some((of, at, path)) = &*kept.borrow()
            && (*of, at) == (quoted, scale)
        {
            return Rc::clone(path);
        }
        let path: Rc<str> = draw().into();
        kept.replace(Some((quoted, *scale, Rc::clone(&path))));
        path
    }

    /// What its first process was run through.
    pub fn variant(&self) -> &Variant {
        &self.order.stages[0].variant
    }

    /// What the processes of a stage were run through.
    pub fn variant_at(&self, time: Micros) -> &Variant {
        let stage = self.stage_at(time).0;
        &self.order.stages[stage.min(self.order.stages.len() - 1)].variant
    }

    /// The stage at a moment, with the events before it and when it begins.
    pub fn stage_at(&self, time: Micros) -> (usize, u64, Micros) {
        let begun = self
            .ran
            .stages
            .iter()
            .rposition(|stage| stage.begins <= time);
        let stage = begun.unwrap_or_default();
        let (events, begins) = (self.ran.stages.get(stage))
            .map_or((0, Micros(0)), |stage| (stage.first_event, stage.begins));
        (stage, events, begins)
    }

    /// What a worker does to answer a question about a moment.
    pub fn look(&self, moment: Moment, ask: Ask) -> Work {
        let (stage, first_event, begins) = self.stage_at(moment.time);
        Work::Look {
            order: (*self.order).clone(),
            stage: stage as u32,
            first_event,
            begins,
            event: moment.event,
            time: moment.time,
            ask,
        }
    }

    /// When processes were killed at the cap.
    pub fn killed(&self) -> Vec<Micros> {
        let mut all = Vec::new();
        for stage in &self.ran.stages {
            all.extend_from_slice(&stage.killed);
        }
        all
    }

    /// When it ends; later than it begins.
    pub fn ends(&self) -> Micros {
        let last = self.samples.last().map_or(Micros(0), |sample| sample.time);
        Micros(last.0.max(1))
    }

    /// Where a moment lies between beginning and end, from 0 to 1.
    pub fn share(&self, time: Micros) -> f64 {
        (time.0 as f64 / self.ends().0 as f64).clamp(0.0, 1.0)
    }

    /// The moment at a time. Events between two samples are taken to be spread evenly, unless nothing happens there
    /// for so long that it is a rest.
    pub fn at(&self, time: Micros) -> Moment {
        let time = time.min(self.ends());
        let index = self.index_at(time);
        let here = &self.samples[index];
        let event = match self.samples.get(index + 1) {
            Some(next) if next.time > here.time => {
                let gap = next.time - here.time;
                let events = next.event - here.event;
                if gap.0 >= self.ends().0 / 200 {
                    here.event
                } else {
                    let share = time.0.saturating_sub(here.time.0) as f64 / gap.0 as f64;
                    here.event + (share * events as f64) as u64
                }
            }
            _ => here.event,
        };
        Moment { time, event }
    }

    /// The moment of a sample, counted from the one at a time.
    pub fn step(&self, from: Moment, steps: i64) -> Moment {
        let index = self.index_at(from.time) as i64 + steps;
        let last = self.samples.len() as i64 - 1;
        moment_of(&self.samples[index.clamp(0, last) as usize])
    }

    /// When an event is, more or less.
    pub fn time_of(&self, event: u64) -> Micros {
        let after = self.samples.partition_point(|sample| sample.event <= event);
        let Some(before) = after.checked_sub(1).map(|index| &self.samples[index]) else {
            return Micros(0);
        };
        match self.samples.get(after) {
            Some(next) if next.event > before.event => {
                let share = (event - before.event) as f64 / (next.event - before.event) as f64;
                Micros(before.time.0 + ((next.time.0 - before.time.0) as f64 * share).ceil() as u64)
            }
            _ => before.time,
        }
    }

    /// The latest sample not after a time.
    pub fn sample_at(&self, time: Micros) -> &Sample {
        &self.samples[self.index_at(time)]
    }

    /// The figures at a moment, as far as they were kept. They are exact at a sample, and between two events.
    pub fn now(&self, moment: Moment) -> Now {
        let index = self.index_at(moment.time);
        let sample = self.samples[index];
        let next = self.samples.get(index + 1);
        let is_still = next.is_none_or(|next| next.event <= sample.event + 1);
        let has_clock = sample.figures.is_some();
        Now {
            sample,
            is_exact: moment.event == sample.event
                && (moment.time == sample.time || is_still && !has_clock),
        }
    }

    /// The figures at a mark of this run.
    pub fn at_mark(&self, event: u64, time: Micros) -> Now {
        let at = self.samples.partition_point(|sample| sample.event < event);
        match self.samples.get(at) {
            Some(sample) if sample.event == event && sample.time == time => Now {
                sample: *sample,
                is_exact: true,
            },
            _ => self.now(self.at(time)),
        }
    }

    fn index_at(&self, time: Micros) -> usize {
        let after = self.samples.partition_point(|sample| sample.time <= time);
        after.saturating_sub(1)
    }

    /// The map nearest to a moment.
    pub fn nearest_frame(&self, event: u64) -> Option<&Frame> {
        let after = self.frames.partition_point(|frame| frame.event <= event);
        let before = after
            .checked_sub(1)
            .and_then(|index| self.frames.get(index));
        match (before, self.frames.get(after)) {
            (Some(before), Some(next)) if next.event - event < event - before.event => Some(next),
            (before, next) => before.or(next),
        }
    }

    /// Where to look first: the end of the last rest, where memory should have gone back; else the end.
    pub fn first_look(&self) -> Moment {
        match self.ran.phases.last_rest() {
            Some(rest) => rest.end,
            None => self.at(self.ends()),
        }
    }

    /// What was measured at a moment exactly, with what would be reclaimable; of several processes the sample before, whether it
    /// knows that or not.
    pub fn measured(&self, moment: Moment) -> Option<&Sample> {
        let asked = (moment.event, moment.time);
        let after = self
            .samples
            .partition_point(|sample| (sample.event, sample.time) <= asked);
        let before = after.checked_sub(1).map(|before| &self.samples[before])?;
        let is_there = (before.event, before.time) == asked && before.reclaimable.is_some();
        is_there.then_some(before)
    }

    /// Where the curve is highest.
    pub fn peak(&self) -> Moment {
        let mut peak = &self.samples[0];
        for sample in &self.samples {
            if sample.rss > peak.rss {
                peak = sample;
            }
        }
        moment_of(peak)
    }

    /// The end of the run, as a moment.
    pub fn last(&self) -> Moment {
        self.samples.last().map_or(Moment::default(), moment_of)
    }

    /// The highest value of the chart.
    pub fn highest(&self) -> Bytes {
        let highest = |sample: &Sample| {
            sample
                .rss_peak
                .max(sample.live_peak)
                .max(sample.rss)
                .max(sample.live)
        };
        self.samples.iter().map(highest).max().unwrap_or_default()
    }

    /// How many bursts there are.
    pub fn bursts(&self) -> usize {
        let phases = self.ran.phases.0.iter();
        phases
            .filter(|phase| phase.kind == PhaseKind::Burst)
            .count()
    }
}

fn moment_of(sample: &Sample) -> Moment {
    Moment {
        event: sample.event,
        time: sample.time,
    }
}

#[cfg(test)]
mod tests;
