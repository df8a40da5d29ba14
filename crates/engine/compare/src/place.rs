//! A place: what two runs of the same program have in common of an address.

use highwater_allocator::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The part of an address that does not depend on where the kernel puts things.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Place {
    /// The null pointer: the call failed.
    #[serde(rename = "nowhere")]
    Null,
    /// The heap of the program break.
    Heap {
        /// Distance from the first break.
        offset: Bytes,
    },
    /// A heap of another arena.
    Arena {
        /// Number of its pair, counted from 1 in order of appearance; 0 for a heap without a partner.
        heap: u32,
        /// Distance from the heap's start.
        offset: Bytes,
    },
    /// A page of an allocator that has no heaps.
    Page {
        /// Number of its pair, counted from 1 in order of appearance; 0 for a page without a partner.
        page: u32,
        /// Distance from the page's start.
        offset: Bytes,
    },
    /// A mapping of its own or, where the kind of the chunk is unknown, one that continues the heap of the program break.
    Mapping {
        /// Distance from the page's start.
        offset: Bytes,
    },
    /// A mapping that continues the heap of a program break which could not move.
    MainMapping {
        /// Distance from the page's start.
        offset: Bytes,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "null"),
            Self::Heap { offset } => write!(f, "brk+{:#x}", offset.0),
            Self::Arena { heap: 0, offset } => write!(f, "unpaired heap+{:#x}", offset.0),
            Self::Arena { heap, offset } => write!(f, "heap {heap}+{:#x}", offset.0),
            Self::Page { page: 0, offset } => write!(f, "unpaired page+{:#x}", offset.0),
            Self::Page { page, offset } => write!(f, "page {page}+{:#x}", offset.0),
            Self::Mapping { offset } => write!(f, "mapping+{:#x}", offset.0),
            Self::MainMapping { offset } => write!(f, "main arena's mapping+{:#x}", offset.0),
        }
    }
}

/// The places of one block in both processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Places {
    /// The place in the recorded process.
    pub expected: Place,
    /// The place in the model.
    pub found: Place,
}

impl Places {
    /// Returns whether both processes returned the same address.
    pub fn are_same(&self) -> bool {
        self.expected == self.found
    }
}
