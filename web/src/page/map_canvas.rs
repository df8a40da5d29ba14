//! Draws the dots of a heap map into a picture of pixels. Its marks lie over it, as SVG.

use super::browser::window;
use crate::format;
use highwater_chart::{Layout, dot_pixels, kind_colour};
use highwater_simulator::{Frame, PageKind};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

/// Draws a map on a canvas, without the kinds that are `hidden`, as bits.
///
/// # Errors
/// If the browser has no canvas to draw on.
pub fn draw(
    canvas: &HtmlCanvasElement,
    layout: &Layout,
    frame: &Frame,
    hidden: u16,
    dark: bool,
) -> Result<(), JsValue> {
    let (width, height) = (layout.width(), layout.height());
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
        let css = |device: u32| format!("{}px", format::number(f64::from(device) / ratio()));
        canvas.style().set_property("width", &css(width))?;
        canvas.style().set_property("height", &css(height))?;
    }
    let context: CanvasRenderingContext2d = canvas
        .get_context("2d")?
        .ok_or("no canvas")?
        .dyn_into()
        .map_err(|_| "no canvas")?;
    let colours = PageKind::ALL.map(|kind| kind_colour(kind, dark));
    let pixels = pixels(layout, frame, &colours, hidden);
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), width, height)?;
    context.put_image_data(&image, 0.0, 0.0)
}

/// The picture of all dots, four bytes a pixel.
fn pixels(
    layout: &Layout,
    frame: &Frame,
    colours: &[[u8; 3]; PageKind::ALL.len()],
    hidden: u16,
) -> Vec<u8> {
    let (width, height) = (layout.width() as usize, layout.height() as usize);
    let mut pixels = vec![0; width * height * 4];
    let cell = layout.cell as usize;
    let shapes = PageKind::ALL.map(|kind| dot_pixels(kind, layout.cell));
    let is_shown = |kind: PageKind| hidden & 1 << kind as u16 == 0;
    for (dot, kind) in layout
        .dots(frame)
        .into_iter()
        .filter(|(_, kind)| is_shown(*kind))
    {
        let (left, top) = layout.corner(dot);
        let colour = colours[kind as usize];
        for (index, alpha) in shapes[kind as usize].iter().enumerate() {
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

/// Pixels of the screen to one of CSS.
pub(super) fn ratio() -> f64 {
    window().map_or(1.0, |window| window.device_pixel_ratio().clamp(0.5, 4.0))
}
