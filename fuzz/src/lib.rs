//! Programs, variants, texts and oracles for the fuzz targets: what must hold of every reader, and of a run of any model on any
//! program.

mod bytes;
mod oracle;
mod program;
pub mod readers;
pub mod texts;
mod variant;

pub use bytes::Input;
pub use oracle::{Fault, hold};
pub use program::program;
pub use variant::{variant, variant_of};
