//! The figures that jemalloc reports of itself.

use highwater_allocator::{Bytes, Figures};
use std::fmt;

/// One of them, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// `stats.allocated`
    Allocated,
    /// `stats.active`
    Active,
    /// Dirty pages of all arenas.
    Dirty,
    /// Muzzy pages of all arenas.
    Muzzy,
    /// `stats.retained`
    Retained,
    /// `stats.mapped`
    Mapped,
    /// `stats.metadata`
    Metadata,
    /// `stats.resident`
    Resident,
}

impl Figure {
    /// All, in the order of [`crate::wire::FIGURES`].
    pub const ALL: [Self; 8] = [
        Self::Allocated,
        Self::Active,
        Self::Dirty,
        Self::Muzzy,
        Self::Retained,
        Self::Mapped,
        Self::Metadata,
        Self::Resident,
    ];

    /// As a trace has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "allocated",
            Self::Active => "active",
            Self::Dirty => "dirty",
            Self::Muzzy => "muzzy",
            Self::Retained => "retained",
            Self::Mapped => "mapped",
            Self::Metadata => "metadata",
            Self::Resident => "resident",
        }
    }

    /// Of what a model reports.
    pub(crate) fn of(self, figures: &Figures) -> Bytes {
        match self {
            Self::Allocated => figures.allocated,
            Self::Active => figures.active,
            Self::Dirty => figures.dirty,
            Self::Muzzy => figures.muzzy,
            Self::Retained => figures.retained,
            Self::Mapped => figures.mapped,
            Self::Metadata => figures.metadata,
            Self::Resident => figures.resident,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
