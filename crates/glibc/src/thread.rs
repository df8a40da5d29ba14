//! What a thread has of its own: its cache, and the arena it is attached to.

use crate::arenas::ArenaId;
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
}
