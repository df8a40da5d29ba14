//! The lines of the chart: what does not change while the playhead moves.

use std::rc::Rc;

use highwater_chart::{LIMITS, Limits, Scale, area, held, markup, outline, quoted as of_quoted};
use highwater_simulator::{Micros, Quoted, Sample};
use yew::prelude::*;

use super::{
    attr,
    line::{Line, SIZE, SQUARE},
    measured,
};

use crate::{
    format,
    state::State,
    view::{Drawn, RunView},
};

/// MiB at the upper edge: what is the most in the time that is shown, and some room.
pub fn highest(
    quoted: Quoted,
    (lines, growing): (&[Line], &[Growing]),
    shown: (Micros, Micros),
    limits: Limits,
) -> f64 {
    let runs = lines.iter().map(|line| &line.run.samples[..]);
    let runs = runs.chain(growing.iter().map(|(_, samples)| &samples[..]));
    let runs: Vec<&[Sample]> = runs.collect();
    highwater_chart::highest(
        quoted,
        &runs,
        &measured::points(quoted, lines),
        shown,
        limits,
    )
}

/// Bands, grid and curves.
pub fn curves(
    quoted: Quoted,
    (lines, growing): (&[Line], &[Growing]),
    run: &RunView,
    scale: &Scale,
    limits: Limits,
) -> Html {
    // The one that is looked into lies over the others.
    let (above, below): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_selected);
    let ordered = below.into_iter().chain(above);
    html! {
        <>
            { ground(run, scale, limits) }
            <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
                <path class="curve--live" d={run.drawn(Drawn::Held, (Quoted::Resident, scale), || area(&run.samples, scale, SQUARE, &held))} />
                { for ordered.map(|line| html! {
                    <path class={classes!("curve", line.is_selected.then_some("curve--rss"))}
                        data-colour={attr::colour(line.colour)} data-stale={attr::flag(line.is_stale)}
                        data-variant={attr::number(line.number as u64)}
                        d={line.run.drawn(Drawn::Memory, (quoted, scale), || outline(&line.run.samples, scale, SQUARE, &of_quoted(quoted)))} />
                }) }
            </svg>
            { over(quoted, growing, scale) }
            { measured::dots(quoted, lines, scale) }
            { killed(lines, scale) }
        </>
    }
}

/// The curves so far over those of other runs.
fn over(quoted: Quoted, growing: &[Growing], scale: &Scale) -> Html {
    let mut text = String::new();
    if !growing.is_empty() {
        dashed(&mut text, (quoted, growing), scale);
    }
    Html::from_html_unchecked(text.into())
}

/// Adds a line or a figure to a text.
fn put(text: &mut String, class: &str, style: &str, words: &str) {
    let piece = "<div class=\"$\" style=\"$\"><span>$</span></div>";
    markup(text, piece, &[class, style, words]);
}

/// What lies under the curves. It is dozens of lines and words without any function, and a text is less to send than
/// elements.
fn ground(run: &RunView, scale: &Scale, limits: Limits) -> Html {
    let mut text = String::new();
    for band in &run.bands {
        let clip = |time: Micros| scale.share(time).clamp(0.0, 1.0);
        let (from, to) = (clip(band.from), clip(band.to));
        if band.name != "end" && to > from {
            let class = format!("band band--{}", band.name);
            put(
                &mut text,
                &class,
                &attr::spanned(from, to - from),
                band.name,
            );
        }
    }
    for stage in run.ran.stages.iter().skip(1) {
        if scale.shows(stage.begins) {
            let style = attr::placed("left", scale.share(stage.begins));
            put(&mut text, "stage", &style, &stage.name);
        }
    }
    grid(&mut text, scale);
    for (name, limit) in LIMITS.iter().zip(limits) {
        if let Some(limit) = limit.filter(|limit| limit.as_mib() < scale.highest) {
            let style = attr::placed("bottom", limit.as_mib() / scale.highest);
            put(&mut text, "cap", &style, &format!("{name} {limit}"));
        }
    }
    Html::from_html_unchecked(text.into())
}

/// Lines and figures of the axes.
fn grid(text: &mut String, scale: &Scale) {
    for tick in format::ticks(scale.highest, 4.0) {
        let style = attr::placed("bottom", tick / scale.highest);
        put(text, "gridline", &style, &format::number(tick));
    }
    for (time, label) in format::time_ticks(scale.from, scale.to) {
        put(
            text,
            "tick",
            &attr::placed("left", scale.share(time)),
            &label,
        );
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

/// Adds curves so far to a text. The whole drawing is in it: a part of one would not be drawn.
fn dashed(text: &mut String, (quoted, growing): (Quoted, &[Growing]), scale: &Scale) {
    text.push_str(
        "<svg class=\"curves\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    for (colour, samples) in growing {
        let piece = "<path class=\"curve curve--growing\" data-colour=\"$\" d=\"$\"/>";
        let path = outline(samples, scale, SQUARE, &of_quoted(quoted));
        markup(text, piece, &[&attr::colour(*colour), &path]);
    }
    text.push_str("</svg>");
}

/// The chart before the first run is there.
pub fn first(state: &State) -> Html {
    let growing = growing(state);
    let runs: Vec<&[Sample]> = growing.iter().map(|(_, samples)| &samples[..]).collect();
    let ends = runs.iter().filter_map(|samples| samples.last());
    let Some(ends) = ends.map(|sample| sample.time).max() else {
        return Html::default();
    };
    let lasts = state.source.held.as_ref().map(|held| held.about.lasts);
    let to = lasts.unwrap_or_default().max(ends).max(Micros(1));
    let scale = Scale {
        from: Micros(0),
        to,
        highest: highwater_chart::highest(
            state.charted.quoted,
            &runs,
            &[],
            (Micros(0), to),
            [None; 2],
        ),
    };
    let mut text = "<div class=\"chart\"><div id=\"growing\" class=\"plot\">".to_owned();
    grid(&mut text, &scale);
    dashed(&mut text, (state.charted.quoted, &growing), &scale);
    text.push_str("</div></div>");
    Html::from_html_unchecked(text.into())
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

/// An upright line at a share of the plot.
pub fn upright(class: &'static str, share: f64) -> Html {
    html! { <div {class} style={attr::placed("left", share)} /> }
}
