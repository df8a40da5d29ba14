//! The latest decisions of the allocator up to the playhead, and a search of all of them.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::attr::{self, press};

use crate::{
    format,
    protocol::{Told, ToldKind},
    state::{Action, InspectionAction, PlayheadAction, Search, State},
    view::Look,
};

/// Kinds of decisions that can be left out, with their names.
const KINDS: [(ToldKind, &str); 5] = [
    (ToldKind::Refused, "refused"),
    (ToldKind::GaveBack, "gave back"),
    (ToldKind::Took, "took"),
    (ToldKind::Changed, "changed"),
    (ToldKind::Failed, "failed"),
];

/// The card with the log.
pub fn decisions(state: &State, look: &Look, act: &Callback<Action>) -> Html {
    let only = state.inspection.only;
    let search = state.inspection.search.as_ref();
    let of_kind = |kind: ToldKind| {
        let place = ToldKind::NAMES.iter().position(|(named, _)| *named == kind);
        place.and_then(|place| look.kinds.get(place))
    };
    let found = search.map(|search| search.found.as_ref());
    let (shown, count) = match only {
        _ if let Some(found) = found => found.map_or((&[][..], 0), |of| (&of.latest[..], of.count)),
        None => (&look.decisions[..], look.decided),
        Some(kind) => of_kind(kind).map_or((&[][..], 0), |of| (&of.latest[..], of.count)),
    };
    let lines: u64 = shown.iter().map(|told| u64::from(told.times)).sum();
    let filter = |kind: ToldKind, name: &'static str| {
        let is_on = only == Some(kind);
        let count = of_kind(kind).map_or(0, |of| of.count);
        if kind == ToldKind::Failed && count == 0 && !is_on {
            return Html::default();
        }
        html! {
            <button type="button" class="chip chip--small" aria-pressed={attr::flag(is_on)} data-only={name}
                onclick={press(act, Action::Inspection(InspectionAction::OnlyDecisions((!is_on).then_some(kind))))}>
                { name }{ " " }<small class="chip__count">{ format::count(count) }</small>
            </button>
        }
    };
    html! {
        <section class="card">
            <div class="card__head">
                { attr::words("h2", &[], "Allocator decisions") }
                <div class="card__tools">
                    if state.display.embed.is_none() {
                        { finder(search, act) }
                    }
                    if count > 0 {
                        <span id="decided" class="unit">
                            { format!("latest {} of {}", format::count(lines), format::count(count)) }
                            { search.map_or(String::new(), |search| format!(" up to {}", format::time(search.to))) }
                        </span>
                    }
                    { for KINDS.iter().map(|(kind, name)| filter(*kind, name)) }
                </div>
            </div>
            if shown.is_empty() {
                <p class="words" role="status">{ match found {
                    Some(None) => "Searching the log from the beginning…",
                    Some(_) => "No decision up to here says that.",
                    None if look.decided == 0 => "No decisions yet.",
                    None => "No decisions of this kind yet.",
                } }</p>
            } else {
                <ol id="decisions" class="log" tabindex="0" data-scrolls="y" data-whole={attr::flag(search.is_some())} aria-label="Allocator decisions, latest first"
                    data-count={attr::number(count)}>
                    { for shown.iter().map(|told| line(told, act)) }
                </ol>
            }
        </section>
    }
}

/// The field for the words that are looked for.
fn finder(search: Option<&Search>, act: &Callback<Action>) -> Html {
    let find = act.reform(|event: Event| {
        let field: HtmlInputElement = event.target_unchecked_into();
        let words = Some(field.value()).filter(|words| !words.is_empty());
        Action::Inspection(InspectionAction::Search(words))
    });
    let words = search.map_or(String::new(), |search| search.words.clone());
    let whole = Action::Inspection(InspectionAction::Search(Some(String::new())));
    html! {
        <>
            <input id="log-search" type="search" class="text" aria-label="Search the whole log" placeholder="Search the whole log"
                value={words} onchange={find} />
            if search.is_none() {
                { attr::button("button button--small", Some("log-whole"), None, "Whole log".into(), press(act, whole)) }
            }
        </>
    }
}

fn line(told: &Told, act: &Callback<Action>) -> Html {
    let time = told.time;
    let seek = press(act, Action::Playhead(PlayheadAction::Seek(time)));
    html! {
        <li class={classes!("told", class(told.kind))}>
            { attr::link(None, "Go to this moment", format::time(time), seek) }
            <span>
                { told.words.clone() }
                if told.times > 1 {
                    <i>{ format!(" ({} times)", told.times) }</i>
                }
            </span>
        </li>
    }
}

fn class(kind: ToldKind) -> &'static str {
    match kind {
        ToldKind::GaveBack => "told--gave",
        ToldKind::Refused => "told--refused",
        ToldKind::Took => "told--took",
        ToldKind::Changed => "told--changed",
        ToldKind::Failed => "told--failed",
    }
}
