//! The latest decisions of the allocator up to the playhead.

use yew::prelude::*;

use super::attr::{self, press};

use crate::{
    format,
    protocol::{Told, ToldKind},
    state::{Action, InspectionAction, PlayheadAction},
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
pub fn decisions(look: &Look, only: Option<ToldKind>, act: &Callback<Action>) -> Html {
    let of_kind = |kind: ToldKind| {
        let place = ToldKind::NAMES.iter().position(|(named, _)| *named == kind);
        place.and_then(|place| look.kinds.get(place))
    };
    let (shown, count) = match only {
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
                    if count > 0 {
                        <span id="decided" class="unit">
                            { format!("latest {} of {}", format::count(lines), format::count(count)) }
                        </span>
                    }
                    { for KINDS.iter().map(|(kind, name)| filter(*kind, name)) }
                </div>
            </div>
            if shown.is_empty() {
                <p class="words">{ if look.decided == 0 { "No decisions yet." } else { "No decisions of this kind yet." } }</p>
            } else {
                <ol id="decisions" class="log" tabindex="0" data-scrolls="y" aria-label="Allocator decisions, latest first"
                    data-count={attr::number(count)}>
                    { for shown.iter().map(|told| line(told, act)) }
                </ol>
            }
        </section>
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
