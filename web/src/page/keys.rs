//! Keys that work wherever the focus is, but where something is typed or chosen.

use gloo_events::{EventListener, EventListenerOptions};
use highwater_simulator::Micros;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, KeyboardEvent};
use yew::Callback;

use super::browser::document;
use crate::state::{Action, PlayheadAction, TourAction};

/// Every key with what it does, for the help.
pub const KEYS: [(&str, &str); 9] = [
    ("Space", "play or pause"),
    ("← →", "previous or next sample"),
    ("Shift ← →", "previous or next mark"),
    (", .", "previous or next event"),
    ("Home End", "start or end of the run"),
    ("Page Down Page Up", "20 samples back or forward"),
    ("Esc", "show the whole run"),
    ("← → in the tour", "previous or next step"),
    ("?", "show or hide this help"),
];

/// Samples that Page Up and Page Down go over.
const PAGE: i64 = 20;

/// What a key does.
pub fn action_of(key: &str, shift: bool) -> Option<Action> {
    match (key, shift) {
        ("ArrowLeft", true) => Some(Action::Playhead(PlayheadAction::StepMark(-1))),
        ("ArrowRight", true) => Some(Action::Playhead(PlayheadAction::StepMark(1))),
        ("ArrowLeft" | "ArrowDown", _) => Some(Action::Playhead(PlayheadAction::Step(-1))),
        ("ArrowRight" | "ArrowUp", _) => Some(Action::Playhead(PlayheadAction::Step(1))),
        ("PageDown", _) => Some(Action::Playhead(PlayheadAction::Step(-PAGE))),
        ("PageUp", _) => Some(Action::Playhead(PlayheadAction::Step(PAGE))),
        ("," | "<", _) => Some(Action::Playhead(PlayheadAction::StepEvent(-1))),
        ("." | ">", _) => Some(Action::Playhead(PlayheadAction::StepEvent(1))),
        ("Home", _) => Some(Action::Playhead(PlayheadAction::Seek(Micros(0)))),
        ("End", _) => Some(Action::Playhead(PlayheadAction::Seek(Micros(u64::MAX)))),
        (" ", _) => Some(Action::Playhead(PlayheadAction::TogglePlay)),
        ("Escape", _) => Some(Action::Playhead(PlayheadAction::Zoom(None))),
        ("?", _) => Some(Action::ToggleHelp),
        _ => None,
    }
}

/// Listens to the whole page.
pub fn listen(act: &Callback<Action>) -> Option<EventListener> {
    let document = document()?;
    let act = act.clone();
    let options = EventListenerOptions::enable_prevent_default();
    let document_of = document.clone();
    let heard = move |event: &web_sys::Event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented() {
            return;
        }
        let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
        let takes_keys = (target.as_ref()).is_some_and(|element| takes_keys(element, &event.key()));
        let turned = (!event.shift_key())
            .then(|| turns_tour(&document_of, &event.key(), target.as_ref()))
            .flatten();
        let action = || action_of(&event.key(), event.shift_key());
        if !takes_keys && let Some(action) = turned.or_else(action) {
            event.prevent_default();
            act.emit(action);
        }
    };
    Some(EventListener::new_with_options(
        &document, "keydown", options, heard,
    ))
}

/// What a key does to a tour: where the focus is in it, and everywhere while it is given as a talk. The page keys are those of
/// what speakers hold in their hands.
fn turns_tour(document: &Document, key: &str, target: Option<&Element>) -> Option<Action> {
    let steps = match key {
        "ArrowRight" | "PageDown" => 1,
        "ArrowLeft" | "PageUp" => -1,
        _ => return None,
    };
    let is_within = target.is_some_and(|target| matches!(target.closest(".tour"), Ok(Some(_))));
    let is_talk = || matches!(document.query_selector(".tour--talk"), Ok(Some(_)));
    (is_within || is_talk()).then_some(Action::Tour(TourAction::Turn(steps)))
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
