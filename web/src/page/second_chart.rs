//! What decides whether memory goes back, over the same time: the top against the trim threshold, or free pages and how long
//! they wait.

use highwater_chart::{Scale, outline, shown};
use highwater_simulator::{Bytes, Quoted, Sample};
use yew::prelude::*;

use super::{
    attr,
    chart::room,
    chart_lines::{highest, upright},
    chart_props::Props,
    gestures::{Did, On, Point},
    line::{SIZE, SQUARE},
};
use crate::{format, view::Drawn};

/// A line: its name, its class, and its value.
type Line = (&'static str, &'static str, fn(&Sample) -> (Bytes, Bytes));

const TOP: [Line; 2] = [
    ("top of the heap", "second--first", |s| (s.top, s.top)),
    ("trim threshold", "second--second", |s| {
        (s.trim_threshold, s.trim_threshold)
    }),
];

const PAGES: [Line; 2] = [
    ("dirty", "second--first", |s| {
        let dirty = s.figures.map_or(Bytes::ZERO, |figures| figures.dirty);
        (dirty, dirty)
    }),
    ("muzzy", "second--second", |s| {
        let muzzy = s.figures.map_or(Bytes::ZERO, |figures| figures.muzzy);
        (muzzy, muzzy)
    }),
];

/// A threshold that somebody set beyond this is not worth the height it would take.
const OUT_OF_REACH: Bytes = Bytes(1 << 40);

/// The lines of a run, of which this is a sample.
fn lines_of(sample: &Sample) -> [Line; 2] {
    if sample.figures.is_some() { PAGES } else { TOP }
}

/// The names and values of the lines at a sample.
pub fn values(sample: &Sample) -> [(&'static str, String); 2] {
    lines_of(sample).map(|line| (line.0, said((line.2)(sample).0)))
}

/// The card. Pointers over it are heard as over the chart above, which has the same time from left to right.
pub fn second_chart(props: &Props, point: &Callback<Point>, place: &NodeRef) -> Html {
    let heard = |did: Did| point.reform(move |event: PointerEvent| (On::Second, did, event));
    let (run, time, (from, to)) = (&props.run, props.time, props.shown);
    let mut scale = Scale {
        from,
        to,
        highest: 1.0,
    };
    let here = &props.now.sample;
    let lines = lines_of(here);
    let value = |sample: &Sample, line: &Line| (line.2)(sample).0;
    let most = shown(&run.samples, &scale).iter().flat_map(|sample| {
        let values = lines.iter().map(|line| value(sample, line));
        values
            .filter(|bytes| *bytes < OUT_OF_REACH)
            .collect::<Vec<_>>()
    });
    scale.highest = (most.max().unwrap_or_default().as_mib() * 1.15).max(0.001);
    let above = highest(props.quoted, (&props.lines, &[]), props.shown, props.limits);
    html! {
        <section class="card" aria-labelledby="second-title">
            <div class="card__head">
                <h2 id="second-title">{ if here.figures.is_some() { "Free pages" } else { "Top and trim threshold" } }</h2>
                <ul class="legend">
                    { for lines.iter().map(|line| html! {
                        <li><i class={classes!("key", line.1)} />{ line.0 }{ " " }<b>{ props.now.words(&said(value(here, line))) }</b></li>
                    }) }
                    { attr::words("li", &[("class", attr::Static("unit"))], "MiB") }
                </ul>
            </div>
            <div class="chart chart--second">
                <div id="second" class="plot plot--second">
                    { for format::ticks(scale.highest, 2.0).into_iter().map(|tick| html! {
                        <div class="gridline" style={attr::placed("bottom", tick / scale.highest)}>
                            { attr::words("span", &[], &format::number(tick)) }
                        </div>
                    }) }
                    <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
                        { for [Drawn::First, Drawn::Second].into_iter().zip(lines).map(|(drawn, line)| html! {
                            <path class={line.1} d={run.drawn(drawn, (Quoted::Resident, &scale), || outline(&run.samples, &scale, SQUARE, &line.2))} />
                        }) }
                    </svg>
                    if scale.shows(time) {
                        { upright("playhead", scale.share(time)) }
                    }
                    <div ref={place} class="over" onpointermove={heard(Did::Move)} onpointerdown={heard(Did::Press)}
                        onpointerup={heard(Did::LetGo)} onpointerleave={heard(Did::Leave)} />
                </div>
                // As much room as beside the chart above: the same times are above each other.
                <div class="ends">{ room(&props.lines, above) }</div>
            </div>
        </section>
    }
}

fn said(bytes: Bytes) -> String {
    if bytes < OUT_OF_REACH {
        bytes.to_string()
    } else {
        "out of reach".to_owned()
    }
}
