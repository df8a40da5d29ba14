//! What a block of the allocator's memory is, in words.

use highwater_simulator::{BlockState, Cache, PageKind};

/// Returns what a block is: the kind whose colour it has on a map, and where it is listed or kept.
pub fn block(state: BlockState) -> (PageKind, String) {
    match state {
        BlockState::Live => (PageKind::Live, "held by the program".to_owned()),
        BlockState::Parked(cache) => (PageKind::Parked, cached(cache)),
        BlockState::Free { bin: 1 } => (PageKind::Free, "free, in the unsorted bin".to_owned()),
        BlockState::Free { bin } => (PageKind::Free, format!("free, in bin {bin}")),
        BlockState::Top => (PageKind::Free, "the top".to_owned()),
        BlockState::Dirty => (PageKind::Dirty, "free pages, dirty".to_owned()),
        BlockState::Muzzy => (PageKind::Muzzy, "free pages, muzzy".to_owned()),
        BlockState::Retained => (PageKind::GivenBack, "retained address space".to_owned()),
        BlockState::Metadata => (PageKind::Metadata, "the allocator's own".to_owned()),
    }
}

/// Returns where a parked block is kept.
pub(crate) fn cached(cache: Cache) -> String {
    match cache {
        Cache::Tcache { thread, bin } => format!("parked, tcache bin {bin} of thread {thread}"),
        Cache::Fastbin { bin } => format!("parked, fastbin {bin}"),
    }
}
