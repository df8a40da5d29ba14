//! Ways into the heap: by a typed address, page, pin or event, its blocks by size class, and its state as text.

use std::rc::Rc;

use highwater_simulator::{Address, Bytes};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{
    attr::{self, Static, press, words},
    browser,
};
use crate::{
    state::{Action, Depth, InspectionAction, PlayheadAction, State, Text},
    variants::VariantId,
};

/// What can be typed.
const HINT: &str = "0x55…, page 12, pin 3 or event 1000";

/// The card. Blocks by size class are the map in figures, and there with it; the rest is for experts.
pub(super) fn inspect(state: &State, act: &Callback<Action>) -> Html {
    let is_expert = state.depth() == Depth::Expert;
    let shown = state.inspection.text.as_ref();
    let toggle = |id: &'static str, label: &'static str, text: Text| {
        let is_shown = shown.is_some_and(|(of, _)| *of == text);
        let ask = Action::Inspection(InspectionAction::Text((!is_shown).then_some(text)));
        html! {
            <button type="button" {id} class="button button--small" aria-expanded={attr::flag(is_shown)}
                onclick={press(act, ask)}>{ label }</button>
        }
    };
    html! {
        <section id="inspect" class="card" aria-label="Inspect the heap">
            <div class="card__tools">
                if is_expert {
                    { finder(state, act) }
                }
                { toggle("show-sizes", "Blocks by size class", Text::Sizes) }
                if is_expert {
                    { toggle("show-state", "State as text", Text::State) }
                }
            </div>
            if let Some(words) = &state.inspection.not_found {
                <p id="find-error" class="error" role="alert">{ words.clone() }</p>
            }
            { match shown {
                None => Html::default(),
                Some((_, None)) => words("p", &[("class", Static("words")), ("role", Static("status"))], "Counting…"),
                Some((Text::Sizes, Some(rows))) => sizes(rows),
                Some((Text::State, Some(text))) => as_text(text),
            } }
        </section>
    }
}

/// The field for a place.
fn finder(state: &State, act: &Callback<Action>) -> Html {
    let places = Places::of(state);
    let find = act.reform(move |event: Event| {
        let field: HtmlInputElement = event.target_unchecked_into();
        places.find(&field.value())
    });
    html! {
        <label class="finder">{ "Go to " }
            <input id="find" class="text" placeholder={HINT} autocomplete="off" spellcheck="false" onchange={find} />
        </label>
    }
}

/// What the typed words may name.
struct Places {
    id: VariantId,
    event: u64,
    page: Bytes,
    /// Where the heap begins, and its pages.
    heap: (Address, u64),
    pins: Vec<Address>,
}

impl Places {
    fn of(state: &State) -> Self {
        let id = state.variants.selected;
        let look = state.inspection.latest_look(id);
        let frame = look.map(|look| &look.frame).and_then(Option::as_ref);
        let strip = frame.and_then(|frame| frame.strips.first());
        Self {
            id,
            event: state.moment().event,
            page: state
                .variants
                .run()
                .map_or(Bytes(4096), |run| run.ran.page_size),
            heap: strip.map_or((Address(0), 0), |strip| (strip.start, strip.pages)),
            pins: look.map_or(Vec::new(), |look| {
                look.diagnosis.pins.iter().map(|pin| pin.address).collect()
            }),
        }
    }

    /// What goes to the place that is typed, or says why there is none.
    fn find(&self, typed: &str) -> Action {
        let typed = typed.trim().to_ascii_lowercase();
        if typed.is_empty() {
            return Action::Inspection(InspectionAction::NotFound(None));
        }
        let number = |word: &str| typed.strip_prefix(word)?.trim().parse::<u64>().ok();
        let blocks = |from: Address, to: Address| {
            Ok(Action::Inspection(InspectionAction::OpenBlocks(Some((
                self.id, from, to,
            )))))
        };
        let found = if let Some(address) = typed.strip_prefix("0x") {
            match u64::from_str_radix(address, 16) {
                Ok(address) if address <= u64::MAX - self.page.0 => {
                    let from = Address(address - address % self.page.0);
                    blocks(from, from + self.page)
                }
                _ => Err("This is no address".to_owned()),
            }
        } else if let Some(page) = number("page") {
            let (start, pages) = self.heap;
            match page < pages {
                true => blocks(start + self.page * page, start + self.page * (page + 1)),
                false => Err(format!(
                    "The heap has pages 0 to {}",
                    pages.saturating_sub(1)
                )),
            }
        } else if let Some(pin) = number("pin") {
            let place = pin.checked_sub(1).and_then(|at| self.pins.get(at as usize));
            match place {
                Some(at) => blocks(*at - Bytes(256), *at + Bytes(512)),
                None => Err(format!("There are {} pins here", self.pins.len())),
            }
        } else if let Some(event) = number("event") {
            let steps = event as i64 - self.event as i64;
            Ok(Action::Playhead(PlayheadAction::StepEvent(steps)))
        } else {
            Err(format!("Type {HINT}"))
        };
        found.unwrap_or_else(|words| Action::Inspection(InspectionAction::NotFound(Some(words))))
    }
}

/// The rows of blocks by size class, under their heads.
fn sizes(rows: &str) -> Html {
    let mut text =
        "<table id=\"sizes\" class=\"table\"><thead><tr><th scope=\"col\">size up to</th>"
            .to_owned();
    for pair in ["live", "parked", "free"] {
        text.push_str("<th scope=\"col\" class=\"figure\">");
        text.push_str(pair);
        text.push_str(" blocks</th><th scope=\"col\" class=\"figure\">");
        text.push_str(pair);
        text.push_str("</th>");
    }
    text.push_str("</tr></thead><tbody>");
    text.push_str(rows);
    text.push_str("</tbody></table>");
    html! {
        <div class="scrolls" data-scrolls="x" tabindex="0" role="region" aria-label="Blocks by size class">
            { Html::from_html_unchecked(text.into()) }
        </div>
    }
}

/// The state, to be copied or saved.
fn as_text(text: &Rc<str>) -> Html {
    let (copied, saved) = (text.clone(), text.clone());
    let copy = Callback::from(move |_: MouseEvent| browser::copy(&copied));
    let save = Callback::from(move |_: MouseEvent| {
        browser::save("highwater-state.txt", "text/plain", &saved);
    });
    let button = |id, label: &'static str, pressed| {
        attr::button(
            "button button--small",
            Some(id),
            None,
            label.into(),
            pressed,
        )
    };
    html! {
        <>
            <pre id="state-text" class="state-text" tabindex="0" data-scrolls="y" role="region" aria-label="State as text">{ &**text }</pre>
            <div class="card__tools">{ button("copy-state", "Copy", copy) }{ button("save-state", "Save", save) }</div>
        </>
    }
}
