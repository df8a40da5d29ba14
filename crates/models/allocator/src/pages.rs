//! What an allocator that decides over whole pages uses them for, run by run.

use highwater_kernel::{Address, Bytes, Micros};

/// Pages side by side that are used for one thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageRun {
    /// Where its first page begins.
    pub start: Address,
    /// Whole pages.
    pub size: Bytes,
    /// The arena it belongs to.
    pub arena: u16,
    /// What it is used for.
    pub used: PageUse,
}

/// What a run of pages is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageUse {
    /// A block of the program's.
    Live,
    /// A slab, cut into regions of one size. Its pages become free once no region is in use.
    Slab {
        /// Regions in use, those kept by thread caches included.
        used: u32,
        /// All its regions.
        regions: u32,
    },
    /// Nothing the program holds: blocks it has freed that thread caches keep.
    Parked,
    /// Free pages as they were left: jemalloc's dirty extents.
    Dirty {
        /// How long they may still stay; see [`PageUse::Muzzy`].
        wait: Option<Micros>,
    },
    /// Free pages offered to the kernel: jemalloc's muzzy extents.
    Muzzy {
        /// How long until they have to go, if until then nobody takes any, none become free and somebody looks at the
        /// clock: 0 at the next look; `None` never.
        wait: Option<Micros>,
    },
    /// Address space kept whose pages were given back: jemalloc's retained extents.
    Retained,
    /// The allocator's own structures.
    Metadata,
}
