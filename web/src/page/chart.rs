//! Resident memory of every variant over time, with what the program holds under it.
//!
//! The drawing is an SVG stretched to whatever room there is; words and lines that must not be stretched lie over it,
//! placed in percent. So it fits every width without being measured.

use highwater_chart::{Scale, markup};
use highwater_simulator::{Bytes, Quoted};
use yew::prelude::*;

use super::{
    attr::{self, press},
    chart_lines::{PRELIMINARY, curves, upright},
    chart_props::Props,
    gestures::{Did, On, Point},
    legend::legend,
    line::Line,
    measured,
    minimap::minimap,
    notes,
    places::Places,
    quoted::{self, title},
    variants::letter,
};
use crate::{
    format,
    state::{Action, Note, PlayheadAction, State},
};

/// The card with the curves.
pub fn chart(
    state: &State,
    props: &Props,
    act: &Callback<Action>,
    point: &Callback<Point>,
    places: &Places,
) -> Html {
    let zoom_out = Action::Playhead(PlayheadAction::Zoom(None));
    let scale = Scale {
        highest: props.highest(),
        ..props.scale()
    };
    let notes = &state.charted.notes;
    html! {
        <section class="card" aria-labelledby="chart-title">
            <div class="card__head">
                { attr::words("h2", &[("id", attr::Static("chart-title"))], title(props.quoted)) }
                <ul class="legend">
                    { measured::legend(props.quoted, &props.lines) }
                    if !props.growing.is_empty() {
                        { attr::words("li", &[], PRELIMINARY) }
                    }
                    { attr::words("li", &[("class", attr::Static("unit"))], "MiB") }
                </ul>
                <div class="card__tools">
                    if props.zoomed {
                        { attr::button("button button--small", Some("zoom-out"), None, "Show whole run".into(), press(act, zoom_out.clone())) }
                    }
                </div>
            </div>
            <div class="chart">
                { plot(props, (&scale, notes), press(act, zoom_out), point, &places.over) }
                <div class="ends">
                    { room(&props.lines, scale.highest) }
                    { ends(props, &scale) }
                </div>
                if !state.is_part() && props.can_save {
                    { minimap(props, state.variants.ends(), point, &places.minimap) }
                }
            </div>
            { legend(state, &props.now, props.can_save, act) }
            { notes::list(state, act, &places.note) }
            { quoted::said(props) }
            if props.quoted == Quoted::Resident {
                { measured::sentence(&props.run, props.time) }
            }
            { as_table(props) }
        </section>
    }
}

/// The curves with the playhead, and what hears the pointer over them.
fn plot(
    props: &Props,
    (scale, notes): (&Scale, &[Note]),
    zoom_out: Callback<MouseEvent>,
    point: &Callback<Point>,
    over: &NodeRef,
) -> Html {
    let (run, here) = (&props.run, &props.now.sample);
    let heard = |did: Did| point.reform(move |event: PointerEvent| (On::Chart, did, event));
    let said = format!(
        "{}: {} {}, {} held by the program",
        format::time(props.time),
        props.now.size(|now| props.quoted.of(now)),
        quoted::short(props.quoted),
        props.now.size(|now| now.live)
    );
    html! {
        <div id="chart" class="plot" role="slider" tabindex="0" aria-label="Playhead"
            aria-valuemin="0" aria-valuemax={format::number(run.ends().as_seconds())}
            aria-valuenow={format::number(props.time.as_seconds())} aria-valuetext={said}
            data-samples={attr::number(run.samples.len() as u64)} data-peak={attr::number(run.ran.summary.peak.0)}
            data-rss={attr::number(here.rss.0)} data-live={attr::number(here.live.0)}
            data-time={attr::number(props.time.0)} data-event={attr::number(props.event)}
            data-curves={attr::number(props.lines.len() as u64)}
            data-zoomed={attr::flag(props.zoomed)} data-quoted={attr::number(props.quoted.of(here).0)}
            data-from={attr::number(props.shown.0.0)} data-to={attr::number(props.shown.1.0)}
            ondblclick={zoom_out}>
            { curves(props.quoted, (&props.lines, &props.growing), run, scale, props.limits) }
            { notes::flags(notes, scale) }
            if scale.shows(props.time) {
                { upright("playhead", scale.share(props.time)) }
                if let Some(line) = props.lines.iter().find(|line| line.is_selected) {
                    <span class="playhead__dot" data-colour={attr::colour(line.colour)} style={format!(
                        "left: {}; bottom: {}",
                        format::percent(scale.share(props.time)),
                        format::percent((props.quoted.of(here).as_mib() / scale.highest).min(1.0))
                    )} />
                }
            }
            <div ref={over} id="over" class="over" onpointermove={heard(Did::Move)} onpointerdown={heard(Did::Press)}
                onpointerup={heard(Did::LetGo)} onpointerleave={heard(Did::Leave)} />
        </div>
    }
}

/// The height of a label, as a share of the lowest plot.
const LINE: f64 = 0.07;

/// The room that labels may take beside the plot: that of the widest there can be at this scale, so that the plot does not
/// change its width while the playhead moves. Nobody sees it.
pub fn room(lines: &[Line], highest: f64) -> Html {
    let letters: String = lines.iter().map(|line| letter(line.number)).collect();
    let digits = format::number(highest.ceil()).len().max(4) + 2;
    let figure = "0".repeat(digits);
    html! {
        <span class="end end--room" aria-hidden="true">
            <span class="end__letters"><b>{ letters }</b></span>{ format!("≈ {figure}") }
        </span>
    }
}

/// What is quoted of each variant at the playhead, at the right edge; those within 1 % together.
fn ends(props: &Props, scale: &Scale) -> Html {
    let lines = &props.lines;
    let values = lines.iter().map(|line| props.quoted.of(&line.now.sample));
    let values: Vec<Bytes> = values.collect();
    let mut text = String::new();
    for end in highwater_chart::line_end_labels(&values, scale.highest, LINE, lines.len()) {
        let style = attr::placed("bottom", end.height);
        let piece = "<span class=\"end\" style=\"$\"><span class=\"end__letters\">";
        markup(&mut text, piece, &[&style]);
        let those = || end.runs.iter().map(|at| &lines[*at]);
        for line in those() {
            let letter = letter(line.number).to_string();
            let piece = "<b data-colour=\"$\">$</b>";
            markup(&mut text, piece, &[&attr::colour(line.colour), &letter]);
        }
        let near = those().any(|line| !line.now.is_exact);
        let near = if near { "≈ " } else { "" };
        markup(&mut text, "</span>$$</span>", &[near, &end.figure]);
    }
    Html::from_html_unchecked(text.into())
}

/// The same as a table, for those who do not see it: every variant at every mark of the one that is looked into.
fn as_table(props: &Props) -> Html {
    html! {
        <details class="more">
            <summary>{ "Curves as a table" }</summary>
            <div class="scrolls" data-scrolls="x" tabindex="0" role="region" aria-label="Curves as a table">
                { rows(props) }
            </div>
        </details>
    }
}

/// The table itself, as text: it is longer than the page, and seldom unfolded.
fn rows(props: &Props) -> Html {
    let lines = &props.lines;
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
    for mark in &props.run.ran.marks {
        put("<tr><th scope=\"row\">$</th>", &mark.name);
        put(FIGURE, &format::time(mark.time));
        for line in lines {
            let event = mark.event;
            put(
                FIGURE,
                &line
                    .run
                    .at_mark(event, mark.time)
                    .size(|now| props.quoted.of(now)),
            );
        }
        put("</tr>", "");
    }
    put("</tbody></table>", "");
    Html::from_html_unchecked(text.into())
}
