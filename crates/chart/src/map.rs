//! The picture of a heap map: every page of a process at one moment.

use crate::{
    around::{EDGE, Entry, Head, PLAIN, WIDTH, begin, end, letter, said, settings},
    figures::time,
    kinds::{describe, kind_in_words, kinds, totals, what_a_dot_is},
    labels::Spot,
    layout::{Extents, Layout},
    marks::Marks,
    stamp::stamp,
    svg::Svg,
    theme::Theme,
};
use highwater_simulator::{Address, Bytes, Choice, Frame, Micros, PageKind, Pin, PinState};
use std::fmt::Write;

/// A variant's heap at a moment.
#[derive(Debug)]
pub struct Map<'a> {
    /// What it is of.
    pub head: Head<'a>,
    /// The variant; of its stages only the one that runs at that moment.
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
const ROOM: (u32, u32) = ((WIDTH - 2 * EDGE) as u32, 720);

/// Sides of the smallest and the largest dot with its gap.
const CELLS: (u32, u32) = (3, 10);

/// The dots may take so many bytes of text; where they would take more, more pages share one.
const MOST_BYTES: usize = 220_000;

/// Pins that are described below the map.
const DESCRIBED: usize = 12;

/// The width of a legend's column.
const COLUMN: i64 = (WIDTH - 2 * EDGE) / 3;

type Paths = [String; PageKind::ALL.len()];

impl Map<'_> {
    /// The picture, as a text of SVG.
    pub fn svg(&self) -> String {
        let theme = Theme::of(self.head.dark);
        let name = format!(
            "Heap map of {} {} at {}",
            letter(self.entry.number),
            self.entry.name,
            time(self.time)
        );
        let mut svg = begin(&self.head, &name);
        svg.y -= 10;
        settings(&mut svg, theme, &self.entry, (EDGE, WIDTH - 2 * EDGE));
        svg.y += 16;
        let (layout, paths) = self.packed();
        svg.put(
            "<g transform=\"translate(@ @)\"><rect width=\"@\" height=\"@\" fill=\"$\" stroke=\"$\"/><defs>",
            &[EDGE, svg.y, layout.width().into(), layout.height().into()],
            &[theme.kind(PageKind::Untouched), theme.line],
        );
        for (kind, path) in paths
            .iter()
            .enumerate()
            .filter(|(_, path)| !path.is_empty())
        {
            svg.put("<path id=\"k@\" d=\"$\"/>", &[kind as i64], &[path]);
        }
        svg.put(
            "</defs><g fill=\"none\" shape-rendering=\"crispEdges\">",
            &[],
            &[],
        );
        for kind in PageKind::ALL {
            if !paths[kind as usize].is_empty() {
                svg.put(
                    "<g id=\"kind-@\" stroke=\"$\">",
                    &[kind as i64],
                    &[theme.kind(kind)],
                );
                layers(&mut svg, kind, layout.cell, "xlink:href=\"#k@\"", "");
                svg.put("</g>", &[], &[]);
            }
        }
        svg.put("</g>", &[], &[]);
        let marks = Marks {
            layout: &layout,
            ratio: 1.0,
            frame: self.frame,
            page_size: self.page_size,
            pins: self.pins,
            pointed: None,
        };
        let large = marks.large();
        let pen = Pen { marks, theme };
        pen.draw(&mut svg, &large);
        svg.put("</g>", &[], &[]);
        svg.y += i64::from(layout.height());
        self.legend(&mut svg, theme, &layout);
        self.pins(&mut svg, &pen, &large);
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

    /// What a dot is, what is mapped, and how much there is of each kind.
    fn legend(&self, svg: &mut Svg, theme: &Theme, layout: &Layout) {
        let text = format!(
            "{} · {}",
            what_a_dot_is(layout, self.page_size),
            describe(self.frame, self.page_size)
        );
        svg.y += 4;
        said(svg, theme.muted, &text, (EDGE, WIDTH - 2 * EDGE));
        let totals = totals(self.frame);
        let pages = !matches!(self.variant(), Some(Choice::Glibc(_)));
        // What the map shows is explained, whether a run of its allocator should show it or not.
        let all = PageKind::ALL.into_iter();
        let kinds = all.filter(|kind| totals[*kind as usize] > 0 || kinds(pages).contains(kind));
        let top = svg.y + 14;
        for (index, kind) in kinds.enumerate() {
            let (x, y) = (
                EDGE + index as i64 % 3 * COLUMN,
                top + index as i64 / 3 * 22,
            );
            svg.put(
                "<g transform=\"translate(@ @)\"><rect width=\"30\" height=\"14\" fill=\"$\" stroke=\"$\"/>\
                 <svg x=\"1\" y=\"1\" width=\"28\" height=\"12\"><g fill=\"none\" stroke=\"$\">",
                &[x, y],
                &[theme.kind(PageKind::Untouched), theme.border, theme.kind(kind)],
            );
            // A few dots as they are on the map.
            let cell = i64::from(layout.cell);
            for row in 0..=(12 / cell) {
                let path = format!("M0 {}h30", row * cell);
                if kind != PageKind::Untouched {
                    layers(svg, kind, layout.cell, "d=\"$\"", &path);
                }
            }
            svg.put("</g></svg></g>", &[], &[]);
            let bytes = self.page_size.0 * totals[kind as usize];
            let hidden = if self.is_shown(kind) {
                ""
            } else {
                " (not drawn)"
            };
            let text = format!("{} {}{hidden}", kind_in_words(kind), Bytes(bytes));
            svg.words((x + 38, y + 12), PLAIN, theme.ink, &text);
            svg.y = y + 14;
        }
    }

    fn is_shown(&self, kind: PageKind) -> bool {
        self.hidden & 1 << kind as u16 == 0
    }

    fn variant(&self) -> Option<Choice> {
        let setting = self.entry.stages.first()?;
        Some(setting.variant.allocator)
    }

    /// The numbered pins in words.
    fn pins(&self, svg: &mut Svg, pen: &Pen, large: &[bool]) {
        let pins = self.pins.iter().enumerate();
        let numbered = pins.filter(|(index, _)| large[*index]);
        let more = numbered.clone().count().saturating_sub(DESCRIBED);
        let numbered = numbered.take(DESCRIBED);
        let top = svg.y + 12;
        for (place, (index, pin)) in numbered.enumerate() {
            let (x, y) = (
                EDGE + place as i64 % 2 * (WIDTH / 2),
                top + place as i64 / 2 * 22,
            );
            svg.put("<g transform=\"translate(@ @)\">", &[x + 15, y + 8], &[]);
            pen.pin(svg, (0.0, 0.0), pin.state, 5.5);
            svg.put("</g>", &[], &[]);
            let state = match pin.state {
                PinState::Live => "live",
                PinState::Parked => "freed, parked in a cache",
                PinState::Metadata => "the allocator's own",
            };
            let text = format!(
                "pin {}: {}, {state}; {} free behind it",
                index + 1,
                pin.size,
                pin.behind
            );
            svg.words((x + 38, y + 12), PLAIN, pen.theme.ink, &text);
            svg.y = y + 14;
        }
        if more > 0 {
            let text = format!("and {more} more pins that are numbered on the map");
            said(svg, pen.theme.muted, &text, (EDGE + 38, WIDTH));
        }
    }
}

/// A path for each kind, through its dots from left to right: along the upper edge of each row.
fn paths(layout: &Layout, frame: &Frame, hidden: u16) -> Paths {
    let mut paths = Paths::default();
    let mut ends = [(0_i64, 0_i64); PageKind::ALL.len()];
    let cell = i64::from(layout.cell);
    let mut dots = layout.dots(frame).into_iter().peekable();
    while let Some((first, kind)) = dots.next() {
        let (x, y) = layout.corner(first);
        let (x, y) = (i64::from(x), i64::from(y));
        let room = i64::from(layout.columns) - x / cell;
        let mut long = 1;
        while long < room && dots.next_if_eq(&(first + long as u64, kind)).is_some() {
            long += 1;
        }
        if kind == PageKind::Untouched || hidden & 1 << kind as u16 != 0 {
            continue;
        }
        let (path, end) = (&mut paths[kind as usize], &mut ends[kind as usize]);
        // From where the last ended: shorter than from the corner. Writing to a String cannot fail.
        let _ = write!(path, "m{} {}h{}", x - end.0, y - end.1, long * cell);
        *end = (x + long * cell, y);
    }
    paths
}

/// Draws a path through dots so that each looks as its stamp: row by row of the stamp, as dashes. `piece` is what says
/// where the path is, in which `@` is the kind and `$` the path itself.
fn layers(svg: &mut Svg, kind: PageKind, cell: u32, piece: &str, path: &str) {
    let stamp = stamp(kind, cell);
    let rows: Vec<&[u8]> = stamp.chunks(cell as usize).collect();
    let mut row = 0;
    while row < rows.len() {
        let same = rows[row..].iter().take_while(|other| **other == rows[row]);
        let high = same.count();
        for alpha in [255, 130] {
            let Some((dashes, offset)) = dashes(rows[row], alpha) else {
                continue;
            };
            // A line is as high above its middle as below it.
            let (middle, half) = ((row * 2 + high) / 2, (row * 2 + high) % 2 * 5);
            svg.put(if path.is_empty() { "<use " } else { "<path " }, &[], &[]);
            svg.put(piece, &[kind as i64], &[path]);
            svg.put(
                " transform=\"translate(0 @.@)\" stroke-width=\"@\" stroke-opacity=\"$\" \
                 stroke-dasharray=\"$\" stroke-dashoffset=\"@\"/>",
                &[middle as i64, half as i64, high as i64, offset],
                &[if alpha == 255 { "1" } else { "0.51" }, &dashes],
            );
        }
        row += high;
    }
}

/// Which of a row's pixels are this opaque, as dashes and where in them the row begins; nothing where none is.
fn dashes(row: &[u8], alpha: u8) -> Option<(String, i64)> {
    let cell = row.len();
    let is_on = |at: usize| row[at % cell] == alpha;
    if row.iter().all(|other| *other == alpha) {
        return Some(("none".to_owned(), 0));
    }
    let first = (0..cell).find(|at| is_on(*at) && !is_on(at + cell - 1))?;
    // From the beginning of a dash, around the row's end.
    let mut lengths: Vec<usize> = Vec::new();
    for at in first..first + cell {
        let is_next = lengths.len() % 2 == usize::from(is_on(at));
        match lengths.last_mut() {
            Some(last) if is_next => *last += 1,
            _ => lengths.push(1),
        }
    }
    let mut text = String::new();
    for length in lengths {
        // Writing to a String cannot fail.
        let _ = write!(text, "{length} ");
    }
    Some((text, (cell - first) as i64))
}

/// Draws the marks.
struct Pen<'a> {
    marks: Marks<'a>,
    theme: &'a Theme,
}

impl Pen<'_> {
    fn draw(&self, svg: &mut Svg, large: &[bool]) {
        let marks = &self.marks;
        let pins = || marks.pins.iter().zip(large);
        for (pin, _) in pins().filter(|(_, large)| !**large) {
            self.marked(svg, pin, 3.0);
        }
        for (pin, _) in pins().filter(|(_, large)| **large) {
            self.line(svg, pin);
        }
        for (pin, _) in pins().filter(|(_, large)| **large).rev() {
            self.marked(svg, pin, 5.5);
        }
        let tops = marks.tops();
        for ((x, y), _) in &tops {
            // Drawn twice: a rim in the ground's colour, then the flag.
            svg.put(
                "<path class=\"top\" d=\"M@ @l6 8h-12z\" stroke=\"$\" stroke-width=\"3\" fill=\"$\" \
                 paint-order=\"stroke\"/>",
                &[*x as i64, *y as i64],
                &[self.theme.panel, self.theme.ink],
            );
        }
        for spot in marks.spots(large, &tops) {
            self.label(svg, &spot);
        }
    }

    fn marked(&self, svg: &mut Svg, pin: &Pin, radius: f64) {
        if let Some(place) = self.marks.place(pin.address) {
            self.pin(svg, place, pin.state, radius);
        }
    }

    /// A circle for what is parked, a diamond for what is live, a square for the allocator's own; a light rim around a
    /// dark one is seen on every ground.
    fn pin(&self, svg: &mut Svg, (x, y): (f64, f64), state: PinState, radius: f64) {
        let theme = self.theme;
        // A circle is a square with round corners.
        let (shape, share, fill) = match state {
            PinState::Parked => (CIRCLE, 10.0, theme.kind(PageKind::Parked)),
            // Its corners reach out a quarter more than a circle's edge.
            PinState::Live => (DIAMOND, 8.84, theme.kind(PageKind::Live)),
            PinState::Metadata => (SQUARE, 10.0, theme.panel),
        };
        let reach = (radius * share).round() as i64;
        svg.put(
            "<g class=\"pin\" transform=\"translate(@ @) scale(.1)\">",
            &[x as i64, y as i64],
            &[],
        );
        for (width, colour, fill) in [(40, theme.panel, "none"), (17, theme.ink, fill)] {
            svg.put(shape, &[reach * 2, reach * 2, -reach, -reach], &[]);
            svg.put(
                " stroke-width=\"@\" stroke=\"$\" fill=\"$\"/>",
                &[width],
                &[colour, fill],
            );
        }
        svg.put("</g>", &[], &[]);
    }

    /// From a pin to where the free memory behind it begins.
    fn line(&self, svg: &mut Svg, pin: &Pin) {
        let from = Address(pin.address.0.saturating_sub(pin.behind.0));
        let places = (self.marks.place(pin.address), self.marks.place(from));
        if let (Some((x, y)), Some((to_x, to_y))) = places {
            svg.put(
                "<path d=\"M@ @L@ @\" stroke=\"$\" stroke-width=\"1.5\" stroke-opacity=\".45\"/>",
                &[x, y, to_x, to_y].map(|place| place as i64),
                &[self.theme.ink],
            );
        }
    }

    fn label(&self, svg: &mut Svg, Spot { x, y, text, .. }: &Spot) {
        let at = (*x as i64, *y as i64 + 4);
        svg.put(
            "<g stroke-width=\"4\" stroke-linejoin=\"round\" stroke=\"$\">",
            &[],
            &[self.theme.panel],
        );
        svg.words(at, LABEL, self.theme.panel, text);
        svg.put("</g>", &[], &[]);
        svg.words(at, LABEL, self.theme.ink, text);
    }
}

const LABEL: &str = "font-size=\"12\" font-weight=\"600\"";

/// Shapes, by the side of a square, twice, and its corner.
const SQUARE: &str = "<rect width=\"@\" height=\"@\" x=\"@\" y=\"@\"";
const CIRCLE: &str = "<rect rx=\"60\" width=\"@\" height=\"@\" x=\"@\" y=\"@\"";
const DIAMOND: &str = "<rect transform=\"rotate(45)\" width=\"@\" height=\"@\" x=\"@\" y=\"@\"";

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
