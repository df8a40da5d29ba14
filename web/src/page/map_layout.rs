//! How the pages of a process are packed into rows of dots.

use highwater_simulator::{Address, Bytes, Frame, PageKind, Strip, StripKind};

/// Where the dots of a map go. Fixed for a run, so that nothing jumps while it is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Side of a dot with the gap beside it, in device pixels.
    pub cell: u32,
    /// Dots in a row.
    pub columns: u32,
    /// Pages that share a dot.
    pub pages_per_dot: u32,
    /// Rows of the heap.
    pub heap_rows: u32,
    /// Rows of the mappings.
    pub mapping_rows: u32,
}

impl Layout {
    /// The largest dots with which all pages fit; where even the smallest are too large, several pages share one.
    pub fn fit(
        width: u32,
        most_height: u32,
        (smallest, largest): (u32, u32),
        heap: u64,
        mappings: u64,
    ) -> Self {
        let smallest = smallest.max(1);
        let mut pages_per_dot: u32 = 1;
        loop {
            for cell in (smallest..=largest.max(smallest)).rev() {
                let columns = (width / cell).max(1);
                let rows = |pages: u64| {
                    let dots = pages.div_ceil(u64::from(pages_per_dot));
                    u32::try_from(dots.div_ceil(u64::from(columns))).unwrap_or(u32::MAX)
                };
                let layout = Self {
                    cell,
                    columns,
                    pages_per_dot,
                    heap_rows: rows(heap),
                    mapping_rows: rows(mappings),
                };
                if layout.height_of_rows() <= u64::from(most_height) {
                    return layout;
                }
                if cell == smallest && pages_per_dot >= 1 << 30 {
                    return layout;
                }
            }
            pages_per_dot *= 2;
        }
    }

    fn height_of_rows(&self) -> u64 {
        let gap = if self.mapping_rows > 0 && self.heap_rows > 0 {
            2
        } else {
            0
        };
        (u64::from(self.heap_rows) + u64::from(self.mapping_rows) + gap) * u64::from(self.cell)
    }

    /// Width of the drawing in device pixels.
    pub fn width(&self) -> u32 {
        self.columns * self.cell
    }

    /// Height of the drawing in device pixels.
    pub fn height(&self) -> u32 {
        u32::try_from(self.height_of_rows())
            .unwrap_or(u32::MAX)
            .max(self.cell)
    }

    /// The first dot of the mappings: they begin in a row of their own.
    fn first_of_mappings(&self) -> u64 {
        let gap = if self.heap_rows > 0 { 2 } else { 0 };
        u64::from(self.heap_rows + gap) * u64::from(self.columns)
    }

    /// The left upper corner of a dot in device pixels.
    pub fn corner(&self, dot: u64) -> (u32, u32) {
        let columns = u64::from(self.columns);
        (
            (dot % columns) as u32 * self.cell,
            (dot / columns) as u32 * self.cell,
        )
    }

    /// The dot at a place in device pixels.
    pub fn dot_at(&self, x: f64, y: f64) -> Option<u64> {
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let column = (x / f64::from(self.cell)) as u64;
        let row = (y / f64::from(self.cell)) as u64;
        (column < u64::from(self.columns)).then(|| row * u64::from(self.columns) + column)
    }

    /// The strips of a frame, each with its first dot.
    pub fn strips<'a>(&self, frame: &'a Frame) -> Vec<(u64, &'a Strip)> {
        let mut next = self.first_of_mappings();
        let mut placed = Vec::new();
        for strip in &frame.strips {
            match strip.kind {
                StripKind::Heap => placed.push((0, strip)),
                StripKind::Mappings => {
                    placed.push((next, strip));
                    next += strip.pages.div_ceil(u64::from(self.pages_per_dot));
                }
            }
        }
        placed
    }

    /// The kind of every dot, by the strongest of its pages.
    pub fn dots(&self, frame: &Frame) -> Vec<(u64, PageKind)> {
        let mut dots = Vec::new();
        let share = u64::from(self.pages_per_dot);
        for (first, strip) in self.strips(frame) {
            let mut page: u64 = 0;
            for (kind, length) in &strip.runs {
                let kind = kind_of(*kind);
                let end = page + u64::from(*length);
                let from = first + page / share;
                let to = first + end.div_ceil(share);
                for dot in from..to {
                    match dots.last_mut() {
                        Some((last, strongest)) if *last == dot => {
                            if (kind as u8) < (*strongest as u8) {
                                *strongest = kind;
                            }
                        }
                        _ => dots.push((dot, kind)),
                    }
                }
                page = end;
            }
        }
        dots
    }

    /// The dot of an address, if the frame has it.
    pub fn dot_of(&self, frame: &Frame, address: Address, page_size: Bytes) -> Option<u64> {
        self.strips(frame).into_iter().find_map(|(first, strip)| {
            let offset = address.0.checked_sub(strip.start.0)?;
            let page = offset / page_size.0.max(1);
            (page < strip.pages).then(|| first + page / u64::from(self.pages_per_dot))
        })
    }

    /// What lies at a dot: the strip, the first page's address, and what it holds.
    pub fn page_at<'a>(
        &self,
        frame: &'a Frame,
        dot: u64,
        page_size: Bytes,
    ) -> Option<(&'a Strip, Address, PageKind)> {
        let share = u64::from(self.pages_per_dot);
        let (first, strip) = self
            .strips(frame)
            .into_iter()
            .find(|(first, strip)| dot >= *first && dot < first + strip.pages.div_ceil(share))?;
        let wanted = (dot - first) * share;
        let mut page = 0;
        for (kind, length) in &strip.runs {
            page += u64::from(*length);
            if wanted < page {
                let address = Address(strip.start.0 + wanted * page_size.0);
                return Some((strip, address, kind_of(*kind)));
            }
        }
        None
    }
}

/// The kind with a number.
pub fn kind_of(number: u8) -> PageKind {
    PageKind::ALL
        .get(usize::from(number))
        .copied()
        .unwrap_or(PageKind::Untouched)
}

/// A kind of page in words.
pub fn kind_in_words(kind: PageKind) -> &'static str {
    match kind {
        PageKind::Live => "live",
        PageKind::Parked => "parked in a cache",
        PageKind::Free => "free but resident",
        PageKind::GivenBack => "given back",
        PageKind::Untouched => "never touched",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_simulator::Micros;

    fn strip(kind: StripKind, start: u64, runs: &[(u8, u32)]) -> Strip {
        Strip {
            kind,
            start: Address(start),
            pages: runs.iter().map(|(_, length)| u64::from(*length)).sum(),
            runs: runs.to_vec(),
            top: None,
        }
    }

    #[test]
    fn a_heap_of_208_mib_fits_with_a_dot_for_each_page() {
        let layout = Layout::fit(764, 440, (2, 8), 53_000, 0);
        assert_eq!((layout.cell, layout.pages_per_dot), (2, 1));
        assert!(layout.height() <= 440);
    }

    #[test]
    fn pages_share_dots_where_there_are_too_many_and_dots_grow_where_there_are_few() {
        let layout = Layout::fit(784, 420, (2, 8), 4 << 20, 100);
        assert!(layout.pages_per_dot > 1 && layout.height() <= 420);
        assert_eq!(Layout::fit(784, 420, (2, 8), 100, 0).cell, 8);
        assert_eq!(Layout::fit(0, 0, (0, 0), 1, 1).columns, 1);
    }

    #[test]
    fn every_address_has_its_dot_and_every_dot_its_page() {
        let frame = Frame {
            event: 0,
            time: Micros(0),
            strips: vec![
                strip(StripKind::Heap, 0x1000, &[(0, 3), (2, 4)]),
                strip(StripKind::Mappings, 0x10_0000, &[(0, 2)]),
            ],
        };
        let layout = Layout::fit(20, 1000, (5, 5), 7, 2);
        assert_eq!((layout.columns, layout.heap_rows), (4, 2));
        let page = Bytes(0x1000);
        for (address, dot, kind) in [
            (0x1000, 0, PageKind::Live),
            (0x4000, 3, PageKind::Free),
            (0x10_1000, 17, PageKind::Live),
        ] {
            assert_eq!(layout.dot_of(&frame, Address(address), page), Some(dot));
            let (_, found, kind_there) = layout.page_at(&frame, dot, page).expect("it is there");
            assert_eq!((found.0, kind_there), (address, kind));
        }
        assert_eq!(layout.dot_of(&frame, Address(0x9000), page), None);
        assert_eq!(layout.page_at(&frame, 8, page), None);
        assert_eq!(layout.dots(&frame).len(), 9);
    }

    #[test]
    fn a_shared_dot_shows_the_strongest_of_its_pages() {
        let frame = Frame {
            event: 0,
            time: Micros(0),
            strips: vec![strip(StripKind::Heap, 0, &[(2, 3), (0, 1), (4, 4)])],
        };
        let layout = Layout {
            cell: 2,
            columns: 10,
            pages_per_dot: 4,
            heap_rows: 1,
            mapping_rows: 0,
        };
        let kinds: Vec<_> = layout.dots(&frame).into_iter().map(|dot| dot.1).collect();
        assert_eq!(kinds, [PageKind::Live, PageKind::Untouched]);
    }
}
