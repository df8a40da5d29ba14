//! What the process has asked of the kernel so far.

use serde::{Deserialize, Serialize};

/// Calls made, by name. Calls that failed count too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Syscalls {
    /// Moves of the program break.
    pub brk: u64,
    /// New mappings.
    pub mmap: u64,
    /// Mappings, or parts of one, removed.
    pub munmap: u64,
    /// Mappings grown, shrunk or moved.
    pub mremap: u64,
    /// Changes of what a range may be used for.
    pub mprotect: u64,
    /// Advice given about pages.
    pub madvise: u64,
}

impl Syscalls {
    /// All of them together.
    pub fn total(&self) -> u64 {
        self.brk + self.mmap + self.munmap + self.mremap + self.mprotect + self.madvise
    }
}

/// What happened so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Pages that became resident when first written (minor faults), a page given back and written again included.
    pub faults: u64,
    /// System calls.
    pub syscalls: Syscalls,
    /// Pages taken back under pressure after they had been marked with MADV_FREE.
    pub reclaimed: u64,
    /// Huge pages of which a part was given back or cut off, so that small pages took their place.
    #[serde(default)]
    pub splits: u64,
    /// Huge pages that khugepaged or MADV_COLLAPSE made of small ones.
    #[serde(default)]
    pub collapses: u64,
}
