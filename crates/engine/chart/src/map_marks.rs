//! Marks on a heap map, on the page and in pictures: pins, tops and their labels.

use crate::{
    layout::Layout,
    map_labels::{Labels, Spot},
    svg::{Look, Svg, look},
    theme::Colour,
};
use highwater_simulator::{Address, Bytes, Frame, PageKind, Pin, PinState, StripKind};

/// A pin that holds at least this fraction (1/30) of what all pins hold is marked large, with its number.
const LARGE: u64 = 30;

/// What holds less than this gets no number: there are many such, and they would cover each other.
const WORTH_A_NUMBER: Bytes = Bytes::kib(256);

/// Radii of pins, in tenths of a pixel.
const SMALL_PIN: i32 = 30;
pub(crate) const LARGE_PIN: i32 = 55;
const POINTED_PIN: i32 = 75;

static LABEL: Look = look(&[("font-size", "12"), ("font-weight", "600")], 12);

/// The marks of a map.
pub struct Marks<'a> {
    /// Where the dots are.
    pub layout: &'a Layout,
    /// Pixels of the layout to one of the picture, or of CSS.
    pub ratio: f64,
    /// What the pages hold.
    pub frame: &'a Frame,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// The pins; they are numbered from 1.
    pub pins: &'a [Pin],
    /// The one that is pointed at, from 0.
    pub pointed: Option<usize>,
}

impl Marks<'_> {
    /// What lies over a map, as what stands in an SVG element of its size in pixels of CSS.
    pub fn overlay(&self, dark: bool) -> String {
        let mut svg = Svg::new(dark);
        self.draw(&mut svg);
        svg.into_text()
    }

    /// For every pin whether it is marked large, with its number.
    pub(crate) fn large(&self) -> Vec<bool> {
        let behind: u64 = self.pins.iter().map(|pin| pin.behind.0).sum();
        let pins = self.pins.iter().enumerate();
        pins.map(|(index, pin)| {
            let much = pin.behind.0 * LARGE >= behind && pin.behind >= WORTH_A_NUMBER;
            index == 0 || self.pointed == Some(index) || much
        })
        .collect()
    }

    pub(crate) fn draw(&self, svg: &mut Svg) {
        let large = self.large();
        self.huge(svg);
        if let Some(pin) = self.pointed.and_then(|index| self.pins.get(index)) {
            self.span(svg, pin);
        }
        self.pins(svg, &large);
        let mut labels = Labels::default();
        for (index, pin) in self.pins.iter().enumerate() {
            if let Some(place) = self.place(pin.address).filter(|_| large[index]) {
                labels.add(place, &(index + 1).to_string());
            }
        }
        self.tops(svg, &mut labels);
        let size = |length: u32| f64::from(length) / self.ratio;
        for Spot { x, y, text, .. } in
            labels.spots((size(self.layout.width()), size(self.layout.height())))
        {
            let at = (x as i32, y as i32 + 4);
            svg.element("g")
                .with("stroke-width", "4")
                .with("stroke-linejoin", "round")
                .stroke(Colour::Panel)
                .open();
            svg.words(at, &LABEL, Colour::Panel, &text);
            svg.close();
            svg.words(at, &LABEL, Colour::Ink, &text);
        }
    }

    /// The pins: the large ones last, over the small ones and their own lines; the first uppermost.
    fn pins(&self, svg: &mut Svg, large: &[bool]) {
        for step in 0..3 {
            for (index, pin) in self.pins.iter().enumerate().rev() {
                let place = self.place(pin.address);
                let Some((x, y)) = place.filter(|_| large[index] == (step > 0)) else {
                    continue;
                };
                let radius = match self.pointed {
                    _ if step == 0 => SMALL_PIN,
                    Some(pointed) if pointed == index => POINTED_PIN,
                    _ => LARGE_PIN,
                };
                match step {
                    1 => self.line(svg, pin, (x, y)),
                    _ => pin_at(svg, (x as i32, y as i32), pin.state, radius),
                }
            }
        }
    }

    /// The tops of heaps, each with a label.
    fn tops(&self, svg: &mut Svg, labels: &mut Labels) {
        for strip in &self.frame.strips {
            let Some((x, y)) = strip.top.and_then(|top| self.place(top)) else {
                continue;
            };
            for (colour, width) in [(Colour::Panel, 3), (Colour::Ink, 0)] {
                svg.element("path")
                    .with("class", "top")
                    .set("d", format_args!("M{} {}l6 8h-12z", x as i32, y as i32))
                    .stroke(colour)
                    .number("stroke-width", width)
                    .fill(colour)
                    .end();
            }
            match strip.kind {
                StripKind::Arena { arena, .. } => {
                    labels.add((x, y), &format!("top of arena {arena}"))
                }
                _ => labels.add((x, y), "top"),
            }
        }
    }

    /// The middle of the dot of an address, if the map has it.
    fn place(&self, address: Address) -> Option<(f64, f64)> {
        let dot = self.layout.dot_of(self.frame, address, self.page_size)?;
        let (left, top) = self.layout.corner(dot);
        let half = f64::from(self.layout.cell) / 2.0;
        let middle = |corner: u32| (f64::from(corner) + half) / self.ratio;
        Some((middle(left), middle(top)))
    }

    /// From a pin to where the free memory behind it begins.
    fn line(&self, svg: &mut Svg, pin: &Pin, (x, y): (f64, f64)) {
        if let Some((to_x, to_y)) = self.place(begins(pin)) {
            let (x, y, to_x, to_y) = (x as i32, y as i32, to_x as i32, to_y as i32);
            svg.element("path")
                .set("d", format_args!("M{x} {y}L{to_x} {to_y}"))
                .stroke(Colour::Ink)
                .with("stroke-width", "1.5")
                .with("stroke-opacity", ".45")
                .end();
        }
    }

    /// The free memory that a pin holds, shaded, row by row.
    fn span(&self, svg: &mut Svg, pin: &Pin) {
        let layout = self.layout;
        let dot = |address| layout.dot_of(self.frame, address, self.page_size);
        let (Some(first), Some(last)) = (dot(begins(pin)), dot(pin.address)) else {
            return;
        };
        let columns = u64::from(layout.columns);
        let css = |dots: u64| (dots as f64 * f64::from(layout.cell) / self.ratio) as i32;
        for row in first / columns..=last / columns {
            let left = first.max(row * columns) - row * columns;
            let right = last.min(row * columns + columns - 1) - row * columns + 1;
            svg.element("rect")
                .at(css(left), css(row))
                .sized(css(right) - css(left), css(row + 1) - css(row))
                .fill(Colour::Ink)
                .with("opacity", ".28")
                .end();
        }
    }
}

/// Where the free memory behind a pin begins.
fn begins(pin: &Pin) -> Address {
    Address(pin.address.0.saturating_sub(pin.behind.0))
}

/// Draws a pin: a circle for what is parked, a diamond for what is live, a square for the allocator's own. A light rim around
/// a dark one is seen on every ground.
pub(crate) fn pin_at(svg: &mut Svg, (x, y): (i32, i32), state: PinState, radius: i32) {
    let (shape, reach, fill) = match state {
        // A square with round corners.
        PinState::Parked => (Some(("rx", "80")), radius, Colour::Kind(PageKind::Parked)),
        // Its corners reach out a quarter more than a circle's edge.
        PinState::Live => (
            Some(("transform", "rotate(45)")),
            radius * 88 / 100,
            Colour::Kind(PageKind::Live),
        ),
        PinState::Metadata => (None, radius, Colour::Panel),
    };
    svg.element("g")
        .with("class", "pin")
        .set("transform", format_args!("translate({x} {y}) scale(.1)"))
        .open();
    for (width, edge, fill) in [(40, Colour::Panel, Colour::Panel), (17, Colour::Ink, fill)] {
        let mut rect = svg.element("rect");
        if let Some((name, value)) = shape {
            rect = rect.with(name, value);
        }
        rect.sized(reach * 2, reach * 2)
            .at(-reach, -reach)
            .number("stroke-width", width)
            .stroke(edge)
            .fill(fill)
            .end();
    }
    svg.close();
}
