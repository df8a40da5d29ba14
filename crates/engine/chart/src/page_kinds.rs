//! The kinds of pages that a run can show, and the number of pages of each.

pub use highwater_report::{kind_in_words, strip_in_words};
use highwater_simulator::{Bytes, Frame, PageKind, StripKind};

/// The kind with a number.
pub fn kind_of(number: u8) -> PageKind {
    PageKind::ALL
        .get(usize::from(number))
        .copied()
        .unwrap_or(PageKind::Untouched)
}

/// The kinds of page that a run can show, by whether its allocator decides over whole pages.
pub fn kinds(pages: bool) -> &'static [PageKind] {
    use PageKind::{
        Dirty, Due, Free, GivenBack, Live, Metadata, Muzzy, Parked, Slab, SparseSlab, Untouched,
    };
    if pages {
        &[
            Live, Slab, SparseSlab, Parked, Metadata, Dirty, Due, Muzzy, GivenBack, Untouched,
        ]
    } else {
        &[Live, Parked, Metadata, Free, GivenBack, Untouched]
    }
}

/// What is mapped, in words.
pub fn describe(frame: &Frame, page: Bytes) -> String {
    let (mut heap, mut arenas, mut mappings) = (0, 0, 0);
    for strip in &frame.strips {
        match strip.kind {
            StripKind::Heap => heap += strip.pages,
            StripKind::Arena { .. } => arenas += strip.pages,
            StripKind::Mappings => mappings += strip.pages,
        }
    }
    let parts: Vec<String> = [
        ("brk heap", heap),
        ("heaps of other arenas", arenas),
        ("mappings", mappings),
    ]
    .into_iter()
    .filter(|(_, pages)| *pages > 0)
    .map(|(name, pages)| format!("{name}, {}", Bytes(pages * page.0)))
    .collect();
    match &parts[..] {
        [] => "nothing is mapped yet".to_owned(),
        parts => parts.join(", and below it "),
    }
}

/// Pages of each kind, in the order of [`PageKind::ALL`].
pub fn totals(frame: &Frame) -> [u64; PageKind::ALL.len()] {
    let mut totals = [0; PageKind::ALL.len()];
    for (kind, length) in frame.strips.iter().flat_map(|strip| &strip.runs) {
        totals[kind_of(*kind) as usize] += u64::from(*length);
    }
    totals
}
