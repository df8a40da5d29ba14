//! Outlines of the huge pages of a heap map.

use crate::{map_marks::Marks, svg::Svg, theme::Colour};
use std::fmt::Write;

/// The smallest side of a dot, in pixels, at which each huge page has an outline of its own, and the rows that it then has.
const APART: (u32, u64) = (4, 2);

impl Marks<'_> {
    /// Draws the outlines, dark with a light rim. Where there is little room one goes around all huge pages that lie side by side.
    pub(crate) fn huge(&self, svg: &mut Svg) {
        let (layout, mut path) = (self.layout, String::new());
        let share = u64::from(layout.pages_per_dot);
        for (begins, strip) in layout.strips(self.frame) {
            // The dots that the outline is around.
            let mut around: Option<(u64, u64)> = None;
            for huge in &self.frame.huge {
                let offset = huge.start.0.checked_sub(strip.start.0);
                let page = offset.map(|offset| offset / self.page_size.0.max(1));
                let Some(page) = page.filter(|page| *page < strip.pages) else {
                    continue;
                };
                let end = strip.pages.min(page + u64::from(huge.pages));
                let (first, last) = (begins + page / share, begins + end.div_ceil(share) - 1);
                let is_apart = layout.cell >= APART.0
                    && (last - first) / u64::from(layout.columns.max(1)) >= APART.1;
                match &mut around {
                    Some((_, end)) if !is_apart && first <= *end + 1 => *end = last,
                    around => {
                        self.outline(&mut path, around.replace((first, last)));
                    }
                }
            }
            self.outline(&mut path, around);
        }
        if path.is_empty() {
            return;
        }
        for (colour, width) in [(Colour::Panel, 3), (Colour::Ink, 1)] {
            svg.element("path")
                .with("class", "huge")
                .with("d", &path)
                .with("fill", "none")
                .stroke(colour)
                .number("stroke-width", width)
                .end();
        }
    }

    /// Adds the outline of dots from one to another: a rectangle without what lies before the first in its row, and after the last.
    fn outline(&self, path: &mut String, dots: Option<(u64, u64)>) {
        let Some((first, last)) = dots else {
            return;
        };
        let columns = u64::from(self.layout.columns.max(1));
        let at = |dots: u64| (dots as f64 * f64::from(self.layout.cell) / self.ratio) as i32;
        let (top, bottom) = (first / columns, last / columns);
        let (left, right) = (at(first % columns), at(last % columns + 1));
        // Writing to a String cannot fail.
        let _ = match top == bottom {
            true => write!(path, "M{left} {}H{right}V{}H{left}z", at(top), at(top + 1)),
            false => write!(
                path,
                "M{left} {}H{}V{}H{right}V{}H0V{}H{left}z",
                at(top),
                at(columns),
                at(bottom),
                at(bottom + 1),
                at(top + 1)
            ),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        layout::{Extents, Layout},
        testing::strip,
    };
    use highwater_simulator::{Address, Bytes, Frame, HugePage, Micros, StripKind};
    use std::collections::BTreeSet;

    const PAGE: Bytes = Bytes(4096);

    /// A heap and mappings, of whose ranges of 512 pages some are huge.
    fn frame(random: &mut fastrand::Rng) -> Frame {
        let mut frame = Frame {
            event: 0,
            time: Micros(0),
            strips: Vec::new(),
            huge: Vec::new(),
        };
        for (kind, start) in [(StripKind::Heap, 0x3000), (StripKind::Mappings, 1 << 40)] {
            let pages = random.u32(1..6000);
            frame.strips.push(strip(kind, start, &[(0, pages)]));
            for number in 1..=u64::from(pages) / 512 {
                if random.bool() {
                    frame.huge.push(HugePage {
                        start: Address((start >> 21 << 21) + (number << 21)),
                        pages: 512,
                        used: 512,
                        unwritten: 0,
                    });
                }
            }
        }
        frame
    }

    /// The corners of the outlines of a path.
    fn outlines(path: &str) -> Vec<Vec<(i32, i32)>> {
        let outline = |text: &str| {
            let mut corners: Vec<(i32, i32)> = Vec::new();
            let mut rest = text;
            while let Some(letter) = rest.chars().next() {
                // The place that an outline begins with has lost its letter.
                let end = rest[1..].find(['H', 'V']).map_or(rest.len(), |at| at + 1);
                let number = |text: &str| text.parse::<i32>().expect("a number");
                let (x, y) = corners.last().copied().unwrap_or_default();
                corners.push(match letter {
                    'H' => (number(&rest[1..end]), y),
                    'V' => (x, number(&rest[1..end])),
                    _ => {
                        let (x, y) = rest[..end].split_once(' ').expect("a place");
                        (number(x), number(y))
                    }
                });
                rest = &rest[end..];
            }
            corners
        };
        let parts = path.split('z').filter_map(|part| part.strip_prefix('M'));
        parts.map(outline).collect()
    }

    /// Whether a point lies within corners, by how many upright sides lie left of it.
    fn is_within(corners: &[(i32, i32)], (x, y): (f64, f64)) -> bool {
        let next = corners.iter().cycle().skip(1);
        let sides = corners.iter().zip(next);
        let crossed = sides.filter(|((from_x, from_y), (_, to_y))| {
            let (low, high) = (from_y.min(to_y), from_y.max(to_y));
            f64::from(*from_x) < x && f64::from(*low) < y && y < f64::from(*high)
        });
        crossed.count() % 2 == 1
    }

    #[test]
    fn outlines_are_around_the_dots_of_huge_pages_and_no_others() {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut shared, mut apart) = (0, 0);
        for _ in 0..60 {
            let frame = frame(&mut random);
            let mut extents = Extents::default();
            extents.cover(&frame);
            let room = (random.u32(40..1200), random.u32(40..900));
            let layout = Layout::fit(room.0, room.1, (2, 8), &extents);
            let marks = Marks {
                layout: &layout,
                ratio: 1.0,
                frame: &frame,
                page_size: PAGE,
                pins: &[],
                pointed: None,
            };
            let text = marks.overlay(false);
            let path = text.split("class=\"huge\" d=\"").nth(1);
            let path = path.map_or("", |rest| rest.split('"').next().unwrap_or_default());
            let outlines = outlines(path);
            match outlines.len() < frame.huge.len() {
                true => shared += 1,
                false => apart += 1,
            }
            let mut huge = BTreeSet::new();
            for page in &frame.huge {
                for at in 0..page.pages {
                    let address = page.start + PAGE * at.into();
                    huge.extend(layout.dot_of(&frame, address, PAGE));
                }
            }
            for (dot, _) in layout.dots(&frame) {
                let (left, top) = layout.corner(dot);
                let half = f64::from(layout.cell) / 2.0;
                let middle = (f64::from(left) + half, f64::from(top) + half);
                let is_in = outlines.iter().any(|outline| is_within(outline, middle));
                assert_eq!(is_in, huge.contains(&dot), "dot {dot} of {path}");
            }
        }
        assert!(shared > 5 && apart > 5, "{shared} {apart}");
    }
}
