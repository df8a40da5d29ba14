//! What runs: the bundled recording, a pattern, or a file.

use highwater_workload::Pattern;
use web_sys::{File, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::parameters::parameters;
use crate::{
    form::ParameterForm,
    state::{Action, Source},
};

/// What [`SourcePanel`] shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is chosen.
    pub chosen: Source,
    /// The parameters of the patterns.
    pub form: ParameterForm,
    /// What is to be said of it.
    pub note: Option<String>,
    /// What the user did.
    pub act: Callback<Action>,
    /// The user opened a file.
    pub open: Callback<File>,
}

/// The card that says what runs.
#[component]
pub fn SourcePanel(props: &Props) -> Html {
    let choose = props.act.reform(|event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let name = select.value();
        let scenario = Pattern::ALL.into_iter().find(|s| s.name() == name);
        Action::Choose(scenario.map_or(Source::Bundled, Source::Pattern))
    });
    let open = props.open.clone();
    let open = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            open.emit(file);
        }
        // The same file can be opened again, after it was changed.
        input.set_value("");
    });
    let words = match &props.chosen {
        Source::Bundled => {
            "A real asyncio service under CPython 3.11 and glibc 2.36: two bursts, 4 s of rest after each, then one \
             malloc_trim(0)."
        }
        Source::Pattern(scenario) => scenario.shows(),
        Source::File(_) => "A recording of yours. It stays in this browser.",
    };
    html! {
        <section class="card">
            <h2 id="what-runs">{ "What runs" }</h2>
            <select id="source" class="select" aria-labelledby="what-runs" onchange={choose}>
                <option value="bundled" selected={props.chosen == Source::Bundled}>
                    { Source::Bundled.title() }
                </option>
                { for Pattern::ALL.into_iter().map(|scenario| html! {
                    <option value={scenario.name()} selected={props.chosen == Source::Pattern(scenario)}>
                        { scenario.title() }
                    </option>
                }) }
                if let Source::File(name) = &props.chosen {
                    <option value="file" selected=true>{ name.clone() }</option>
                }
            </select>
            <p class="words">{ words }</p>
            if let Some(note) = &props.note {
                <p id="source-note" class="note">{ note.clone() }</p>
            }
            if let Source::Pattern(scenario) = props.chosen {
                { parameters(scenario, &props.form, &props.act) }
            }
            <label class="button button--file">
                { "Open a trace…" }
                <input id="file" type="file" accept=".hwt,.gz,.hwt.gz" onchange={open} />
            </label>
        </section>
    }
}
