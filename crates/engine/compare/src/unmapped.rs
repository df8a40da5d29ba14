//! Regions that a model gives back to the kernel, which ends their pairs.

use highwater_allocator::{Address, Allocator, Decision, Kernel};

/// Notices what a model unmaps. Checking costs two comparisons as long as nothing is unmapped.
#[derive(Clone, Debug)]
pub struct UnmapWatch {
    /// Whether the model's regions are pages and not heaps.
    pages: bool,
    heaps_deleted: u64,
    munmap_calls: u64,
}

/// What a model has unmapped during one event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmapped {
    /// Bases of the heaps that it deleted.
    pub(crate) heaps: Vec<Address>,
    /// Of a model that manages pages, all that is mapped afterwards.
    pub(crate) mapped: Option<MappedRanges>,
}

/// The ranges of address space that a process may use, in ascending order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MappedRanges(Vec<(Address, Address)>);

impl MappedRanges {
    /// Lists the mappings of a kernel.
    fn of(kernel: &Kernel) -> Self {
        let mappings = kernel.mappings();
        mappings
            .map(|mapping| (mapping.start, mapping.end))
            .collect()
    }

    /// Returns whether an address is mapped.
    pub(crate) fn contain(&self, address: Address) -> bool {
        let above = self.0.partition_point(|(start, _)| *start <= address);
        above > 0 && address < self.0[above - 1].1
    }
}

/// From the start of each range and one past its last byte.
impl FromIterator<(Address, Address)> for MappedRanges {
    fn from_iter<T: IntoIterator<Item = (Address, Address)>>(ranges: T) -> Self {
        let ranges = ranges.into_iter().map(|(from, to)| (from.0, to.0));
        let mut ranges: Vec<(u64, u64)> = ranges.collect();
        ranges.sort_unstable();
        let ranges = ranges.into_iter();
        Self(
            ranges
                .map(|(from, to)| (Address(from), Address(to)))
                .collect(),
        )
    }
}

impl UnmapWatch {
    /// Begins to watch a model that has served no call yet.
    pub fn new(model: &impl Allocator, kernel: &Kernel) -> Self {
        Self {
            pages: model.figures().is_some(),
            heaps_deleted: model.decisions().counters().heaps_deleted,
            munmap_calls: kernel.counts().syscalls.munmap,
        }
    }

    /// Returns what the model has unmapped since the last check. To be called after every event: one event decides too
    /// little for the log to have forgotten its first decisions.
    #[inline]
    pub fn check(&mut self, model: &impl Allocator, kernel: &Kernel) -> Option<Unmapped> {
        let heaps_deleted = model.decisions().counters().heaps_deleted - self.heaps_deleted;
        let munmap_calls = kernel.counts().syscalls.munmap;
        let pages_unmapped = self.pages && munmap_calls != self.munmap_calls;
        if heaps_deleted == 0 && !pages_unmapped {
            return None;
        }
        self.heaps_deleted += heaps_deleted;
        self.munmap_calls = munmap_calls;
        Some(Unmapped {
            heaps: latest_deleted(model, heaps_deleted as usize),
            mapped: pages_unmapped.then(|| MappedRanges::of(kernel)),
        })
    }
}

/// Returns the bases of the heaps deleted last.
#[cold]
fn latest_deleted(model: &impl Allocator, count: usize) -> Vec<Address> {
    let latest = model.decisions().iter().rev();
    latest
        .filter_map(|logged| match logged.decision {
            Decision::HeapDeleted { base, .. } => Some(base),
            _ => None,
        })
        .take(count)
        .collect()
}
