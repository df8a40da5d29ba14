//! Programs, variants and an oracle for the fuzz targets: what a run of any model on any program must satisfy.

mod bytes;
mod oracle;
mod program;
mod variant;

pub use bytes::Input;
pub use oracle::{Fault, hold};
pub use program::program;
pub use variant::variant;
