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

/// Terms that are explained where the findings use them first; one that another begins with comes after it.
const TERMS: [&str; 16] = [
    "trim threshold",
    "mmap threshold",
    "tcache",
    "fastbin",
    "arena",
    "chunk",
    "parked",
    "pin",
    "top",
    "trim",
    "slab",
    "extent",
    "dirty",
    "muzzy",
    "decay",
    "purge",
];

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

/// A sentence whose addresses lead to their chunks, and whose moments move the playhead there.
pub fn linked(sentence: &Sentence, id: VariantId, act: &Callback<Action>) -> Html {
    // In the answer, which is read on the way to the chart, a term is no stop.
    let mut explained = u32::MAX;
    parts(sentence, id, act, &mut explained)
}

/// The same with the terms explained that were not yet, as bits.
fn parts(sentence: &Sentence, id: VariantId, act: &Callback<Action>, explained: &mut u32) -> Html {
    let part = |part: &Part| match part {
        Part::Text { text } => with_terms(text, explained),
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

/// A text with each term where it is used first.
fn with_terms(text: &str, explained: &mut u32) -> Html {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((at, number)) = next_term(rest, *explained) {
        *explained |= 1 << number;
        let (before, from) = rest.split_at(at);
        let (word, after) = from.split_at(TERMS[number].len());
        all.push(Html::from(before.to_owned()));
        all.push(attr::explained(TERMS[number], word));
        rest = after;
    }
    all.push(Html::from(rest.to_owned()));
    all.into_iter().collect()
}

/// The next term that is not explained, with its number: a word of its own, perhaps in the plural or capital.
fn next_term(text: &str, explained: u32) -> Option<(usize, usize)> {
    let is_letter =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    let is_word = |at: usize, term: &str| {
        let after = at + term.len();
        let plural = usize::from(bytes.get(after) == Some(&b's'));
        !is_letter(bytes.get(at.wrapping_sub(1))) && !is_letter(bytes.get(after + plural))
    };
    let new = TERMS
        .iter()
        .enumerate()
        .filter(|(number, _)| explained & 1 << number == 0);
    let found = new.filter_map(|(number, term)| {
        let mut places = text.match_indices(term).map(|(at, _)| at);
        Some((places.find(|at| is_word(*at, term))?, number))
    });
    found.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_explained_where_it_is_a_word_and_used_first() {
        let mut explained = 0;
        let mut find = |text: &str| {
            let found = next_term(text, explained);
            explained |= found.map_or(0, |(_, number)| 1 << number);
            found.map(|(at, number)| (at, TERMS[number]))
        };
        assert_eq!(find("stop at the top"), Some((12, "top")));
        assert_eq!(
            find("the trim threshold of 23 chunks"),
            Some((4, "trim threshold"))
        );
        assert_eq!(find("the trim threshold of 23 chunks"), Some((4, "trim")));
        assert_eq!(find("the trim threshold of 23 chunks"), Some((25, "chunk")));
        assert_eq!(find("the trim threshold of 23 chunks"), None);
    }

    #[test]
    fn every_term_is_in_the_glossary() {
        let glossary = include_str!("../../../docs/glossary.md");
        for term in TERMS {
            assert!(glossary.contains(&format!("\n## {term}\n")), "{term}");
        }
    }
}
