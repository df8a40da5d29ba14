//! Resident memory of every variant over time, with what the program holds under it.
//!
//! The drawing is an SVG stretched to whatever room there is; words and lines that must not be stretched lie over it,
//! placed in percent. So it fits every width without being measured.

use std::rc::Rc;

use highwater_chart::{Scale, markup};
use highwater_simulator::{Bytes, Micros};
use web_sys::MouseEvent;
use yew::prelude::*;

use super::{
    attr::{self, press},
    chart_lines::{Line, curves, highest},
    crosshair::upright,
    pictures::buttons,
    pointer::{Did, On, Pointed, heard},
    variants::letter,
};
use crate::{
    format,
    state::{Action, Picture, State},
    view::RunView,
};

/// What the chart shows.
pub struct Props {
    /// The curves, that of the variant that is looked into among them.
    pub lines: Vec<Line>,
    /// The run that is looked into.
    pub run: Rc<RunView>,
    /// The moment that is shown.
    pub time: Micros,
    /// How many events had been run then.
    pub event: u64,
    /// The part of the time that is shown.
    pub shown: (Micros, Micros),
    /// Whether that is not all of it.
    pub zoomed: bool,
    /// Whether it can be saved as a picture.
    pub can_save: bool,
    /// The cap, where there is one.
    pub cap: Option<Bytes>,
}

impl Props {
    /// What the plot's width stands for.
    pub fn scale(&self) -> Scale {
        let (from, to) = self.shown;
        Scale {
            from,
            to,
            highest: 1.0,
        }
    }
}

/// What the chart is made of, if there is anything.
pub fn props(state: &State) -> Option<Props> {
    let selected = state.selected();
    let run = Rc::clone(selected.run.as_ref()?);
    let lines = state
        .variants
        .iter()
        .enumerate()
        .filter_map(|(number, variant)| {
            Some(Line {
                run: Rc::clone(variant.run.as_ref()?),
                number,
                colour: variant.colour,
                name: variant.name.clone(),
                is_selected: variant.id == selected.id,
                is_stale: !variant.is_fresh(),
            })
        });
    let caps = state
        .variants
        .iter()
        .filter_map(|variant| variant.run.as_ref());
    let caps = caps.flat_map(|run| {
        run.order
            .stages
            .iter()
            .filter_map(|stage| stage.variant.cap)
    });
    Some(Props {
        lines: lines.collect(),
        cap: caps.max(),
        run,
        time: state.time,
        event: state.playhead().event,
        shown: state.shown(),
        zoomed: state.zoom.is_some(),
        can_save: state.shows().controls,
    })
}

/// The card with the curves.
pub fn chart(props: &Props, act: &Callback<Action>, point: &Callback<Pointed>) -> Html {
    let run = &props.run;
    let scale = Scale {
        highest: highest(&props.lines, props.shown, props.cap),
        ..props.scale()
    };
    let heard = |did| heard(point, On::Plot, did);
    let here = run.sample_at(props.time);
    let on_double = act.reform(|_: MouseEvent| Action::Zoom(None));
    let said = format!(
        "{}: {} resident, {} held by the program",
        format::time(props.time),
        here.rss,
        here.live
    );
    html! {
        <section class="card" aria-labelledby="chart-title">
            <div class="card__head">
                <h2 id="chart-title">{ "Resident memory" }</h2>
                <ul class="legend">
                    <li><i class="key key--live" />{ "held by the program " }<b>{ format::mib(here.live) }</b></li>
                    <li class="unit">{ "MiB" }</li>
                </ul>
                <div class="card__tools">
                    if props.zoomed {
                        <button id="zoom-out" type="button" class="button button--small"
                            onclick={press(act, Action::Zoom(None))}>{ "Whole time" }</button>
                    }
                    if props.can_save {
                        { buttons(act, Picture::Chart, "the curves") }
                    }
                </div>
            </div>
            <div class="chart">
                <div id="chart" class="plot" role="slider" tabindex="0" aria-label="Playhead"
                    aria-valuemin="0" aria-valuemax={format::number(run.ends().as_seconds())}
                    aria-valuenow={format::number(props.time.as_seconds())} aria-valuetext={said}
                    data-samples={attr::number(run.samples.len() as u64)} data-peak={attr::number(run.ran.summary.peak.0)}
                    data-rss={attr::number(here.rss.0)} data-live={attr::number(here.live.0)}
                    data-time={attr::number(props.time.0)} data-event={attr::number(props.event)}
                    data-curves={attr::number(props.lines.len() as u64)}
                    data-from={attr::number(props.shown.0.0)} data-to={attr::number(props.shown.1.0)}
                    ondblclick={on_double}>
                    { curves(&props.lines, run, &scale, props.cap) }
                    { ends(&props.lines, &scale, props.time) }
                    if scale.shows(props.time) {
                        { upright("playhead", scale.share(props.time)) }
                        <span class="playhead__dot" style={format!(
                            "left: {}; bottom: {}",
                            format::percent(scale.share(props.time)),
                            format::percent((here.rss.as_mib() / scale.highest).min(1.0))
                        )} />
                    }
                    <div id="over" class="over" onpointermove={heard(Did::Move)} onpointerdown={heard(Did::Press(0))}
                        onpointerup={heard(Did::LetGo)} onpointerleave={heard(Did::Leave)} />
                </div>
            </div>
            { as_table(&props.lines, run) }
        </section>
    }
}

/// What each variant has resident at the playhead, at the right edge; those at the same height together.
fn ends(lines: &[Line], scale: &Scale, time: Micros) -> Html {
    let rss = |line: &Line| line.run.sample_at(time).rss;
    let height = |line| (rss(line).as_mib() / scale.highest).clamp(0.0, 1.0);
    let heights: Vec<f64> = lines.iter().map(height).collect();
    let mut text = String::new();
    for (height, at) in highwater_chart::ends(&heights, 0.012, 0.075) {
        let style = attr::placed("bottom", height);
        let piece = "<span class=\"end\" style=\"$\"><span class=\"end__letters\">";
        markup(&mut text, piece, &[&style]);
        for line in at.iter().map(|at| &lines[*at]) {
            let letter = letter(line.number).to_string();
            let piece = "<b data-colour=\"$\">$</b>";
            markup(&mut text, piece, &[&attr::colour(line.colour), &letter]);
        }
        let figure = format::mib(rss(&lines[at[0]]));
        markup(&mut text, "</span>$</span>", &[&figure]);
    }
    Html::from_html_unchecked(text.into())
}

/// The same as a table, for those who do not see it: every variant at every mark of the one that is looked into.
fn as_table(lines: &[Line], run: &RunView) -> Html {
    html! {
        <details class="more">
            <summary>{ "The curves as a table" }</summary>
            <div class="scrolls" data-scrolls="x" tabindex="0" role="region" aria-label="The curves as a table">
                { rows(lines, run) }
            </div>
        </details>
    }
}

/// The table itself, as text: it is longer than the page, and seldom unfolded.
fn rows(lines: &[Line], run: &RunView) -> Html {
    let mut text = String::new();
    let mut put = |piece: &str, words: &str| markup(&mut text, piece, &[words]);
    const HEAD: &str = "<th scope=\"col\" class=\"figure\">$</th>";
    const FIGURE: &str = "<td class=\"figure\">$</td>";
    put(
        "<table id=\"chart-table\" class=\"table\"><thead><tr><th scope=\"col\">mark</th>",
        "",
    );
    put(HEAD, "time");
    for line in lines {
        put(HEAD, &format!("{} {}", letter(line.number), line.name));
    }
    put("</tr></thead><tbody>", "");
    for mark in &run.ran.marks {
        put("<tr><th scope=\"row\">$</th>", &mark.name);
        put(FIGURE, &format::time(mark.time));
        for line in lines {
            put(FIGURE, &line.run.sample_at(mark.time).rss.to_string());
        }
        put("</tr>", "");
    }
    put("</tbody></table>", "");
    Html::from_html_unchecked(text.into())
}
