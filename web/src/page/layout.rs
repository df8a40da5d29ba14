//! Where everything is on the page.

use web_sys::File;
use yew::prelude::*;

use super::{
    address, advice,
    answer::{answer, waiting},
    attr::{self, press},
    blocks::blocks,
    chart::chart,
    chart_lines, chart_props,
    decisions::decisions,
    embedding, focus,
    gestures::Point,
    header::header,
    heap_map::{HeapMap, maps},
    help::help,
    inspect::inspect,
    landing::landing,
    places::Places,
    remote,
    second_chart::second_chart,
    source::source,
    strip::strip,
    tour::tour,
    transport::transport,
    variants::{letter, variants},
    what_if::what_if,
    why::why,
};
use crate::{
    state::{Action, Depth, DisplayAction, Embed, State},
    subject::Subject,
    variants::Status,
    worker_client::Health,
};

/// The whole page.
pub fn page(
    state: &State,
    act: &Callback<Action>,
    open: &Callback<File>,
    point: &Callback<Point>,
    places: &Places,
) -> Html {
    let health = match &state.health {
        Health::Starting => "starting",
        Health::Ready(_) => "ready",
        Health::Broken(_) => "broken",
    };
    let is_part = state.is_part();
    let depth = match state.depth() {
        _ if is_part || state.display.is_landing => "",
        Depth::Story => "story",
        Depth::Compare => "compare",
        Depth::Expert => "expert",
    };
    let shows = state.shows();
    let class = match () {
        () if state.display.is_landing || state.offer.at_hand.is_some() => Some("landing"),
        () if state.tour.is_talk() => Some("embedded talk"),
        () if state.tour.is_story() => Some("embedded story"),
        () if is_part => Some("embedded"),
        () => None,
    };
    html! {
        <>
            if !is_part {
                if !state.display.is_landing {
                    { skips(&shows) }
                }
                { header(state, act) }
            }
            { tour(state, act, &places.next) }
            <main class={class} data-look={state.tour.pointed_at().map(str::to_owned)} data-depth={depth} data-worker={health} data-busy={attr::flag(state.is_busy())}
                data-links={attr::number(state.links.opened)}>
                if let Some(card) = remote::card(&state.offer, act) {
                    { card }
                } else if state.display.is_landing {
                    { landing(state, act, open) }
                } else {
                    { run(state, act, (open, point), places) }
                }
            </main>
            if matches!(state.source.subject, Subject::File(_)) && embedding::tells_anyone() {
                <p id="tells-anyone" class="note" role="status">
                    { "The page around this view receives these results, whatever page that is: the view's address states no `origin=`." }
                </p>
            }
            if state.display.embed.is_some() {
                <a id="open-whole" class="embedded__whole" href={address::outside()} target="_blank" rel="noopener">
                    { "Open in Highwater" }
                </a>
            }
            { help(act, &places.help) }
        </>
    }
}

/// The ways past the header and the answer, seen while they have the focus.
fn skips(shows: &Embed) -> Html {
    // An address of the page is a state of it, and these are none.
    let skip = Callback::from(|event: MouseEvent| {
        event.prevent_default();
        focus::skip(&event);
    });
    let link = |to: &'static str, words: &'static str| {
        html! { <a class="skip" href={to} onclick={&skip}>{ words }</a> }
    };
    html! {
        <nav aria-label="Skip">
            { link("#chart", "Skip to the chart") }
            if shows.settings {
                { link("#source", "Skip to the settings") }
            }
        </nav>
    }
}

/// A run: the answer, what happened, why, the table and the settings.
fn run(
    state: &State,
    act: &Callback<Action>,
    (open, point): (&Callback<File>, &Callback<Point>),
    places: &Places,
) -> Html {
    let shows = state.shows();
    html! {
        <>
            if !state.is_part() && !state.tour.is_story() {
                { answer(state, act, places) }
            }
                <div class="column column--happened">
                    { trouble(state, act) }
                    { notes(state, act) }
                    { advice::advice(state, act, &places.advice) }
                    { happened(state, act, point, places) }
                </div>
                if shows.why {
                    <div class="column column--why" data-stale={attr::flag(is_earlier(state))}>{ why(state, act, &places.why) }</div>
                }
                if shows.settings {
                    <div class="column column--what" data-open={attr::flag(state.display.is_unfolded)}>
                        { fold(state, act) }
                        { source(state, act, open) }
                        { variants(state, act) }
                    </div>
                }
        </>
    }
}

/// What unfolds the settings where there is little room; elsewhere they are always shown, and this is not.
fn fold(state: &State, act: &Callback<Action>) -> Html {
    html! {
        <button type="button" id="fold" class="button button--wide fold" aria-expanded={attr::flag(state.display.is_unfolded)}
            onclick={press(act, Action::Display(DisplayAction::ToggleSettings))}>{ "Workload and settings" }</button>
    }
}

/// Whether what is explained is an earlier run, the present one not yet being explained.
fn is_earlier(state: &State) -> bool {
    let id = state.variants.selected().id;
    state.inspection.look(id).is_none() && state.inspection.latest_look(id).is_some()
}

fn trouble(state: &State, act: &Callback<Action>) -> Html {
    let broken = match &state.health {
        Health::Broken(reason) => Some(reason.clone()),
        _ => None,
    };
    let failed = || {
        let failed = state.variants.all.iter().find_map(|variant| {
            let Status::Failed(message) = &variant.status else {
                return None;
            };
            let letter = letter(variant.letter);
            Some(format!("{letter} failed: {message}"))
        });
        failed.map(|words| words + ". The other variants keep running")
    };
    let Some(words) = state.trouble.clone().or(broken).or_else(failed) else {
        return Html::default();
    };
    let again = match state.can_retry() {
        true => "Try again",
        false => "Dismiss",
    };
    let kept = match state.variants.run() {
        Some(_) if !state.variants.selected().is_fresh() => {
            " The page still shows the last successful run."
        }
        _ => "",
    };
    html! {
        <section class="card trouble" role="alert">
            <p id="trouble">{ format!("{}.{kept}", words.trim_end_matches('.')) }</p>
            { attr::button("button", Some("retry"), None, again.into(), press(act, Action::Retry)) }
        </section>
    }
}

/// What of the address was ignored.
fn notes(state: &State, act: &Callback<Action>) -> Html {
    if state.links.notes.is_empty() {
        return Html::default();
    }
    html! {
        <section id="notes" class="card trouble trouble--note" role="status">
            <p>{ for state.links.notes.iter().map(|note| html! { <>{ note.clone() }<br /></> }) }</p>
            { attr::button("button", Some("dismiss"), None, "Dismiss".into(), press(act, Action::Dismiss)) }
        </section>
    }
}

fn happened(
    state: &State,
    act: &Callback<Action>,
    point: &Callback<Point>,
    places: &Places,
) -> Html {
    let shows = state.shows();
    let is_expert = state.depth() == Depth::Expert;
    let Some(props) = chart_props::props(state) else {
        return html! {
            <>
                <section class="card empty">
                    { attr::words("h2", &[], "Resident memory") }
                    { attr::words("p", &[], &waiting(state)) }
                    { chart_lines::first(state) }
                </section>
                // The variants are there before any of them has run.
                if shows.table {
                    { what_if(state, act) }
                }
            </>
        };
    };
    let maps = maps(state, act);
    html! {
        <>
            if let Some(words) = outdated(state) {
                { attr::words("p", &[("id", attr::Static("outdated")), ("class", attr::Static("outdated")), ("role", attr::Static("status"))], &words) }
            }
            if shows.chart {
                { chart(state, &props, act, point, places) }
            }
            if shows.table {
                { what_if(state, act) }
            }
            if shows.chart && is_expert {
                if state.display.embed.is_none() && !state.tour.is_story() {
                    { second_chart(&props, point, &places.second) }
                }
            }
            if shows.map {
                { strip(state) }
                <div class="maps" data-count={attr::number(maps.len() as u64)}>
                    { for maps.into_iter().map(|map| html! { <HeapMap ..map /> }) }
                </div>
            }
            { blocks(state, act, &places.blocks) }
            if shows.map && shows.controls && !state.is_part() && !state.tour.is_story() {
                { inspect(state, act) }
            }
            if shows.controls {
                { transport(state, act) }
            }
            if let Some(look) = state.inspection.latest_look(state.variants.selected().id).filter(|_| shows.why && is_expert && !state.tour.is_story() && !state.tour.is_talk()) {
                { decisions(state, look, act) }
            }
        </>
    }
}

/// Says that the results are not of what is asked for, where they are not.
fn outdated(state: &State) -> Option<String> {
    if !state.is_outdated() {
        return None;
    }
    let variant = state.variants.selected();
    Some(match &variant.order {
        Some(Err(reason)) => format!("{reason}. The results below are from the earlier settings."),
        _ => "The results below are from the earlier settings.".to_owned(),
    })
}
