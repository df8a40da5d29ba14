//! What keeps each resident page, where an allocator decides over whole pages, and how long it keeps the free ones.

use highwater_report::{decay, kind_in_words, page_shares};
use highwater_simulator::{Bytes, Diagnosis, Figures, Micros};
use yew::prelude::*;

use super::{attr, heap_map::swatch};
use crate::format;

/// The card, in place of pins and top.
pub(super) fn free_pages(diagnosis: &Diagnosis, figures: &Figures) -> Html {
    let pages = diagnosis.pages.unwrap_or_default();
    let data = |bytes: Bytes| bytes.0.to_string();
    html! {
        <section id="free-pages" class="card" data-dirty={data(pages.dirty)} data-due={data(pages.dirty_waits.due)}
            data-muzzy={data(pages.muzzy)} data-slabs={data(pages.slabs())} data-retained={data(figures.retained)}>
            { attr::words("h2", &[], "Resident pages by kind") }
            <dl class="figures">
                { for page_shares(&pages).map(|(kind, bytes, last)| html! {
                    <>
                        <dt>{ swatch(kind) }{ kind_in_words(kind) }{ wait(last) }</dt>
                        { attr::words("dd", &[], &bytes.to_string()) }
                    </>
                }) }
            </dl>
            <p class="words">
                { decay(figures).to_string() }
            </p>
        </section>
    }
}

fn wait(last: Option<Micros>) -> Option<String> {
    last.map(|last| format!(", up to {} more", format::time(last)))
}
