//! The areas of the process, as its mappings and the advice on them change.

use crate::huge_pages::HugeMode;
use crate::pages::parts;
use crate::pages::words_of;
use crate::space::Kernel;
use crate::vmas::{Advice, Flags, Vma, Vmas};
use highwater_units::{Address, Bytes};

impl Kernel {
    /// Keeps the areas from now on. Where the machine leaves huge pages to the program, nobody needs to know them before it asks for the
    /// first: until then neighbours are taken for one area.
    #[cold]
    pub(crate) fn track_areas(&mut self) {
        if self.areas.is_some() {
            return;
        }
        let mut areas = Vmas::default();
        let mappings: Vec<_> = self.mappings().collect();
        for mapping in mappings {
            let (start, end) = (self.page_end(mapping.start), self.page_end(mapping.end));
            if start == end {
                continue;
            }
            areas.map(start, end, Flags::PLAIN);
            if self.was_touched(start, end) {
                areas.touch(start);
            }
        }
        self.areas = Some(Box::new(areas));
    }

    fn was_touched(&self, start: Address, end: Address) -> bool {
        parts(start, end).any(|(from, last)| {
            self.find_span(from).is_some_and(|id| {
                let mut any = false;
                let (first, last) = (self.page_in_span(from), self.page_in_span(last));
                words_of(first, last, |word, bits| {
                    any |= self.spans[id].ever[word] & bits != 0;
                });
                any
            })
        })
    }

    pub(crate) fn advise(&mut self, start: Address, length: Bytes, advice: Advice) {
        self.counts.syscalls.madvise += 1;
        self.track_areas();
        let end = self.page_end(start + length);
        self.change_areas(start, end, |flags| Flags { advice, ..flags });
    }

    /// Changes what may be done with a range.
    pub(crate) fn change_areas(
        &mut self,
        start: Address,
        end: Address,
        change: impl Fn(Flags) -> Flags,
    ) {
        let Some(areas) = &mut self.areas else {
            return;
        };
        areas.change(start, end, change);
        for at in [start, end] {
            let range = self.tables.range_of(at);
            if self.tables.is_whole(range) && self.area_of(range).is_none() {
                self.split(range);
            }
        }
        self.settle_all(start, end);
    }

    /// A new area begins to exist.
    pub(crate) fn add_area(&mut self, start: Address, end: Address, flags: Flags) {
        if let Some(areas) = &mut self.areas {
            areas.map(start, end, flags);
            self.settle_all(start, end);
        }
    }

    /// What was mapped in `[start, end)` is no more.
    pub(crate) fn remove_area(&mut self, start: Address, end: Address) {
        if let Some(areas) = &mut self.areas {
            areas.unmap(start, end);
        }
        self.free_tables_of_unmapped(start, end);
    }

    /// The area that ends at `end` grows.
    pub(crate) fn extend_area(&mut self, end: Address, new_end: Address) {
        if let Some(areas) = &mut self.areas {
            areas.extend(end, new_end);
            self.settle_all(end - Bytes(1), new_end);
        }
    }

    /// What is mapped in `[start, end)` gets an area of `length` bytes at `to`.
    pub(crate) fn move_area(&mut self, start: Address, end: Address, to: Address, length: Bytes) {
        let Some(areas) = &mut self.areas else {
            return;
        };
        if let Some((_, vma)) = areas.holding(start, end) {
            areas.move_to(start, to, length, vma);
        }
    }

    /// The area that holds a range whole, where it may be written.
    pub(crate) fn area_of(&self, range: u64) -> Option<Vma> {
        let start = self.tables.start_of(range);
        let (_, vma) = (self.areas.as_ref()?).holding(start, start + self.tables.span())?;
        vma.flags.is_writable.then_some(vma)
    }

    pub(crate) fn may_be_huge(&self, vma: &Vma) -> bool {
        let huge = &self.config.huge_pages;
        let by_mode = match huge.mode {
            HugeMode::Always => vma.flags.advice != Advice::NoHuge,
            HugeMode::Madvise => vma.flags.advice == Advice::Huge,
            HugeMode::Never => false,
        };
        by_mode && vma.flags.is_writable && !huge.is_disabled
    }
}
