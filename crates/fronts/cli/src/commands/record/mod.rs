//! `highwater record`, `mark`, `stop` and `convert`: a recording's way from a process to a trace.

mod convert;
mod launch;
mod living;
mod requests;
mod sampler;
mod sight;
mod summary;

pub(crate) use convert::{convert, events, write};
pub(crate) use launch::record;
pub(crate) use requests::{mark, stop};
