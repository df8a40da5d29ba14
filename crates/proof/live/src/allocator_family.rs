//! The allocator that answers, and its release.

use std::fmt;

/// An allocator, whatever its version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AllocatorFamily {
    /// glibc's malloc.
    Glibc,
    /// jemalloc, in place of it.
    Jemalloc,
}

impl fmt::Display for AllocatorFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Glibc => "glibc",
            Self::Jemalloc => "jemalloc",
        })
    }
}

/// An allocator of some version.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Release {
    /// The allocator.
    pub family: AllocatorFamily,
    /// The version that it reports: `2.36`.
    pub version: String,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.family, self.version)
    }
}
