//! The heap map: every page of the process as a dot, coloured by what it holds, with the pins and the top marked.

use std::rc::Rc;

use gloo_events::EventListener;
use highwater_simulator::{Address, Bytes, Choice, Frame, PageKind, StripKind};
use web_sys::{Element, HtmlCanvasElement, MouseEvent, PointerEvent};
use yew::prelude::*;

use super::{
    attr,
    map_canvas::{self, Pinned},
    map_layout::{Layout, kind_in_words, kinds, strip_in_words},
};
use crate::{
    format,
    view::{Look, Playhead, RunView},
};

/// The map is at most this high, in CSS pixels.
const MOST_HEIGHT: f64 = 440.0;

/// Sides of the smallest and the largest dot with their gap, in CSS pixels.
const CELLS: (f64, f64) = (2.0, 8.0);

/// What [`HeapMap`] shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The run.
    pub run: Rc<RunView>,
    /// The exact moment, where it is known.
    pub look: Option<Rc<Look>>,
    /// The moment that is shown.
    pub playhead: Playhead,
    /// The pin that is pointed at.
    pub pointed: Option<usize>,
    /// Whether the page is dark: the map is drawn anew in other colours.
    pub dark: bool,
    /// The canvas's id.
    pub id: &'static str,
    /// The variant's letter.
    pub letter: char,
    /// The variant's colour.
    pub colour: usize,
    /// The variant's name.
    pub name: String,
    /// The run whose map stands beside it: both get the same room.
    pub beside: Option<Rc<RunView>>,
    /// Whether it is the first of them, which has the legend.
    pub first: bool,
    /// Kinds that are not shown, as bits.
    pub hidden: u16,
    /// The user wants to see the blocks between two addresses.
    pub open: Callback<(Address, Address)>,
    /// The user wants to see pages of a kind, or not.
    pub toggle: Callback<PageKind>,
}

/// What [`HeapMap`] is told.
#[derive(Debug)]
pub enum Message {
    /// The window has another size.
    Resized,
    /// The pointer is at a place of the canvas, in CSS pixels, or has left it.
    Hover(Option<(f64, f64)>),
}

/// The card with the map.
pub struct HeapMap {
    card: NodeRef,
    canvas: NodeRef,
    hover: Option<(f64, f64)>,
    layout: Option<Layout>,
    _on_resize: Option<EventListener>,
}

impl Component for HeapMap {
    type Message = Message;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let resized = ctx.link().callback(|()| Message::Resized);
        let on_resize = web_sys::window()
            .map(|window| EventListener::new(&window, "resize", move |_| resized.emit(())));
        Self {
            card: NodeRef::default(),
            canvas: NodeRef::default(),
            hover: None,
            layout: None,
            _on_resize: on_resize,
        }
    }

    fn update(&mut self, _: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Resized => {}
            Message::Hover(place) => self.hover = place,
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let canvas = self.canvas.clone();
        let hover = ctx.link().callback(move |event: PointerEvent| {
            let canvas = canvas.cast::<Element>();
            Message::Hover(canvas.map(|canvas| {
                let place = canvas.get_bounding_client_rect();
                (
                    f64::from(event.client_x()) - place.left(),
                    f64::from(event.client_y()) - place.top(),
                )
            }))
        });
        let click = self.opener(props);
        let leave = ctx.link().callback(|_: PointerEvent| Message::Hover(None));
        let frame = frame_of(props);
        let page = props.run.ran.page_size;
        let variant = props.run.variant_at(props.playhead.time);
        let pages = !matches!(variant.allocator, Choice::Glibc(_));
        let described = frame.map(|frame| describe(frame, page)).unwrap_or_default();
        html! {
            <section class="card" ref={self.card.clone()}>
                <div class="card__head">
                    <h2>
                        <span class="mark" data-colour={attr::colour(props.colour)}>{ props.letter }</span>
                        { format!(" Heap map · {} · at {}", props.name, format::time(props.playhead.time)) }
                    </h2>
                    <ul class="legend" hidden={!props.first}>
                        { for kinds(pages).iter().map(|kind| {
                            let kind = *kind;
                            let shown = props.hidden & 1 << kind as u16 == 0;
                            html! {
                                <li>
                                    <button type="button" class="legend__kind" aria-pressed={attr::flag(shown)}
                                        title="Show or hide on the map" onclick={props.toggle.reform(move |_| kind)}>
                                        { swatch(kind) }{ kind_in_words(kind) }
                                    </button>
                                </li>
                            }
                        }) }
                        if !pages {
                            <li><i class="ring ring--parked" />{ "parked pin" }</li>
                            <li><i class="ring ring--live" />{ "live pin" }</li>
                        }
                    </ul>
                </div>
                <canvas id={props.id} class="map" ref={self.canvas.clone()} role="img" aria-label={described.clone()}
                    data-event={frame.map(|frame| frame.event.to_string())}
                    data-kinds={frame.map(totals)}
                    data-hidden={attr::number(props.hidden as u64)} onpointermove={hover} onpointerleave={leave} onclick={click} />
                <p id={format!("{}-says", props.id)} class="map-says words">{ self.caption(props, frame, described) }</p>
            </section>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        let props = ctx.props();
        let (Some(canvas), Some(card), Some(frame)) = (
            self.canvas.cast::<HtmlCanvasElement>(),
            self.card.cast::<Element>(),
            frame_of(props),
        ) else {
            return;
        };
        let (layout, ratio) = fitted(&canvas, props, frame);
        let before = self.layout.replace(layout.clone());
        if before.as_ref() != Some(&layout) {
            // The caption says how many pages share a dot.
            ctx.link().send_message(Message::Resized);
        }
        let pins = props
            .look
            .as_ref()
            .map_or(&[][..], |look| &look.diagnosis.pins);
        let drawing = map_canvas::Drawing {
            layout: &layout,
            ratio,
            frame,
            page_size: props.run.ran.page_size,
            hidden: props.hidden,
            pins: pins.iter().enumerate().map(|(index, pin)| Pinned {
                number: index + 1,
                pin,
                pointed: props.pointed == Some(index),
            }),
        };
        // A canvas that cannot be drawn on stays empty; everything it would show is said beside it.
        map_canvas::draw(&canvas, &card, drawing).ok();
    }
}

impl HeapMap {
    /// What a click opens: the pages under the pointer.
    fn opener(&self, props: &Props) -> Callback<MouseEvent> {
        let (canvas, open) = (self.canvas.clone(), props.open.clone());
        let page = props.run.ran.page_size;
        let found = self.layout.clone().zip(frame_of(props).cloned());
        Callback::from(move |event: MouseEvent| {
            let place = canvas
                .cast::<Element>()
                .map(|canvas| canvas.get_bounding_client_rect());
            let (Some((layout, frame)), Some(place)) = (&found, place) else {
                return;
            };
            let x = (f64::from(event.client_x()) - place.left()) * ratio();
            let y = (f64::from(event.client_y()) - place.top()) * ratio();
            let dot = layout.dot_at(x, y);
            let address = dot.and_then(|dot| layout.page_at(frame, dot, page));
            if let Some((_, address, _)) = address {
                let pages = u64::from(layout.pages_per_dot);
                open.emit((address, address + page * pages));
            }
        })
    }

    fn caption(&self, props: &Props, frame: Option<&Frame>, described: String) -> String {
        let found = self
            .hover
            .zip(self.layout.as_ref())
            .and_then(|((x, y), layout)| {
                let ratio = ratio();
                let dot = layout.dot_at(x * ratio, y * ratio)?;
                let page = props.run.ran.page_size;
                let (strip, address, kind) = layout.page_at(frame?, dot, page)?;
                let region = strip_in_words(strip.kind);
                let into = Bytes(address.0 - strip.start.0);
                Some(format!(
                    "{address} · {} · {region} + {into}",
                    kind_in_words(kind)
                ))
            });
        let shared = match self
            .layout
            .as_ref()
            .map_or(1, |layout| layout.pages_per_dot)
        {
            1 => format!("one dot a page ({} KiB)", props.run.ran.page_size.0 / 1024),
            n => format!("one dot for {n} pages"),
        };
        found.unwrap_or_else(|| format!("{described} · {shared}"))
    }
}

/// The colour and the pattern of a kind of page, for a legend.
pub fn swatch(kind: PageKind) -> Html {
    html! { <i class="swatch" data-kind={attr::number(kind as u64)} /> }
}

/// The exact map if it is there, else the nearest that was kept.
fn frame_of(props: &Props) -> Option<&Frame> {
    let exact = props.look.as_ref().and_then(|look| look.frame.as_ref());
    exact.or_else(|| props.run.nearest_frame(props.playhead.event))
}

fn describe(frame: &Frame, page: Bytes) -> String {
    let (mut heap, mut arenas, mut mappings) = (0, 0, 0);
    for strip in &frame.strips {
        match strip.kind {
            StripKind::Heap => heap += strip.pages,
            StripKind::Arena { .. } => arenas += strip.pages,
            StripKind::Mappings => mappings += strip.pages,
        }
    }
    let parts: Vec<String> = [
        ("brk heap", heap),
        ("heaps of other arenas", arenas),
        ("mappings", mappings),
    ]
    .into_iter()
    .filter(|(_, pages)| *pages > 0)
    .map(|(name, pages)| format!("{name}, {}", Bytes(pages * page.0)))
    .collect();
    match &parts[..] {
        [] => "nothing is mapped yet".to_owned(),
        parts => parts.join(", and below it "),
    }
}

/// Pages of each kind, in the order of [`PageKind::ALL`], for whoever looks at the page from outside.
fn totals(frame: &Frame) -> String {
    let mut totals = [0_u64; PageKind::ALL.len()];
    for (kind, length) in frame.strips.iter().flat_map(|strip| &strip.runs) {
        if let Some(total) = totals.get_mut(usize::from(*kind)) {
            *total += u64::from(*length);
        }
    }
    totals.map(|total| total.to_string()).join(" ")
}

fn fitted(canvas: &HtmlCanvasElement, props: &Props, frame: &Frame) -> (Layout, f64) {
    let ratio = ratio();
    let device = |css: f64| (css * ratio).round().max(1.0) as u32;
    let width = canvas
        .parent_element()
        .map_or(0, |parent| parent.client_width() - 26);
    // Between two maps that were kept a heap may have been larger.
    let mut extents = props.run.extents.clone();
    extents.cover(frame);
    if let Some(beside) = &props.beside {
        extents.join(&beside.extents);
    }
    let layout = Layout::fit(
        device(f64::from(width)),
        device(MOST_HEIGHT),
        (device(CELLS.0), device(CELLS.1)),
        &extents,
    );
    (layout, ratio)
}

fn ratio() -> f64 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio().clamp(0.5, 4.0))
}
