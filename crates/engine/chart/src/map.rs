//! The picture of a heap map: every page of a process at one moment.

use crate::{
    dot_pixels::dot_pixels,
    figures::time,
    layout::{Extents, Layout},
    map_marks::{LARGE_PIN, Marks, pin_at},
    page_kinds::{describe, describe_huge, kind_in_words, totals},
    picture::{EDGE, Entry, Head, WHOLE, WIDTH, begin, end, letter, write_settings},
    svg::{PLAIN, Svg, add},
    theme::Colour,
};
use highwater_simulator::{Bytes, Frame, Micros, PageKind, Pin, PinState};
use std::fmt::Write;

/// A variant's heap at a moment.
#[derive(Debug)]
pub struct Map<'a> {
    /// What it is of.
    pub head: Head<'a>,
    /// The variant; with the settings of the stage that runs at that moment.
    pub entry: Entry<'a>,
    /// The moment.
    pub time: Micros,
    /// The pages.
    pub frame: &'a Frame,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// What keeps free memory from going back, from the top down.
    pub pins: &'a [Pin],
    /// Kinds that are not drawn, as bits.
    pub hidden: u16,
}

/// Width and height that the dots may take.
const ROOM: (u32, u32) = (WHOLE.1 as u32, 720);

/// Sides of the smallest and the largest dot with its gap.
const CELLS: (u32, u32) = (3, 10);

/// The most bytes of text that the dots may take; where they would take more, more pages share one.
const MOST_BYTES: usize = 220_000;

/// Pins that are described below the map.
const DESCRIBED: usize = 12;

/// The width of a legend's column.
const COLUMN: i32 = WHOLE.1 / 3;

type Paths = [String; PageKind::ALL.len()];

impl Map<'_> {
    /// The picture, as a text of SVG.
    pub fn svg(&self) -> String {
        let mut svg = begin(
            &self.head,
            &format!(
                "Heap map of {} {} at {}",
                letter(self.entry.number),
                self.entry.name,
                time(self.time)
            ),
        );
        svg.y -= 10;
        write_settings(&mut svg, &self.entry, WHOLE);
        svg.y += 16;
        let (layout, paths) = self.packed();
        let (wide, high) = (layout.width() as i32, layout.height() as i32);
        let below = svg.y;
        svg.element("g")
            .set("transform", format_args!("translate({EDGE} {below})"))
            .open();
        svg.element("rect")
            .sized(wide, high)
            .fill(Colour::Kind(PageKind::Untouched))
            .stroke(Colour::Line)
            .end();
        svg.element("g")
            .with("fill", "none")
            .with("shape-rendering", "crispEdges")
            .open();
        for kind in PageKind::ALL {
            draw_kind(&mut svg, kind, layout.cell, &paths[kind as usize], "k");
        }
        svg.close();
        let marks = Marks {
            layout: &layout,
            ratio: 1.0,
            frame: self.frame,
            page_size: self.page_size,
            pins: self.pins,
            pointed: None,
        };
        marks.draw(&mut svg);
        svg.close();
        svg.y += high + 4;
        let mapped = describe(self.frame, self.page_size);
        let mut said = layout.what_a_dot_is(self.page_size);
        add(&mut said, &[" · ", &mapped]);
        svg.paragraph(WHOLE, &PLAIN, Colour::Muted, &said);
        self.legend(&mut svg, layout.cell);
        self.huge_legend(&mut svg);
        self.pins(&mut svg, &marks.large());
        end(svg, &self.head)
    }

    /// Where the dots go, and for each kind a path through all of them: with a dot for each page if that fits both the
    /// picture and the size of its text, else for as few pages as possible.
    fn packed(&self) -> (Layout, Paths) {
        let mut extents = Extents::default();
        extents.cover(self.frame);
        let mut pages_per_dot = 1;
        loop {
            let layout = Layout::fit_sharing(pages_per_dot, ROOM, CELLS, &extents);
            let paths = paths(&layout, self.frame, self.hidden);
            let long: usize = paths.iter().map(String::len).sum();
            if long <= MOST_BYTES || layout.pages_per_dot >= 1 << 20 {
                return (layout, paths);
            }
            pages_per_dot = layout.pages_per_dot * 2;
        }
    }

    /// How much there is of each kind: of all that there is, and of those that are always worth a word.
    fn legend(&self, svg: &mut Svg, cell: u32) {
        let totals = totals(self.frame);
        let (mut place, top) = (0, svg.y + 14);
        for kind in PageKind::ALL {
            let pages = totals[kind as usize];
            let is_common = [PageKind::Live, PageKind::GivenBack].contains(&kind);
            if pages == 0 && !is_common {
                continue;
            }
            let (x, y) = (EDGE + place % 3 * COLUMN, top + place / 3 * 22);
            place += 1;
            svg.element("svg").at(x, y).sized(30, 14).open();
            svg.element("rect")
                .sized(30, 14)
                .fill(Colour::Kind(PageKind::Untouched))
                .end();
            svg.element("g").with("fill", "none").open();
            // A few dots as they are on the map.
            let mut path = String::new();
            for row in 0..14 / cell + 1 {
                // Writing to a String cannot fail.
                let _ = write!(path, "M0 {}h30", row * cell);
            }
            draw_kind(svg, kind, cell, &path, "l");
            svg.element("rect")
                .sized(30, 14)
                .stroke(Colour::Border)
                .end();
            svg.close();
            svg.close();
            let hidden = match self.hidden & 1 << kind as u16 {
                0 => "",
                _ => " (not drawn)",
            };
            let size = Bytes(self.page_size.0 * pages).to_string();
            let mut text = String::new();
            add(&mut text, &[kind_in_words(kind), " ", &size, hidden]);
            svg.words((x + 38, y + 12), &PLAIN, Colour::Ink, &text);
            svg.y = y + 14;
        }
    }

    /// What the outlines are, where there are any.
    fn huge_legend(&self, svg: &mut Svg) {
        if self.frame.huge.is_empty() {
            return;
        }
        let y = svg.y + 8;
        svg.element("rect")
            .at(EDGE, y)
            .sized(30, 14)
            .fill(Colour::Panel)
            .stroke(Colour::Ink)
            .end();
        svg.words(
            (EDGE + 38, y + 12),
            &PLAIN,
            Colour::Ink,
            &describe_huge(self.frame, self.page_size),
        );
        svg.y = y + 14;
    }

    /// The numbered pins in words.
    fn pins(&self, svg: &mut Svg, large: &[bool]) {
        let (mut place, top) = (0, svg.y + 12);
        for (index, pin) in self.pins.iter().enumerate() {
            if !large[index] {
                continue;
            }
            let (x, y) = (
                EDGE + place as i32 % 2 * (WIDTH / 2),
                top + place as i32 / 2 * 22,
            );
            place += 1;
            if place > DESCRIBED {
                svg.words(
                    (EDGE + 38, y + 12),
                    &PLAIN,
                    Colour::Muted,
                    "and further numbered pins",
                );
                svg.y = y + 14;
                break;
            }
            pin_at(svg, (x + 15, y + 8), pin.state, LARGE_PIN);
            let state = match pin.state {
                PinState::Live => "live",
                PinState::Parked => "parked in a cache",
                PinState::Metadata => "the allocator's own",
            };
            let text = format!(
                "pin {}: {}, {state}; {} free below it",
                index + 1,
                pin.size,
                pin.behind
            );
            svg.words((x + 38, y + 12), &PLAIN, Colour::Ink, &text);
            svg.y = y + 14;
        }
    }
}

/// A path for each kind, through its dots from left to right: along the upper edge of each row.
fn paths(layout: &Layout, frame: &Frame, hidden: u16) -> Paths {
    let mut paths = Paths::default();
    let mut ends = [(0, 0); PageKind::ALL.len()];
    let cell = layout.cell as i32;
    let dots = layout.dots(frame);
    let mut at = 0;
    while at < dots.len() {
        let (first, kind) = dots[at];
        let (x, y) = layout.corner(first);
        let (x, y) = (x as i32, y as i32);
        let room = layout.columns as i32 - x / cell;
        let mut long = 0;
        while long < room && dots.get(at) == Some(&(first + long as u64, kind)) {
            long += 1;
            at += 1;
        }
        if kind != PageKind::Untouched && hidden & 1 << kind as u16 == 0 {
            let end = &mut ends[kind as usize];
            // From where the last ended: shorter than from the corner. Writing to a String cannot fail.
            let _ = write!(
                paths[kind as usize],
                "m{} {}h{}",
                x - end.0,
                y - end.1,
                long * cell
            );
            *end = (x + long * cell, y);
        }
    }
    paths
}

/// Draws a path through the dots of a kind so that each has its pixels: row by row, as dashes. It is named
/// by its kind behind a prefix.
fn draw_kind(svg: &mut Svg, kind: PageKind, cell: u32, path: &str, prefix: &str) {
    if path.is_empty() {
        return;
    }
    let number = kind as u16;
    svg.element("defs").open();
    svg.element("path")
        .set("id", format_args!("{prefix}{number}"))
        .with("d", path)
        .end();
    svg.close();
    svg.element("g").stroke(Colour::Kind(kind)).open();
    let pixels = dot_pixels(kind, cell);
    let rows: Vec<&[u8]> = pixels.chunks(cell as usize).collect();
    let mut row = 0;
    while row < rows.len() {
        let mut below = row;
        while below < rows.len() && rows[below] == rows[row] {
            below += 1;
        }
        for (alpha, opacity) in [(255, "1"), (130, ".51")] {
            let (dashes, offset) = dashes(rows[row], alpha);
            if !dashes.is_empty() {
                // A line is as high above its middle as below it.
                let middle = (row + below) as i32;
                let (whole, tenths) = (middle / 2, middle % 2 * 5);
                svg.element("use")
                    .set("xlink:href", format_args!("#{prefix}{number}"))
                    .set("transform", format_args!("translate(0 {whole}.{tenths})"))
                    .number("stroke-width", (below - row) as i32)
                    .with("stroke-opacity", opacity)
                    .with("stroke-dasharray", &dashes)
                    .number("stroke-dashoffset", offset)
                    .end();
            }
        }
        row = below;
    }
    svg.close();
}

/// Which of a row's pixels are this opaque, as dashes and where in them the row begins; no dashes where none is.
fn dashes(row: &[u8], alpha: u8) -> (String, i32) {
    let (cell, mut text) = (row.len(), String::new());
    let is_on = |at: usize| row[at % cell] == alpha;
    let Some(first) = (0..cell).find(|at| is_on(*at) && !is_on(at + cell - 1)) else {
        if is_on(0) {
            text.push_str("none");
        }
        return (text, 0);
    };
    // From the beginning of a dash, around the row's end.
    let mut begins = first;
    for at in first + 1..=first + cell {
        if at == first + cell || is_on(at) != is_on(at - 1) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{} ", at - begins);
            begins = at;
        }
    }
    (text, (cell - first) as i32)
}

#[cfg(test)]
mod tests;
