//! What follows the pointer over the chart: the crosshair with every value, and the part of the time that is being dragged
//! over. It is a component of its own, so that nothing else is drawn anew while the pointer moves.

use web_sys::{Element, PointerEvent};
use yew::prelude::*;

use super::{
    attr,
    chart_lines::{Line, Scale},
    variants::letter,
};
use crate::{format, state::Action};

/// A drag over less of the plot than this is a click.
const LEAST_DRAG: f64 = 0.008;

/// What [`Crosshair`] shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The curves.
    pub lines: Vec<Line>,
    /// What the plot stands for.
    pub scale: Scale,
    /// What the user did.
    pub act: Callback<Action>,
}

/// What [`Crosshair`] is told: where the pointer is on the plot, from 0 to 1.
#[derive(Debug)]
pub enum Message {
    /// It moved there.
    At(f64),
    /// It was pressed there.
    Down(f64),
    /// It was let go there.
    Up(f64),
    /// It left.
    Away,
}

/// The layer over the plot.
pub struct Crosshair {
    layer: NodeRef,
    hover: Option<f64>,
    drag: Option<f64>,
}

impl Component for Crosshair {
    type Message = Message;
    type Properties = Props;

    fn create(_: &Context<Self>) -> Self {
        Self {
            layer: NodeRef::default(),
            hover: None,
            drag: None,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        let Props { scale, act, .. } = ctx.props();
        match message {
            Message::At(share) => self.hover = Some(share),
            Message::Down(share) => self.drag = Some(share),
            Message::Away => self.hover = None,
            Message::Up(to) => {
                if let Some(from) = self.drag.take() {
                    let is_drag = (to - from).abs() >= LEAST_DRAG;
                    act.emit(match is_drag {
                        true => {
                            Action::Zoom(Some((scale.time(from.min(to)), scale.time(from.max(to)))))
                        }
                        false => Action::Seek(scale.time(to)),
                    });
                }
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let heard = |message: fn(f64) -> Message, capture: bool| {
            let layer = self.layer.clone();
            ctx.link().batch_callback(move |event: PointerEvent| {
                let layer = layer.cast::<Element>()?;
                if capture && event.button() == 0 {
                    // It fails where the pointer is gone already; then there is nothing to follow.
                    layer.set_pointer_capture(event.pointer_id()).ok();
                }
                // The event's own target is no help: Yew listens at the root of the page.
                let place = layer.get_bounding_client_rect();
                let share = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
                Some(message(share.clamp(0.0, 1.0)))
            })
        };
        let away = ctx.link().callback(|_: PointerEvent| Message::Away);
        html! {
            <div class="over" ref={self.layer.clone()} onpointermove={heard(Message::At, false)}
                onpointerdown={heard(Message::Down, true)} onpointerup={heard(Message::Up, false)} onpointerleave={away}>
                if let Some(share) = self.hover {
                    { upright("crosshair", share) }
                    if let Some(from) = self.drag {
                        <div class="dragged" style={format!("left: {}; width: {}",
                            format::percent(from.min(share)), format::percent((share - from).abs()))} />
                    }
                    { readout(props, share) }
                }
            </div>
        }
    }
}

/// An upright line at a share of the plot.
pub fn upright(class: &'static str, share: f64) -> Html {
    html! { <div {class} style={attr::placed("left", share)} /> }
}

/// Every value at the crosshair.
fn readout(props: &Props, share: f64) -> Html {
    let time = props.scale.time(share);
    let side = if share < 0.5 {
        "readout readout--right"
    } else {
        "readout readout--left"
    };
    let row = |mark: Html, name: String, value: String| html! { <><dt>{ mark }{ name }</dt><dd>{ value }</dd></> };
    let of_variants = props.lines.iter().map(|line| {
        let mark = html! { <b class="end__letter" data-colour={attr::colour(line.colour)}>{ letter(line.number) }</b> };
        row(mark, line.name.clone(), line.run.sample_at(time).rss.to_string())
    });
    let selected = props.lines.iter().find(|line| line.is_selected);
    let selected = selected.map(|line| *line.run.sample_at(time)).into_iter();
    let of_selected = selected.flat_map(|sample| {
        [
            ("held by the program", Some(sample.live)),
            ("parked", Some(sample.parked)),
            ("free", Some(sample.free)),
            ("top", Some(sample.top)),
            ("malloc_trim(0) gives", sample.reclaimable),
        ]
    });
    let of_selected = of_selected.filter_map(|(name, value)| {
        Some(row(Html::default(), name.to_owned(), value?.to_string()))
    });
    html! {
        <div class={side} style={format!("--at: {}", format::percent(share))}>
            <b>{ format::time(time) }</b>
            <dl>{ for of_variants }{ for of_selected }</dl>
        </div>
    }
}
