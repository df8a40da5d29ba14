//! A process on its way: the program's calls, one after another, through the model of its allocator.
//!
//! [`Program::run`] is the loop that a run spends its time in, which is why it has a crate of its own: the page compiles it for speed,
//! and what looks at the process for size. It keeps what the program holds ([`Held`]) and what it has freed ([`History`]).

mod held;
mod history;
mod model;
mod program;

pub use held::{Held, Stamp};
pub use history::{Bits, History, LARGE, PackedHistory, Past};
pub use model::{Model, StoredModel};
pub use program::Program;
