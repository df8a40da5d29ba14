//! Resident memory over time, with what the program holds under it.
//!
//! The drawing is an SVG stretched to whatever room there is; words and lines that must not be stretched lie over it,
//! placed in percent. So it fits every width without being measured.

use std::{fmt::Write, rc::Rc};

use highwater_simulator::{Bytes, Micros, Sample};
use web_sys::{Element, KeyboardEvent, PointerEvent};
use yew::prelude::*;

use crate::{
    format,
    state::Action,
    view::{Playhead, RunView},
};

/// Width and height of the drawing in its own units.
const SIZE: f64 = 1000.0;

/// Samples that Page Up and Page Down go over.
const PAGE: i64 = 20;

/// What [`Chart`] shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The run.
    pub run: Rc<RunView>,
    /// The run without settings, to compare with.
    pub baseline: Option<Rc<RunView>>,
    /// The moment that is shown.
    pub playhead: Playhead,
    /// What the user did.
    pub act: Callback<Action>,
}

/// The card with the curves.
#[component]
pub fn Chart(props: &Props) -> Html {
    let hover = use_state(|| None::<f64>);
    let plot = use_node_ref();
    let run = &props.run;
    let highest = highest(run, props.baseline.as_deref());
    let here = run.sample_at(props.playhead.time);

    let on_move = {
        let (plot, hover, act) = (plot.clone(), hover.clone(), props.act.clone());
        Callback::from(move |event: PointerEvent| {
            let share = share_of(&plot, &event);
            hover.set(share);
            if let Some(share) = share
                && event.buttons() & 1 == 1
            {
                act.emit(Action::Seek(share));
            }
        })
    };
    let on_down = {
        let (plot, act) = (plot.clone(), props.act.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0
                && let Some(share) = share_of(&plot, &event)
            {
                if let Some(plot) = plot.cast::<Element>() {
                    // It fails where the pointer is gone already; then there is nothing to follow.
                    plot.set_pointer_capture(event.pointer_id()).ok();
                }
                act.emit(Action::Seek(share));
            }
        })
    };
    let on_leave = {
        let hover = hover.clone();
        Callback::from(move |_: PointerEvent| hover.set(None))
    };
    let on_key = props.act.clone();
    let on_key = Callback::from(move |event: KeyboardEvent| {
        if let Some(action) = action_of(&event.key()) {
            event.prevent_default();
            on_key.emit(action);
        }
    });
    let said = format!(
        "{}: {} resident, {} held by the program",
        format::seconds(props.playhead.time),
        here.rss,
        here.live
    );
    html! {
        <section class="card">
            <div class="card__head">
                <h2>{ "Resident memory" }</h2>
                <ul class="legend">
                    <li><i class="key key--rss" />{ "resident " }<b>{ format::mib(here.rss) }</b></li>
                    <li><i class="key key--live" />{ "held by the program " }<b>{ format::mib(here.live) }</b></li>
                    if let Some(baseline) = &props.baseline {
                        <li id="baseline-key" data-rss={baseline.sample_at(props.playhead.time).rss.0.to_string()}>
                            <i class="key key--baseline" />{ "resident with no setting " }
                            <b>{ format::mib(baseline.sample_at(props.playhead.time).rss) }</b>
                        </li>
                    }
                    <li class="unit">{ "MiB" }</li>
                </ul>
            </div>
            <div class="chart">
                <div id="chart" class="plot" ref={plot} role="slider" tabindex="0" aria-label="Playhead"
                    aria-valuemin="0" aria-valuemax={run.ends().as_seconds().to_string()}
                    aria-valuenow={props.playhead.time.as_seconds().to_string()} aria-valuetext={said}
                    data-samples={run.samples.len().to_string()} data-peak={run.ran.peak_rss.0.to_string()}
                    data-rss={here.rss.0.to_string()} data-live={here.live.0.to_string()}
                    data-time={props.playhead.time.0.to_string()} data-event={props.playhead.event.to_string()}
                    data-environment={run.environment().len().to_string()}
                    onpointermove={on_move} onpointerdown={on_down} onpointerleave={on_leave} onkeydown={on_key}>
                    <Curves run={run} baseline={props.baseline.clone()} highest={highest} />
                    { line("playhead", run.share(props.playhead.time)) }
                    <span class="playhead__dot" style={format!(
                        "left: {}; bottom: {}",
                        format::percent(run.share(props.playhead.time)),
                        format::percent(here.rss.as_mib() / highest)
                    )} />
                    if let Some(share) = *hover {
                        { line("crosshair", share) }
                        { readout(run, props.baseline.as_deref(), share) }
                    }
                </div>
            </div>
        </section>
    }
}

fn action_of(key: &str) -> Option<Action> {
    match key {
        "ArrowLeft" | "ArrowDown" => Some(Action::Step(-1)),
        "ArrowRight" | "ArrowUp" => Some(Action::Step(1)),
        "PageDown" => Some(Action::Step(-PAGE)),
        "PageUp" => Some(Action::Step(PAGE)),
        "Home" => Some(Action::Seek(0.0)),
        "End" => Some(Action::Seek(1.0)),
        " " => Some(Action::TogglePlay),
        _ => None,
    }
}

/// Where on the plot the pointer is. The event's own current target is no help: Yew listens at the root of the page.
fn share_of(plot: &NodeRef, event: &PointerEvent) -> Option<f64> {
    let place = plot.cast::<Element>()?.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    Some(share.clamp(0.0, 1.0))
}

/// The value at the upper edge of the chart, in MiB.
fn highest(run: &RunView, baseline: Option<&RunView>) -> f64 {
    let other = baseline.map_or(Bytes::ZERO, RunView::highest);
    (run.highest().max(other).as_mib() * 1.14).max(0.001)
}

fn line(class: &'static str, share: f64) -> Html {
    html! { <div class={class} style={format!("left: {}", format::percent(share))} /> }
}

/// Every value at the crosshair.
fn readout(run: &RunView, baseline: Option<&RunView>, share: f64) -> Html {
    let moment = run.at_share(share);
    let sample = run.sample_at(moment.time);
    let mut rows = vec![
        ("resident", sample.rss.to_string()),
        ("held by the program", sample.live.to_string()),
        ("parked", sample.parked.to_string()),
        ("free", sample.free.to_string()),
        ("top", sample.top.to_string()),
    ];
    if let Some(reclaimable) = sample.reclaimable {
        rows.push(("malloc_trim(0) gives", reclaimable.to_string()));
    }
    if let Some(baseline) = baseline {
        let rss = baseline.sample_at(moment.time).rss;
        rows.push(("with no setting", rss.to_string()));
    }
    let side = if share < 0.5 {
        "readout readout--right"
    } else {
        "readout readout--left"
    };
    html! {
        <div class={side} style={format!("--at: {}", format::percent(share))}>
            <b>{ format::seconds(moment.time) }</b>
            <dl>{ for rows.into_iter().map(|(name, value)| html! { <><dt>{ name }</dt><dd>{ value }</dd></> }) }</dl>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct CurvesProps {
    run: Rc<RunView>,
    baseline: Option<Rc<RunView>>,
    highest: f64,
}

/// What does not change while the playhead moves.
#[component]
fn Curves(props: &CurvesProps) -> Html {
    let run = &props.run;
    let scale = Scale {
        ends: run.ends(),
        highest: props.highest,
    };
    let seconds = run.ends().as_seconds();
    html! {
        <>
            { for run.bands.iter().filter(|band| band.name != "end").map(|band| html! {
                <div class={classes!("band", format!("band--{}", band.name))} style={format!(
                    "left: {}; width: {}",
                    format::percent(run.share(band.from)),
                    format::percent(run.share(band.to) - run.share(band.from))
                )}><span>{ band.name }</span></div>
            }) }
            { for format::ticks(props.highest, 4.0).into_iter().map(|tick| html! {
                <div class="gridline" style={format!("bottom: {}", format::percent(tick / props.highest))}>
                    <span>{ format::tick(tick) }</span>
                </div>
            }) }
            { for format::ticks(seconds, 6.0).into_iter().map(|tick| html! {
                <span class="tick" style={format!("left: {}", format::percent(tick / seconds))}>
                    { format!("{} s", format::tick(tick)) }
                </span>
            }) }
            <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none" aria-hidden="true">
                <path class="curve--live" d={area(&run.samples, &scale)} />
                if let Some(baseline) = &props.baseline {
                    <path class="curve--baseline" d={outline(&baseline.samples, &scale, resident)} />
                }
                <path class="curve--rss" d={outline(&run.samples, &scale, resident)} />
            </svg>
        </>
    }
}

struct Scale {
    ends: Micros,
    highest: f64,
}

impl Scale {
    fn x(&self, time: f64) -> f64 {
        time / self.ends.0 as f64 * SIZE
    }

    fn y(&self, bytes: Bytes) -> f64 {
        SIZE - bytes.as_mib() / self.highest * SIZE
    }
}

/// A value at a sample, and the highest since the one before.
type Curve = fn(&Sample) -> (Bytes, Bytes);

fn resident(sample: &Sample) -> (Bytes, Bytes) {
    (sample.rss, sample.rss_peak)
}

fn held(sample: &Sample) -> (Bytes, Bytes) {
    (sample.live, sample.live_peak)
}

/// A line through all samples that goes by way of each peak between two.
fn outline(samples: &[Sample], scale: &Scale, curve: Curve) -> String {
    let mut path = String::with_capacity(samples.len() * 16);
    let mut before: Option<(f64, Bytes)> = None;
    let mut go = |time: f64, bytes: Bytes| {
        let command = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{:.2} {:.2}", scale.x(time), scale.y(bytes));
    };
    for sample in samples {
        let time = sample.time.0 as f64;
        let (value, peak) = curve(sample);
        if let Some((time_before, value_before)) = before
            && peak > value.max(value_before)
        {
            go((time_before + time) / 2.0, peak);
        }
        go(time, value);
        before = Some((time, value));
    }
    path
}

fn area(samples: &[Sample], scale: &Scale) -> String {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return String::new();
    };
    format!(
        "{}L{:.2} {SIZE}L{:.2} {SIZE}Z",
        outline(samples, scale, held),
        scale.x(last.time.0 as f64),
        scale.x(first.time.0 as f64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_between_two_samples_is_drawn() {
        let sample = |time, rss, rss_peak| Sample {
            time: Micros(time),
            rss: Bytes::mib(rss),
            rss_peak: Bytes::mib(rss_peak),
            ..Sample::default()
        };
        let scale = Scale {
            ends: Micros(100),
            highest: 10.0,
        };
        let samples = [sample(0, 1, 1), sample(50, 2, 10), sample(100, 2, 2)];
        assert_eq!(
            outline(&samples, &scale, resident),
            "M0.00 900.00L250.00 0.00L500.00 800.00L1000.00 800.00"
        );
    }
}
