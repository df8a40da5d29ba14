//! The guided tour over the page: a step's words, what to try, and the way on.

use yew::prelude::*;

use super::attr::{self, press};
use crate::{
    state::{Action, DisplayAction, State, TourAction},
    tour::{Paragraph, Piece, Tour, figures, is_of_page, pieces},
};

/// The panel, while a tour is open.
pub fn tour(state: &State, act: &Callback<Action>, next: &NodeRef) -> Html {
    let Some(tour) = &state.tour.open else {
        return Html::default();
    };
    let step = &tour.steps[tour.at];
    let last = tour.at + 1 == tour.steps.len();
    let button = |id: &'static str, words: &'static str, action| {
        attr::button("button", Some(id), None, words.into(), press(act, action))
    };
    html! {
        <section class={classes!("tour", tour.is_talk.then_some("tour--talk"))} aria-labelledby="tour-title">
            <div class="tour__head">
                { attr::words("h2", &[("id", attr::Static("tour-title")), ("aria-live", attr::Static("polite"))], &step.title.clone()) }
                <nav class="tour__steps" aria-label="Steps">
                    { for (0..tour.steps.len()).map(|at| to_step(tour, at, act)) }
                </nav>
                { button("tour-back", "Back", Action::Tour(TourAction::Turn(-1))) }
                if last && state.tour.is_story() {
                    { button("story-own", "Record your own service", Action::Display(DisplayAction::Landing(true))) }
                }
                <button ref={next} id="tour-next" type="button" class="button"
                    onclick={press(act, Action::Tour(if last { TourAction::Close } else { TourAction::Turn(1) }))}>
                    { if last { "Done" } else { "Next" } }
                </button>
                { button("tour-talk", if tour.is_talk { "Leave full screen" } else { "Talk" }, Action::Tour(TourAction::Talk(!tour.is_talk))) }
                { button("tour-close", "Close", Action::Tour(TourAction::Close)) }
            </div>
            <div class="tour__words">
                { for step.paragraphs.iter().map(|text| paragraph(state, text, act)) }
            </div>
        </section>
    }
}

/// A link to a step, which can be copied as such; a click goes there without opening the page anew.
fn to_step(tour: &Tour, at: usize, act: &Callback<Action>) -> Html {
    let number = attr::number(at as u64 + 1);
    let href = format!("?tour={number}&lang={}", tour.language);
    html! {
        <a {href} title={tour.steps[at].title.clone()} aria-current={(at == tour.at).then_some("step")}
            onclick={followed(act, Action::Tour(TourAction::GoToStep(at)))}>{ number }</a>
    }
}

fn followed(act: &Callback<Action>, action: Action) -> Callback<MouseEvent> {
    let act = act.clone();
    Callback::from(move |event: MouseEvent| {
        // With a key held down the browser opens it elsewhere.
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            act.emit(action.clone());
        }
    })
}

fn paragraph(state: &State, paragraph: &Paragraph, act: &Callback<Action>) -> Html {
    let pieces = pieces(&paragraph.text).into_iter();
    let pieces = pieces.map(|piece| match piece {
        Piece::Plain(text) => html! { { text.to_owned() } },
        Piece::Strong(text) => html! { <b>{ text.to_owned() }</b> },
        Piece::Code(text) => html! { <code>{ text.to_owned() }</code> },
        Piece::Figure(name) => {
            let said = figures::say(state, name);
            // One that is not known is seen as such by whoever wrote it.
            let words = said.unwrap_or_else(|| Some(format!("{{{name}?}}")));
            let words = words.unwrap_or_else(|| "…".to_owned());
            html! { <b class="tour__figure" data-figure={name.to_owned()}>{ words }</b> }
        }
        Piece::Link(words, place) if !is_of_page(place) => html! {
            <a href={place.to_owned()} target="_blank" rel="noopener">{ words.to_owned() }</a>
        },
        Piece::Link(words, place) => html! {
            <a href={place.to_owned()} onclick={followed(act, Action::Go(place.to_owned()))}>{ words.to_owned() }</a>
        },
    });
    let class = paragraph.is_try.then_some("tour__try");
    html! { <p {class}>{ for pieces }</p> }
}
