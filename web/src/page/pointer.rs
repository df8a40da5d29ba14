//! What follows the pointer: the crosshair over the chart, and what a map says of the dot under it. It is drawn past Yew,
//! so that nothing else is drawn anew while the pointer moves.

use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent};
use yew::Callback;

use super::{browser::document, crosshair::Crosshair, heap_map::Map};
use crate::state::{Action, State};

/// Where the pointer is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum On {
    /// On the plot of the chart.
    Plot,
    /// On the map whose canvas has this id.
    Map(&'static str),
}

/// What it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Did {
    /// It moved.
    Move,
    /// The button that is number 0 was pressed, of the pointer with this number.
    Press(i32),
    /// It was let go.
    LetGo,
    /// Pressed and let go at the same place.
    Click,
    /// It left.
    Leave,
}

/// What the pointer did somewhere.
#[derive(Debug)]
pub struct Pointed {
    on: On,
    did: Did,
    /// From the left and the upper edge of the window, in CSS pixels.
    at: (f64, f64),
}

impl Pointed {
    fn new(on: On, did: Did, event: &MouseEvent) -> Self {
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        Self { on, did, at }
    }
}

/// Tells that the pointer did something.
#[inline(never)]
pub fn heard(point: &Callback<Pointed>, on: On, did: Did) -> Callback<PointerEvent> {
    point.reform(move |event: PointerEvent| {
        // What another button does is no press; nothing comes of moving there.
        let did = match did {
            Did::Press(_) if event.button() == 0 => Did::Press(event.pointer_id()),
            Did::Press(_) => Did::Move,
            did => did,
        };
        Pointed::new(on, did, &event)
    })
}

/// Tells that there was a click.
pub fn clicked(point: &Callback<Pointed>, on: On) -> Callback<MouseEvent> {
    point.reform(move |event: MouseEvent| Pointed::new(on, Did::Click, &event))
}

/// Everything that follows the pointer.
#[derive(Default)]
pub struct Follower {
    crosshair: Crosshair,
    maps: Vec<Map>,
}

impl Follower {
    /// Draws what is drawn past Yew, once all else is there.
    pub fn draw(&mut self, state: &State) {
        Map::draw_all(&mut self.maps, state);
        if let Some(layer) = element("over") {
            self.crosshair.refresh(state, &layer);
        }
    }

    /// The window has another size.
    pub fn resized(&mut self) {
        self.maps.clear();
    }

    /// Follows the pointer. Returns what that does to the state, if anything.
    pub fn follow(&mut self, state: &State, Pointed { on, did, at }: Pointed) -> Option<Action> {
        let id = match on {
            On::Plot => "over",
            On::Map(id) => id,
        };
        // An event's own target is no help: Yew listens at the root of the page.
        let element: Element = element(id)?;
        let place = element.get_bounding_client_rect();
        let at = (at.0 - place.left(), at.1 - place.top());
        match on {
            On::Plot => {
                let share = (at.0 / place.width().max(1.0)).clamp(0.0, 1.0);
                self.crosshair.follow(state, &element, did, share)
            }
            On::Map(id) => {
                let map = self.maps.iter_mut().find(|map| map.id() == id)?;
                match did {
                    Did::Click => map.opened(at),
                    did => {
                        map.hover((did == Did::Move).then_some(at));
                        None
                    }
                }
            }
        }
    }
}

/// An element of the page.
pub fn element<T: JsCast>(id: &str) -> Option<T> {
    let document = document()?;
    let element: Element = document.get_element_by_id(id)?;
    element.dyn_into().ok()
}
