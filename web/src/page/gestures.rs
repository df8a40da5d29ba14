//! What pointers do over the charts: a click, a part that is dragged over, a part that is moved, two fingers, a brush.
//!
//! It knows places as shares of what they lie in, and neither the browser nor how anything is drawn.

use yew::PointerEvent;

use highwater_chart::Scale;
use highwater_simulator::Micros;

use crate::{
    format,
    state::{Action, PlayheadAction, Span, between},
};

/// A drag over less of the plot than this is a click.
const LEAST_DRAG: f64 = 0.008;

/// Nearer to an edge of the part in the minimap than this share, that edge is meant.
const EDGE: f64 = 0.012;

/// Fingers are farther apart than this, as a share of the plot.
const LEAST_APART: f64 = 0.02;

/// What pointers are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The curves.
    Chart,
    /// What decides whether memory goes back.
    Second,
    /// The whole run.
    Minimap,
}

/// What a pointer does over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// It moved.
    Move,
    /// It was pressed.
    Press,
    /// It was let go.
    LetGo,
    /// It left.
    Leave,
}

/// A pointer did something over something.
pub type Point = (On, Did, PointerEvent);

/// A pointer, as far as that matters here.
#[derive(Debug, Clone, Copy)]
pub struct Pointer {
    /// Its number.
    pub id: i32,
    /// Where it is, from left to right, from 0 to 1.
    pub at: f64,
    /// Whether pressing it moves the part that is shown: a finger, or with Shift.
    pub moves: bool,
}

/// What was begun by a press.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Begun {
    /// A part, from there.
    Part(f64),
    /// The part that is shown moves with the pointer: where it was pressed, and where it was last.
    Moving(f64, f64),
    /// Two fingers.
    Pinch,
    /// A new part in the minimap, or an edge of the one that there is; the other edge.
    Brush(f64),
    /// The part in the minimap moves: where it was pressed within it, and how long it is.
    Sliding(f64, f64),
}

/// What is shown, as the gestures need it.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The part of the time that the chart shows.
    pub part: Span,
    /// Whether that is not all.
    pub zoomed: bool,
    /// When the last run ends.
    pub ends: Micros,
}

/// The pointers that are down, and what they have begun.
#[derive(Debug, Default)]
pub struct Gestures {
    down: Vec<(i32, f64)>,
    begun: Option<Begun>,
}

impl Shown {
    fn scale(&self) -> Scale {
        scale(self.part)
    }

    /// That of the strip, which is not empty even where nothing runs.
    fn whole(&self) -> Scale {
        scale((Micros(0), self.ends.max(Micros(1))))
    }

    /// The part's edges as shares of the whole run.
    fn edges(&self) -> (f64, f64) {
        let whole = self.whole();
        (whole.share(self.part.0), whole.share(self.part.1))
    }
}

fn scale((from, to): Span) -> Scale {
    Scale {
        from,
        to,
        highest: 1.0,
    }
}

impl Gestures {
    /// Where a part was begun to be dragged over in the chart.
    pub fn pressed(&self) -> Option<f64> {
        match self.begun {
            Some(Begun::Part(from)) => Some(from),
            _ => None,
        }
    }

    /// Follows a pointer. Returns what that does to the state.
    pub fn follow(
        &mut self,
        on: On,
        did: Did,
        pointer: Pointer,
        shown: Shown,
    ) -> Option<PlayheadAction> {
        match did {
            Did::Press => {
                self.down.retain(|(id, _)| *id != pointer.id);
                self.down.push((pointer.id, pointer.at));
                self.begun = Some(self.begin(on, pointer, shown));
                match self.begun {
                    Some(Begun::Brush(_) | Begun::Sliding(..)) => self.brush(pointer.at, shown),
                    _ => None,
                }
            }
            Did::Move => self.go_on(pointer, shown),
            Did::LetGo => {
                let ended = self.end(pointer, shown);
                self.down.retain(|(id, _)| *id != pointer.id);
                ended
            }
            Did::Leave => {
                if self.down.iter().any(|(id, _)| *id == pointer.id) {
                    self.down.retain(|(id, _)| *id != pointer.id);
                    self.begun = None;
                }
                None
            }
        }
    }

    fn begin(&self, on: On, pointer: Pointer, shown: Shown) -> Begun {
        if on != On::Minimap {
            return match (self.down.len(), pointer.moves && shown.zoomed) {
                (2.., _) => Begun::Pinch,
                (_, true) => Begun::Moving(pointer.at, pointer.at),
                (_, false) => Begun::Part(pointer.at),
            };
        }
        let (from, to) = shown.edges();
        let near = |edge: f64| (edge - pointer.at).abs() < EDGE;
        match shown.zoomed {
            // The nearer edge; of a narrow part the one that leads outwards.
            true if near(to) && (pointer.at >= to || !near(from)) => Begun::Brush(from),
            true if near(from) => Begun::Brush(to),
            true if (from..to).contains(&pointer.at) => {
                Begun::Sliding(pointer.at - from, to - from)
            }
            _ => Begun::Brush(pointer.at),
        }
    }

    fn go_on(&mut self, pointer: Pointer, shown: Shown) -> Option<PlayheadAction> {
        let before = self.spread();
        let down = self.down.iter_mut().find(|(id, _)| *id == pointer.id)?;
        down.1 = pointer.at;
        match self.begun? {
            Begun::Part(_) => None,
            Begun::Moving(from, last) => {
                self.begun = Some(Begun::Moving(from, pointer.at));
                Some(PlayheadAction::Pan(last - pointer.at))
            }
            Begun::Pinch => {
                let ((apart, _), (now, around)) = (before?, self.spread()?);
                Some(PlayheadAction::Scale(apart / now, Some(around)))
            }
            Begun::Brush(_) | Begun::Sliding(..) => self.brush(pointer.at, shown),
        }
    }

    /// How far two fingers are apart, and where their middle is.
    fn spread(&self) -> Option<(f64, f64)> {
        let [(_, one), (_, other), ..] = self.down[..] else {
            return None;
        };
        Some(((one - other).abs().max(LEAST_APART), (one + other) / 2.0))
    }

    /// The part that a brush has come to. One that was only pressed changes nothing yet.
    fn brush(&self, at: f64, shown: Shown) -> Option<PlayheadAction> {
        let part = match self.begun? {
            Begun::Brush(other) if (other - at).abs() >= LEAST_DRAG => {
                between(other, at, shown.ends)
            }
            Begun::Sliding(within, long) => {
                let from = format::within(at - within, 0.0, 1.0 - long);
                between(from, from + long, shown.ends)
            }
            _ => return None,
        };
        Some(PlayheadAction::Zoom(part))
    }

    fn end(&mut self, pointer: Pointer, shown: Shown) -> Option<PlayheadAction> {
        let known = self.down.iter().any(|(id, _)| *id == pointer.id);
        if !known {
            return None;
        }
        let begun = self.begun.take()?;
        let seek = |time| Some(PlayheadAction::Seek(time));
        let is_click = |from: f64| (pointer.at - from).abs() < LEAST_DRAG;
        let chart = shown.scale();
        match begun {
            Begun::Part(from) | Begun::Moving(from, _) if is_click(from) => {
                seek(chart.time(pointer.at))
            }
            Begun::Part(from) => Some(PlayheadAction::Zoom(Some((
                chart.time(from.min(pointer.at)),
                chart.time(from.max(pointer.at)),
            )))),
            // A click beside the part, or where there is none.
            Begun::Brush(from) if is_click(from) => seek(shown.whole().time(pointer.at)),
            Begun::Moving(..) | Begun::Pinch | Begun::Brush(_) | Begun::Sliding(..) => None,
        }
    }
}

/// The least and the most that a turn of a wheel scales.
const TURNS: [f64; 2] = [0.5, 2.0];

/// What a wheel does over the chart, turned by so many pixels, with the pointer at a share of the plot that is so many pixels wide.
/// None where the page is to scroll.
pub fn wheel((across, down): (f64, f64), at: f64, width: f64, scales: bool) -> Option<Action> {
    let action = match scales {
        true if down == 0.0 => return None,
        true => {
            let step = 1.0 + down.abs() / 250.0;
            let factor = if down > 0.0 { step } else { 1.0 / step };
            PlayheadAction::Scale(factor.clamp(TURNS[0], TURNS[1]), Some(at))
        }
        false => PlayheadAction::Pan(across / width.max(1.0)),
    };
    Some(Action::Playhead(action))
}

#[cfg(test)]
mod tests;
