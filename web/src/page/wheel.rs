//! The wheel over the chart. It scales with Ctrl, as two fingers on a touchpad do, and moves the part that is shown where it is turned
//! sideways. Else the page scrolls: nobody is caught in a chart. Only where the page has nothing to scroll, the wheel alone scales.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, WheelEvent};
use yew::{Callback, NodeRef};

use super::{
    browser::{document, window},
    crosshair::share,
    gestures,
};
use crate::state::Action;

/// What hears the wheel, and over which element.
pub struct Wheel {
    over: Element,
    _listener: EventListener,
}

/// Pixels of a line, where a wheel is turned by lines.
const LINE: f64 = 16.0;

/// Hears the wheel over the chart, which may have been drawn anew.
pub fn follow(wheel: &mut Option<Wheel>, over: &NodeRef, act: &Callback<Action>) {
    let over: Option<Element> = over.cast();
    if wheel.as_ref().map(|wheel| &wheel.over) == over.as_ref() {
        return;
    }
    *wheel = over.map(|over| {
        let (act, layer) = (act.clone(), over.clone());
        let turned = move |event: &web_sys::Event| {
            if let Some(action) = action(&layer, event.unchecked_ref()) {
                event.prevent_default();
                act.emit(action);
            }
        };
        let options = EventListenerOptions::enable_prevent_default();
        Wheel {
            _listener: EventListener::new_with_options(&over, "wheel", options, turned),
            over,
        }
    });
}

fn action(layer: &Element, event: &WheelEvent) -> Option<Action> {
    let unit = match event.delta_mode() {
        WheelEvent::DOM_DELTA_PIXEL => 1.0,
        _ => LINE,
    };
    let (across, down) = (event.delta_x() * unit, event.delta_y() * unit);
    let is_zoomed = layer.closest("[data-zoomed=true]").ok().flatten().is_some();
    let sideways = match event.shift_key() {
        true if across == 0.0 => down,
        true => across,
        false if across.abs() > down.abs() => across,
        false => 0.0,
    };
    let scales = event.ctrl_key() || sideways == 0.0 && !scrolls();
    if !scales && (sideways == 0.0 || !is_zoomed) {
        return None;
    }
    let width = layer.get_bounding_client_rect().width();
    let at = share(layer, event.client_x());
    gestures::wheel((sideways, down), at, width, scales)
}

/// Whether the page has more than the window shows.
fn scrolls() -> bool {
    let all = document().and_then(|document| document.document_element());
    let seen = window().and_then(|window| window.inner_height().ok()?.as_f64());
    match (all, seen) {
        (Some(all), Some(seen)) => f64::from(all.scroll_height()) > seen + 1.0,
        _ => true,
    }
}
