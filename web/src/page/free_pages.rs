//! What an allocator that decides over whole pages has free, and how long it keeps it.

use highwater_simulator::Figures;
use yew::prelude::*;

/// The card, in place of pins and top.
pub(super) fn free_pages(figures: &Figures) -> Html {
    let rows = [
        ("active, blocks lie in them", figures.active),
        ("dirty, free as they were left", figures.dirty),
        ("muzzy, offered to the kernel", figures.muzzy),
        ("retained, given back", figures.retained),
        ("its own structures", figures.metadata),
    ];
    let decay = figures.decay;
    let who = if decay.background_thread {
        "A background thread looks at the clock."
    } else {
        "No background thread: only calls of the program look at the clock."
    };
    html! {
        <section id="free-pages" class="card" data-dirty={figures.dirty.0.to_string()}
            data-muzzy={figures.muzzy.0.to_string()} data-retained={figures.retained.0.to_string()}>
            <h2>{ "Pages" }</h2>
            <dl class="figures">
                { for rows.into_iter().map(|(name, bytes)| html! {
                    <><dt>{ name }</dt><dd>{ bytes.to_string() }</dd></>
                }) }
            </dl>
            <p class="words">
                { format!("dirty_decay_ms {}, muzzy_decay_ms {}. {who}", decay.dirty_ms, decay.muzzy_ms) }
            </p>
        </section>
    }
}
