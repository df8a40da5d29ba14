//! The crosshair over the charts with every value, and the part of the time that is being dragged over.

use highwater_simulator::Micros;
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::{
    attr,
    chart_props::{self, Props},
    gestures::{Did, Gestures, On, Point, Pointer, Shown},
    places::Places,
    second_chart,
    variants::letter,
};
use crate::{
    format,
    state::{Action, State},
    view::{Now, RunView},
};

/// What the pointers have begun, and where one is over a chart, from left to right, from 0 to 1.
#[derive(Debug, Default)]
pub struct Crosshair {
    gestures: Gestures,
    /// Where it is, while it is over one.
    at: Option<(On, f64)>,
}

/// Nearer to the playhead than this share of the plot it is on it.
const ON_PLAYHEAD: f64 = 0.002;

impl Crosshair {
    /// Follows a pointer over what lies over the charts. Returns what that does to the state. The crosshair is drawn past Yew, so
    /// that nothing else is drawn anew while the pointer moves.
    pub fn follow(
        &mut self,
        state: &State,
        places: &Places,
        (on, did, event): Point,
    ) -> Option<Action> {
        let layer: Element = places.layer(on).cast()?;
        let props = chart_props::props(state)?;
        if did == Did::Press {
            // What another button does is no press.
            if event.button() != 0 {
                return None;
            }
            // It fails where the pointer is gone already; then there is nothing to follow.
            layer.set_pointer_capture(event.pointer_id()).ok();
        }
        let pointer = Pointer {
            id: event.pointer_id(),
            at: share(&layer, event.client_x()),
            moves: event.pointer_type() == "touch" || event.shift_key(),
        };
        let shown = Shown {
            part: props.shown,
            zoomed: props.zoomed,
            ends: state.variants.ends(),
        };
        let action = self.gestures.follow(on, did, pointer, shown);
        if on != On::Minimap {
            self.at = (did != Did::Leave).then_some((on, pointer.at));
            self.draw(places, &props);
        }
        action.map(Action::Playhead)
    }

    /// Says anew what is under it, as more may be known of that.
    pub fn refresh(&self, state: &State, places: &Places) {
        if let (Some(_), Some(props)) = (self.at, chart_props::props(state)) {
            self.draw(places, &props);
        }
    }

    /// One line over both charts, and the values beside the pointer.
    fn draw(&self, places: &Places, props: &Props) {
        for on in [On::Chart, On::Second] {
            let Some(layer) = places.layer(on).cast::<Element>() else {
                continue;
            };
            layer.set_text_content(None);
            if let Some((over, share)) = self.at {
                let pressed = self.gestures.pressed().filter(|_| over == on);
                // What cannot be put there is not there; nothing depends on it.
                draw(&layer, share, pressed)
                    .and_then(|()| match (over == on, on) {
                        (false, _) => Ok(()),
                        (true, On::Second) => short_readout(&layer, props, share),
                        (true, _) => readout(&layer, props, share),
                    })
                    .ok();
            }
        }
    }
}

/// Where a place in the window lies over an element, from left to right, from 0 to 1.
pub fn share(layer: &Element, x: i32) -> f64 {
    let place = layer.get_bounding_client_rect();
    ((f64::from(x) - place.left()) / place.width().max(1.0)).clamp(0.0, 1.0)
}

fn draw(layer: &Element, share: f64, pressed: Option<f64>) -> Result<(), JsValue> {
    let line = put(layer, "div", "")?;
    line.set_class_name("crosshair");
    line.set_attribute("style", &attr::placed("left", share))?;
    if let Some(from) = pressed {
        let dragged = put(layer, "div", "")?;
        dragged.set_class_name("dragged");
        let style = attr::spanned(from.min(share), (share - from).abs());
        dragged.set_attribute("style", &style)?;
    }
    Ok(())
}

/// The box beside the crosshair; returns the list in it, the moment, and whether that is the playhead's, where all figures are
/// known.
fn beside(layer: &Element, props: &Props, share: f64) -> Result<(Element, Micros, bool), JsValue> {
    let scale = props.scale();
    let is_on_playhead = (scale.share(props.time) - share).abs() < ON_PLAYHEAD;
    let time = match is_on_playhead {
        true => props.time,
        false => scale.time(share),
    };
    let readout = put(layer, "div", "")?;
    readout.set_class_name(if share < 0.5 {
        "readout readout--right"
    } else {
        "readout readout--left"
    });
    readout.set_attribute("style", &attr::placed("--at", share))?;
    put(&readout, "b", &format::time(time))?;
    Ok((put(&readout, "dl", "")?, time, is_on_playhead))
}

fn figures(run: &RunView, known: Now, (time, is_on_playhead): (Micros, bool)) -> Now {
    match is_on_playhead {
        true => known,
        false => run.now(run.at(time)),
    }
}

/// The values of the second chart.
fn short_readout(layer: &Element, props: &Props, share: f64) -> Result<(), JsValue> {
    let (list, time, is_on_playhead) = beside(layer, props, share)?;
    let here = figures(&props.run, props.now, (time, is_on_playhead));
    for (name, value) in second_chart::values(&here.sample) {
        put(&list, "dt", name)?;
        put(&list, "dd", &here.words(&value))?;
    }
    Ok(())
}

/// Every value at the crosshair.
fn readout(layer: &Element, props: &Props, share: f64) -> Result<(), JsValue> {
    let (list, time, is_on_playhead) = beside(layer, props, share)?;
    let now = |run: &RunView, known: Now| figures(run, known, (time, is_on_playhead));
    for line in &props.lines {
        let name = put(&list, "dt", "")?;
        let mark = put(&name, "b", &letter(line.number).to_string())?;
        mark.set_class_name("end__letter");
        mark.set_attribute("data-colour", &attr::colour(line.colour))?;
        name.append_with_str_1(&line.name)?;
        let here = now(&line.run, line.now);
        put(&list, "dd", &here.size(|now| props.quoted.of(now)))?;
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
