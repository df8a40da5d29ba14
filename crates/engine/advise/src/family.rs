//! The kinds of change that are tried, and which of them a user wants.

use highwater_simulator::repeated;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What a change is made to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// The size from which blocks get a mapping of their own.
    MmapThreshold,
    /// How much lies at the top before it goes back.
    TrimThreshold,
    /// What a heap grows by besides what is needed.
    TopPad,
    /// How many arenas threads share.
    Arenas,
    /// The threads' caches.
    ThreadCache,
    /// The fastbins.
    Fastbins,
    /// The settings that the program has now are removed.
    Removal,
    /// jemalloc: another library, or its options where it runs already.
    Jemalloc,
    /// Calls of `malloc_trim` by the program.
    MallocTrim,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::MmapThreshold,
        Self::TrimThreshold,
        Self::TopPad,
        Self::Arenas,
        Self::ThreadCache,
        Self::Fastbins,
        Self::Removal,
        Self::Jemalloc,
        Self::MallocTrim,
    ];

    /// The name by which it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Self::MmapThreshold => "mmap_threshold",
            Self::TrimThreshold => "trim_threshold",
            Self::TopPad => "top_pad",
            Self::Arenas => "arenas",
            Self::ThreadCache => "tcache",
            Self::Fastbins => "fastbins",
            Self::Removal => "removal",
            Self::Jemalloc => "jemalloc",
            Self::MallocTrim => "malloc_trim",
        }
    }

    /// The findings that say most about what it changes, by kind, the best first.
    pub(crate) fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::MmapThreshold => &[
                "risen_threshold",
                "above_highest_live",
                "largest_pin",
                "small_pins",
                "mapping_churn",
            ],
            Self::TrimThreshold => &["risen_threshold", "top", "other_arena_top", "heap_churn"],
            Self::TopPad => &["heap_churn", "top", "other_arena_top"],
            Self::Arenas => &["shared_arenas", "arenas", "ended_arenas", "other_tops"],
            Self::ThreadCache => &["parked", "above_highest_live", "largest_pin"],
            Self::Fastbins => &["parked", "above_highest_live", "small_pins"],
            Self::Removal => &["risen_threshold", "arenas"],
            Self::Jemalloc => &["dirty", "resting", "muzzy"],
            Self::MallocTrim => &["malloc_trim"],
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that stands for no kind of change.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("unknown kind of change `{asked}`; choose among settings, {known}")]
pub struct UnknownFamily {
    asked: String,
    known: String,
}

/// Which kinds of change are tried.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    only: Vec<Family>,
    not: Vec<Family>,
}

impl Scope {
    /// Reads two lists of names with commas between them; `settings` stands for all settings of the allocator that runs.
    ///
    /// # Errors
    /// The first name that stands for nothing.
    pub fn new(only: &[String], not: &[String]) -> Result<Self, UnknownFamily> {
        Ok(Self {
            only: read(only)?,
            not: read(not)?,
        })
    }

    /// Leaves a kind of change out.
    pub(crate) fn leave_out(&mut self, family: Family) {
        self.not.push(family);
    }

    /// Whether a kind of change is tried.
    pub fn has(&self, family: Family) -> bool {
        (self.only.is_empty() || self.only.contains(&family)) && !self.not.contains(&family)
    }
}

fn read(lists: &[String]) -> Result<Vec<Family>, UnknownFamily> {
    let mut read = Vec::new();
    for name in lists.iter().flat_map(|list| list.split(',')) {
        match name.trim().to_ascii_lowercase().replace('-', "_").as_str() {
            "settings" => read.extend(
                Family::ALL
                    .into_iter()
                    .filter(|family| !matches!(family, Family::Jemalloc | Family::MallocTrim)),
            ),
            "tcaches" => read.push(Family::ThreadCache),
            "allocators" => read.push(Family::Jemalloc),
            "program" => read.push(Family::MallocTrim),
            name => read.push(name.parse()?),
        }
    }
    Ok(read)
}

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|family| family.name() == text);
        found.ok_or_else(|| UnknownFamily {
            asked: repeated(text),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}
