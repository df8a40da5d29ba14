//! The heap map: every page of the process as a dot, coloured by what it holds, with the pins and the top marked.

use std::rc::Rc;

use highwater_chart::{Layout, Marks, describe, kind_in_words, kinds, strip_in_words, totals};
use highwater_simulator::{Address, Bytes, Choice, Frame, Moment, PageKind, Strip};
use web_sys::{Element, HtmlCanvasElement};
use yew::prelude::*;

use super::{
    attr::{self, press},
    map_canvas,
    pictures::buttons,
    pointer::{Did, On, Pointed, clicked, element, heard},
    variants::letter,
};
use crate::{
    format,
    state::{Action, InspectionAction, Picture, State},
    variants::{VariantId, VariantState},
    view::{Look, RunView},
};

/// The map is at most this high, in CSS pixels.
const MOST_HEIGHT: f64 = 440.0;

/// Sides of the smallest and the largest dot with their gap, in CSS pixels.
const CELLS: (f64, f64) = (2.0, 8.0);

/// What a map shows.
pub struct Props {
    /// The variant.
    pub(super) of: VariantId,
    /// Its run.
    pub(super) run: Rc<RunView>,
    /// The exact moment, where it is known.
    pub(super) look: Option<Rc<Look>>,
    /// The moment that is shown.
    pub(super) playhead: Moment,
    /// The pin that is pointed at.
    pointed: Option<usize>,
    /// The canvas's id.
    id: &'static str,
    /// The run whose map stands beside it: both get the same room.
    beside: Option<Rc<RunView>>,
}

/// The maps that there are: of the variant that is looked into, and of the one beside it.
pub fn maps(state: &State) -> Vec<Props> {
    let selected = state.variants.selected();
    let compared = state
        .variants
        .compared
        .and_then(|id| state.variants.get(id));
    let run_of = |variant: Option<&VariantState>| variant?.run.clone();
    let one = |id, variant: &VariantState, beside| {
        let run = variant.run.clone()?;
        let exact = state.look_is_exact(variant.id);
        Some(Props {
            of: variant.id,
            look: state.inspection.look(variant.id).filter(|_| exact).cloned(),
            playhead: state.shown().moment(variant.id, &run),
            pointed: state
                .inspection
                .pointed
                .filter(|_| variant.id == selected.id),
            run,
            id,
            beside: run_of(beside),
        })
    };
    let first = one("map", selected, compared);
    // It is not there without the other.
    let second = compared.filter(|_| first.is_some());
    let second = second.and_then(|variant| one("map-beside", variant, Some(selected)));
    first.into_iter().chain(second).collect()
}

/// The card with the map; [`Map`] draws on its canvas and says what is on it.
pub fn heap_map(
    state: &State,
    props: &Props,
    act: &Callback<Action>,
    point: &Callback<Pointed>,
) -> Html {
    let frame = props.frame();
    let variant = props.run.variant_at(props.playhead.time);
    let pages = !matches!(variant.allocator, Choice::Glibc(_));
    let Some(named) = state.variants.get(props.of) else {
        return Html::default();
    };
    let (number, name) = (named.letter, named.name_of_run());
    let heard = |did| heard(point, On::Map(props.id), did);
    html! {
        <section class="card">
            <div class="card__head">
                <h2 title={name.clone()}>
                    <span class="mark" data-colour={attr::colour(named.colour)}>{ letter(number) }</span>
                    { format!(" Heap map · {} · at {}", name, format::time(props.playhead.time)) }
                </h2>
                if state.shows().controls {
                    <div class="card__tools">
                        { buttons(act, Picture::Map(props.of), &format!("heap map {}", letter(number))) }
                    </div>
                }
                <ul class="legend" hidden={props.id != "map"}>
                    { for kinds(pages).iter().map(|kind| {
                        let kind = *kind;
                        let shown = state.inspection.hidden & 1 << kind as u16 == 0;
                        html! {
                            <li>
                                <button type="button" class="legend__kind" aria-pressed={attr::flag(shown)}
                                    title="Show or hide on the map" onclick={press(act, Action::Inspection(InspectionAction::ToggleKind(kind)))}>
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
            <div class="map-room">
                <canvas id={props.id} class="map" role="img" aria-label={props.described()}
                    data-event={frame.map(|frame| frame.event.to_string())}
                    data-kinds={frame.map(written_totals)}
                    data-hidden={attr::number(state.inspection.hidden as u64)} onpointermove={heard(Did::Move)}
                    onpointerleave={heard(Did::Leave)} onclick={clicked(point, On::Map(props.id))} />
                <svg class="marks" aria-hidden="true" />
            </div>
            <p id={says(props.id)} class="map-says words" />
        </section>
    }
}

/// What else a drawing depends on.
#[derive(PartialEq)]
struct Drawn {
    frame: *const Frame,
    look: Option<*const Look>,
    beside: Option<*const RunView>,
    pointed: Option<usize>,
    hidden: u16,
    dark: bool,
}

/// A map that is drawn.
pub struct Map {
    props: Props,
    drawn: Drawn,
    canvas: HtmlCanvasElement,
    layout: Layout,
    hover: Option<(f64, f64)>,
}

impl Map {
    /// Draws all maps that are not drawn as they should be.
    pub fn draw_all(maps: &mut Vec<Self>, state: &State) {
        let mut before = std::mem::take(maps);
        for props in self::maps(state) {
            let known = before.iter().position(|map| map.props.id == props.id);
            let known = known.map(|place| before.swap_remove(place));
            maps.extend(Self::draw(known, props, state));
        }
    }

    fn draw(known: Option<Self>, props: Props, state: &State) -> Option<Self> {
        let canvas: HtmlCanvasElement = element(props.id)?;
        let frame = props.frame()?;
        let drawn = Drawn {
            frame,
            look: props.look.as_ref().map(Rc::as_ptr),
            beside: props.beside.as_ref().map(Rc::as_ptr),
            pointed: props.pointed,
            hidden: state.inspection.hidden,
            dark: state.display.is_dark(),
        };
        let hover = known.as_ref().and_then(|known| known.hover);
        if let Some(known) = known
            && known.drawn == drawn
            && known.canvas == canvas
        {
            return Some(Self { props, ..known });
        }
        let (layout, ratio) = fitted(&canvas, &props, frame);
        let look = props.look.as_ref();
        let pins = look.map_or(&[][..], |look| &look.diagnosis.pins);
        let marks = Marks {
            layout: &layout,
            ratio,
            frame,
            page_size: props.run.ran.page_size,
            pins,
            pointed: props.pointed,
        };
        // A canvas that cannot be drawn on stays empty; everything it would show is said beside it.
        map_canvas::draw(&canvas, &marks, state.inspection.hidden, drawn.dark).ok();
        if let Some(over) = canvas.next_element_sibling() {
            over.set_inner_html(&marks.overlay(drawn.dark));
        }
        let map = Self {
            props,
            drawn,
            canvas,
            layout,
            hover,
        };
        map.say();
        Some(map)
    }

    /// Its canvas's id.
    pub fn id(&self) -> &'static str {
        self.props.id
    }

    /// The pointer is at a place of the canvas, in CSS pixels, or has left it.
    pub fn hover(&mut self, place: Option<(f64, f64)>) {
        self.hover = place;
        self.say();
    }

    /// What a click at a place opens: the pages there.
    pub fn opened(&self, place: (f64, f64)) -> Option<Action> {
        let (_, address, _) = self.page_at(place)?;
        let pages = u64::from(self.layout.pages_per_dot);
        let end = address + self.props.run.ran.page_size * pages;
        Some(Action::Inspection(InspectionAction::OpenBlocks(Some((
            self.props.of,
            address,
            end,
        )))))
    }

    fn page_at(&self, (x, y): (f64, f64)) -> Option<(&Strip, Address, PageKind)> {
        let ratio = ratio();
        let dot = self.layout.dot_at(x * ratio, y * ratio)?;
        let page = self.props.run.ran.page_size;
        self.layout.page_at(self.props.frame()?, dot, page)
    }

    /// Says what is under the pointer, or what there is.
    fn say(&self) {
        let found = self.hover.and_then(|place| self.page_at(place));
        let words = match found {
            Some((strip, address, kind)) => format!(
                "{address} · {} · {} + {}",
                kind_in_words(kind),
                strip_in_words(strip.kind),
                Bytes(address.0 - strip.start.0)
            ),
            None => {
                let shared = self.layout.what_a_dot_is(self.props.run.ran.page_size);
                format!("{} · {shared}", self.props.described())
            }
        };
        if let Some(place) = element::<Element>(&says(self.props.id)) {
            place.set_text_content(Some(&words));
        }
    }
}

impl Props {
    /// The exact map if it is there, else the nearest that was kept.
    pub(super) fn frame(&self) -> Option<&Frame> {
        let exact = self.look.as_ref().and_then(|look| look.frame.as_ref());
        exact.or_else(|| self.run.nearest_frame(self.playhead.event))
    }

    fn described(&self) -> String {
        let frame = self.frame();
        frame.map_or_else(String::new, |frame| describe(frame, self.run.ran.page_size))
    }
}

/// The id of where the words to a map stand.
fn says(id: &str) -> String {
    format!("{id}-says")
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

fn fitted(canvas: &HtmlCanvasElement, props: &Props, frame: &Frame) -> (Layout, f64) {
    let ratio = ratio();
    let device = |css: f64| (css * ratio).round().max(1.0) as u32;
    let card = canvas.closest(".card").ok().flatten();
    let width = card.map_or(0, |card| card.client_width() - 26);
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
