//! Compares a model's addresses with those that a trace recorded.

use crate::simulation::Simulation;
use highwater_compare::{Correspondence, Place, UnmapWatch};
use highwater_workload::{BlockId, Call, Event};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The first answer of a model that is not the recorded one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Index of the event, from 0; comments and headers of the trace do not count.
    pub event: u64,
    /// Its time in microseconds, as in the trace.
    pub time_us: u64,
    /// The thread that called.
    pub thread: u16,
    /// The call.
    pub call: String,
    /// The recorded address.
    pub recorded: String,
    /// The model's.
    pub model: String,
    /// The recorded place, as far as two runs can be compared.
    pub expected: Place,
    /// The model's.
    pub found: Place,
}

/// The outcome of comparing every address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Addresses {
    /// Addresses compared.
    pub compared: u64,
    /// Those that were equal.
    pub equal: u64,
    /// The first that was not.
    pub first_difference: Option<Difference>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "event {} ({} µs): {} returned {} ({}), the model {} ({})",
            self.event,
            self.time_us,
            self.call,
            self.recorded,
            self.expected,
            self.model,
            self.found
        )
    }
}

/// Compares while a simulation runs.
pub(crate) struct Checker {
    places: Correspondence,
    unmaps: UnmapWatch,
    addresses: Addresses,
}

impl Checker {
    /// Begins with a simulation that has run no event.
    pub(crate) fn new(simulation: &Simulation) -> Self {
        let config = simulation.kernel().config();
        Self {
            places: Correspondence::new(config.page_size, config.brk, config.brk),
            unmaps: UnmapWatch::new(&simulation.model, simulation.kernel()),
            addresses: Addresses::default(),
        }
    }

    /// Returns the outcome of all comparisons.
    pub(crate) fn finish(self) -> Addresses {
        self.addresses
    }

    /// Compares the address that an event just run returned, if it returned one. To be called after every event.
    #[inline]
    pub(crate) fn compare(&mut self, simulation: &Simulation, event: &Event) {
        let unmapped = self.unmaps.check(&simulation.model, simulation.kernel());
        if let Some(unmapped) = unmapped {
            self.places.forget(&unmapped);
        }
        if let Some(block) = event.call.allocated() {
            self.compare_block(simulation, event, block);
        }
    }

    fn compare_block(&mut self, simulation: &Simulation, event: &Event, block: BlockId) {
        let workload = simulation.workload();
        let number = simulation.feed.answer(simulation.asked() - 1);
        let Some(&recorded) = workload.recorded.get(number) else {
            return;
        };
        // What was found when recording began was laid out in another order.
        if simulation.position() <= simulation.feed.first().header.snapshot {
            return;
        }
        let model = simulation.address(block);
        let whereabouts = simulation.whereabouts(block);
        let places = self.places.compare(recorded, model, whereabouts);
        self.addresses.compared += 1;
        if places.are_same() {
            self.addresses.equal += 1;
        } else if self.addresses.first_difference.is_none() {
            self.addresses.first_difference = Some(Difference {
                event: simulation.position() - 1,
                time_us: event.time.0,
                thread: event.thread.0,
                call: describe(event.call),
                recorded: recorded.to_string(),
                model: model.to_string(),
                expected: places.expected,
                found: places.found,
            });
        }
    }
}

fn describe(call: Call) -> String {
    match call {
        Call::Malloc { size, .. } => format!("malloc({})", size.0),
        Call::Calloc { count, size, .. } => format!("calloc({count}, {})", size.0),
        Call::Aligned {
            alignment, size, ..
        } => format!("memalign({alignment}, {})", size.0),
        Call::Realloc { size, .. } => format!("realloc(..., {})", size.0),
        other => format!("{other:?}"),
    }
}
