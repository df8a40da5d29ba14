//! Play, pause, scrub.

use highwater_simulator::{Micros, Moment};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::attr::{self, press};

use crate::{
    format,
    state::{Action, Depth, PlayheadAction, SPEEDS, State},
};

/// Positions of the scrub slider.
const POSITIONS: f64 = 1000.0;

/// The row of controls under the map.
pub fn transport(state: &State, act: &Callback<Action>) -> Html {
    let shown = state.playhead.shown(state.variants.ends());
    let scrub = act.reform(move |event: InputEvent| {
        let slider: HtmlInputElement = event.target_unchecked_into();
        Action::Playhead(PlayheadAction::Seek(at(
            shown,
            slider.value_as_number() / POSITIONS,
        )))
    });
    let speed = act.reform(|place: usize| {
        Action::Playhead(PlayheadAction::Speed(SPEEDS[place % SPEEDS.len()]))
    });
    let speeds = SPEEDS.map(format::number);
    let speeds = speeds.map(|speed| attr::option(&speed, speed.clone() + "×"));
    let chosen = format::number(state.playhead.speed);
    let speed = attr::select(
        ("speed", "Speed"),
        chosen,
        speeds.into_iter().collect(),
        speed,
    );
    let seek = |time| press(act, Action::Playhead(PlayheadAction::Seek(time)));
    let step = |events| press(act, Action::Playhead(PlayheadAction::StepEvent(events)));
    let Moment { time, event } = state.moment();
    let position = (share(shown, time) * POSITIONS).round();
    html! {
        <section class="card transport" role="group" aria-label="Playback">
            { attr::sign("to-start", "To the start", "|◂", seek(shown.0)) }
            <button id="play" type="button" class="button" data-playing={attr::flag(state.playhead.playing)}
                aria-label={if state.playhead.playing { "Pause" } else { "Play" }}
                title={if state.playhead.playing { "Pause" } else { "Play" }}
                onclick={press(act, Action::Playhead(PlayheadAction::TogglePlay))}>{ if state.playhead.playing { "❚❚" } else { "▶" } }</button>
            { attr::sign("to-end", "To the end", "▸|", seek(shown.1)) }
            if state.depth() == Depth::Expert && state.display.embed.is_none() {
                { attr::sign("event-back", "One event back (,)", "−1", step(-1)) }
                { attr::sign("event-on", "One event on (.)", "+1", step(1)) }
            }
            <input id="scrub" type="range" min="0" max="1000" step="1" aria-label="Moment"
                aria-valuetext={format::time(time)} value={format::number(position)} oninput={scrub} />
            <span id="moment" class="moment">
                <b>{ format::time(Micros(time.0)) }</b>{ format!(" · event {}", format::count(event)) }
            </span>
            { speed }
        </section>
    }
}

/// Where a moment lies in the time that is shown, from 0 to 1.
fn share((from, to): (Micros, Micros), time: Micros) -> f64 {
    (time.0.saturating_sub(from.0) as f64 / (to.0 - from.0).max(1) as f64).clamp(0.0, 1.0)
}

/// The moment at a share of the time that is shown.
fn at((from, to): (Micros, Micros), share: f64) -> Micros {
    Micros(from.0 + (share.clamp(0.0, 1.0) * (to.0 - from.0) as f64).round() as u64)
}
