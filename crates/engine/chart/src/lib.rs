//! Pictures for documents and slides, as texts of SVG, and what they have in common with the page's drawings.
//!
//! [`Chart`] draws the curves of runs, [`Map`] a heap map; each with its title, the date, and every setting it depends on,
//! so that it can be understood far from where it was made. The page and the command hand over the same plain data and get
//! the same text. How dots are packed and look, where labels go, what an axis says and how a curve becomes a path is
//! here too, once for pictures and for the page, which draws for itself only what moves or answers the pointer.
//!
//! SVG is written by the crate itself ([`svg`]): a few shapes and texts. A library that draws would be several times as
//! much to send to a browser, and would cut off what does not fit. There is no clock here; the date is handed over.

mod bands;
mod chart;
mod curve;
mod dot_pixels;
pub mod figures;
mod layout;
mod line_end_labels;
mod map;
mod map_huge;
mod map_labels;
mod map_marks;
mod page_kinds;
mod picture;
mod svg;
#[cfg(test)]
mod testing;
mod theme;

pub use bands::{Band, bands};
pub use chart::{Chart, Run};
pub use curve::{
    Curve, Dot, LIMITS, Limits, Scale, Size, area, dots, held, held_at_most, highest, limits,
    outline, quoted, quoted_at, shown,
};
pub use dot_pixels::dot_pixels;
pub use layout::{Extents, Layout};
pub use line_end_labels::{LineEnd, line_end_labels, lines_of};
pub use map::Map;
pub use map_marks::Marks;
pub use page_kinds::{
    describe, describe_huge, huge_at, kind_in_words, kind_of, kinds, strip_in_words, totals,
};
pub use picture::{Entry, Head, letter, settings};
pub use svg::markup;
pub use theme::kind_colour;
