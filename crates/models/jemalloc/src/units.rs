//! Units of jemalloc's own, beside the workspace's bytes, pages and addresses.

/// A moment of the process's clock, or a span of it (`nstime_t`).
pub(crate) use highwater_allocator::Nanos;

/// The serial number of an extent or of a block of a base: the lower, the older (`edata_sn_get`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Serial(pub(crate) u64);

/// The index of an arena (`arena_ind_get`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct ArenaIndex(pub(crate) u16);

impl Serial {
    /// Returns this number and counts up (`extent_sn_next`).
    pub(crate) fn take_next(&mut self) -> Self {
        let taken = *self;
        self.0 += 1;
        taken
    }
}

impl ArenaIndex {
    /// Arena 0, which the library makes when it is loaded.
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}
