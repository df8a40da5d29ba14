//! The header: the name, what is shown, how far the worker is, the colours.

use yew::prelude::*;

use crate::{
    format,
    state::{Action, Activity, State},
    worker_client::Health,
};

/// The header.
pub fn header(state: &State, act: &Callback<Action>) -> Html {
    let dark = state.is_dark();
    html! {
        <header class="page-header">
            <svg class="logo" viewBox="0 0 22 18" aria-hidden="true">
                <path class="logo__mark" d="M1 4h20" />
                <path class="logo__water" d="M1 12c3-4 5-4 7 0s5 4 7 0 4-4 6-1" />
            </svg>
            <h1>{ "Highwater" }</h1>
            <p id="title" class="page-header__title">{ title(state) }</p>
            <span class="page-header__space" />
            <div class="page-header__status">{ status(state, act) }</div>
            <button class="button" type="button" aria-pressed={dark.to_string()} aria-label="Dark colours"
                title={if dark { "Light colours" } else { "Dark colours" }}
                onclick={act.reform(|_| Action::ToggleTheme)}>
                { if dark { "☀" } else { "☾" } }
            </button>
        </header>
    }
}

fn title(state: &State) -> String {
    let Some(run) = &state.run else {
        return state.chosen.title();
    };
    let bursts = match run.bursts() {
        0 => String::new(),
        1 => " · 1 burst".to_owned(),
        n => format!(" · {n} bursts"),
    };
    format!(
        "{} · {} calls{bursts} · {}",
        state.shown.title(),
        format::count(run.ran.events),
        run.ran.variant.allocator.to_string().replace('@', " ")
    )
}

fn status(state: &State, act: &Callback<Action>) -> Html {
    let (what, done) = match state.activity {
        Activity::Idle => return idle(state),
        Activity::Loading(done) => (
            match state.chosen {
                crate::state::Source::Pattern(_) => "building",
                _ => "reading",
            },
            done,
        ),
        Activity::Running(done) => ("running", done),
    };
    let percent = (done * 100.0).floor();
    html! {
        <>
            <label class="progress" role="status">
                <span>{ format!("{what} {percent} %") }</span>
                <progress value={done.to_string()} max="1" />
            </label>
            <button id="cancel" class="button" type="button" onclick={act.reform(|_| Action::Cancel)}>
                { "Cancel" }
            </button>
        </>
    }
}

fn idle(state: &State) -> Html {
    let (name, words) = match (&state.health, &state.run) {
        (Health::Broken(reason), _) => ("broken", reason.clone()),
        (_, Some(run)) => ("ready", format!("ran in {}", format::took(run.ran.took_ms))),
        (Health::Starting, None) => ("starting", "starting the simulator".to_owned()),
        (Health::Ready(_), None) => ("ready", "nothing has run yet".to_owned()),
    };
    html! { <span id="status" role="status" data-state={name}>{ words }</span> }
}
