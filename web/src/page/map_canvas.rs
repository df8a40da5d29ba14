//! Draws a heap map: dots into a picture of pixels, marks over it.

use highwater_chart::{Layout, Marks, Spot, stamp};
use highwater_simulator::{Address, Frame, PageKind, Pin, PinState};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, ImageData};

use crate::format;

/// Draws a map on a canvas in the colours that the swatches in `card` have, without the kinds that are `hidden`, as bits.
///
/// # Errors
/// If the browser has no canvas to draw on.
pub fn draw(
    canvas: &HtmlCanvasElement,
    card: &Element,
    marks: &Marks<'_>,
    hidden: u16,
) -> Result<(), JsValue> {
    let layout = marks.layout;
    let (width, height) = (layout.width(), layout.height());
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
        let css = |device: u32| format!("{}px", format::number(f64::from(device) / marks.ratio));
        canvas.style().set_property("width", &css(width))?;
        canvas.style().set_property("height", &css(height))?;
    }
    let context: CanvasRenderingContext2d = canvas
        .get_context("2d")?
        .ok_or("no canvas")?
        .dyn_into()
        .map_err(|_| "no canvas")?;
    let colours = Colours::of(card)?;
    let pixels = pixels(layout, marks.frame, &colours.kinds, hidden);
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), width, height)?;
    context.put_image_data(&image, 0.0, 0.0)?;
    Pen {
        context: &context,
        marks,
        colours: &colours,
    }
    .draw()
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

/// Draws the marks.
struct Pen<'a> {
    context: &'a CanvasRenderingContext2d,
    marks: &'a Marks<'a>,
    colours: &'a Colours,
}

impl Pen<'_> {
    fn draw(&self) -> Result<(), JsValue> {
        let marks = self.marks;
        if let Some(pin) = marks.pointed.and_then(|index| marks.pins.get(index)) {
            self.span(pin);
        }
        let large = marks.large();
        let pins = || marks.pins.iter().enumerate();
        // The large ones last, over the small ones.
        for (_, pin) in pins().filter(|(index, _)| !large[*index]) {
            self.pin(pin, 3.0)?;
        }
        for (_, pin) in pins().filter(|(index, _)| large[*index]) {
            self.line(pin);
        }
        for (index, pin) in pins().filter(|(index, _)| large[*index]).rev() {
            let is_pointed = marks.pointed == Some(index);
            self.pin(pin, if is_pointed { 7.5 } else { 5.5 })?;
        }
        let tops = marks.tops();
        for (place, _) in &tops {
            self.flag(*place)?;
        }
        for spot in marks.spots(&large, &tops) {
            self.label(&spot)?;
        }
        Ok(())
    }

    /// A circle for what is parked, a diamond for what is live, a square for the allocator's own.
    fn pin(&self, pin: &Pin, radius: f64) -> Result<(), JsValue> {
        let Some((x, y)) = self.marks.place(pin.address) else {
            return Ok(());
        };
        let (context, radius) = (self.context, radius * self.marks.ratio);
        context.begin_path();
        let fill = match pin.state {
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
        context.set_line_width(4.0 * self.marks.ratio);
        context.set_stroke_style_str(&self.colours.panel);
        context.stroke();
        context.set_fill_style_str(fill);
        context.fill();
        context.set_line_width(1.75 * self.marks.ratio);
        context.set_stroke_style_str(&self.colours.ink);
        context.stroke();
        Ok(())
    }

    fn label(&self, Spot { x, y, text, .. }: &Spot) -> Result<(), JsValue> {
        let context = self.context;
        context.set_font(&format!(
            "600 {}px system-ui, sans-serif",
            format::number(12.0 * self.marks.ratio)
        ));
        context.set_text_baseline("middle");
        context.set_line_width(3.5 * self.marks.ratio);
        context.set_line_join("round");
        context.set_stroke_style_str(&self.colours.panel);
        context.stroke_text(text, *x, *y)?;
        context.set_fill_style_str(&self.colours.ink);
        context.fill_text(text, *x, *y)
    }

    /// From a pin to where the free memory behind it begins.
    fn line(&self, pin: &Pin) {
        let from = Address(pin.address.0.saturating_sub(pin.behind.0));
        let (Some((x, y)), Some((to_x, to_y))) =
            (self.marks.place(pin.address), self.marks.place(from))
        else {
            return;
        };
        let context = self.context;
        context.begin_path();
        context.move_to(x, y);
        context.line_to(to_x, to_y);
        context.set_line_width(1.5 * self.marks.ratio);
        context.set_stroke_style_str(&self.colours.ink);
        context.set_global_alpha(0.45);
        context.stroke();
        context.set_global_alpha(1.0);
    }

    /// The free memory that a pin holds, shaded.
    fn span(&self, pin: &Pin) {
        let from = Address(pin.address.0.saturating_sub(pin.behind.0));
        let layout = self.marks.layout;
        let dot = |address| layout.dot_of(self.marks.frame, address, self.marks.page_size);
        let (Some(first), Some(last)) = (dot(from), dot(pin.address)) else {
            return;
        };
        self.context.set_fill_style_str(&self.colours.ink);
        self.context.set_global_alpha(0.28);
        let columns = u64::from(layout.columns);
        let cell = f64::from(layout.cell);
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
        let (context, size) = (self.context, 6.0 * self.marks.ratio);
        context.begin_path();
        context.move_to(x, y);
        context.line_to(x + size, y + size * 1.4);
        context.line_to(x - size, y + size * 1.4);
        context.close_path();
        context.set_line_width(3.0 * self.marks.ratio);
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
}
