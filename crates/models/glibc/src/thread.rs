//! The state of a thread: its cache, and the arena it is attached to.

use crate::arena::ArenaId;
use crate::tcache::Tcache;

/// `tcache` and `thread_arena`, the thread-local variables of malloc/malloc.c and malloc/arena.c.
#[derive(Clone, Default)]
pub(crate) struct Thread {
    /// Its cache, once it has one.
    pub(crate) tcache: Option<Tcache>,
    /// Whether it will never get one: it is ending, or there was no memory for it, or nothing may be put in.
    pub(crate) tcache_disabled: bool,
    /// The arena it allocates from, once it has asked for one.
    pub(crate) arena: Option<ArenaId>,
}

impl Thread {
    /// Whether it has no cache and may still get one.
    #[inline]
    pub(crate) fn lacks_tcache(&self) -> bool {
        self.tcache.is_none() && !self.tcache_disabled
    }

    /// Disables the cache until its memory has been allocated, so that this allocation makes no cache of its own. Returns
    /// whether bins have room for chunks at all: without, the thread never gets a cache.
    pub(crate) fn begins_tcache(&mut self, room: u64) -> bool {
        self.tcache_disabled = true;
        room > 0
    }
}
