//! The crosshair over the chart with every value, and the part of the time that is being dragged over.

use highwater_chart::Scale;
use wasm_bindgen::JsValue;
use web_sys::Element;
use yew::prelude::*;

use super::{
    attr,
    chart::{self, Props},
    variants::letter,
};
use crate::{
    format,
    state::{Action, PlayheadAction, State},
    view::{Now, RunView},
};

/// A drag over less of the plot than this is a click.
const LEAST_DRAG: f64 = 0.008;

/// Where the pointer is on the plot, from left to right, and where it was pressed: from 0 to 1.
#[derive(Debug, Default)]
pub struct Crosshair {
    pressed: Option<f64>,
    /// Where it is, while it is over the plot.
    at: Option<f64>,
}

/// Nearer to the playhead than this share of the plot it is on it.
const ON_PLAYHEAD: f64 = 0.002;

/// What the pointer does over the plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Did {
    /// It moved.
    Move,
    /// A button was pressed.
    Press,
    /// It was let go.
    LetGo,
    /// It left.
    Leave,
}

impl Crosshair {
    /// Follows the pointer over `layer`, which lies over the plot. Returns what that does to the state. It is drawn past Yew, so
    /// that nothing else is drawn anew while the pointer moves.
    pub fn follow(
        &mut self,
        state: &State,
        layer: &Element,
        (did, event): (Did, PointerEvent),
    ) -> Option<Action> {
        let place = layer.get_bounding_client_rect();
        let left = f64::from(event.client_x()) - place.left();
        let share = (left / place.width().max(1.0)).clamp(0.0, 1.0);
        let props = chart::props(state)?;
        let mut action = None;
        match did {
            // What another button does is no press.
            Did::Press if event.button() == 0 => {
                // It fails where the pointer is gone already; then there is nothing to follow.
                layer.set_pointer_capture(event.pointer_id()).ok();
                self.pressed = Some(share);
            }
            Did::LetGo => {
                action = self
                    .pressed
                    .take()
                    .map(|from| let_go(&props.scale(), from, share));
            }
            Did::Press | Did::Move | Did::Leave => {}
        }
        self.at = (did != Did::Leave).then_some(share);
        self.draw(layer, &props);
        action
    }

    /// Says anew what is under it, as more may be known of that.
    pub fn refresh(&self, state: &State, layer: &Element) {
        if let (Some(_), Some(props)) = (self.at, chart::props(state)) {
            self.draw(layer, &props);
        }
    }

    fn draw(&self, layer: &Element, props: &Props) {
        layer.set_text_content(None);
        if let Some(share) = self.at {
            // What cannot be put there is not there; nothing depends on it.
            draw(layer, props, share, self.pressed).ok();
        }
    }
}

fn let_go(scale: &Scale, from: f64, to: f64) -> Action {
    match (to - from).abs() >= LEAST_DRAG {
        true => Action::Playhead(PlayheadAction::Zoom(Some((
            scale.time(from.min(to)),
            scale.time(from.max(to)),
        )))),
        false => Action::Playhead(PlayheadAction::Seek(scale.time(to))),
    }
}

/// An upright line at a share of the plot.
pub fn upright(class: &'static str, share: f64) -> Html {
    html! { <div {class} style={attr::placed("left", share)} /> }
}

fn draw(layer: &Element, props: &Props, share: f64, pressed: Option<f64>) -> Result<(), JsValue> {
    let line = put(layer, "div", "")?;
    line.set_class_name("crosshair");
    line.set_attribute("style", &attr::placed("left", share))?;
    if let Some(from) = pressed {
        let dragged = put(layer, "div", "")?;
        dragged.set_class_name("dragged");
        let style = attr::spanned(from.min(share), (share - from).abs());
        dragged.set_attribute("style", &style)?;
    }
    readout(layer, props, share)
}

/// Every value at the crosshair.
fn readout(layer: &Element, props: &Props, share: f64) -> Result<(), JsValue> {
    let scale = props.scale();
    let is_on_playhead = (scale.share(props.time) - share).abs() < ON_PLAYHEAD;
    let time = if is_on_playhead {
        props.time
    } else {
        scale.time(share)
    };
    let now = |run: &RunView, known: Now| match is_on_playhead {
        true => known,
        false => run.now(run.at(time)),
    };
    let readout = put(layer, "div", "")?;
    readout.set_class_name(if share < 0.5 {
        "readout readout--right"
    } else {
        "readout readout--left"
    });
    readout.set_attribute("style", &attr::placed("--at", share))?;
    put(&readout, "b", &format::time(time))?;
    let list = put(&readout, "dl", "")?;
    for line in &props.lines {
        let name = put(&list, "dt", "")?;
        let mark = put(&name, "b", &letter(line.number).to_string())?;
        mark.set_class_name("end__letter");
        mark.set_attribute("data-colour", &attr::colour(line.colour))?;
        name.append_with_str_1(&line.name)?;
        let here = now(&line.run, line.now);
        put(&list, "dd", &here.size(|now| now.rss))?;
    }
    let here = now(&props.run, props.now);
    let sample = &here.sample;
    for (name, value) in [
        ("held by the program", Some(sample.live)),
        ("parked", Some(sample.parked)),
        ("free", Some(sample.free)),
        ("top", Some(sample.top)),
        ("malloc_trim(0) would return", sample.reclaimable),
    ] {
        if let Some(value) = value {
            put(&list, "dt", name)?;
            put(&list, "dd", &here.words(&value.to_string()))?;
        }
    }
    Ok(())
}

/// Puts an element with words in it at the end of another.
#[inline(never)]
fn put(parent: &Element, name: &str, words: &str) -> Result<Element, JsValue> {
    let document = parent.owner_document().ok_or("there is no page")?;
    let element = document.create_element(name)?;
    element.set_text_content(Some(words));
    parent.append_child(&element)?;
    Ok(element)
}
