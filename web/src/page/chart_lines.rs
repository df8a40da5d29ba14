//! The lines of the chart: what does not change while the playhead moves.

use std::rc::Rc;

use highwater_chart::{Scale, area, held, markup, outline, resident};
use highwater_simulator::{Bytes, Micros, Sample};
use yew::prelude::*;

use super::{attr, measured};

use crate::{
    format,
    state::State,
    view::{Drawn, Now, RunView},
};

/// Width and height of the drawing in its own units.
pub(super) const SIZE: u32 = 1000;

/// Both.
pub(super) const SQUARE: (u32, u32) = (SIZE, SIZE);

/// A variant's curve.
pub struct Line {
    /// Its run.
    pub run: Rc<RunView>,
    /// Its letter, by number.
    pub number: usize,
    /// Its colour.
    pub colour: usize,
    /// Its name.
    pub name: String,
    /// Its figures at the playhead.
    pub now: Now,
    /// Whether it is looked into.
    pub is_selected: bool,
    /// Whether it is of something else than is asked for now.
    pub is_stale: bool,
}

/// MiB at the upper edge: what is the most in the time that is shown, and some room.
pub fn highest(
    (lines, growing): (&[Line], &[Growing]),
    shown: (Micros, Micros),
    cap: Option<Bytes>,
) -> f64 {
    let runs = lines.iter().map(|line| &line.run.samples[..]);
    let runs = runs.chain(growing.iter().map(|(_, samples)| &samples[..]));
    let runs: Vec<&[Sample]> = runs.collect();
    highwater_chart::highest(&runs, &measured::points(lines), shown, cap)
}

/// Bands, grid and curves.
pub fn curves(
    (lines, growing): (&[Line], &[Growing]),
    run: &RunView,
    scale: &Scale,
    cap: Option<Bytes>,
) -> Html {
    // The one that is looked into lies over the others.
    let (above, below): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_selected);
    let ordered = below.into_iter().chain(above);
    html! {
        <>
            { ground(run, scale, cap) }
            { svg(html! { <>
                <path class="curve--live" d={run.drawn(Drawn::Held, scale, || area(&run.samples, scale, SQUARE, held))} />
                { for ordered.map(|line| html! {
                    <path class={classes!("curve", line.is_selected.then_some("curve--rss"))}
                        data-colour={attr::colour(line.colour)} data-stale={attr::flag(line.is_stale)}
                        data-variant={attr::number(line.number as u64)}
                        d={line.run.drawn(Drawn::Resident, scale, || outline(&line.run.samples, scale, SQUARE, resident))} />
                }) }
            </> }) }
            if !growing.is_empty() {
                { dashed(growing, scale) }
            }
            { measured::dots(lines, scale) }
            { killed(lines, scale) }
        </>
    }
}

/// What lies under the curves. It is dozens of lines and words without any function, and a text is less to send than
/// elements.
fn ground(run: &RunView, scale: &Scale, cap: Option<Bytes>) -> Html {
    let mut text = String::new();
    let mut put = |class: &str, style: &str, words: &str| {
        let piece = "<div class=\"$\" style=\"$\"><span>$</span></div>";
        markup(&mut text, piece, &[class, style, words]);
    };
    for band in &run.bands {
        let clip = |time: Micros| scale.share(time).clamp(0.0, 1.0);
        let (from, to) = (clip(band.from), clip(band.to));
        if band.name != "end" && to > from {
            let class = format!("band band--{}", band.name);
            put(&class, &attr::spanned(from, to - from), band.name);
        }
    }
    for stage in run.ran.stages.iter().skip(1) {
        if scale.shows(stage.begins) {
            let style = attr::placed("left", scale.share(stage.begins));
            put("stage", &style, &stage.name);
        }
    }
    grid(scale, &mut put);
    if let Some(cap) = cap.filter(|cap| cap.as_mib() < scale.highest) {
        let style = attr::placed("bottom", cap.as_mib() / scale.highest);
        put("cap", &style, &format!("cap {cap}"));
    }
    Html::from_html_unchecked(text.into())
}

/// Lines and figures of the axes.
fn grid(scale: &Scale, put: &mut impl FnMut(&str, &str, &str)) {
    for tick in format::ticks(scale.highest, 4.0) {
        let style = attr::placed("bottom", tick / scale.highest);
        put("gridline", &style, &format::tick(tick));
    }
    for (time, label) in format::time_ticks(scale.from, scale.to) {
        put("tick", &attr::placed("left", scale.share(time)), &label);
    }
}

/// The curve so far of a variant that is run: its colour, and the samples.
pub type Growing = (usize, Rc<[Sample]>);

/// The curves so far of what is run, of the variants that are shown.
pub fn growing(state: &State) -> Vec<Growing> {
    let all = state.variants.all.iter();
    let all = all.filter(|variant| variant.is_running() && state.charted.shows(variant.letter));
    let all =
        all.filter_map(|variant| Some((variant.colour, Rc::clone(variant.growing.as_ref()?))));
    all.collect()
}

/// Says what dashed curves are.
pub const PRELIMINARY: &str = "dashed: preliminary, still running";

/// Curves so far.
fn dashed(growing: &[Growing], scale: &Scale) -> Html {
    let mut text = String::new();
    for (colour, samples) in growing {
        let piece = "<path class=\"curve curve--growing\" data-colour=\"$\" d=\"$\"/>";
        let path = outline(samples, scale, SQUARE, resident);
        markup(&mut text, piece, &[&attr::colour(*colour), &path]);
    }
    svg(Html::from_html_unchecked(text.into()))
}

fn svg(curves: Html) -> Html {
    html! {
        <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
            { curves }
        </svg>
    }
}

/// The chart before the first run is there.
pub fn first(state: &State) -> Html {
    let growing = growing(state);
    if growing.is_empty() {
        return Html::default();
    }
    let runs: Vec<&[Sample]> = growing.iter().map(|(_, samples)| &samples[..]).collect();
    let ends = runs.iter().filter_map(|samples| samples.last());
    let ends = ends.map(|sample| sample.time).max().unwrap_or_default();
    let lasts = state.source.held.as_ref().map(|held| held.about.lasts);
    let to = lasts.unwrap_or_default().max(ends);
    let shown = (Micros(0), Micros(to.0.max(1)));
    let scale = Scale {
        from: shown.0,
        to: shown.1,
        highest: highwater_chart::highest(&runs, &[], shown, None),
    };
    let mut text = String::new();
    grid(&scale, &mut |class, style, words| {
        let piece = "<div class=\"$\" style=\"$\"><span>$</span></div>";
        markup(&mut text, piece, &[class, style, words]);
    });
    html! {
        <div class="chart">
            <div id="growing" class="plot">
                { Html::from_html_unchecked(text.into()) }
                { dashed(&growing, &scale) }
            </div>
        </div>
    }
}

/// Where processes were killed.
fn killed(lines: &[Line], scale: &Scale) -> Html {
    let mut text = String::new();
    for line in lines {
        for time in line.run.killed() {
            if scale.shows(time) {
                markup(
                    &mut text,
                    "<span class=\"killed\" data-colour=\"$\" title=\"killed at the cap\" style=\"$\">✕</span>",
                    &[
                        &attr::colour(line.colour),
                        &attr::placed("left", scale.share(time)),
                    ],
                );
            }
        }
    }
    Html::from_html_unchecked(text.into())
}
