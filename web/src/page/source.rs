//! What runs: the bundled recording, a scenario, a pattern, or a file.

use std::rc::Rc;

use highwater_simulator::Choice;
use highwater_workload::Scenario;
use web_sys::{File, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{attr, browser, parameters::parameters};
use crate::{
    format,
    protocol::Loaded,
    state::{Action, State},
    subject::{Choices, Subject},
};

/// The card that says what runs.
pub fn source(state: &State, act: &Callback<Action>, open: &Callback<File>) -> Html {
    let source = &state.source;
    let (subject, choices) = (&source.subject, &source.choices);
    let opened = source.others();
    let chosen = opened.first().map_or(subject.key(), |(name, _)| name);
    html! {
        <section class="card" aria-labelledby="what-runs">
            { attr::words("h2", &[("id", attr::Static("what-runs"))], "Workload") }
            <select id="source" class="select" aria-labelledby="what-runs" data-chosen={source.title().map_or("none", |_| chosen).to_owned()}
                onchange={choose(choices, act)}>
                <optgroup label="Recordings">
                    if source.title().is_none() {
                        { attr::option("none", "no trace is open".to_owned()) }
                    }
                    { for Subject::BUNDLED.iter().map(recording) }
                    if let (Subject::File(_), true) = (subject, opened.is_empty()) {
                        { recording(subject) }
                    }
                    { for opened.iter().skip(1).map(|(name, line)| attr::option(name, (*line).to_owned())) }
                </optgroup>
                <optgroup label="Scenarios">{ options(&choices.scenarios) }</optgroup>
                <optgroup label="Patterns">{ options(&choices.patterns) }</optgroup>
            </select>
            if let (Some(_), words) = (source.title(), subject.shows()) {
                if let Some(words) = words {
                    { attr::words("p", &[("id", attr::Static("shows")), ("class", attr::Static("words"))], words) }
                } else {
                    <scenario-words of={subject.key().to_owned()}/>
                }
            }
            if let Some(held) = &source.held {
                { summary(&held.about) }
            }
            if let Some((pattern, own)) = subject.common() {
                { parameters(pattern, &own, &source.form, act) }
            }
            { file(open) }
        </section>
    }
}

/// Chooses what has the name that is chosen of the list.
fn choose(choices: &Choices, act: &Callback<Action>) -> Callback<Event> {
    let all = choices.scenarios.iter().chain(&choices.patterns);
    let all: Vec<Rc<Scenario>> = all.map(Rc::clone).collect();
    act.reform(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let key = select.value();
        let found = all.iter().find(|scenario| scenario.name == key);
        Action::Choose(match found {
            Some(scenario) => Subject::Scenario(Rc::clone(scenario)),
            None => {
                let bundled = Subject::BUNDLED.into_iter().find(|one| one.key() == key);
                bundled.unwrap_or(Subject::File(key))
            }
        })
    })
}

/// The button that opens a file.
pub fn file(open: &Callback<File>) -> Html {
    html! {
        <label class="button button--file" title="The file stays in this browser; nothing is uploaded">
            { "Open a recording, or drop one on the page" }
            <input id="file" type="file" multiple=true onchange={open_file(open)} />
        </label>
    }
}

fn open_file(open: &Callback<File>) -> Callback<Event> {
    let open = open.clone();
    Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let file = input.files().and_then(|files| browser::in_one(&files));
        // The same file can be opened again, after it was changed.
        input.set_value("");
        if let Some(file) = file {
            open.emit(file);
        }
    })
}

fn options(scenarios: &[Rc<Scenario>]) -> Html {
    let option = |scenario: &Rc<Scenario>| {
        attr::option(&scenario.name, scenario.run.text("title").to_owned())
    };
    scenarios.iter().map(option).collect()
}

fn recording(recording: &Subject) -> Html {
    attr::option(recording.key(), recording.title().to_owned())
}

/// What a recording holds.
fn summary(about: &Loaded) -> Html {
    let mut said = vec![
        format::of(about.calls, "call", "calls"),
        format::of(about.blocks, "block", "blocks"),
        format::of(about.threads as u64, "thread", "threads"),
        format::of(about.marks, "mark", "marks"),
        format::time(about.lasts),
    ];
    if let Some(recorded) = &about.recorded {
        said.push(format!("recorded on {recorded}"));
    }
    let recorded = about
        .recorded
        .as_ref()
        .and_then(|text| text.split_once(' '));
    let instead = recorded.and_then(|(name, version)| Choice::recorded(name, version).instead);
    html! {
        <>
            { attr::words("p", &[("id", attr::Static("summary")), ("class", attr::Static("words words--small"))], &said.join(" · ")) }
            if let Some(instead) = instead {
                <p id="source-note" class="note">{ format!("{instead} The variants start with it.") }</p>
            }
            if let Some(origin) = &about.origin {
                { attr::words("p", &[("id", attr::Static("source-origin")), ("class", attr::Static("note"))], origin.split('\n').next().unwrap_or_default()) }
            }
            if about.is_long {
                { attr::words("p", &[("id", attr::Static("source-long")), ("class", attr::Static("note"))],
                    "A long recording: it is read from the file again for each run, so do not change the file. Each worker keeps up to 64 MiB of moments to look into.") }
            }
            if about.unended {
                <p id="source-unended" class="note">
                    { format!("The last line of the file has no line break: the file may be cut off there and its last number too small. \
                        {} calls were read.", format::count(about.calls)) }
                </p>
            }
            if about.skipped > 0 {
                <p id="source-skipped" class="note">
                    { format!("{} calls named blocks allocated before the recording began and were skipped.",
                        format::count(about.skipped)) }
                </p>
            }
        </>
    }
}
