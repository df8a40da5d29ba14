//! What the page shows first where its address says nothing: the way to one's own service, and questions to begin with.

use web_sys::File;
use yew::prelude::*;

use super::{
    attr::{self, Static, element, words},
    source::file,
};
use crate::state::{Action, DisplayAction, Place, State, TourAction};

/// The card that opens a recording, then the text that is fetched: how to record, and the questions.
pub fn landing(state: &State, act: &Callback<Action>, open: &Callback<File>) -> Html {
    let button = |id, words, action| attr::action(act, id, None, words, action);
    let example = Action::Display(DisplayAction::Landing(false));
    let read = |place| Action::Tour(TourAction::Read(place));
    let tools = [
        file(open),
        button(
            "landing-example",
            "Show the example: a recorded asyncio service",
            example,
        ),
        button(
            "landing-story",
            "New to this? Ten blocks, two minutes",
            read(Place::story()),
        ),
        button(
            "landing-tour",
            "The incident in ten steps",
            read(Place::default()),
        ),
    ];
    let says = "Open a recording of your service: one sentence says how much memory stays, and what keeps it. Every setting is \
        tried on a faithful model of the allocator, in this browser.";
    let parts = [
        words(
            "h2",
            &[],
            "Why does your service's memory not come back down?",
        ),
        words("p", &[], says),
        element(
            "div",
            &[("class", Static("answer__tools"))],
            tools.into_iter().collect(),
        ),
    ];
    let first = element(
        "section",
        &[("class", Static("card landing__first"))],
        parts.into_iter().collect(),
    );
    let rest = state.display.landing.as_ref();
    let rest = rest.map(|text| Html::from_html_unchecked(text.to_string().into()));
    [first].into_iter().chain(rest).collect()
}
