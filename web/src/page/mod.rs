//! What is on the page, one panel to a file. Panels show what they are given and say what the user did; the state itself is kept
//! in [`state`](crate::state). A [`heap_map`] has a state of its own and is a component.

pub mod address;
pub mod advice;
pub mod answer;
pub mod attr;
pub mod blocks;
pub mod browser;
pub mod chart;
pub mod chart_lines;
pub mod crosshair;
pub mod decisions;
pub mod embedding;
pub mod environment;
mod free_pages;
pub mod header;
pub mod heap_map;
pub mod help;
pub mod keys;
pub mod landing;
pub mod layout;
pub mod map_canvas;
mod measured;
pub mod parameters;
pub mod pictures;
pub mod pins;
pub mod second_chart;
pub mod source;
pub mod tour;
pub mod transport;
pub mod trim;
pub mod variants;
pub mod what_if;
pub mod why;
