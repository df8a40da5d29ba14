//! What came of an operation, said so that it is the same in any run of the same operations: where the kernel puts the
//! break and the mappings is the kernel's affair.

use crate::figure::Figure;
use crate::operation::Operation;
use std::fmt;

/// Where a block lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The call failed.
    Null,
    /// Of the main arena, this far above the first break.
    Break(u64),
    /// Of the main arena, in a mapping in place of the break, this far into a page.
    InsteadOfBreak(u64),
    /// In a heap of another arena.
    Heap {
        /// Which heap, counted as they appear; nothing where the other side has no heap that corresponds to it.
        heap: Option<u32>,
        /// How far into it.
        offset: u64,
    },
    /// In a mapping of its own, this far into a page.
    Mapping(u64),
    /// In a page of an allocator that has no heaps.
    Page {
        /// Which page, counted as they appear; nothing where the other side has no page that corresponds to it.
        page: Option<u32>,
        /// How far into it.
        offset: u64,
    },
}

/// What came of one operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// An allocating call returned this.
    Block {
        /// Where.
        place: Place,
        /// `malloc_usable_size` of it.
        usable: u64,
    },
    /// The block had gone, or the thread, or time.
    Done,
    /// `malloc_trim` returned this.
    Trimmed(bool),
    /// Bytes resident in the allocator's mappings.
    Resident(u64),
    /// What jemalloc reports, in bytes.
    Figure(Figure, u64),
    /// `malloc_usable_size` of the block asked about.
    Usable(u64),
}

impl Outcome {
    /// Gives what was answered its meaning, which depends on the operation; `place` says where a new block lies.
    pub(crate) fn of(operation: &Operation, value: u64, place: Place) -> Self {
        match operation {
            Operation::Malloc { .. }
            | Operation::Calloc { .. }
            | Operation::Aligned { .. }
            | Operation::Realloc { .. } => Self::Block {
                place,
                usable: value,
            },
            Operation::Free { .. } | Operation::ThreadExit | Operation::Wait { .. } => Self::Done,
            Operation::Trim { .. } => Self::Trimmed(value != 0),
            Operation::Mark => Self::Resident(value),
            Operation::Figure(figure) => Self::Figure(*figure, value),
            Operation::Usable { .. } => Self::Usable(value),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "null"),
            Self::Break(offset) => write!(f, "brk+{offset:#x}"),
            Self::InsteadOfBreak(offset) => write!(f, "main arena's mapping+{offset:#x}"),
            Self::Heap {
                heap: Some(heap),
                offset,
            } => write!(f, "heap {heap}+{offset:#x}"),
            Self::Heap { heap: None, offset } => write!(f, "another heap+{offset:#x}"),
            Self::Mapping(offset) => write!(f, "mapping+{offset:#x}"),
            Self::Page {
                page: Some(page),
                offset,
            } => write!(f, "page {page}+{offset:#x}"),
            Self::Page { page: None, offset } => write!(f, "another page+{offset:#x}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block { place, usable } => write!(f, "{place}, {usable} bytes usable"),
            Self::Done => write!(f, "done"),
            Self::Trimmed(done) => write!(f, "malloc_trim returned {}", u8::from(*done)),
            Self::Resident(bytes) => write!(f, "{bytes} bytes resident"),
            Self::Figure(figure, bytes) => write!(f, "{bytes} bytes {figure}"),
            Self::Usable(bytes) => write!(f, "{bytes} bytes usable"),
        }
    }
}
