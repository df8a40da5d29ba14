//! Findings, decisions and comparison tables in words, Markdown and CSV.
//!
//! The simulator returns data; this crate is the only place that turns it into sentences, so that the page, the command
//! and the JavaScript package say the same. It knows no front end: what it returns is text, and links to addresses,
//! moments and settings as [`Part`]s beside the text, never to be found in it.

mod answer;
mod arenas;
mod blocks;
mod cards;
mod causes;
mod charged;
mod decisions;
mod heap;
mod kinds;
mod measured;
pub mod moment;
mod numbers;
mod objects;
mod pages;
mod pins;
mod printable;
mod remedies;
mod sentence;
mod sites;
pub mod table;

pub use answer::{Answer, AnswerKind, answer, less_in};
pub use blocks::block;
pub use cards::{decay, page_shares, threshold_in_words, top_and_threshold, without};
pub use causes::{Explained, explain, headline};
pub use charged::{charged, difference};
pub use decisions::{DecisionKind, decision};
pub use kinds::{huge_in_words, kind_in_words, strip_in_words};
pub use measured::measured;
pub use numbers::{count, of};
pub use pins::{origin, place, state, state_and_place};
pub use printable::{one_line, printable};
pub use sentence::{Part, Sentence};
pub use sites::called_in;
