//! Keys that work wherever the focus is, but where something is typed or chosen. `web/glossary/keys.html` says what they do.

use gloo_events::{EventListener, EventListenerOptions};
use highwater_simulator::Micros;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::Callback;

use super::{browser::document, focus};
use crate::state::{Action, ChartAction, PlayheadAction, TourAction};

/// What text is typed into.
const FIELDS: &str = "textarea, input:not([type=range], [type=checkbox], [type=radio])";

/// Samples that Page Up and Page Down go over.
const PAGE: i64 = 20;

/// What a key does.
pub fn action_of(key: &str, shift: bool) -> Option<Action> {
    match (key, shift) {
        ("ArrowLeft", true) => Some(Action::Playhead(PlayheadAction::PanOrMark(-1))),
        ("ArrowRight", true) => Some(Action::Playhead(PlayheadAction::PanOrMark(1))),
        ("[" | "{", _) => Some(Action::Playhead(PlayheadAction::StepMark(-1))),
        ("]" | "}", _) => Some(Action::Playhead(PlayheadAction::StepMark(1))),
        ("+" | "=", _) => Some(Action::Playhead(PlayheadAction::Scale(0.5, None))),
        ("-" | "_", _) => Some(Action::Playhead(PlayheadAction::Scale(2.0, None))),
        ("ArrowLeft" | "ArrowDown", _) => Some(Action::Playhead(PlayheadAction::Step(-1))),
        ("ArrowRight" | "ArrowUp", _) => Some(Action::Playhead(PlayheadAction::Step(1))),
        ("PageDown", _) => Some(Action::Playhead(PlayheadAction::Step(-PAGE))),
        ("PageUp", _) => Some(Action::Playhead(PlayheadAction::Step(PAGE))),
        ("," | "<", _) => Some(Action::Playhead(PlayheadAction::StepEvent(-1))),
        ("." | ">", _) => Some(Action::Playhead(PlayheadAction::StepEvent(1))),
        ("Home", _) => Some(Action::Playhead(PlayheadAction::Seek(Micros(0)))),
        ("End", _) => Some(Action::Playhead(PlayheadAction::Seek(Micros(u64::MAX)))),
        (" ", _) => Some(Action::Playhead(PlayheadAction::TogglePlay)),
        ("n" | "N", _) => Some(Action::Chart(ChartAction::Note)),
        ("Escape" | "0", _) => Some(Action::Playhead(PlayheadAction::Zoom(None))),
        ("?", _) => Some(Action::ToggleHelp),
        _ => None,
    }
}

/// Listens to the whole page. `pressed` is told what a key does to a tour that is given as a talk, where it does something to it,
/// and what it does else.
pub fn listen(pressed: Callback<(Option<Action>, Action)>) -> Option<EventListener> {
    let document = document()?;
    let options = EventListenerOptions::enable_prevent_default();
    let heard = move |event: &web_sys::Event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        if event.alt_key() || event.default_prevented() {
            return;
        }
        let (key, shift) = (event.key(), event.shift_key());
        let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
        if event.ctrl_key() || event.meta_key() {
            // A field undoes what was typed into it.
            let is_typing = |element: Element| element.matches(FIELDS).unwrap_or_default();
            if let Some(action) = undoes(&key, shift)
                && !target.is_some_and(is_typing)
            {
                event.prevent_default();
                pressed.emit((None, action));
            }
            return;
        }
        if let (Some(element), "ArrowLeft" | "ArrowRight") = (&target, &key[..])
            && focus::move_in_toolbar(element, key == "ArrowLeft")
        {
            event.prevent_default();
            return;
        }
        if (target.as_ref()).is_some_and(|element| takes_keys(element, &key)) {
            return;
        }
        let is_in_tour =
            target.is_some_and(|target| matches!(target.closest(".tour"), Ok(Some(_))));
        let turned = turns_tour(&key).filter(|_| !shift);
        let action = turned.clone().filter(|_| is_in_tour);
        if let Some(action) = action.or_else(|| action_of(&key, shift)) {
            event.prevent_default();
            pressed.emit((turned, action));
        }
    };
    Some(EventListener::new_with_options(
        &document, "keydown", options, heard,
    ))
}

/// What a key does that is pressed with Ctrl or Cmd.
fn undoes(key: &str, shift: bool) -> Option<Action> {
    match (key, shift) {
        ("z", false) => Some(Action::Undo(false)),
        ("Z" | "z", true) | ("y", false) => Some(Action::Undo(true)),
        _ => None,
    }
}

/// What a key does to a tour: where the focus is in it, and everywhere while it is given as a talk. The page keys are those of
/// what speakers hold in their hands.
fn turns_tour(key: &str) -> Option<Action> {
    let steps = match key {
        "ArrowRight" | "PageDown" => 1,
        "ArrowLeft" | "PageUp" => -1,
        _ => return None,
    };
    Some(Action::Tour(TourAction::Turn(steps)))
}

/// Whether an element does something with a key itself.
fn takes_keys(element: &Element, key: &str) -> bool {
    let within = |selector: &str| element.closest(selector).ok().flatten().is_some();
    match key {
        "?" => within("textarea, input:not([type=range]), select"),
        "Escape" => within("textarea, input:not([type=range]), select, dialog"),
        " " | "Enter" => within("button, a, summary, input, select, textarea, label, dialog"),
        _ => within("input, select, textarea, [data-scrolls], dialog"),
    }
}
