//! What the command shows of a run: text and pictures for people, JSON for programs.

pub(crate) mod chart;
pub(crate) mod decisions;
pub(crate) mod json;
pub(crate) mod pictures;
pub(crate) mod png;
pub(crate) mod several;
pub(crate) mod spread;
pub(crate) mod text;
