//! The releases of CPython whose object allocator is modelled, and where they differ.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Bytes, Difference};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A release of CPython, built with its global lock.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub enum Version {
    /// Debian 11 and its time: arenas of 256 KiB.
    #[serde(rename = "3.9")]
    V3_9,
    /// Ubuntu 22.04 and its time.
    #[serde(rename = "3.10")]
    V3_10,
    /// Debian 12 and its time.
    #[default]
    #[serde(rename = "3.11")]
    V3_11,
    /// Ubuntu 24.04 and its time.
    #[serde(rename = "3.12")]
    V3_12,
    /// Debian 13 and its time.
    #[serde(rename = "3.13")]
    V3_13,
    /// The release after that.
    #[serde(rename = "3.14")]
    V3_14,
}

/// The figures and rules that a release has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// log2 of the bytes of an arena.
    pub(crate) arena_shift: u32,
    /// log2 of the bytes of a pool, which begins at a multiple of them.
    pub(crate) pool_shift: u32,
    /// Whether a radix tree has the addresses in arenas; else the header of a block's pool tells its arena.
    pub(crate) radix_tree: bool,
    /// Whether tracemalloc forgets the trace of a block when the call below it reallocates it, and makes another.
    pub(crate) realloc_drops_trace: bool,
}

impl Rules {
    /// Returns the size of an arena.
    pub(crate) fn arena(&self) -> Bytes {
        Bytes(1 << self.arena_shift)
    }

    /// Returns the size of a pool.
    pub(crate) fn pool(&self) -> Bytes {
        Bytes(1 << self.pool_shift)
    }
}

impl Version {
    /// Every modelled release, oldest first.
    pub const ALL: [Self; 6] = [
        Self::V3_9,
        Self::V3_10,
        Self::V3_11,
        Self::V3_12,
        Self::V3_13,
        Self::V3_14,
    ];

    /// Returns the release named like `3.11` or `3.11.2`, if it is modelled: what comes after the second number changes
    /// nothing.
    pub fn parse(name: &str) -> Option<Self> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        Self::ALL.into_iter().find(|version| {
            let rest = name.strip_prefix(version.name());
            rest.is_some_and(|rest| {
                rest.is_empty() || rest.strip_prefix('.').is_some_and(is_number)
            })
        })
    }

    /// Returns the release's number.
    pub fn name(self) -> &'static str {
        match self {
            Self::V3_9 => "3.9",
            Self::V3_10 => "3.10",
            Self::V3_11 => "3.11",
            Self::V3_12 => "3.12",
            Self::V3_13 => "3.13",
            Self::V3_14 => "3.14",
        }
    }

    /// Returns the distribution that has it.
    pub fn found_in(self) -> &'static str {
        match self {
            Self::V3_9 => "Debian 11",
            Self::V3_10 => "Ubuntu 22.04",
            Self::V3_11 => "Debian 12",
            Self::V3_12 => "Ubuntu 24.04",
            Self::V3_13 => "Debian 13",
            Self::V3_14 => "Debian unstable of 2026",
        }
    }

    /// Returns its rules: Objects/obmalloc.c, from 3.13 on Include/internal/pycore_obmalloc.h: `ARENA_BITS` or
    /// `ARENA_SIZE`, `POOL_BITS` or `POOL_SIZE`, `WITH_PYMALLOC_RADIX_TREE`; Modules/_tracemalloc.c, from 3.13 on
    /// Python/tracemalloc.c.
    pub(crate) fn rules(self) -> Rules {
        let large = self >= Self::V3_10;
        Rules {
            arena_shift: if large { 20 } else { 18 },
            pool_shift: if large { 14 } else { 12 },
            radix_tree: large,
            realloc_drops_trace: self < Self::V3_14,
        }
    }

    /// Returns what distinguishes it from the other releases.
    pub fn differences(self) -> Vec<Difference> {
        let rules = self.rules();
        vec![
            Difference {
                title: "arenas and pools",
                text: if rules.arena_shift == 18 {
                    "Arenas of 256 KiB, cut into 64 pools of 4 KiB."
                } else {
                    "Arenas of 1 MiB, cut into pools of 16 KiB: 64, or 63 where the arena does not begin at a multiple of 16 \
                     KiB."
                },
                source: "Objects/obmalloc.c, new_arena",
            },
            Difference {
                title: "whose block it is",
                text: if rules.radix_tree {
                    "A radix tree says it: a node of 256 KiB and one of 128 KiB for each 16 GiB with arenas, from malloc."
                } else {
                    "The header of the block's pool says it; it takes no memory."
                },
                source: "Objects/obmalloc.c, address_in_range, arena_map_get",
            },
            Difference {
                title: "tracemalloc and realloc",
                text: if rules.realloc_drops_trace {
                    "A block of more than 512 bytes that is reallocated loses its trace and gets a new one."
                } else {
                    "A block that is reallocated in place keeps its trace."
                },
                source: "Modules/_tracemalloc.c, Python/tracemalloc.c, tracemalloc_realloc",
            },
        ]
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_with_or_without_its_last_number() {
        assert_eq!(Version::parse("3.11"), Some(Version::V3_11));
        assert_eq!(Version::parse("3.11.2"), Some(Version::V3_11));
        for unknown in ["3", "3.8", "3.1", "3.111", "3.11.", "3.11.x", ""] {
            assert_eq!(Version::parse(unknown), None, "{unknown}");
        }
        for version in Version::ALL {
            assert_eq!(Version::parse(version.name()), Some(version));
        }
    }
}
