//! A picture as PNG.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};
use std::sync::Arc;

/// Pixels to one of the picture's, so that it is sharp on the screens of today and in print.
const SCALE: f32 = 2.0;

/// Draws a picture of our own. Its letters are DejaVu's, which are part of the command, so that it looks the same on a
/// machine without fonts; for signs that DejaVu lacks the machine's fonts are asked.
pub(crate) fn of(svg: &str) -> Result<Vec<u8>, String> {
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
    let said = |error: &dyn std::fmt::Display| format!("cannot draw the picture: {error}");
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| said(&error))?;
    let size = tree.size().to_int_size();
    let size = size.scale_by(SCALE).ok_or("the picture is too large")?;
    let pixmap = Pixmap::new(size.width(), size.height());
    let mut pixmap = pixmap.ok_or("the picture does not fit into this machine's memory")?;
    let scaled = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scaled, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| said(&error))
}
