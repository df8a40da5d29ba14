//! The right column: why memory is as it is at the playhead.

use highwater_report::Sentence;
use yew::prelude::*;

use super::{
    attr, free_pages::free_pages, pins::pins, sentence::parts, sites::sites, trim::trim,
    variants::mark,
};
use crate::{
    format,
    protocol::Said,
    state::{Action, State},
    variants::VariantId,
};

/// The right column.
pub fn why(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    let variant = state.variants.selected();
    let Some(look) = state.inspection.latest_look(variant.id) else {
        let words = match state.variants.run() {
            None => "The explanation appears after the first run.",
            Some(_) => "Analysing…",
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
        ("resident", "resident", diagnosis.rss),
        ("live", "held by the program", diagnosis.live),
        ("parked", "parked in caches", diagnosis.parked),
        (
            "free",
            "free in the allocator (resident and non-resident)",
            diagnosis.free,
        ),
        ("reclaimable", give_back, diagnosis.reclaimable),
    ];
    let exact = state.look_is_exact(variant.id);
    html! {
        <>
            <section id="why" class="card" aria-labelledby="why-title" aria-busy={attr::flag(!exact)} data-event={attr::number(diagnosis.event)}
                data-rss={attr::number(diagnosis.rss.0)} data-reclaimable={attr::number(diagnosis.reclaimable.0)}
                data-free-resident={attr::number(diagnosis.free_resident.0)}>
                <h2 id="why-title" ref={place.clone()} tabindex="-1">
                    { mark(variant.letter, variant.colour) }
                    { format!(" Why · at {}", format::time(diagnosis.time)) }
                </h2>
                <p class="big"><b>{ diagnosis.free_resident.to_string() }</b></p>
                { attr::words("p", &[("class", attr::Static("big__words"))], "is free in the allocator but still resident") }
                <dl class="figures">
                    { for figures.into_iter().map(|(term, name, bytes)| html! {
                        <><dt>{ attr::explained(term, name) }</dt><dd>{ bytes.to_string() }</dd></>
                    }) }
                </dl>
                <div id="sentences" class="sentences">
                    { findings(&look.findings, variant.id, act) }
                </div>
            </section>
            { match diagnosis.figures {
                Some(figures) => free_pages(diagnosis, &figures),
                None => html! { <>{ pins(state, variant.id, diagnosis, act) }{ trim(diagnosis) }</> },
            } }
            { sites(diagnosis) }
        </>
    }
}

/// The findings, most important first: a sentence to a paragraph. A remedy of two findings is told with the first.
fn findings(findings: &[Said], id: VariantId, act: &Callback<Action>) -> Html {
    let mut told: Vec<&Sentence> = Vec::new();
    let mut explained = 0;
    let mut all = Vec::new();
    for said in findings {
        let new = |sentence: &&Sentence| !told.contains(sentence);
        let sentences: Vec<&Sentence> = said.sentences.iter().filter(new).collect();
        all.push(html! {
            <div class="finding" data-finding={said.kind.clone()}>
                { for sentences.iter().map(|sentence| html! { <p>{ parts(sentence, id, act, &mut explained) }</p> }) }
            </div>
        });
        told.extend(sentences);
    }
    all.into_iter().collect()
}
