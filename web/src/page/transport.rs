//! Play, pause, scrub.

use std::rc::Rc;

use highwater_simulator::Micros;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::{
    format,
    state::{Action, SPEEDS},
    view::{Playhead, RunView},
};

/// Positions of the scrub slider.
const POSITIONS: f64 = 1000.0;

/// What [`Transport`] shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The run.
    pub run: Rc<RunView>,
    /// The moment that is shown.
    pub playhead: Playhead,
    /// Whether it moves.
    pub playing: bool,
    /// How fast.
    pub speed: f64,
    /// What the user did.
    pub act: Callback<Action>,
}

/// The row of controls under the map.
#[component]
pub fn Transport(props: &Props) -> Html {
    let act = &props.act;
    let scrub = act.reform(|event: InputEvent| {
        let slider: HtmlInputElement = event.target_unchecked_into();
        Action::Seek(slider.value_as_number() / POSITIONS)
    });
    let speed = act.reform(|event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let chosen = select.value();
        let speed = SPEEDS.into_iter().find(|speed| speed.to_string() == chosen);
        Action::Speed(speed.unwrap_or(1.0))
    });
    let position = (props.run.share(props.playhead.time) * POSITIONS).round();
    let Playhead { time, event } = props.playhead;
    html! {
        <div class="transport" role="group" aria-label="Playback">
            <button id="to-start" type="button" class="button" aria-label="To the start" title="To the start"
                onclick={act.reform(|_| Action::Seek(0.0))}>{ "|◂" }</button>
            <button id="play" type="button" class="button" data-playing={props.playing.to_string()}
                aria-label={if props.playing { "Pause" } else { "Play" }}
                title={if props.playing { "Pause" } else { "Play" }}
                onclick={act.reform(|_| Action::TogglePlay)}>{ if props.playing { "❚❚" } else { "▶" } }</button>
            <button id="to-end" type="button" class="button" aria-label="To the end" title="To the end"
                onclick={act.reform(|_| Action::Seek(1.0))}>{ "▸|" }</button>
            <input id="scrub" type="range" min="0" max={POSITIONS.to_string()} step="1" aria-label="Moment"
                aria-valuetext={format::seconds(time)} value={position.to_string()} oninput={scrub} />
            <span id="moment" class="moment">
                <b>{ format::seconds(Micros(time.0)) }</b>{ format!(" · event {}", format::count(event)) }
            </span>
            <select id="speed" class="select select--small" aria-label="Speed" onchange={speed}>
                { for SPEEDS.into_iter().map(|speed| html! {
                    <option value={speed.to_string()} selected={(speed - props.speed).abs() < f64::EPSILON}>
                        { format!("{speed}×") }
                    </option>
                }) }
            </select>
        </div>
    }
}
