//! Holding a model's addresses against those a trace recorded.
//!
//! Absolute addresses differ from run to run, and where a mapping goes is the kernel's affair. So on the heap of the
//! program break the distance from its start must be equal, and in a mapping of its own the place within a page.

use crate::simulation::Simulation;
use highwater_allocator::{Address, Bytes};
use highwater_workload::{BlockId, Call, Event};
use serde::{Deserialize, Serialize};

/// Mappings lie further than this from the program break, the heap nearer.
const HEAP_REACH: u64 = 1 << 40;

/// A place, as far as it can be compared between two runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Place {
    /// The null pointer: the call failed.
    Nowhere,
    /// The heap of the program break.
    Heap {
        /// Distance from the first break.
        offset: Bytes,
    },
    /// A mapping of its own.
    Mapping {
        /// Distance from the page's start.
        offset: Bytes,
    },
}

impl Place {
    /// Where an address lies in a process whose heap began at `brk` and whose pages have `page` bytes.
    pub fn of(address: Address, brk: Address, page: Bytes) -> Self {
        if address.is_null() {
            Self::Nowhere
        } else if address >= brk && (address - brk).0 < HEAP_REACH {
            Self::Heap {
                offset: address - brk,
            }
        } else {
            Self::Mapping {
                offset: address.offset_in(page),
            }
        }
    }
}

/// Where a model's answer was not the recorded one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Index of the event, from 0; comments and headers of the trace do not count.
    pub event: u64,
    /// Its time in microseconds, as in the trace.
    pub time_us: u64,
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

impl Addresses {
    /// Compares what an event just run returned, if it returned anything.
    #[inline]
    pub(crate) fn compare(&mut self, simulation: &Simulation, event: &Event) {
        let block = match event.call {
            Call::Malloc { block, .. }
            | Call::Calloc { block, .. }
            | Call::Aligned { block, .. }
            | Call::Realloc { block, .. } => block,
            _ => return,
        };
        self.compare_block(simulation, event, block);
    }

    fn compare_block(&mut self, simulation: &Simulation, event: &Event, block: BlockId) {
        let workload = simulation.workload();
        let Some(&recorded) = workload.recorded.get(block.0 as usize) else {
            return;
        };
        let config = simulation.kernel().config();
        let place = |address| Place::of(address, config.brk, config.page_size);
        let model = simulation.address(block);
        let (expected, found) = (place(recorded), place(model));
        self.compared += 1;
        if expected == found {
            self.equal += 1;
        } else if self.first_difference.is_none() {
            self.first_difference = Some(Difference {
                event: simulation.position() - 1,
                time_us: event.time.0,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_compare_as_far_as_they_can() {
        let (brk, page) = (Address(0x5555_5555_5000), Bytes(4096));
        let place = |address| Place::of(Address(address), brk, page);
        assert_eq!(place(0), Place::Nowhere);
        assert_eq!(
            place(0x5555_5555_52a0),
            Place::Heap {
                offset: Bytes(0x2a0)
            }
        );
        let mapped = Place::Mapping {
            offset: Bytes(0x10),
        };
        assert_eq!(place(0x7fff_f7d0_0010), mapped);
        assert_eq!(place(0x7fff_f680_0010), mapped);
    }
}
