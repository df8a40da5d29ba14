//! A variant's line in the chart, and the size of what it is drawn in.

use std::rc::Rc;

use crate::view::{Now, RunView};

/// Width and height of the drawing in its own units.
pub const SIZE: u32 = 1000;

/// Both.
pub const SQUARE: (u32, u32) = (SIZE, SIZE);

/// A variant's curve.
pub struct Line {
    /// Its run.
    pub run: Rc<RunView>,
    /// Its letter, by number.
    pub number: usize,
    /// Its colour.
    pub colour: usize,
    /// Its name.
    pub name: String,
    /// Its figures at the playhead.
    pub now: Now,
    /// Whether it is looked into.
    pub is_selected: bool,
    /// Whether it is of something else than is asked for now.
    pub is_stale: bool,
}
