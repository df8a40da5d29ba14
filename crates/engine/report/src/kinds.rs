//! The kinds of pages and strips in words.

use highwater_simulator::{Bytes, HugePage, PageKind, StripKind};

/// Returns a strip of the heap map in a word or two.
pub fn strip_in_words(kind: StripKind) -> String {
    match kind {
        StripKind::Heap => "heap".to_owned(),
        StripKind::Arena { arena, heap } => format!("arena {arena}, heap {heap}"),
        StripKind::Mappings => "mapping".to_owned(),
    }
}

/// Returns what a huge page holds, and what is resident only because of it, with the bytes of a small page.
pub fn huge_in_words(huge: &HugePage, page: Bytes) -> String {
    let only = match huge.unwritten {
        0 => "each was written".to_owned(),
        pages => format!("{} is resident only because of it", page * pages.into()),
    };
    format!(
        "in a huge page: {} of its {} pages are in use, {only}",
        huge.used, huge.pages
    )
}

/// Returns a kind of page in words.
pub fn kind_in_words(kind: PageKind) -> &'static str {
    match kind {
        PageKind::Live => "live",
        PageKind::Metadata => "the allocator's own",
        PageKind::Slab => "slab less than ½ in use",
        PageKind::SparseSlab => "slab less than ⅛ in use",
        PageKind::Parked => "parked in a cache",
        PageKind::Free => "free but resident",
        PageKind::Dirty => "dirty: free, waiting",
        PageKind::Due => "dirty, due at the next check",
        PageKind::Muzzy => "muzzy: free, offered back",
        PageKind::GivenBack => "given back",
        PageKind::Untouched => "never touched",
    }
}
