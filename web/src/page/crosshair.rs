//! The crosshair over the chart with every value, and the part of the time that is being dragged over.

use highwater_chart::Scale;
use yew::prelude::*;

use super::{attr, chart::Props, variants::letter};
use crate::{
    format,
    state::{Action, PlayheadAction},
    view::{Now, RunView},
};

/// A drag over less of the plot than this is a click.
const LEAST_DRAG: f64 = 0.008;

/// Nearer to the playhead than this share of the plot it is on it.
const ON_PLAYHEAD: f64 = 0.002;

/// What letting the pointer go does.
pub(super) fn let_go(scale: &Scale, from: f64, to: f64) -> Action {
    let time = |share: f64| scale.time(share);
    Action::Playhead(match (to - from).abs() >= LEAST_DRAG {
        true => PlayheadAction::Zoom(Some((time(from.min(to)), time(from.max(to))))),
        false => PlayheadAction::Seek(time(to)),
    })
}

/// An upright line at a share of the plot.
pub fn upright(class: &'static str, share: f64) -> Html {
    html! { <div {class} style={attr::placed("left", share)} /> }
}

/// The crosshair at a share of the plot, and what is dragged over since the pointer was pressed.
pub(super) fn crosshair(props: &Props, share: f64, pressed: Option<f64>) -> Html {
    let dragged = |from: f64| attr::spanned(from.min(share), (share - from).abs());
    html! {
        <>
            { upright("crosshair", share) }
            if let Some(from) = pressed {
                <div class="dragged" style={dragged(from)} />
            }
            { readout(props, share) }
        </>
    }
}

/// Every value at the crosshair.
fn readout(props: &Props, share: f64) -> Html {
    let scale = props.scale();
    let is_on_playhead = (scale.share(props.time) - share).abs() < ON_PLAYHEAD;
    let time = match is_on_playhead {
        true => props.time,
        false => scale.time(share),
    };
    let now = |run: &RunView, known: Now| match is_on_playhead {
        true => known,
        false => run.now(run.at(time)),
    };
    let here = now(&props.run, props.now);
    let sample = &here.sample;
    let values = [
        ("held by the program", Some(sample.live)),
        ("parked", Some(sample.parked)),
        ("free", Some(sample.free)),
        ("top", Some(sample.top)),
        ("malloc_trim(0) would return", sample.reclaimable),
    ];
    let values = values
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let class = if share < 0.5 {
        "readout readout--right"
    } else {
        "readout readout--left"
    };
    html! {
        <div {class} style={attr::placed("--at", share)}>
            <b>{ format::time(time) }</b>
            <dl>
                { for props.lines.iter().map(|line| {
                    let mark = html! {
                        <><b class="end__letter" data-colour={attr::colour(line.colour)}>{ letter(line.number) }</b>{ line.name.clone() }</>
                    };
                    attr::term(mark, now(&line.run, line.now).size(|now| now.rss))
                }) }
                { for values.map(|(name, value)| attr::term(name.into(), here.words(&value.to_string()))) }
            </dl>
        </div>
    }
}
