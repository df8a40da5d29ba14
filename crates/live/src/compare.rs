//! When two runs agree: addresses are compared as the trace format says, everything else to the byte.

use crate::operation::{Operation, Sequence};
use crate::oracle::{Answers, Outcome};
use std::fmt;

/// The brk heap cannot reach further than this, and mappings lie further away than this.
const BRK_REACH: u64 = 1 << 40;
const PAGE: u64 = 4096;

/// Where a block lies, said so that it is the same in any run of the same operations: where the kernel puts the break
/// and the mappings is the kernel's affair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The call failed.
    Null,
    /// On the brk heap, this far above the first break.
    Heap(u64),
    /// In a mapping of its own, this far into a page.
    Mapping(u64),
}

impl Place {
    /// The place of `address` in a process whose break was first at `brk`.
    pub fn of(address: u64, brk: u64) -> Self {
        if address == 0 {
            Self::Null
        } else if (brk..brk.saturating_add(BRK_REACH)).contains(&address) {
            Self::Heap(address - brk)
        } else {
            Self::Mapping(address % PAGE)
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "null"),
            Self::Heap(offset) => write!(f, "brk+{offset:#x}"),
            Self::Mapping(offset) => write!(f, "mapping+{offset:#x}"),
        }
    }
}

/// Where a model first differs from the real library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Index of the operation.
    pub index: usize,
    /// The operation.
    pub operation: Operation,
    /// What the library did.
    pub real: Outcome,
    /// What the model did; nothing where it gave up before.
    pub model: Option<Outcome>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block { place, usable } => write!(f, "{place}, {usable} bytes usable"),
            Self::Freed => write!(f, "freed"),
            Self::Trimmed(done) => write!(f, "malloc_trim returned {}", u8::from(*done)),
            Self::Resident(bytes) => write!(f, "{bytes} bytes resident"),
            Self::Usable(bytes) => write!(f, "{bytes} bytes usable"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "operation {} {:?}: the library: {}; the model: ",
            self.index, self.operation, self.real
        )?;
        match &self.model {
            Some(outcome) => write!(f, "{outcome}"),
            None => write!(f, "no answer"),
        }
    }
}

/// The first operation whose outcome is not the same in both, if there is one.
pub fn first_difference(
    sequence: &Sequence,
    real: &Answers,
    model: &Answers,
) -> Option<Difference> {
    for (index, operation) in sequence.operations.iter().enumerate() {
        let real_outcome = Outcome::of(operation, *real.answers.get(index)?, real.layout.brk);
        let model_outcome = model
            .answers
            .get(index)
            .map(|answer| Outcome::of(operation, *answer, model.layout.brk));
        if model_outcome != Some(real_outcome) {
            return Some(Difference {
                index,
                operation: *operation,
                real: real_outcome,
                model: model_outcome,
            });
        }
    }
    None
}
