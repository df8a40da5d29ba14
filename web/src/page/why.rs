//! The right column: why memory is as it is at the playhead.

use highwater_report::{Part, Sentence};
use yew::prelude::*;

use super::{
    attr::{self, press},
    free_pages::free_pages,
    pins::pins,
    sites::sites,
    trim::trim,
    variants::mark,
};
use crate::{
    format,
    protocol::Said,
    state::{Action, InspectionAction, PlayheadAction, State},
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
        ("resident", diagnosis.rss),
        ("held by the program", diagnosis.live),
        ("parked in caches", diagnosis.parked),
        (
            "free in the allocator (resident and non-resident)",
            diagnosis.free,
        ),
        (give_back, diagnosis.reclaimable),
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
                    { for figures.into_iter().map(|(name, bytes)| html! {
                        <><dt>{ name }</dt><dd>{ bytes.to_string() }</dd></>
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
    let mut all = Vec::new();
    for said in findings {
        let new = |sentence: &&Sentence| !told.contains(sentence);
        let sentences: Vec<&Sentence> = said.sentences.iter().filter(new).collect();
        all.push(html! {
            <div class="finding" data-finding={said.kind.clone()}>
                { for sentences.iter().map(|sentence| html! { <p>{ linked(sentence, id, act) }</p> }) }
            </div>
        });
        told.extend(sentences);
    }
    all.into_iter().collect()
}

/// A sentence whose addresses lead to their chunks, and whose moments move the playhead there.
pub fn linked(sentence: &Sentence, id: VariantId, act: &Callback<Action>) -> Html {
    let part = |part: &Part| match part {
        Part::Text { text } => html! { { text.clone() } },
        Part::Address { text, from, to, .. } => {
            let open = InspectionAction::OpenBlocks(Some((id, *from, *to)));
            let open = press(act, Action::Inspection(open));
            attr::link(
                Some("address"),
                "Show this chunk and its neighbours",
                text.clone(),
                open,
            )
        }
        Part::Moment { text, time, .. } => {
            let seek = press(act, Action::Playhead(PlayheadAction::Seek(*time)));
            attr::link(Some("moment"), "Go to this moment", text.clone(), seek)
        }
        Part::Setting { text, .. } => html! { <code>{ text.clone() }</code> },
    };
    sentence.parts.iter().map(part).collect()
}
