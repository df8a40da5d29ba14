//! What was measured of a process from outside while it was recorded, put where its times are among the calls.

use crate::{Micros, Sample, Workload};
use std::cell::RefCell;
use std::rc::Rc;

/// Samples that were taken from outside, in the order of their times.
#[derive(Clone)]
pub(crate) struct Outside {
    samples: Rc<RefCell<Vec<Sample>>>,
    alive: Micros,
    /// Events of the parts so far.
    events: u64,
}

impl Outside {
    pub(crate) fn new(mut samples: Vec<Sample>) -> Self {
        samples.sort_by_key(|sample| sample.time);
        Self {
            alive: samples.last().map_or(Micros(0), |sample| sample.time),
            samples: Rc::new(samples.into()),
            events: 0,
        }
    }

    /// Counts the events of the next part before each sample.
    pub(crate) fn place(&mut self, part: &mut Workload) {
        part.alive = part.alive.max(self.alive);
        self.events = place(&mut self.samples.borrow_mut(), self.events, part);
    }

    /// Adds them to those that the recording has itself.
    pub(crate) fn join(self, workload: &mut Workload) {
        let own = std::mem::take(&mut workload.samples);
        workload.samples = joined(own, self.samples.take());
    }
}

/// Counts the events before each sample that lies before the end of a part, or behind all parts so far, and returns how many
/// there are up to the end of this one.
fn place(samples: &mut [Sample], before: u64, part: &Workload) -> u64 {
    let end = before + part.events.len() as u64;
    // Those that lie in a part before this one have fewer events before them.
    let open = samples.partition_point(|sample| u64::from(sample.event) < before);
    for sample in &mut samples[open..] {
        let events = &part.events;
        sample.event =
            (before + events.partition_point(|event| event.time <= sample.time) as u64) as u32;
    }
    end
}

/// Joins two lists by event and time.
fn joined(mut samples: Vec<Sample>, others: Vec<Sample>) -> Vec<Sample> {
    samples.extend(others);
    samples.sort_by_key(|sample| (sample.event, sample.time));
    samples
}
