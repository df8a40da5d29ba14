//! Findings, decisions and comparison tables in words, Markdown and CSV.
//!
//! The simulator returns data; this crate is the only place that turns it into sentences, so that the page, the command
//! and the JavaScript package say the same. It knows no front end: what it returns is text, and links to addresses and
//! moments as values beside the text, never to be found in it.

mod printable;

pub use printable::{one_line, printable};
