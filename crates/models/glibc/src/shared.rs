//! What the arenas and threads of a process share.

use crate::params::Params;
use crate::rules::Rules;
use highwater_allocator::{Address, Bytes, DecisionLog, Numbers};

/// `HEAP_MAX_SIZE`
pub(crate) const HEAP_MAX: Bytes = Bytes::mib(64);

/// What all arenas and threads of a process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) rules: &'static Rules,
    pub(crate) params: Params,
    /// The arenas of heaps, by where those begin (`heap_info`, at the start of each).
    pub(crate) arena_of_heap: Numbers,
    /// Where the next heap would be aligned without cutting (`aligned_heap_area`).
    pub(crate) next_area: Option<Address>,
    /// Whether the library has called sbrk, if only to ask: then it knows where the program break is (misc/sbrk.c, `__curbrk`).
    pub(crate) knows_break: bool,
    pub(crate) log: DecisionLog,
}

impl Shared {
    /// Address space set aside for each heap (`heap_max_size`).
    pub(crate) fn heap_span(&self) -> Bytes {
        match self.params.huge_page {
            Some(page) if self.rules.heap_of_huge_pages => page * 4,
            _ => HEAP_MAX,
        }
    }
}
