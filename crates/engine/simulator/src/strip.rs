//! A strip of the heap map: a heap, or mappings side by side, as runs of pages of a kind.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::Address;
use serde::{Deserialize, Serialize};

/// What a strip of the map is, in the order in which strips come.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum StripKind {
    /// The heap of the program break, up to the highest it ever was.
    Heap,
    /// A heap of another arena, the part in use of it: the rest of its stretch of address space was never written, or
    /// was given back.
    Arena {
        /// The arena.
        arena: u16,
        /// Which of its heaps, from 1.
        heap: u16,
    },
    /// Mappings that lie side by side.
    Mappings,
}

/// A stretch of address space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Strip {
    /// What it is.
    pub kind: StripKind,
    /// Where its first page begins.
    pub start: Address,
    /// How many pages it has.
    pub pages: u64,
    /// Its pages in ascending order: runs of a kind (as its number) and of a length.
    pub runs: Vec<(u8, u32)>,
    /// Where the top begins, for the heap that has it.
    pub top: Option<Address>,
}

impl Strip {
    /// Takes the strip that lies just above this one.
    pub(crate) fn append(&mut self, above: Self) {
        let mut runs = above.runs.into_iter();
        if let (Some(last), Some(first)) = (self.runs.last_mut(), runs.next()) {
            if last.0 == first.0 {
                last.1 += first.1;
            } else {
                self.runs.push(first);
            }
        }
        self.runs.extend(runs);
        self.pages += above.pages;
        self.top = self.top.or(above.top);
    }
}
