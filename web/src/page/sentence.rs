//! Sentences of findings and of the answer: their addresses and moments as links, their terms explained.

use highwater_report::{Part, Sentence};
use yew::prelude::*;

use super::attr::{self, press};
use crate::{
    state::{Action, InspectionAction, PlayheadAction},
    variants::VariantId,
};

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

/// A sentence whose addresses lead to their chunks, and whose moments move the playhead there.
pub(super) fn linked(sentence: &Sentence, id: VariantId, act: &Callback<Action>) -> Html {
    // In the answer, which is read on the way to the chart, a term is no stop.
    let mut explained = u32::MAX;
    parts(sentence, id, act, &mut explained)
}

/// The same with the terms explained that were not yet, as bits.
pub(super) fn parts(
    sentence: &Sentence,
    id: VariantId,
    act: &Callback<Action>,
    explained: &mut u32,
) -> Html {
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
