//! The huge pages of a heap map.

use crate::page_kind::PageKind;
use crate::strip::Strip;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Kernel};
use serde::{Deserialize, Serialize};

/// One huge page (AnonHugePages of /proc/PID/smaps).
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct HugePage {
    /// Its first byte.
    pub start: Address,
    /// How many small pages it takes the place of.
    pub pages: u32,
    /// How many of them hold blocks or the allocator's own.
    pub used: u32,
    /// How many of them nobody wrote since the huge page was made: they are resident only because of it.
    pub unwritten: u32,
}

/// Returns the huge pages that begin in these strips, strip by strip in ascending order.
pub(crate) fn of_strips(kernel: &Kernel, strips: &[Strip]) -> Vec<HugePage> {
    let (page, size) = (kernel.page_size(), kernel.huge_page_size());
    let starts: Vec<Address> = kernel.huge_pages().collect();
    let mut found = Vec::new();
    for strip in strips {
        let place = |bound: Address| starts.partition_point(|start| *start < bound);
        let within = place(strip.start)..place(strip.start + page * strip.pages);
        let mut used = Used::of(strip);
        for start in &starts[within] {
            let first = (*start - strip.start) / page;
            let unwritten = kernel.unwritten_in(*start, *start + size) / page;
            found.push(HugePage {
                start: *start,
                pages: (size / page) as u32,
                used: used.between(first, first + size / page),
                unwritten: unwritten as u32,
            });
        }
    }
    found
}

/// Counts the pages of a strip that hold something, range by range.
struct Used<'a> {
    /// The runs from the one that the last range ended in.
    runs: &'a [(u8, u32)],
    /// The first page of these.
    at: u64,
}

impl<'a> Used<'a> {
    fn of(strip: &'a Strip) -> Self {
        Self {
            runs: &strip.runs,
            at: 0,
        }
    }

    /// Returns how many of the pages from `from` to before `to` hold blocks or the allocator's own. Ranges ascend.
    fn between(&mut self, from: u64, to: u64) -> u32 {
        let mut used = 0;
        while let Some(((kind, length), rest)) = self.runs.split_first() {
            let end = self.at + u64::from(*length);
            if *kind <= PageKind::Parked as u8 {
                used += end.min(to).saturating_sub(self.at.max(from));
            }
            if end > to {
                break;
            }
            (self.runs, self.at) = (rest, end);
        }
        used as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip::StripKind;

    #[test]
    fn runs_count_for_every_range_that_they_reach_into() {
        let kinds = [
            PageKind::Live,
            PageKind::Free,
            PageKind::Parked,
            PageKind::Dirty,
            PageKind::Metadata,
        ];
        let strip = Strip {
            kind: StripKind::Heap,
            start: Address(0x20_0000),
            pages: 500,
            runs: kinds.map(|kind| (kind as u8, 100)).to_vec(),
            top: None,
        };
        let mut used = Used::of(&strip);
        let ranges = [
            (10, 30),
            (30, 50),
            (90, 210),
            (220, 230),
            (250, 450),
            (450, 900),
        ];
        let counts = ranges.map(|(from, to)| used.between(from, to));
        assert_eq!(counts, [20, 20, 20, 10, 100, 50]);
    }
}
