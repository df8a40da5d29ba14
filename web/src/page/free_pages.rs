//! What keeps each resident page, where an allocator decides over whole pages, and how long it keeps the free ones.

use highwater_chart::kind_in_words;
use highwater_simulator::{Bytes, Diagnosis, Figures, Micros, PageKind, PageShares};
use yew::prelude::*;

use super::heap_map::swatch;
use crate::format;

/// The card, in place of pins and top.
pub(super) fn free_pages(diagnosis: &Diagnosis, figures: &Figures) -> Html {
    let pages = diagnosis.pages.unwrap_or_default();
    let decay = figures.decay;
    let who = if decay.background_thread {
        "A background thread looks at the clock."
    } else {
        "No background thread: only calls of the program look at the clock."
    };
    let data = |bytes: Bytes| bytes.0.to_string();
    html! {
        <section id="free-pages" class="card" data-dirty={data(pages.dirty)} data-due={data(pages.dirty_waits.due)}
            data-muzzy={data(pages.muzzy)} data-slabs={data(pages.slabs())} data-retained={data(figures.retained)}>
            <h2>{ "What keeps the resident pages" }</h2>
            <dl class="figures">
                { for rows(&pages).into_iter().map(|(kind, bytes, last)| html! {
                    <>
                        <dt>{ swatch(kind) }{ kind_in_words(kind) }{ wait(last) }</dt>
                        <dd>{ bytes.to_string() }</dd>
                    </>
                }) }
            </dl>
            <p class="words">
                { format!("{} of address space are retained. dirty_decay_ms {}, muzzy_decay_ms {}. {who}",
                    figures.retained, decay.dirty_ms, decay.muzzy_ms) }
            </p>
        </section>
    }
}

/// The resident bytes of each kind of page, and how long the last of them may still stay where a clock decides it. All
/// together are what is resident.
fn rows(pages: &PageShares) -> [(PageKind, Bytes, Option<Micros>); 8] {
    let (dirty, muzzy) = (pages.dirty_waits, pages.muzzy_waits);
    [
        (PageKind::Live, pages.live, None),
        (PageKind::Slab, pages.slabs_below_half, None),
        (PageKind::SparseSlab, pages.slabs_below_eighth, None),
        (PageKind::Parked, pages.parked, None),
        (PageKind::Metadata, pages.metadata, None),
        (
            PageKind::Dirty,
            pages.dirty.saturating_sub(dirty.due),
            dirty.last,
        ),
        (PageKind::Due, dirty.due, None),
        (PageKind::Muzzy, pages.muzzy, muzzy.last),
    ]
}

fn wait(last: Option<Micros>) -> Option<String> {
    last.map(|last| format!(", up to {} more", format::seconds(last)))
}
