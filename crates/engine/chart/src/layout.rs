//! How the pages of a process are packed into rows of dots. Where the page draws a map, pixels are those of the device.

use crate::page_kinds::kind_of;
use highwater_simulator::{Address, Bytes, Frame, PageKind, Strip, StripKind};

/// The most pages that each strip has over a run, or the mappings together, in the order of the kinds. As places are
/// given out by it, nothing jumps while a run is played.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extents(Vec<(StripKind, u64)>);

impl Extents {
    /// Makes room for a frame.
    pub fn cover(&mut self, frame: &Frame) {
        let mut mappings = 0;
        for strip in &frame.strips {
            match strip.kind {
                StripKind::Mappings => mappings += strip.pages,
                kind => self.raise(kind, strip.pages),
            }
        }
        if mappings > 0 {
            self.raise(StripKind::Mappings, mappings);
        }
    }

    /// Makes room for what another has room for.
    pub fn join(&mut self, other: &Self) {
        for (kind, pages) in &other.0 {
            self.raise(*kind, *pages);
        }
    }

    fn raise(&mut self, kind: StripKind, pages: u64) {
        match self.0.binary_search_by_key(&kind, |known| known.0) {
            Ok(index) => self.0[index].1 = self.0[index].1.max(pages),
            Err(index) => self.0.insert(index, (kind, pages)),
        }
    }
}

/// Where the dots of a map go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Side of a dot with the gap beside it, in pixels.
    pub cell: u32,
    /// Dots in a row.
    pub columns: u32,
    /// Pages that share a dot.
    pub pages_per_dot: u32,
    rows: u64,
    /// The first dot of each kind of strip.
    places: Vec<(StripKind, u64)>,
}

impl Layout {
    /// The largest dots with which all pages fit; where even the smallest are too large, several pages share one.
    pub fn fit(width: u32, most_height: u32, cells: (u32, u32), extents: &Extents) -> Self {
        Self::fit_sharing(1, (width, most_height), cells, extents)
    }

    /// The same where at least a number of pages share a dot: one, two, four and so on.
    pub fn fit_sharing(
        mut pages_per_dot: u32,
        (width, most_height): (u32, u32),
        (smallest, largest): (u32, u32),
        extents: &Extents,
    ) -> Self {
        let smallest = smallest.max(1);
        // Each heap begins in a row of its own, unless there are so many that little would be left for their pages.
        let apart = extents.0.len() as u64 * u64::from(4 * smallest) <= u64::from(most_height);
        loop {
            for cell in (smallest..=largest.max(smallest)).rev() {
                let columns = (width / cell).max(1);
                let layout = Self::of(extents, cell, columns, pages_per_dot, apart);
                let fits = layout.rows * u64::from(cell) <= u64::from(most_height);
                if fits || cell == smallest && pages_per_dot >= 1 << 30 {
                    return layout;
                }
            }
            pages_per_dot *= 2;
        }
    }

    fn of(extents: &Extents, cell: u32, columns: u32, pages_per_dot: u32, apart: bool) -> Self {
        let row = u64::from(columns);
        let is_arena = |kind: &StripKind| matches!(kind, StripKind::Arena { .. });
        let (mut next, mut places) = (0_u64, Vec::<(StripKind, u64)>::new());
        for (kind, pages) in &extents.0 {
            if let Some((before, _)) = places.last() {
                let gap = match is_arena(before) && is_arena(kind) {
                    false => Some(2),
                    true => apart.then_some(1),
                };
                if let Some(gap) = gap {
                    next = (next.div_ceil(row) + gap) * row;
                }
            }
            places.push((*kind, next));
            next += pages.div_ceil(pages_per_dot.into());
        }
        Self {
            cell,
            columns,
            pages_per_dot,
            rows: next.div_ceil(row),
            places,
        }
    }

    /// Width of the drawing in pixels.
    pub fn width(&self) -> u32 {
        self.columns * self.cell
    }

    /// Height of the drawing in pixels.
    pub fn height(&self) -> u32 {
        u32::try_from(self.rows * u64::from(self.cell))
            .unwrap_or(u32::MAX)
            .max(self.cell)
    }

    /// The left upper corner of a dot in pixels.
    pub fn corner(&self, dot: u64) -> (u32, u32) {
        let columns = u64::from(self.columns);
        (
            (dot % columns) as u32 * self.cell,
            (dot / columns) as u32 * self.cell,
        )
    }

    /// The dot at a place in pixels.
    pub fn dot_at(&self, x: f64, y: f64) -> Option<u64> {
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let column = (x / f64::from(self.cell)) as u64;
        let row = (y / f64::from(self.cell)) as u64;
        (column < u64::from(self.columns)).then(|| row * u64::from(self.columns) + column)
    }

    /// The strips of a frame that was made room for, each with its first dot.
    pub fn strips<'a>(&self, frame: &'a Frame) -> Vec<(u64, &'a Strip)> {
        // Mappings follow each other.
        let mut mapped = 0;
        let place = |strip: &'a Strip| {
            let found = self.places.binary_search_by_key(&strip.kind, |p| p.0);
            let first = self.places[found.ok()?].1;
            if strip.kind != StripKind::Mappings {
                return Some((first, strip));
            }
            let before = mapped;
            mapped += strip.pages.div_ceil(self.pages_per_dot.into());
            Some((first + before, strip))
        };
        frame.strips.iter().filter_map(place).collect()
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

    /// What a dot stands for, in words.
    pub fn what_a_dot_is(&self, page: Bytes) -> String {
        let kib = u64::from(self.pages_per_dot) * page.0 / 1024;
        match self.pages_per_dot {
            1 => format!("one dot a page ({kib} KiB)"),
            n => format!("one dot for {n} pages ({kib} KiB)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::strip;
    use highwater_simulator::Micros;

    fn extents(pages: &[(StripKind, u64)]) -> Extents {
        Extents(pages.to_vec())
    }

    fn arena(arena: u16, heap: u16) -> StripKind {
        StripKind::Arena { arena, heap }
    }

    #[test]
    fn a_heap_of_208_mib_fits_with_a_dot_for_each_page() {
        let extents = extents(&[(StripKind::Heap, 53_000)]);
        let layout = Layout::fit(764, 440, (2, 8), &extents);
        assert_eq!((layout.cell, layout.pages_per_dot), (2, 1));
        assert!(layout.height() <= 440);
    }

    #[test]
    fn pages_share_dots_where_there_are_too_many_and_dots_grow_where_there_are_few() {
        let most = extents(&[(StripKind::Heap, 4 << 20), (StripKind::Mappings, 100)]);
        let layout = Layout::fit(784, 420, (2, 8), &most);
        assert!(layout.pages_per_dot > 1 && layout.height() <= 420);
        let few = extents(&[(StripKind::Heap, 100)]);
        assert_eq!(Layout::fit(784, 420, (2, 8), &few).cell, 8);
        let both = extents(&[(StripKind::Heap, 1), (StripKind::Mappings, 1)]);
        assert_eq!(Layout::fit(0, 0, (0, 0), &both).columns, 1);
        assert_eq!(Layout::fit(9, 9, (1, 2), &Extents::default()).height(), 2);
    }

    #[test]
    fn heaps_have_rows_of_their_own_unless_they_are_too_many() {
        let heaps = |arenas: u16| {
            let mut all = vec![(StripKind::Heap, 50)];
            all.extend((1..=arenas).flat_map(|n| [(arena(n, 1), 30), (arena(n, 2), 3)]));
            all.push((StripKind::Mappings, 9));
            Layout::fit(200, 440, (2, 2), &extents(&all))
        };
        let (few, many) = (heaps(8), heaps(300));
        assert!(few.places.iter().all(|place| place.1 % 100 == 0));
        assert!(few.height() <= 440 && many.height() <= 440);
        assert_eq!(many.pages_per_dot, 1);
        assert!(many.places.is_sorted_by(|a, b| a.1 < b.1));
    }

    #[test]
    fn room_is_made_for_the_largest() {
        let frame = |strips| Frame {
            event: 0,
            time: Micros(0),
            strips,
            huge: vec![],
        };
        let mut extents = Extents::default();
        let mapping = || strip(StripKind::Mappings, 0x10_0000, &[(0, 2)]);
        extents.cover(&frame(vec![mapping(), mapping()]));
        extents.cover(&frame(vec![strip(arena(2, 1), 0, &[(0, 9)]), mapping()]));
        extents.cover(&frame(vec![
            strip(arena(1, 3), 0, &[(0, 7)]),
            strip(arena(2, 1), 0, &[(0, 5)]),
        ]));
        let expected = [(arena(1, 3), 7), (arena(2, 1), 9), (StripKind::Mappings, 4)];
        assert_eq!(extents.0, expected);
    }

    #[test]
    fn every_address_has_its_dot_and_every_dot_its_page() {
        let frame = Frame {
            event: 0,
            time: Micros(0),
            huge: vec![],
            strips: vec![
                strip(StripKind::Heap, 0x1000, &[(0, 3), (5, 4)]),
                strip(StripKind::Mappings, 0x10_0000, &[(0, 2)]),
            ],
        };
        let mut extents = Extents::default();
        extents.cover(&frame);
        let layout = Layout::fit(20, 1000, (5, 5), &extents);
        assert_eq!((layout.columns, layout.rows), (4, 5));
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
            huge: vec![],
            strips: vec![strip(StripKind::Heap, 0, &[(5, 3), (0, 1), (10, 4)])],
        };
        let layout = Layout {
            cell: 2,
            columns: 10,
            pages_per_dot: 4,
            rows: 1,
            places: vec![(StripKind::Heap, 0)],
        };
        let kinds: Vec<_> = layout.dots(&frame).into_iter().map(|dot| dot.1).collect();
        assert_eq!(kinds, [PageKind::Live, PageKind::Untouched]);
    }
}
