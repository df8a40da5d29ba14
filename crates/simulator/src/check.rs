//! Holding a model's addresses against those a trace recorded.

use crate::place::{Correspondence, Place};
use crate::simulation::Simulation;
use highwater_allocator::{Allocator, Decision};
use highwater_kernel::PageState;
use highwater_workload::{BlockId, Call, Event};
use serde::{Deserialize, Serialize};

/// Where a model's answer was not the recorded one.
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
    /// The recorded place.
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

/// Compares while a simulation runs.
pub(crate) struct Checker {
    places: Correspondence,
    /// Heaps the model has unmapped that are known here.
    deleted: u64,
    /// Mappings the model has given back that are known here.
    unmapped: u64,
    addresses: Addresses,
}

impl Checker {
    /// For a simulation that has not begun.
    pub(crate) fn new(simulation: &Simulation) -> Self {
        let config = simulation.kernel().config();
        Self {
            places: Correspondence::new(config.brk, config.page_size),
            deleted: 0,
            unmapped: 0,
            addresses: Addresses::default(),
        }
    }

    /// What came of it.
    pub(crate) fn finish(self) -> Addresses {
        self.addresses
    }

    /// Compares what an event just run returned, if it returned anything. To be told of every event.
    #[inline]
    pub(crate) fn compare(&mut self, simulation: &Simulation, event: &Event) {
        let log = simulation.model.decisions();
        if log.counters().heaps_deleted != self.deleted {
            self.forget_deleted(simulation);
        }
        let unmapped = simulation.kernel().counts().syscalls.munmap;
        if unmapped != self.unmapped {
            self.unmapped = unmapped;
            let kernel = simulation.kernel();
            self.places
                .forget_pages(|page| kernel.page_state(page) != PageState::Untouched);
        }
        if let Some(block) = event.call.allocated() {
            self.compare_block(simulation, event, block);
        }
    }

    /// The heaps that the latest event unmapped. One event decides too little for the log to have forgotten them.
    #[cold]
    fn forget_deleted(&mut self, simulation: &Simulation) {
        let log = simulation.model.decisions();
        let new = log.counters().heaps_deleted - self.deleted;
        self.deleted += new;
        let deleted = log.iter().rev().filter_map(|logged| match logged.decision {
            Decision::HeapDeleted { base, .. } => Some(base),
            _ => None,
        });
        for base in deleted.take(new as usize) {
            self.places.forget(base);
        }
    }

    fn compare_block(&mut self, simulation: &Simulation, event: &Event, block: BlockId) {
        let workload = simulation.workload();
        let Some(&recorded) = workload.recorded.get(block.0 as usize) else {
            return;
        };
        let model = simulation.address(block);
        let whereabouts = simulation.whereabouts(block);
        let (expected, found) = self.places.compare(recorded, model, whereabouts);
        self.addresses.compared += 1;
        if expected == found {
            self.addresses.equal += 1;
        } else if self.addresses.first_difference.is_none() {
            self.addresses.first_difference = Some(Difference {
                event: simulation.position() - 1,
                time_us: event.time.0,
                thread: event.thread.0,
                call: describe(event.call),
                recorded: recorded.to_string(),
                model: model.to_string(),
                expected,
                found,
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
