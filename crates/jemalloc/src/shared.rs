//! What all arenas share: the structures of extents, the map of pages, the arenas' bases, and the settings.

use crate::base::Base;
use crate::edata::{EdataId, Edatas};
use crate::emap::Emap;
use crate::options::Options;
use crate::pac::large_pad;
use crate::rules::Rules;
use crate::size_classes::{self as sizes, Request};
use crate::version::Version;
use highwater_allocator::DecisionLog;

/// The state that belongs to no single arena.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) version: Version,
    /// What that release does.
    pub(crate) rules: &'static Rules,
    pub(crate) options: Options,
    pub(crate) edatas: Edatas,
    pub(crate) emap: Emap,
    /// The bases of the arenas, by index; the first also holds the leaves of the map.
    pub(crate) bases: Vec<Option<Base>>,
    /// Nanoseconds on the process's clock.
    pub(crate) now: u64,
    pub(crate) log: DecisionLog,
}

impl Shared {
    /// What a request is rounded up to.
    #[inline]
    pub(crate) fn request(&self, size: u64) -> Option<Request> {
        sizes::request(size, self.options.large_size_classes)
    }

    /// The usable size of an aligned request.
    pub(crate) fn usable_aligned(&self, size: u64, alignment: u64) -> Option<u64> {
        let small_up_to = match self.rules.small_aligned_to_page {
            true => sizes::PAGE,
            false => sizes::PAGE - 1,
        };
        sizes::usable_aligned(
            size,
            (alignment, small_up_to),
            self.options.large_size_classes,
        )
    }

    /// The usable size of the block that an extent holds, or of its regions.
    #[inline]
    pub(crate) fn usable_of(&self, id: EdataId) -> u64 {
        self.edatas[id].usable(large_pad(self))
    }
}
