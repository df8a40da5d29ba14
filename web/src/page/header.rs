//! The header: the name, what is shown, how far the workers are, the colours.

use highwater_chart::letter;
use yew::prelude::*;

use super::attr::{self, press};

use crate::{
    format,
    state::{Action, Depth, DisplayAction, Place, State, TourAction},
    variants::VariantId,
    worker_client::Health,
};

/// What is shown of a run, with the words and the title of the button that shows it.
const DEPTHS: [(Depth, &str, &str); 3] = [
    (
        Depth::Story,
        "Story",
        "Show the answer, the chart and what would help",
    ),
    (
        Depth::Compare,
        "Compare",
        "Show the table beside the chart, the heap map and the explanation",
    ),
    (
        Depth::Expert,
        "Expert",
        "Show everything: the log, ways into the heap, the state as text",
    ),
];

/// The header.
pub fn header(state: &State, act: &Callback<Action>) -> Html {
    let dark = state.display.is_dark();
    let copied = state.links.copied;
    let button = |id, title, words, action| attr::action(act, id, Some(title), words, action);
    let home = Action::Display(DisplayAction::Landing(!state.display.is_landing));
    html! {
        <header class="page-header">
            <svg class="logo" viewBox="0 0 22 18" aria-hidden="true">
                <path class="logo__mark" d="M1 4h20" />
                <path class="logo__water" d="M1 12c3-4 5-4 7 0s5 4 7 0 4-4 6-1" />
            </svg>
            <h1>{ attr::button("home", Some("home"), Some("Record your service, or begin with a question"), "Highwater".into(), press(act, home)) }</h1>
            <p id="title" class="page-header__title" title={title(state)}>{ title(state) }</p>
            <span class="page-header__space" />
            <div class="page-header__status">{ status(state, act) }</div>
            <div class="page-header__tools" role="toolbar" aria-label="Tools">
            if !state.display.is_landing {
                { for DEPTHS.iter().map(|(of, words, title)| {
                    let is_on = state.display.depth == *of;
                    let choose = press(act, Action::Display(DisplayAction::Depth(*of)));
                    html! { <button type="button" class="button depth" aria-pressed={attr::flag(is_on)} title={*title} onclick={choose}>{ *words }</button> }
                }) }
            }
            { button("tour", "The incident in ten steps", "Tour", Action::Tour(TourAction::Read(Place::default()))) }
            { button("copy-link", "Copy a link to this view, with its settings and moment",
                if copied == Some(false) { "Link copied" } else { "Copy link" }, Action::CopyLink(false)) }
            { button("copy-frame", "Copy an iframe of this view for your own page",
                if copied == Some(true) { "Frame copied" } else { "Embed" }, Action::CopyLink(true)) }
            <button id="help" class="button" type="button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"
                onclick={press(act, Action::ToggleHelp)}>{ "?" }</button>
            <button id="dark" class="button" type="button" aria-pressed={attr::flag(dark)} aria-label="Dark colours"
                title={if dark { "Light colours" } else { "Dark colours" }}
                onclick={press(act, Action::Display(DisplayAction::ToggleTheme))}>
                { if dark { "☀" } else { "☾" } }
            </button>
            </div>
        </header>
    }
}

fn title(state: &State) -> String {
    let title = state.source.title().unwrap_or_default();
    let Some(run) = state.variants.run() else {
        return title.to_owned();
    };
    let bursts = match run.bursts() {
        0 => String::new(),
        n => format!(" · {}", format::of(n as u64, "burst", "bursts")),
    };
    let calls = format::of(run.ran.calls, "call", "calls");
    format!("{title} · {calls}{bursts}")
}

fn status(state: &State, act: &Callback<Action>) -> Html {
    // Without workers what is waited for never comes, and that is what must be said.
    let is_broken = matches!(state.health, Health::Broken(_));
    let look = state.inspection.long_look();
    let (what, done) = match (&state.source.reading, look) {
        _ if is_broken => return idle(state),
        (Some(subject), _) => (format!("reading {}", subject.title()), state.progress()),
        _ if state.is_busy() => ("running".to_owned(), state.progress()),
        (None, Some((id, done))) => (looking(state, id), done),
        (None, None) => return idle(state),
    };
    let percent = (done * 100.0) as u32;
    let left = state
        .left()
        .map(|seconds| format!(", about {} s left", seconds as u64 + 1));
    let left = left.unwrap_or_default();
    html! {
        <>
            <label class="progress" role="status">
                <span class="progress__what" title={what.clone()}>{ what }</span>
                <span>{ format!("{percent} %{left}") }</span>
                <progress value={format::number(done)} max="1" />
            </label>
            { attr::button("button", Some("cancel"), None, "Cancel".into(), press(act, Action::Cancel)) }
        </>
    }
}

/// That a moment of a variant is looked into, which takes a while in a long recording.
fn looking(state: &State, id: VariantId) -> String {
    let variant = state.variants.all.iter().find(|one| one.id == id);
    let letter = variant.map(|variant| letter(variant.letter));
    let letter = letter.map_or_else(String::new, |letter| format!(" ({letter})"));
    format!("looking into this moment{letter}")
}

fn idle(state: &State) -> Html {
    let took: f64 = (state.variants.all.iter())
        .filter_map(|variant| variant.run.as_ref())
        .map(|run| run.ran.took_ms)
        .sum();
    let (name, words) = match (&state.health, state.variants.run()) {
        (Health::Broken(reason), _) => ("broken", reason.clone()),
        (_, Some(_)) => {
            let many = state.variants.all.len();
            let variants = if many == 1 { "variant" } else { "variants" };
            (
                "ready",
                format!("{many} {variants} ran in {}", format::took(took)),
            )
        }
        (Health::Starting, None) => ("starting", "starting the simulator".to_owned()),
        (Health::Ready(_), None) => ("ready", "nothing has run yet".to_owned()),
    };
    html! { <span id="status" role="status" data-state={name}>{ words }</span> }
}
