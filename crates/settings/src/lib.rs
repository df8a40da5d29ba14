//! Settings out of any text that people keep them in.

mod names;

pub use names::is_read;
