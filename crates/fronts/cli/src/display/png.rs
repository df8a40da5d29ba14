//! A picture as PNG.

use anyhow::{Context, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};
use std::sync::Arc;

/// Pixels to one of the picture's, so that it is sharp on the screens of today and in print.
const SCALE: f32 = 2.0;

const UNDRAWN: &str = "cannot draw the picture";

/// Draws a picture of our own. Its letters are DejaVu's, which are part of the command, so that it looks the same on a
/// machine without fonts; for signs that DejaVu lacks the machine's fonts are asked.
pub(crate) fn of(svg: &str) -> Result<Vec<u8>> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_system_fonts();
    for font in [
        dejavu::sans::regular(),
        dejavu::sans::bold(),
        dejavu::sans_mono::regular(),
    ] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("DejaVu Sans");
    fonts.set_monospace_family("DejaVu Sans Mono");
    let tree = usvg::Tree::from_str(svg, &options).context(UNDRAWN)?;
    let size = tree.size().to_int_size();
    let size = size.scale_by(SCALE).context("the picture is too large")?;
    let pixmap = Pixmap::new(size.width(), size.height());
    let mut pixmap = pixmap.context("the picture does not fit into this machine's memory")?;
    let scaled = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scaled, &mut pixmap.as_mut());
    pixmap.encode_png().context(UNDRAWN)
}
