//! What was measured of the real process: dots in the chart, their entry in its legend, and a sentence about them.

use std::rc::Rc;

use highwater_chart::{Dot, Scale, dots as path};
use highwater_simulator::{Micros, Quoted};
use yew::prelude::*;

use super::line::{Line, SIZE, SQUARE};
use crate::view::{Drawn, RunView};

/// The run that knows most of the real process. What was measured is resident memory, and not beside other figures.
fn of(quoted: Quoted, lines: &[Line]) -> Option<&Rc<RunView>> {
    if quoted != Quoted::Resident {
        return None;
    }
    let runs = lines.iter().map(|line| &line.run);
    let run = runs.max_by_key(|run| run.ran.real.count)?;
    (run.ran.real.count > 0).then_some(run)
}

/// The dots.
pub(super) fn points(quoted: Quoted, lines: &[Line]) -> Vec<Dot> {
    of(quoted, lines).map_or_else(Vec::new, |run| run.ran.real.points().collect())
}

/// The dots over the curves.
pub(super) fn dots(quoted: Quoted, lines: &[Line], scale: &Scale) -> Html {
    let Some(run) = of(quoted, lines) else {
        return Html::default();
    };
    let draw = || path(&points(quoted, lines), scale, SQUARE);
    let d = run.drawn(Drawn::Measured, (quoted, scale), draw);
    html! {
        <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
            <path class="dots dots--edge" d={Rc::clone(&d)} />
            <path id="dots" class="dots" {d} />
        </svg>
    }
}

/// Their entry in the legend.
pub(super) fn legend(quoted: Quoted, lines: &[Line]) -> Html {
    if of(quoted, lines).is_none() {
        return Html::default();
    }
    html! { <li><i class="key key--dot" />{ "measured in the real process" }</li> }
}

/// How far process and model are apart, as of a time.
pub(super) fn sentence(run: &RunView, time: Micros) -> Html {
    let real = &run.ran.real;
    let Some(at) = real.at(time).or(real.moments.first()) else {
        return Html::default();
    };
    html! { <p id="measured" class="words--small">{ highwater_report::measured(real, at) }</p> }
}
