//! Findings: why memory is as it is, as data. Each kind is found in a file of its own, from the heap as it lies and from what
//! the run remembers; nothing is looked for while a run goes on.
//!
//! What a finding says of another setting is reckoned from the heap as it lies, and tests hold it against a run with that
//! setting.

mod arenas;
mod churn;
mod finding;
mod huge_pages;
mod kinds;
mod objects;
mod pages;
mod parked;
mod pinned;
mod plain;
mod ranked;
mod regions;
mod remedy;
mod scene;
mod slivers;
mod threshold;
mod tuned;

pub use finding::{Finding, Rule};
pub use kinds::{CacheKind, Cause, Churn, Commonest, FreeInArena};
pub use remedy::{Action, Cost, Gain, Remedy};
