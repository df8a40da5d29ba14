//! The outcome of an operation, in a form that is the same in every run of the same operations: the addresses that the
//! kernel chose for the break and the mappings are left out.

use crate::figure::Figure;
use crate::operation::Operation;
use highwater_compare::Place;
use std::fmt;

/// The outcome of one operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// An allocating call returned this.
    Block {
        /// The part of its address that two runs have in common.
        place: Place,
        /// `malloc_usable_size` of it.
        usable: u64,
    },
    /// A block was freed, a thread ended or time passed.
    Done,
    /// `malloc_trim` returned this.
    Trimmed(bool),
    /// `mallopt` took the value, or did not.
    Taken(bool),
    /// Bytes resident in the allocator's mappings.
    Resident(u64),
    /// One of jemalloc's own figures, in bytes.
    Figure(Figure, u64),
    /// `malloc_usable_size` of the block asked about.
    Usable(u64),
}

impl Outcome {
    /// Interprets an answered value, whose meaning depends on the operation; `place` is that of a new block.
    pub(crate) fn of(operation: &Operation, value: u64, place: Place) -> Self {
        match operation {
            Operation::Malloc { .. }
            | Operation::Calloc { .. }
            | Operation::Aligned { .. }
            | Operation::Realloc { .. } => Self::Block {
                place,
                usable: value,
            },
            Operation::Free { .. }
            | Operation::ThreadExit
            | Operation::Touch { .. }
            | Operation::Wait { .. } => Self::Done,
            Operation::Trim { .. } => Self::Trimmed(value != 0),
            Operation::Mallopt { .. } => Self::Taken(value != 0),
            Operation::Mark => Self::Resident(value),
            Operation::Figure(figure) => Self::Figure(*figure, value),
            Operation::Usable { .. } => Self::Usable(value),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block { place, usable } => write!(f, "{place}, {usable} bytes usable"),
            Self::Done => write!(f, "done"),
            Self::Trimmed(done) => write!(f, "malloc_trim returned {}", u8::from(*done)),
            Self::Taken(taken) => write!(f, "mallopt returned {}", u8::from(*taken)),
            Self::Resident(bytes) => write!(f, "{bytes} bytes resident"),
            Self::Figure(figure, bytes) => write!(f, "{bytes} bytes {figure}"),
            Self::Usable(bytes) => write!(f, "{bytes} bytes usable"),
        }
    }
}
