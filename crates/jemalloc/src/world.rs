//! What all arenas share: the structures of extents, the map of pages, the arenas' bases, and the settings.

use crate::base::Base;
use crate::emap::Emap;
use crate::extents::Extents;
use crate::options::Options;
use highwater_allocator::DecisionLog;

/// The state that belongs to no single arena.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) extents: Extents,
    pub(crate) emap: Emap,
    /// The bases of the arenas, by index; the first also holds the leaves of the map.
    pub(crate) bases: Vec<Option<Base>>,
    /// Nanoseconds on the process's clock.
    pub(crate) now: u64,
    pub(crate) log: DecisionLog,
}
