//! The kinds of pages that a run can show, and the number of pages of each.

use highwater_report::huge_in_words;
pub use highwater_report::{kind_in_words, strip_in_words};
use highwater_simulator::{Address, Bytes, Frame, PageKind, StripKind};

/// The kind with a number.
pub fn kind_of(number: u8) -> PageKind {
    PageKind::ALL
        .get(usize::from(number))
        .copied()
        .unwrap_or(PageKind::Untouched)
}

/// The kinds of page that a map can show, by whether its allocator decides over whole pages. Of such an allocator huge pages alone
/// keep pages that it has no name for.
pub fn kinds(pages: bool, frame: Option<&Frame>) -> &'static [PageKind] {
    use PageKind::{
        Dirty, Due, Free, GivenBack, Live, Metadata, Muzzy, Parked, Slab, SparseSlab, Untouched,
    };
    const PAGES: &[PageKind] = &[
        Live, Slab, SparseSlab, Parked, Metadata, Dirty, Due, Muzzy, GivenBack, Untouched, Free,
    ];
    let has_free = || frame.is_some_and(|frame| totals(frame)[Free as usize] > 0);
    match pages {
        true if has_free() => PAGES,
        true => &PAGES[..PAGES.len() - 1],
        false => &[Live, Parked, Metadata, Free, GivenBack, Untouched],
    }
}

/// What the huge page holds that an address lies in, in words; nothing where it lies in none.
pub fn huge_at(frame: &Frame, address: Address, page: Bytes) -> String {
    let mut all = frame.huge.iter();
    let found = all.find(|huge| {
        let end = huge.start + page * huge.pages.into();
        huge.start <= address && address < end
    });
    found.map_or_else(String::new, |huge| huge_in_words(huge, page))
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

/// How much is in huge pages, and what of it is resident only because of them; nothing where there are none.
pub fn describe_huge(frame: &Frame, page: Bytes) -> String {
    let (mut pages, mut unwritten) = (0, 0);
    for huge in &frame.huge {
        pages += u64::from(huge.pages);
        unwritten += u64::from(huge.unwritten);
    }
    match pages {
        0 => String::new(),
        pages => format!(
            "{} in huge pages, {} of it resident only because of them",
            page * pages,
            page * unwritten
        ),
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
