//! Draws a heap map: dots into a picture of pixels, marks over it.

use highwater_simulator::{Address, Bytes, Frame, PageKind, Pin, PinState, StripKind};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, ImageData};

use super::{
    map_labels::{Labels, Spot},
    map_layout::Layout,
};
use crate::format;

/// What is drawn.
pub struct Drawing<'a, P> {
    /// Where the dots go.
    pub layout: &'a Layout,
    /// Device pixels to a CSS pixel.
    pub ratio: f64,
    /// What the pages hold.
    pub frame: &'a Frame,
    /// Bytes of a page.
    pub page_size: Bytes,
    /// Kinds that are not drawn, as bits.
    pub hidden: u16,
    /// What is marked.
    pub pins: P,
}

/// A pin to be marked.
pub struct Pinned<'a> {
    /// Its number in the table.
    pub number: usize,
    /// The pin.
    pub pin: &'a Pin,
    /// Whether it is pointed at.
    pub pointed: bool,
}

/// Draws on a canvas in the colours that the swatches in `card` have.
///
/// # Errors
/// If the browser has no canvas to draw on.
pub fn draw<'a>(
    canvas: &HtmlCanvasElement,
    card: &Element,
    drawing: Drawing<'a, impl Iterator<Item = Pinned<'a>>>,
) -> Result<(), JsValue> {
    let layout = drawing.layout;
    let (width, height) = (layout.width(), layout.height());
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
        let css = |device: u32| format!("{}px", format::number(f64::from(device) / drawing.ratio));
        canvas.style().set_property("width", &css(width))?;
        canvas.style().set_property("height", &css(height))?;
    }
    let context: CanvasRenderingContext2d = canvas
        .get_context("2d")?
        .ok_or("no canvas")?
        .dyn_into()
        .map_err(|_| "no canvas")?;
    let colours = Colours::of(card)?;
    let pixels = pixels(layout, drawing.frame, &colours.kinds, drawing.hidden);
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), width, height)?;
    context.put_image_data(&image, 0.0, 0.0)?;
    Marks {
        context: &context,
        layout,
        ratio: drawing.ratio,
        frame: drawing.frame,
        page_size: drawing.page_size,
        colours: &colours,
    }
    .draw(drawing.pins)
}

type Rgb = [u8; 3];

struct Colours {
    kinds: [Rgb; PageKind::ALL.len()],
    ink: String,
    panel: String,
    live: String,
    parked: String,
}

impl Colours {
    fn of(card: &Element) -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or("no window")?;
        let computed = |element: &Element, property: &str| {
            let style = window.get_computed_style(element)?.ok_or("no style")?;
            style.get_property_value(property)
        };
        let swatch = |kind: PageKind| -> Result<String, JsValue> {
            let selector = format!(".swatch[data-kind='{}']", kind as u8);
            match card.query_selector(&selector)? {
                Some(swatch) => computed(&swatch, "background-color"),
                None => Ok(String::new()),
            }
        };
        let mut kinds = [[0; 3]; PageKind::ALL.len()];
        for kind in PageKind::ALL {
            kinds[kind as usize] = rgb(&swatch(kind)?);
        }
        Ok(Self {
            kinds,
            ink: computed(card, "color")?,
            panel: computed(card, "background-color")?,
            live: swatch(PageKind::Live)?,
            parked: swatch(PageKind::Parked)?,
        })
    }
}

/// Reads a computed colour, `rgb(r, g, b)` or `rgba(r, g, b, a)`; grey if it is written in another way.
fn rgb(text: &str) -> Rgb {
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|part| part.split('.').find(|digits| !digits.is_empty()))
        .map(|digits| digits.parse().unwrap_or(128));
    let mut next = || numbers.next().unwrap_or(128);
    [next(), next(), next()]
}

/// The picture of all dots, four bytes a pixel.
fn pixels(
    layout: &Layout,
    frame: &Frame,
    colours: &[Rgb; PageKind::ALL.len()],
    hidden: u16,
) -> Vec<u8> {
    let (width, height) = (layout.width() as usize, layout.height() as usize);
    let mut pixels = vec![0; width * height * 4];
    let cell = layout.cell as usize;
    let stamps = PageKind::ALL.map(|kind| stamp(kind, layout.cell));
    let is_shown = |kind: PageKind| hidden & 1 << kind as u16 == 0;
    for (dot, kind) in layout
        .dots(frame)
        .into_iter()
        .filter(|(_, kind)| is_shown(*kind))
    {
        let (left, top) = layout.corner(dot);
        let colour = colours[kind as usize];
        for (index, alpha) in stamps[kind as usize].iter().enumerate() {
            let x = left as usize + index % cell;
            let y = top as usize + index / cell;
            let at = (y * width + x) * 4;
            if *alpha > 0
                && let Some(pixel) = pixels.get_mut(at..at + 4)
            {
                pixel[..3].copy_from_slice(&colour);
                pixel[3] = *alpha;
            }
        }
    }
    pixels
}

/// How opaque each pixel of a dot is. The kinds differ in this too, as far as a dot has room: what is in use is whole, a
/// slab is hatched the more the less of it is in use, what is free is a lighter grid, what goes next the half of a dot, what
/// is offered to the kernel hollow, what was given back a speck, what was never touched an empty place.
fn stamp(kind: PageKind, cell: u32) -> Vec<u8> {
    let gap = if cell > 3 { cell.div_ceil(5) } else { 0 };
    let inner = cell - gap;
    let is_large = cell > 3;
    let speck = (inner / 2).max(1);
    let first = (inner - speck) / 2;
    let is_speck = |at: u32| (first..first + speck).contains(&at);
    let is_inside = |at: u32| (1..inner - 1).contains(&at);
    let faint = |is_faint: bool| if is_faint { 130 } else { 255 };
    let pixel = |x: u32, y: u32| match kind {
        PageKind::Live | PageKind::Parked | PageKind::Metadata => 255,
        PageKind::Slab => faint(is_large && (x + y) % 4 == 3),
        PageKind::SparseSlab => faint(is_large && (x + y) % 4 > 1),
        PageKind::Free | PageKind::Dirty if !is_large => faint(x + 1 == cell || y + 1 == cell),
        PageKind::Due | PageKind::Muzzy if !is_large => 255,
        PageKind::Free | PageKind::Dirty if x < inner && y < inner => 255,
        PageKind::Due if x + y < inner => 255,
        PageKind::Muzzy if x < inner && y < inner && !(is_inside(x) && is_inside(y)) => 255,
        PageKind::GivenBack if is_speck(x) && is_speck(y) => 255,
        _ => 0,
    };
    (0..cell * cell)
        .map(|index| pixel(index % cell, index / cell))
        .collect()
}

struct Marks<'a> {
    context: &'a CanvasRenderingContext2d,
    layout: &'a Layout,
    ratio: f64,
    frame: &'a Frame,
    page_size: Bytes,
    colours: &'a Colours,
}

/// A pin that holds at least one part in so many of what all hold is marked large, with its number.
const LARGE: u64 = 30;

/// What holds less than this gets no number: there are many such, and they would cover each other.
const WORTH_A_NUMBER: Bytes = Bytes::kib(256);

impl Marks<'_> {
    fn draw<'p>(&self, pins: impl Iterator<Item = Pinned<'p>>) -> Result<(), JsValue> {
        let pins: Vec<Pinned> = pins.collect();
        let behind: u64 = pins.iter().map(|pinned| pinned.pin.behind.0).sum();
        for pinned in pins.iter().filter(|pinned| pinned.pointed) {
            self.span(pinned.pin);
        }
        // The large ones last, over the small ones.
        let is_large = |pinned: &Pinned| {
            let holds = pinned.pin.behind;
            let much = holds.0 * LARGE >= behind && holds >= WORTH_A_NUMBER;
            pinned.number == 1 || pinned.pointed || much
        };
        for pinned in pins.iter().filter(|pinned| !is_large(pinned)) {
            self.pin(pinned, 3.0)?;
        }
        for pinned in pins.iter().filter(|pinned| is_large(pinned)) {
            self.line(pinned.pin);
        }
        for pinned in pins.iter().filter(|pinned| is_large(pinned)).rev() {
            self.pin(pinned, if pinned.pointed { 7.5 } else { 5.5 })?;
        }
        let mut labels = Labels::default();
        for pinned in pins.iter().filter(|pinned| is_large(pinned)) {
            if let Some(place) = self.place(pinned.pin.address) {
                labels.add(place, &pinned.number.to_string(), 12.0 * self.ratio);
            }
        }
        for strip in &self.frame.strips {
            if let Some(place) = strip.top.and_then(|top| self.place(top)) {
                self.flag(place)?;
                let name = match strip.kind {
                    StripKind::Arena { arena, .. } => format!("top of arena {arena}"),
                    _ => "top".to_owned(),
                };
                labels.add(place, &name, 12.0 * self.ratio);
            }
        }
        let size = (self.layout.width().into(), self.layout.height().into());
        for spot in labels.spots(size, self.ratio) {
            self.label(&spot)?;
        }
        Ok(())
    }

    fn place(&self, address: Address) -> Option<(f64, f64)> {
        let dot = self.layout.dot_of(self.frame, address, self.page_size)?;
        let (left, top) = self.layout.corner(dot);
        let half = f64::from(self.layout.cell) / 2.0;
        Some((f64::from(left) + half, f64::from(top) + half))
    }

    /// A circle for what is parked, a diamond for what is live, a square for the allocator's own.
    fn pin(&self, pinned: &Pinned, radius: f64) -> Result<(), JsValue> {
        let Some((x, y)) = self.place(pinned.pin.address) else {
            return Ok(());
        };
        let (context, radius) = (self.context, radius * self.ratio);
        context.begin_path();
        let fill = match pinned.pin.state {
            PinState::Parked => {
                context.arc(x, y, radius, 0.0, std::f64::consts::TAU)?;
                &self.colours.parked
            }
            PinState::Live => {
                let reach = radius * 1.25;
                context.move_to(x, y - reach);
                context.line_to(x + reach, y);
                context.line_to(x, y + reach);
                context.line_to(x - reach, y);
                context.close_path();
                &self.colours.live
            }
            PinState::Metadata => {
                context.rect(x - radius, y - radius, radius * 2.0, radius * 2.0);
                &self.colours.panel
            }
        };
        // A light rim around a dark one is seen on every ground.
        context.set_line_width(4.0 * self.ratio);
        context.set_stroke_style_str(&self.colours.panel);
        context.stroke();
        context.set_fill_style_str(fill);
        context.fill();
        context.set_line_width(1.75 * self.ratio);
        context.set_stroke_style_str(&self.colours.ink);
        context.stroke();
        Ok(())
    }

    fn label(&self, Spot { x, y, text, .. }: &Spot) -> Result<(), JsValue> {
        let context = self.context;
        context.set_font(&format!(
            "600 {}px system-ui, sans-serif",
            format::number(12.0 * self.ratio)
        ));
        context.set_text_baseline("middle");
        context.set_line_width(3.5 * self.ratio);
        context.set_line_join("round");
        context.set_stroke_style_str(&self.colours.panel);
        context.stroke_text(text, *x, *y)?;
        context.set_fill_style_str(&self.colours.ink);
        context.fill_text(text, *x, *y)
    }

    /// From a pin to where the free memory behind it begins.
    fn line(&self, pin: &Pin) {
        let from = Address(pin.address.0.saturating_sub(pin.behind.0));
        let (Some((x, y)), Some((to_x, to_y))) = (self.place(pin.address), self.place(from)) else {
            return;
        };
        let context = self.context;
        context.begin_path();
        context.move_to(x, y);
        context.line_to(to_x, to_y);
        context.set_line_width(1.5 * self.ratio);
        context.set_stroke_style_str(&self.colours.ink);
        context.set_global_alpha(0.45);
        context.stroke();
        context.set_global_alpha(1.0);
    }

    /// The free memory that a pin holds, shaded.
    fn span(&self, pin: &Pin) {
        let from = Address(pin.address.0.saturating_sub(pin.behind.0));
        let dot = |address| self.layout.dot_of(self.frame, address, self.page_size);
        let (Some(first), Some(last)) = (dot(from), dot(pin.address)) else {
            return;
        };
        self.context.set_fill_style_str(&self.colours.ink);
        self.context.set_global_alpha(0.28);
        let columns = u64::from(self.layout.columns);
        let cell = f64::from(self.layout.cell);
        for row in first / columns..=last / columns {
            let left = first.max(row * columns) - row * columns;
            let right = last.min(row * columns + columns - 1) - row * columns;
            self.context.fill_rect(
                left as f64 * cell,
                row as f64 * cell,
                (right + 1 - left) as f64 * cell,
                cell,
            );
        }
        self.context.set_global_alpha(1.0);
    }

    /// A flag where a top begins.
    fn flag(&self, (x, y): (f64, f64)) -> Result<(), JsValue> {
        let (context, size) = (self.context, 6.0 * self.ratio);
        context.begin_path();
        context.move_to(x, y);
        context.line_to(x + size, y + size * 1.4);
        context.line_to(x - size, y + size * 1.4);
        context.close_path();
        context.set_line_width(3.0 * self.ratio);
        context.set_stroke_style_str(&self.colours.panel);
        context.stroke();
        context.set_fill_style_str(&self.colours.ink);
        context.fill();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_both_spellings() {
        assert_eq!(rgb("rgb(31, 120, 180)"), [31, 120, 180]);
        assert_eq!(rgb("rgba(0, 0, 0, 0)"), [0, 0, 0]);
        assert_eq!(rgb(""), [128, 128, 128]);
    }

    #[test]
    fn each_kind_covers_less_than_the_one_before() {
        for cell in 2..=16 {
            let cover = [
                PageKind::Live,
                PageKind::Free,
                PageKind::GivenBack,
                PageKind::Untouched,
            ]
            .map(|kind| stamp(kind, cell).iter().map(|a| u32::from(*a)).sum::<u32>());
            assert!(cover.is_sorted_by(|a, b| a > b), "{cell}: {cover:?}");
        }
    }
}
