//! Which figure of the memory the curves show, of those that people quote, and how they differ.

use highwater_report::difference;
use highwater_simulator::Quoted;
use yew::prelude::*;

use super::{attr, chart_props::Props};
use crate::state::{Action, ChartAction};

/// The heading of the chart.
pub(super) fn title(quoted: Quoted) -> &'static str {
    match quoted {
        Quoted::Resident => "Resident memory",
        Quoted::Current => "memory.current",
        Quoted::WorkingSet => "Working set",
    }
}

/// The same within a sentence.
pub(super) fn short(quoted: Quoted) -> &'static str {
    match quoted {
        Quoted::Resident => "resident",
        Quoted::Current => "in memory.current",
        Quoted::WorkingSet => "in the working set",
    }
}

/// How the figures differ here, as of the playhead.
pub(super) fn said(props: &Props) -> Html {
    html! { <p id="quoted-says" class="words--small">{ difference(props.quoted, &props.now.sample) }</p> }
}

/// The list that another one is chosen from.
pub(super) fn switch(chosen: Quoted, act: &Callback<Action>) -> Html {
    let choose = act.reform(|place: usize| {
        let (quoted, _) = Quoted::NAMES[place % Quoted::NAMES.len()];
        Action::Chart(ChartAction::Quote(quoted))
    });
    let options = Quoted::NAMES.iter();
    let options = options.map(|(quoted, name)| attr::option(name, title(*quoted).to_owned()));
    let name = Quoted::NAMES[chosen as usize].1;
    let label = ("quoted", "Figure in the chart");
    attr::select(label, name.to_owned(), options.collect(), choose)
}
