//! The right column: why memory is as it is at the playhead.

use highwater_simulator::Address;
use yew::prelude::*;

use super::{
    attr::{self, press},
    free_pages::free_pages,
    pins::pins,
    trim::trim,
    variants::mark,
};
use crate::{
    format,
    state::{Action, State},
    variants::VariantId,
};

/// The right column.
pub fn why(state: &State, act: &Callback<Action>) -> Html {
    let variant = state.selected();
    let Some(look) = state.look(variant.id) else {
        let words = match state.run() {
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
    let exact = state.look_is_exact(variant.id);
    html! {
        <>
            <section id="why" class="card" aria-busy={attr::flag(!exact)} data-event={attr::number(diagnosis.event)}
                data-rss={attr::number(diagnosis.rss.0)} data-reclaimable={attr::number(diagnosis.reclaimable.0)}
                data-free-resident={attr::number(diagnosis.free_resident.0)}>
                <h2>
                    { mark(variant.letter, variant.colour) }
                    { format!(" Why · at {}", format::time(diagnosis.time)) }
                </h2>
                <p class="big"><b>{ diagnosis.free_resident.to_string() }</b></p>
                <p class="big__words">{ "are free in the allocator and still resident" }</p>
                <dl class="figures">
                    { for figures.into_iter().map(|(name, bytes)| html! {
                        <><dt>{ name }</dt><dd>{ bytes.to_string() }</dd></>
                    }) }
                </dl>
                <div id="sentences" class="sentences">
                    // The first only repeats the figures above.
                    { for diagnosis.sentences.iter().skip(1).map(|sentence| html! { <p>{ linked(sentence, variant.id, act) }</p> }) }
                </div>
            </section>
            { match diagnosis.figures {
                Some(figures) => free_pages(diagnosis, &figures),
                None => html! { <>{ pins(state, variant.id, diagnosis, act) }{ trim(diagnosis) }</> },
            } }
        </>
    }
}

/// A sentence whose addresses lead to their chunks.
fn linked(sentence: &str, id: VariantId, act: &Callback<Action>) -> Html {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while let Some(at) = rest.find("0x") {
        let digits = rest[at + 2..]
            .bytes()
            .take_while(u8::is_ascii_hexdigit)
            .count();
        let end = at + 2 + digits;
        let Ok(number) = u64::from_str_radix(&rest[at + 2..end], 16) else {
            break;
        };
        parts.push(html! { { rest[..at].to_owned() } });
        let (from, to) = (Address(number.saturating_sub(256)), Address(number + 512));
        parts.push(html! {
            <button type="button" class="link" title="Its chunk and those around it"
                onclick={press(act, Action::OpenBlocks(Some((id, from, to))))}>{ rest[at..end].to_owned() }</button>
        });
        rest = &rest[end..];
    }
    parts.push(html! { { rest.to_owned() } });
    parts.into_iter().collect()
}
