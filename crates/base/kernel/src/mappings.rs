//! The mappings of a process below its mmap base, and where a new one goes.

use crate::gaps::Gaps;
use highwater_units::{Address, Bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a mapping is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingKind {
    /// The heap that grows by moving the program break.
    Break,
    /// Anonymous memory from mmap.
    Anonymous,
}

/// A range of address space that the process may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mapping {
    /// Its first byte.
    pub start: Address,
    /// One past its last byte.
    pub end: Address,
    /// What it is for.
    pub kind: MappingKind,
}

/// Anonymous mappings by start; each holds its end. Neighbours stay apart, so that each call's mapping can be told.
#[derive(Clone)]
pub(crate) struct Mappings {
    pub(crate) by_start: BTreeMap<Address, Address>,
    pub(crate) gaps: Gaps,
}

/// The start of `bytes` that end at `end`, where it is not below `floor`.
fn below(end: Address, bytes: Bytes, floor: Address) -> Option<Address> {
    let start = end.0.checked_sub(bytes.0).map(Address);
    start.filter(|start| *start >= floor)
}

impl Mappings {
    pub(crate) fn new(floor: Address, ceiling: Address) -> Self {
        Self {
            by_start: BTreeMap::new(),
            gaps: Gaps::new(floor, ceiling),
        }
    }

    /// Takes the highest free range of `bytes` that does not reach below `floor`.
    pub(crate) fn place(&mut self, bytes: Bytes, floor: Address) -> Option<Address> {
        let end = self.gaps.highest(bytes)?;
        let start = below(end, bytes, floor)?;
        self.take(start, end).then_some(start)
    }

    /// Takes a range of `bytes` at a multiple of `alignment` out of the highest free range that surely holds one (Linux,
    /// mm/huge_memory.c, `__thp_get_unmapped_area`).
    pub(crate) fn place_aligned(
        &mut self,
        bytes: Bytes,
        alignment: Bytes,
        floor: Address,
    ) -> Option<Address> {
        let padded = bytes.checked_add(alignment)?;
        let end = self.gaps.highest(padded)?;
        let lowest = below(end, padded, floor)?;
        let start = (lowest + Bytes(1)).align_up(alignment);
        self.take(start, start + bytes).then_some(start)
    }

    /// Takes `[start, end)` where it is free.
    pub(crate) fn take(&mut self, start: Address, end: Address) -> bool {
        let free = self.gaps.take(start, end);
        if free {
            self.by_start.insert(start, end);
        }
        free
    }

    /// Grows the mapping that ends at `end` to `new_end`, where that is free.
    pub(crate) fn extend(&mut self, start: Address, end: Address, new_end: Address) -> bool {
        let free = self.gaps.take(end, new_end);
        if free {
            self.by_start.insert(start, new_end);
        }
        free
    }

    /// The mapping that holds `[start, end)` whole.
    pub(crate) fn holding(&self, start: Address, end: Address) -> Option<(Address, Address)> {
        let (&from, &to) = self.by_start.range(..=start).next_back()?;
        (start < to && end <= to).then_some((from, to))
    }

    /// Whether any mapping has a part of `[start, end)`.
    pub(crate) fn reaches_into(&self, start: Address, end: Address) -> bool {
        let below = self.by_start.range(..end).next_back();
        below.is_some_and(|(_, to)| *to > start)
    }

    /// Cuts `[start, end)` out of every mapping that reaches into it. Returns how many bytes were mapped there.
    pub(crate) fn remove(&mut self, start: Address, end: Address) -> Bytes {
        let mut removed = Bytes::ZERO;
        let reached: Vec<(Address, Address)> = self
            .by_start
            .range(..end)
            .rev()
            .take_while(|(_, to)| **to > start)
            .map(|(from, to)| (*from, *to))
            .collect();
        for (from, to) in reached {
            self.by_start.remove(&from);
            if from < start {
                self.by_start.insert(from, start);
            }
            if to > end {
                self.by_start.insert(end, to);
            }
            let (from, to) = (from.max(start), to.min(end));
            self.gaps.give(from, to);
            removed += to - from;
        }
        removed
    }

    /// The start of the lowest mapping.
    pub(crate) fn lowest(&self) -> Option<Address> {
        self.by_start.keys().next().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Mapping> + '_ {
        self.by_start.iter().map(|(&start, &end)| Mapping {
            start,
            end,
            kind: MappingKind::Anonymous,
        })
    }
}
