//! The heap map: every page of the process as a dot, coloured by what it holds, with the pins and the top marked.

use std::rc::Rc;

use gloo_events::EventListener;
use highwater_chart::{
    Layout, Marks, describe, describe_huge, huge_at, kind_in_words, kinds, strip_in_words, totals,
};
use highwater_simulator::{Address, Bytes, Choice, Frame, Moment, PageKind, Strip};
use web_sys::{HtmlCanvasElement, MouseEvent};
use yew::prelude::*;

use super::{
    attr::{self, press},
    browser::{watch_size, window},
    map_canvas::{self, ratio},
    picture_buttons::buttons,
    variants::{letter, mark},
};
use crate::{
    format,
    state::{Action, InspectionAction, Picture, State},
    variants::{VariantId, VariantState},
    view::{Look, RunView},
};

/// The map is at most this high, in CSS pixels.
const MOST_HEIGHT: f64 = 440.0;

/// The same in a talk, as a share of the window's height.
const TALK: f64 = 0.34;

/// Sides of the smallest and the largest dot with their gap, in CSS pixels.
const CELLS: (f64, f64) = (2.0, 8.0);

/// What a map shows.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The variant.
    pub of: VariantId,
    /// Its letter and its colour, by number.
    pub marked: (usize, usize),
    /// Its name.
    pub name: String,
    /// Its run.
    pub run: Rc<RunView>,
    /// The exact moment, where it is known.
    pub look: Option<Rc<Look>>,
    /// The moment that is shown.
    pub moment: Moment,
    /// The pin that is pointed at.
    pub pointed: Option<usize>,
    /// The run whose map is shown beside it: both get the same room.
    pub beside: Option<Rc<RunView>>,
    /// Whether it is the map of the variant that is looked into.
    pub is_main: bool,
    /// Kinds of pages that are not shown, as bits.
    pub hidden: u16,
    /// Whether the page is dark.
    pub dark: bool,
    /// Whether it can be saved as a picture.
    pub can_save: bool,
    /// Whether a talk is given, which has one screen for words and map. It is drawn anew then: the browser tells of no other size
    /// where the screen was full before.
    pub is_talk: bool,
    /// What is told of what the user does.
    pub act: Callback<Action>,
}

/// The maps that there are: of the variant that is looked into, and of the one beside it.
pub fn maps(state: &State, act: &Callback<Action>) -> Vec<Props> {
    let selected = state.variants.selected();
    let compared = state
        .variants
        .compared
        .and_then(|id| state.variants.get(id));
    let run_of = |variant: Option<&VariantState>| variant?.run.clone();
    let one = |variant: &VariantState, beside| {
        let run = variant.run.clone()?;
        let exact = state.look_is_exact(variant.id);
        let is_main = variant.id == selected.id;
        Some(Props {
            of: variant.id,
            marked: (variant.letter, variant.colour),
            name: variant.name_of_run(),
            look: (state.inspection.look(variant.id))
                .filter(|_| exact)
                .cloned(),
            moment: state.shown().moment(variant.id, &run),
            pointed: state.inspection.pointed.filter(|_| is_main),
            run,
            beside: run_of(beside),
            is_main,
            hidden: state.inspection.hidden,
            dark: state.display.is_dark(),
            can_save: state.shows().controls,
            is_talk: state.tour.is_talk(),
            act: act.clone(),
        })
    };
    let first = one(selected, compared);
    // It is not there without the other.
    let second = compared.filter(|_| first.is_some());
    let second = second.and_then(|variant| one(variant, Some(selected)));
    first.into_iter().chain(second).collect()
}

/// What a map is told.
#[derive(Debug)]
pub enum Message {
    /// The pointer is here, in the window's pixels, or has left.
    Hover(Option<(i32, i32)>),
    /// It was clicked here.
    Click((i32, i32)),
    /// There is another room for it.
    Resized,
}

/// The card with a map.
pub struct HeapMap {
    canvas: NodeRef,
    /// Where its dots are, once its room is known.
    layout: Option<Layout>,
    /// What the canvas was drawn of.
    drawn: Option<Props>,
    hover: Option<(f64, f64)>,
    _on_resize: Option<EventListener>,
}

impl Component for HeapMap {
    type Message = Message;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        Self {
            canvas: NodeRef::default(),
            layout: None,
            drawn: None,
            hover: None,
            _on_resize: watch_size(ctx.link().callback(|()| Message::Resized)),
        }
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Resized => {}
            Message::Hover(at) => self.hover = at.and_then(|at| self.within(at)),
            Message::Click(at) => {
                let props = ctx.props();
                let page = self.within(at).and_then(|at| self.page_at(props, at));
                if let (Some((_, from, _)), Some(layout)) = (page, &self.layout) {
                    let pages = u64::from(layout.pages_per_dot);
                    let to = from + props.run.ran.page_size * pages;
                    let blocks = Some((props.of, from, to));
                    let open = InspectionAction::OpenBlocks(blocks);
                    props.act.emit(Action::Inspection(open));
                }
                return false;
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let (props, link) = (ctx.props(), ctx.link());
        let frame = props.frame();
        let hover = |is_there: bool| {
            let at = move |event: PointerEvent| is_there.then(|| place(&event));
            link.callback(move |event| Message::Hover(at(event)))
        };
        let click = link.callback(|event: MouseEvent| Message::Click(place(&event)));
        let id = if props.is_main { "map" } else { "map-beside" };
        html! {
            <section class="card">
                { head(props) }
                <div class="map-room">
                    <canvas ref={self.canvas.clone()} {id} class="map" role="img" aria-label={props.described()}
                        data-event={frame.map(|frame| frame.event.to_string())}
                        data-kinds={frame.map(written_totals)}
                        data-hidden={attr::number(props.hidden.into())}
                        onpointermove={hover(true)} onpointerleave={hover(false)} onclick={click} />
                    <svg class="marks" aria-hidden="true">{ self.overlay(props) }</svg>
                </div>
                <p id={format!("{id}-says")} class="map-says words">{ self.says(props) }</p>
            </section>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        let props = ctx.props();
        let (Some(canvas), Some(frame)) = (self.canvas.cast(), props.frame()) else {
            return;
        };
        let layout = fitted(&canvas, props, frame);
        let is_same = |drawn: &Props| {
            let same_frame = drawn.frame().is_some_and(|of| std::ptr::eq(of, frame));
            same_frame && (drawn.hidden, drawn.dark) == (props.hidden, props.dark)
        };
        let has_room = self.layout.as_ref() == Some(&layout);
        if has_room && self.drawn.as_ref().is_some_and(is_same) {
            return;
        }
        // A canvas that cannot be drawn on stays empty; everything it would show is said beside it.
        map_canvas::draw(&canvas, &layout, frame, props.hidden, props.dark).ok();
        self.drawn = Some(props.clone());
        if !has_room {
            // The marks are where the dots are.
            self.layout = Some(layout);
            ctx.link().send_message(Message::Resized);
        }
    }
}

impl HeapMap {
    /// A place of the window on the canvas, in CSS pixels.
    fn within(&self, (x, y): (i32, i32)) -> Option<(f64, f64)> {
        let place = self
            .canvas
            .cast::<HtmlCanvasElement>()?
            .get_bounding_client_rect();
        Some((f64::from(x) - place.left(), f64::from(y) - place.top()))
    }

    fn page_at<'p>(
        &self,
        props: &'p Props,
        (x, y): (f64, f64),
    ) -> Option<(&'p Strip, Address, PageKind)> {
        let (layout, ratio) = (self.layout.as_ref()?, ratio());
        let dot = layout.dot_at(x * ratio, y * ratio)?;
        layout.page_at(props.frame()?, dot, props.run.ran.page_size)
    }

    /// The marks over the dots.
    fn overlay(&self, props: &Props) -> Html {
        let (Some(layout), Some(frame)) = (&self.layout, props.frame()) else {
            return Html::default();
        };
        let pins = props.look.as_ref();
        let marks = Marks {
            layout,
            ratio: ratio(),
            frame,
            page_size: props.run.ran.page_size,
            pins: pins.map_or(&[], |look| &look.diagnosis.pins),
            pointed: props.pointed,
        };
        Html::from_html_unchecked(marks.overlay(props.dark).into())
    }

    /// What is under the pointer, or else all kinds of pages.
    fn says(&self, props: &Props) -> String {
        let found = self.hover.and_then(|place| self.page_at(props, place));
        match (found, &self.layout) {
            (Some((strip, address, kind)), _) => {
                let page = props.run.ran.page_size;
                let huge = |frame| huge_at(frame, address, page);
                let huge = props.frame().map_or_else(String::new, huge);
                let place = format!(
                    "{address} · {} · {} + {}",
                    kind_in_words(kind),
                    strip_in_words(strip.kind),
                    Bytes(address.0 - strip.start.0)
                );
                joined(place, &huge)
            }
            (None, Some(layout)) => {
                let shared = layout.what_a_dot_is(props.run.ran.page_size);
                format!("{} · {shared}", props.described())
            }
            (None, None) => String::new(),
        }
    }
}

/// Two things that are said of a map, the second only where there is anything to say.
fn joined(mut said: String, more: &str) -> String {
    if !more.is_empty() {
        said += " · ";
        said += more;
    }
    said
}

/// Where the pointer is in the window.
fn place(event: &MouseEvent) -> (i32, i32) {
    (event.client_x(), event.client_y())
}

/// Whose map it is, and its legend, which shows and hides kinds of pages.
fn head(props: &Props) -> Html {
    let (act, (number, colour)) = (&props.act, props.marked);
    let variant = props.run.variant_at(props.moment.time);
    let pages = !matches!(variant.allocator, Choice::Glibc(_));
    let legend = |kind: PageKind| {
        let shown = props.hidden & 1 << kind as u16 == 0;
        let toggle = Action::Inspection(InspectionAction::ToggleKind(kind));
        html! {
            <li>
                <button type="button" class="legend__kind" aria-pressed={attr::flag(shown)}
                    data-term={kind_in_words(kind)} onclick={press(act, toggle)}>
                    { swatch(kind) }{ kind_in_words(kind) }
                </button>
            </li>
        }
    };
    html! {
        <div class="card__head">
            <h2 title={props.name.clone()}>
                { mark(number, colour) }
                { format!(" Heap map · {} · at {}", props.name, format::time(props.moment.time)) }
            </h2>
            if props.can_save {
                <div class="card__tools">
                    { buttons(act, Picture::Map(props.of), &format!("heap map {}", letter(number))) }
                </div>
            }
            <ul class="legend" hidden={!props.is_main}>
                { for kinds(pages, props.frame()).iter().map(|kind| legend(*kind)) }
                if props.frame().is_some_and(|frame| !frame.huge.is_empty()) {
                    <li><i class="ring ring--huge" />{ attr::explained("huge page", "huge page") }</li>
                }
                if !pages {
                    <li><i class="ring ring--parked" />{ attr::explained("pin", "parked pin") }</li>
                    <li><i class="ring ring--live" />{ "live pin" }</li>
                }
            </ul>
        </div>
    }
}

impl Props {
    /// The exact map if it is there, else the nearest that was kept.
    pub(super) fn frame(&self) -> Option<&Frame> {
        let exact = self.look.as_ref().and_then(|look| look.frame.as_ref());
        exact.or_else(|| self.run.nearest_frame(self.moment.event))
    }

    fn described(&self) -> String {
        let page = self.run.ran.page_size;
        let said = |frame| joined(describe(frame, page), &describe_huge(frame, page));
        self.frame().map_or_else(String::new, said)
    }
}

/// The colour and the pattern of a kind of page, for a legend.
pub fn swatch(kind: PageKind) -> Html {
    html! { <i class="swatch" data-kind={attr::number(kind as u64)} /> }
}

/// Pages of each kind, in the order of [`PageKind::ALL`], for whoever looks at the page from outside.
fn written_totals(frame: &Frame) -> String {
    let totals = totals(frame).map(|total| total.to_string());
    totals.join(" ")
}

/// The dots in the room that the card has.
fn fitted(canvas: &HtmlCanvasElement, props: &Props, frame: &Frame) -> Layout {
    let device = |css: f64| (css * ratio()).round().max(1.0) as u32;
    let card = canvas.closest(".card").ok().flatten();
    let width = card.map_or(0, |card| card.client_width() - 26);
    // Between two maps that were kept a heap may have been larger.
    let mut extents = props.run.extents.clone();
    extents.cover(frame);
    if let Some(beside) = &props.beside {
        extents.join(&beside.extents);
    }
    let height = window().and_then(|window| window.inner_height().ok()?.as_f64());
    let height = height.filter(|_| props.is_talk);
    Layout::fit(
        device(f64::from(width)),
        device(height.map_or(MOST_HEIGHT, |height| height * TALK)),
        (device(CELLS.0), device(CELLS.1)),
        &extents,
    )
}
