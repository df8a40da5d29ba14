//! Where the modelled releases of one allocator differ.

use serde::Serialize;

/// One thing in which releases of an allocator differ, and what a release does about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// What it is about, the same for all releases.
    pub title: &'static str,
    /// What this release does.
    pub text: &'static str,
    /// Where that is to be read: files and functions of the allocator.
    pub source: &'static str,
}
