//! The right column: why memory is as it is at the playhead.

use yew::prelude::*;

use super::{decisions::decisions, free_pages::free_pages, pins::pins, trim::trim};
use crate::{
    format,
    state::{Action, State},
};

/// The right column.
pub fn why(state: &State, act: &Callback<Action>) -> Html {
    let Some(look) = &state.look else {
        let words = match &state.run {
            None => "Once something has run, this says why its memory is as it is.",
            Some(_) => "Looking…",
        };
        return html! {
            <section class="card empty"><h2>{ "Why" }</h2><p>{ words }</p></section>
        };
    };
    let diagnosis = &look.diagnosis;
    let give_back = if diagnosis.figures.is_some() {
        "a purge of all arenas would return now"
    } else {
        "malloc_trim(0) would return now"
    };
    let figures = [
        ("resident", diagnosis.rss),
        ("held by the program", diagnosis.live),
        ("parked in caches", diagnosis.parked),
        ("free, resident or not", diagnosis.free),
        (give_back, diagnosis.reclaimable),
    ];
    let exact = state.look_is_exact();
    html! {
        <>
            <section id="why" class="card" aria-busy={(!exact).to_string()} data-event={diagnosis.event.to_string()}
                data-rss={diagnosis.rss.0.to_string()} data-reclaimable={diagnosis.reclaimable.0.to_string()}
                data-free-resident={diagnosis.free_resident.0.to_string()}>
                <h2>{ format!("Why · at {}", format::seconds(diagnosis.time)) }</h2>
                <p class="big"><b>{ diagnosis.free_resident.to_string() }</b></p>
                <p class="big__words">{ "are free in the allocator and still resident" }</p>
                <dl class="figures">
                    { for figures.into_iter().map(|(name, bytes)| html! {
                        <><dt>{ name }</dt><dd>{ bytes.to_string() }</dd></>
                    }) }
                </dl>
                <div id="sentences" class="sentences">
                    // The first only repeats the figures above.
                    { for diagnosis.sentences.iter().skip(1).map(|sentence| html! { <p>{ sentence.clone() }</p> }) }
                </div>
            </section>
            { match diagnosis.figures {
                Some(figures) => free_pages(diagnosis, &figures),
                None => html! { <>{ pins(diagnosis, state.pointed, act) }{ trim(diagnosis) }</> },
            } }
            { decisions(look) }
        </>
    }
}
