//! What a page of the heap map holds.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Micros, PageUse};
use serde::{Deserialize, Serialize};

/// What a page holds, the strongest first: one live byte makes a page live.
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
#[borsh(use_discriminant = false)]
#[repr(u8)]
pub enum PageKind {
    /// Something the program holds.
    Live = 0,
    /// The allocator's own.
    Metadata = 1,
    /// Resident for the sake of a slab of which less than half is in use.
    Slab = 2,
    /// Resident for the sake of a slab of which less than an eighth is in use.
    SparseSlab = 3,
    /// Nothing live, but a block that was freed and is kept by a cache.
    Parked = 4,
    /// Nothing in use, and resident.
    Free = 5,
    /// The same where an allocator keeps whole free pages for a while: dirty.
    Dirty = 6,
    /// A dirty page that goes as soon as somebody looks at the clock.
    Due = 7,
    /// A free page offered to the kernel, and resident until that takes it.
    Muzzy = 8,
    /// Was resident once and is not now.
    GivenBack = 9,
    /// Never written.
    Untouched = 10,
}

impl PageKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Live,
        Self::Metadata,
        Self::Slab,
        Self::SparseSlab,
        Self::Parked,
        Self::Free,
        Self::Dirty,
        Self::Due,
        Self::Muzzy,
        Self::GivenBack,
        Self::Untouched,
    ];

    /// What the pages of a run hold where they are resident.
    pub(crate) fn of(used: PageUse) -> Self {
        match used {
            PageUse::Live => Self::Live,
            PageUse::Slab { used, regions } if used * 8 < regions => Self::SparseSlab,
            PageUse::Slab { used, regions } if used * 2 < regions => Self::Slab,
            PageUse::Slab { .. } => Self::Live,
            PageUse::Parked => Self::Parked,
            PageUse::Dirty {
                wait: Some(Micros(0)),
            } => Self::Due,
            PageUse::Dirty { .. } => Self::Dirty,
            // Retained memory is resident only where it lies in a huge page.
            PageUse::Retained => Self::Free,
            PageUse::Muzzy { .. } => Self::Muzzy,
            PageUse::Metadata => Self::Metadata,
        }
    }
}
