//! The memory areas (VMAs) that the kernel keeps for the mappings of a process. A huge page lies in one of them whole.
//!
//! Neighbours with the same flags become one area, when one of them is made or changed, unless both already have pages and did not share
//! the record of them (`anon_vma`): Linux 6.18, mm/vma.c, `vma_merge_new_range`, `vma_merge_existing_range`,
//! `is_mergeable_anon_vma`; mm/rmap.c, `__anon_vma_prepare`. An area whose pages a fork gave to two processes joins none without
//! (`vma_had_uncowed_parents`).

use crate::ordered::Ordered;
use highwater_units::{Address, Bytes};

/// What the program said about huge pages in an area.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Advice {
    /// Nothing.
    #[default]
    None,
    /// MADV_HUGEPAGE
    Huge,
    /// MADV_NOHUGEPAGE
    NoHuge,
}

/// What neighbours must share to become one area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flags {
    /// Whether it may be written.
    pub(crate) is_writable: bool,
    /// Whether it was mapped with MAP_NORESERVE.
    pub(crate) is_unaccounted: bool,
    pub(crate) advice: Advice,
}

impl Flags {
    /// Ordinary memory: private, anonymous, and writable.
    pub(crate) const PLAIN: Self = Self {
        is_writable: true,
        is_unaccounted: false,
        advice: Advice::None,
    };

    /// Address space that is only set aside.
    pub(crate) const SET_ASIDE: Self = Self {
        is_writable: false,
        is_unaccounted: true,
        advice: Advice::None,
    };
}

/// One area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Vma {
    pub(crate) end: Address,
    pub(crate) flags: Flags,
    /// How far it was moved since it got its first page (`vm_pgoff`).
    moved: u64,
    /// The record of its pages, from the first one on.
    pages: Option<u32>,
    /// Whether it came with pages from the process that this one was forked from.
    is_inherited: bool,
}

impl Vma {
    /// Whether it ever had a page.
    pub(crate) fn has_pages(&self) -> bool {
        self.pages.is_some()
    }

    fn can_join(&self, other: &Self) -> bool {
        let is_free = |vma: &Self| vma.pages.is_none() || !vma.is_inherited;
        self.flags == other.flags
            && self.moved == other.moved
            && match (self.pages, other.pages) {
                (Some(own), Some(others)) => own == others,
                _ => is_free(self) && is_free(other),
            }
    }

    /// Takes the pages of an area that becomes one with this.
    fn join(&mut self, other: &Self) {
        if self.pages.is_none() {
            (self.pages, self.is_inherited) = (other.pages, other.is_inherited);
        }
    }
}

/// The areas of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vmas {
    by_start: Ordered<Address, Vma>,
    records: u32,
}

impl Vmas {
    /// The area that holds `[start, end)` whole.
    pub(crate) fn holding(&self, start: Address, end: Address) -> Option<(Address, Vma)> {
        let below = self.by_start.below(start + Bytes(1));
        let (from, vma) = below.last().copied()?;
        (end <= vma.end).then_some((from, vma))
    }

    /// The areas that begin below `end`, the highest first.
    pub(crate) fn below(&self, end: Address) -> impl Iterator<Item = (Address, Vma)> + '_ {
        self.by_start.below(end).iter().rev().copied()
    }

    /// The first area that ends above `at`.
    pub(crate) fn from(&self, at: Address) -> Option<(Address, Vma)> {
        let holding = self.holding(at, at + Bytes(1));
        holding.or_else(|| self.by_start.from(at).first().copied())
    }

    /// Adds a new area, of which nothing was mapped.
    pub(crate) fn map(&mut self, start: Address, end: Address, flags: Flags) {
        let vma = Vma {
            end,
            flags,
            moved: 0,
            pages: None,
            is_inherited: false,
        };
        self.put(start, vma);
    }

    /// Removes `[start, end)` from all areas, and returns what was there.
    pub(crate) fn unmap(&mut self, start: Address, end: Address) -> Vec<(Address, Vma)> {
        self.cut(start);
        self.cut(end);
        let gone = self.by_start.range(start, end).to_vec();
        for (start, _) in &gone {
            self.by_start.remove(*start);
        }
        gone
    }

    /// Changes the flags in `[start, end)`, area by area.
    pub(crate) fn change(&mut self, start: Address, end: Address, change: impl Fn(Flags) -> Flags) {
        let mut at = start;
        while at < end {
            let Some((from, vma)) = self.from(at).filter(|(from, _)| *from < end) else {
                return;
            };
            let (from, to) = (from.max(at), vma.end.min(end));
            at = to;
            let flags = change(vma.flags);
            if flags != vma.flags {
                self.unmap(from, to);
                let end = to;
                self.put(from, Vma { end, flags, ..vma });
            }
        }
    }

    /// Adds an area of `length` bytes at `to`, where pages come from another one, from `from` on.
    pub(crate) fn move_to(&mut self, from: Address, to: Address, length: Bytes, vma: Vma) {
        let moved = match vma.pages {
            Some(_) => vma.moved.wrapping_add(to.0.wrapping_sub(from.0)),
            None => 0,
        };
        let end = to + length;
        self.put(to, Vma { end, moved, ..vma });
    }

    /// The process is one that was forked just now: its areas have the pages of its parent's, each in a record of its own
    /// (Linux 6.18, mm/rmap.c, `anon_vma_fork`).
    pub(crate) fn fork(&mut self) {
        for (start, vma) in self.by_start.all().to_vec() {
            if vma.has_pages() {
                self.records += 1;
                let (pages, is_inherited) = (Some(self.records), true);
                self.by_start.insert(
                    start,
                    Vma {
                        pages,
                        is_inherited,
                        ..vma
                    },
                );
            }
        }
    }

    /// Grows the area that ends at `end`.
    pub(crate) fn extend(&mut self, end: Address, new_end: Address) {
        if let Some((start, vma)) = self.holding(end - Bytes(1), end) {
            self.by_start.remove(start);
            let vma = Vma {
                end: new_end,
                ..vma
            };
            self.put(start, vma);
        }
    }

    /// Notes that the area which holds `at` has a page.
    pub(crate) fn touch(&mut self, at: Address) {
        let Some((start, vma)) = self.holding(at, at + Bytes(1)) else {
            return;
        };
        if vma.pages.is_some() {
            return;
        }
        let like = |other: &Vma| {
            // Whether the neighbours may be written does not matter here (`anon_vma_compatible`).
            let is_writable = vma.flags.is_writable;
            let flags = Flags {
                is_writable,
                ..other.flags
            };
            flags == vma.flags && other.moved == vma.moved && !other.is_inherited
        };
        let after = self.by_start.get(vma.end).filter(like);
        let before = self.below(start).next();
        let before = before.filter(|(_, before)| before.end == start && like(before));
        let shared = after
            .and_then(|after| after.pages)
            .or_else(|| before.and_then(|(_, before)| before.pages));
        let pages = Some(shared.unwrap_or_else(|| {
            self.records += 1;
            self.records
        }));
        self.by_start.insert(start, Vma { pages, ..vma });
    }

    /// Puts an area into its place, as one with its neighbours where it can be: with both, or else with the one before.
    fn put(&mut self, mut start: Address, mut vma: Vma) {
        debug_assert!(
            start < vma.end
                && self
                    .below(vma.end)
                    .next()
                    .is_none_or(|(_, last)| last.end <= start),
            "an area at {start}..{} over another",
            vma.end
        );
        let before = self.below(start).next();
        let before = before.filter(|(_, before)| before.end == start && before.can_join(&vma));
        let after = self.by_start.get(vma.end);
        let joins = |after: &Vma| {
            after.can_join(&vma) && before.is_none_or(|(_, before)| before.can_join(after))
        };
        if let Some(after) = after.filter(joins) {
            self.by_start.remove(vma.end);
            vma.end = after.end;
            vma.join(&after);
        }
        if let Some((from, before)) = before {
            start = from;
            vma.join(&before);
        }
        self.by_start.insert(start, vma);
    }

    /// Makes two areas of the one that `at` lies within.
    fn cut(&mut self, at: Address) {
        let Some((start, vma)) = self.below(at).next() else {
            return;
        };
        if vma.end > at {
            self.by_start.insert(start, Vma { end: at, ..vma });
            self.by_start.insert(at, vma);
        }
    }

    /// Returns about how many bytes a copy of this takes.
    pub(crate) fn footprint(&self) -> Bytes {
        self.by_start.footprint()
    }
}
