//! When to measure again, and how.

use crate::header::Start;
use crate::pages::Way;
use crate::resident::Own;

/// Microseconds between two samples, at least.
pub(crate) const SAMPLE_PERIOD: u64 = 10_000;
/// Microseconds between two looks at all large blocks, at least.
pub(crate) const LOOK_PERIOD: u64 = 100_000;
/// So many times as long as a measurement took nothing is measured after it, so each takes at most 1 % of the time.
pub(crate) const SHARE: u64 = 99;

/// The state of measuring, times in microseconds of the recording.
pub(crate) struct Measuring {
    pub(crate) next_sample: u64,
    pub(crate) next_look: u64,
    pub(crate) way: Way,
    pub(crate) page_size: u64,
    /// What this library had resident when all was last measured.
    pub(crate) own: Own,
    /// Whether the allocator is glibc's, whose heaps can be told from other mappings.
    pub(crate) is_glibc: bool,
    /// Whether no block that is not followed can have a mapping of its own, as far as settings decide it.
    pub(crate) maps_large_only: bool,
}

impl Measuring {
    /// Nothing has been measured.
    pub(crate) const fn new() -> Self {
        Self {
            next_sample: SAMPLE_PERIOD,
            // The first one measures all, and with it what this library has.
            next_look: SAMPLE_PERIOD,
            own: Own {
                anonymous: 0,
                files: 0,
            },
            way: Way::Scan,
            page_size: 4096,
            is_glibc: false,
            maps_large_only: true,
        }
    }

    /// Begins for a process whose pages have this size.
    pub(crate) fn begin(&mut self, start: &Start) {
        *self = Self {
            page_size: start.page_size(),
            is_glibc: start.is_glibc(),
            maps_large_only: self.maps_large_only && !start.sets_mapping_threshold(),
            ..Self::new()
        };
    }
}
