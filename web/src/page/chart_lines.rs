//! The lines of the chart: what does not change while the playhead moves.

use std::rc::Rc;

use highwater_chart::{Scale, area, held, outline, resident};
use highwater_simulator::{Bytes, Micros, Sample};
use yew::prelude::*;

use super::attr;

use crate::{
    format,
    view::{Drawn, RunView},
};

/// Width and height of the drawing in its own units.
pub(super) const SIZE: u32 = 1000;

/// Both.
pub(super) const SQUARE: (u32, u32) = (SIZE, SIZE);

/// A variant's curve.
pub struct Line {
    /// Its run.
    pub run: Rc<RunView>,
    /// Its place among the variants.
    pub number: usize,
    /// Its colour.
    pub colour: usize,
    /// Its name.
    pub name: String,
    /// Whether it is looked into.
    pub is_selected: bool,
    /// Whether it is of something else than is asked for now.
    pub is_stale: bool,
}

/// MiB at the upper edge: what is the most in the time that is shown, and some room.
pub fn highest(lines: &[Line], shown: (Micros, Micros), cap: Option<Bytes>) -> f64 {
    let runs: Vec<&[Sample]> = lines.iter().map(|line| &line.run.samples[..]).collect();
    highwater_chart::highest(&runs, shown, cap)
}

/// Bands, grid and curves.
pub fn curves(lines: &[Line], run: &RunView, scale: &Scale, cap: Option<Bytes>) -> Html {
    let clip = |time: Micros| scale.share(time).clamp(0.0, 1.0);
    let bands = run.bands.iter().filter(|band| band.name != "end");
    let bands = bands.filter(|band| band.to > scale.from && band.from < scale.to);
    // The one that is looked into lies over the others.
    let (above, below): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_selected);
    let ordered = below.into_iter().chain(above);
    html! {
        <>
            { for bands.map(|band| html! {
                <div class={classes!("band", format!("band--{}", band.name))} style={format!(
                    "left: {}; width: {}",
                    format::percent(clip(band.from)),
                    format::percent(clip(band.to) - clip(band.from))
                )}><span>{ band.name }</span></div>
            }) }
            { for run.ran.stages.iter().skip(1).filter(|stage| scale.shows(stage.begins)).map(|stage| html! {
                <div class="stage" style={attr::placed("left", scale.share(stage.begins))}>
                    <span>{ stage.name.clone() }</span>
                </div>
            }) }
            { for format::ticks(scale.highest, 4.0).into_iter().map(|tick| html! {
                <div class="gridline" style={attr::placed("bottom", tick / scale.highest)}>
                    <span>{ format::tick(tick) }</span>
                </div>
            }) }
            { for format::time_ticks(scale.from, scale.to).into_iter().map(|(time, label)| html! {
                <span class="tick" style={attr::placed("left", scale.share(time))}>{ label }</span>
            }) }
            if let Some(cap) = cap.filter(|cap| cap.as_mib() < scale.highest) {
                <div class="cap" style={attr::placed("bottom", cap.as_mib() / scale.highest)}>
                    <span>{ format!("cap {cap}") }</span>
                </div>
            }
            <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
                <path class="curve--live" d={run.drawn(Drawn::Held, scale, || area(&run.samples, scale, SQUARE, held))} />
                { for ordered.map(|line| html! {
                    <path class={classes!("curve", line.is_selected.then_some("curve--rss"))}
                        data-colour={attr::colour(line.colour)} data-stale={attr::flag(line.is_stale)}
                        data-variant={attr::number(line.number as u64)}
                        d={line.run.drawn(Drawn::Resident, scale, || outline(&line.run.samples, scale, SQUARE, resident))} />
                }) }
            </svg>
            { for lines.iter().flat_map(|line| killed(line, scale)) }
        </>
    }
}

/// The moments at which a process was killed.
fn killed(line: &Line, scale: &Scale) -> Vec<Html> {
    let stages = line.run.ran.stages.iter();
    let killed = stages.flat_map(|stage| stage.killed.iter().copied());
    killed
        .filter(|time| scale.shows(*time))
        .map(|time| {
            html! {
                <span class="killed" data-colour={attr::colour(line.colour)} title="killed at the cap" style={attr::placed("left", scale.share(time))}>{ "✕" }</span>
            }
        })
        .collect()
}
