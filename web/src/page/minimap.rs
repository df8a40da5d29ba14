//! The whole run in a strip under the chart, and on it the part that the chart shows. Pointers move the part, draw its edges or
//! brush another; by keyboard the chart itself does that.

use highwater_chart::{Scale, area, held, outline, quoted};
use highwater_simulator::{Micros, Quoted};
use yew::prelude::*;

use super::{
    attr,
    chart_lines::{highest, upright},
    chart_props::Props,
    gestures::{Did, On, Point},
    line::{SIZE, SQUARE},
};
use crate::view::Drawn;

/// The strip.
pub(super) fn minimap(
    props: &Props,
    ends: Micros,
    point: &Callback<Point>,
    place: &NodeRef,
) -> Html {
    let whole = (Micros(0), ends.max(Micros(1)));
    let scale = Scale {
        from: whole.0,
        to: whole.1,
        highest: highest(props.quoted, (&props.lines, &[]), whole, [None; 2]),
    };
    let run = &props.run;
    let (from, to) = (scale.share(props.shown.0), scale.share(props.shown.1));
    let heard = |did: Did| point.reform(move |event: PointerEvent| (On::Minimap, did, event));
    html! {
        <div id="minimap" class="minimap" aria-hidden="true" data-zoomed={attr::flag(props.zoomed)}>
            <svg class="curves" viewBox={format!("0 0 {SIZE} {SIZE}")} preserveAspectRatio="none">
                <path class="curve--live" d={run.drawn(Drawn::WholeHeld, (Quoted::Resident, &scale), || area(&run.samples, &scale, SQUARE, &held))} />
                { for props.lines.iter().map(|line| html! {
                    <path class="curve" data-colour={attr::colour(line.colour)}
                        d={line.run.drawn(Drawn::Whole, (props.quoted, &scale), || outline(&line.run.samples, &scale, SQUARE, &quoted(props.quoted)))} />
                }) }
            </svg>
            if props.zoomed {
                <div class="minimap__part" style={attr::spanned(from, to - from)} />
            }
            { upright("playhead", scale.share(props.time)) }
            <div ref={place} class="over" onpointermove={heard(Did::Move)} onpointerdown={heard(Did::Press)}
                onpointerup={heard(Did::LetGo)} onpointercancel={heard(Did::Leave)} />
        </div>
    }
}
