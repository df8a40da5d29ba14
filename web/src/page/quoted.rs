//! Which figure of the memory the curves show, of those that people quote, and how they differ.

use highwater_report::difference;
use highwater_simulator::Quoted;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{attr, chart::Props};
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

/// The list that one of them is chosen from.
pub(super) fn switch(chosen: Quoted, act: &Callback<Action>) -> Html {
    let choose = act.reform(|event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let named = |(_, name): &&(Quoted, &str)| select.value() == *name;
        let found = Quoted::NAMES.iter().find(named);
        Action::Chart(ChartAction::Quote(
            found.map_or_else(Default::default, |(quoted, _)| *quoted),
        ))
    });
    let options = Quoted::NAMES.iter();
    let options = options.map(|(quoted, name)| attr::option(name, title(*quoted).to_owned()));
    let name = Quoted::NAMES[chosen as usize].1;
    html! {
        <select id="quoted" class="select select--small" aria-label="Figure in the chart" data-chosen={name} onchange={choose}>
            { for options }
        </select>
    }
}

/// How the figures differ here, as of the playhead.
pub(super) fn sentence(props: &Props) -> Html {
    html! { <p id="quoted-says" class="words--small">{ difference(props.quoted, &props.now.sample) }</p> }
}
