//! What would help: the button that begins the search, what the user wants of it, and what it found.

use highwater_advise::HEADS;
use highwater_simulator::Bytes;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{
    attr::{self, press},
    variants::{letter, mark},
};
use crate::{
    format,
    protocol::{Advised, Found},
    state::{Action, Advice, AdviceAction, Searching, State, Wish, taken},
};

/// The forms of a change to paste, in the order of [`Form::ALL`](highwater_advise::Form::ALL).
const FORMS: [&str; 7] = [
    "Dockerfile",
    "Compose service",
    "Kubernetes container",
    "systemd unit",
    "Procfile",
    "plain variables",
    "incident review",
];

/// The ways to weigh memory: what the search calls each, and its name.
const WEIGHTS: [(&str, &str); 4] = [
    ("", "as the run suggests"),
    ("rest", "after the last rest"),
    ("peak", "at the peak"),
    ("mean", "on average over time"),
];

/// Who may act, in the order of [`Doer::ALL`](highwater_advise::Doer::ALL).
const WHO: [&str; 3] = [
    "settings in the environment",
    "another library in the image",
    "calls in the program",
];

fn does(act: &Callback<Action>, action: AdviceAction) -> Callback<MouseEvent> {
    press(act, Action::Advice(action))
}

/// The button that begins a search, and what the user can want of it.
pub fn ask(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    if state.display.embed.is_some() || state.tour.is_talk() {
        return Html::default();
    }
    let is_shown = state.advice.searching != Searching::Not;
    let place = if is_shown {
        NodeRef::default()
    } else {
        place.clone()
    };
    html! {
        <div class="ask">
            <button ref={place} type="button" id="what-would-help" class="button button--strong"
                title="Search for changes that lower this variant's memory, and run each of them"
                onclick={does(act, AdviceAction::Search)}>{ "What would help?" }</button>
            <details id="advice-wishes" class="more">
                <summary>{ "Options" }</summary>
                { wishes(&state.advice, act) }
            </details>
        </div>
    }
}

fn wishes(advice: &Advice, act: &Callback<Action>) -> Html {
    let wishes = &advice.wishes;
    let choose = act.reform(|event: Event| {
        let list: HtmlSelectElement = event.target_unchecked_into();
        Action::Advice(AdviceAction::Wish(Wish::Weigh(list.value())))
    });
    let text = |id: &'static str, label, value: &str, example, make: fn(String) -> Wish| {
        let oninput = act.reform(move |event: InputEvent| {
            let field: HtmlInputElement = event.target_unchecked_into();
            Action::Advice(AdviceAction::Wish(make(field.value())))
        });
        html! {
            <>
                <label for={id}>{ label }</label>
                <input {id} class="text" placeholder={example} value={value.to_owned()} autocomplete="off" {oninput} />
            </>
        }
    };
    html! {
        <div class="wishes">
            <label for="advice-weigh">{ "Memory that counts" }</label>
            <select id="advice-weigh" class="select" data-chosen={wishes.weigh.clone()} onchange={choose}>
                { for WEIGHTS.iter().map(|(value, words)| attr::option(value, (*words).to_owned())) }
            </select>
            { text("advice-image", "Container image", &wishes.image, "python:3.12-slim-bookworm", Wish::Image) }
            { text("advice-cap", "Cap, MiB", &wishes.cap, "none", Wish::Cap) }
            { text("advice-seconds", "Time limit, seconds", &wishes.seconds, "none", Wish::Seconds) }
            <fieldset>
                <legend>{ "Changes to try" }</legend>
                { for WHO.iter().zip(wishes.who).enumerate().map(|(place, (words, may))| {
                    let onchange = act.reform(move |event: Event| {
                        let field: HtmlInputElement = event.target_unchecked_into();
                        Action::Advice(AdviceAction::Wish(Wish::Who(place, field.checked())))
                    });
                    html! {
                        <label><input type="checkbox" checked={may} {onchange} />{ " " }{ *words }</label>
                    }
                }) }
            </fieldset>
        </div>
    }
}

/// How far the search is, and what it found.
pub fn advice(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    let advice = &state.advice;
    let (name, of) = match (&advice.searching, &advice.of) {
        (Searching::Not, _) => return Html::default(),
        (Searching::On, of) => ("on", of),
        (Searching::Failed(_), of) => ("failed", of),
        (Searching::Over(_), of) => ("over", of),
    };
    let words = if name == "on" { "Cancel" } else { "Close" };
    html! {
        <section id="advice" class="card advice" data-state={name} aria-labelledby="advice-title">
            <div class="card__head">
                <h2 id="advice-title" ref={place.clone()} tabindex="-1">
                    { "What would help" }
                    if let Some(of) = of {
                        { " · " }{ mark(of.letter, of.colour) }{ " " }{ of.name.clone() }
                    }
                </h2>
                { attr::button("button button--small", Some("advice-close"), None, words.into(), does(act, AdviceAction::Close)) }
            </div>
            if is_outdated(state) {
                <p id="advice-outdated" class="outdated" role="status">{ "This is about earlier settings. Search again for those in the fields." }</p>
            }
            { match &advice.searching {
                Searching::Not => Html::default(),
                Searching::On => going(advice),
                Searching::Failed(message) => html! {
                    <p id="advice-failed" class="error" role="alert">{ format!("{}.", message.trim_end_matches('.')) }</p>
                },
                Searching::Over(found) => over(state, found, act),
            } }
        </section>
    }
}

/// Whether the variant that was asked about runs something else by now.
fn is_outdated(state: &State) -> bool {
    let Some(of) = &state.advice.of else {
        return false;
    };
    let now = state.variants.get(of.id);
    now.is_some_and(|now| now.order != of.order)
}

fn going(advice: &Advice) -> Html {
    let (done, all) = advice.runs();
    let words = match all {
        0 => "Looking through the calls…".to_owned(),
        all => format!("{done} of {all} runs"),
    };
    // Each run would be too much to be read aloud.
    let steps = match done / 10 {
        0 => "Searching…".to_owned(),
        tens => format!("{} of {all} runs", tens * 10),
    };
    html! {
        <div class="progress">
            <span id="advice-runs">{ words.clone() }</span>
            <progress aria-label="Runs of the search" value={attr::number(done as u64)} max={attr::number(all.max(1) as u64)} />
            <span class="hidden" role="status">{ steps }</span>
        </div>
    }
}

fn over(state: &State, found: &Found, act: &Callback<Action>) -> Html {
    let helpful = found.rows.iter().filter(|row| row.is_worth).count();
    let helps = match helpful {
        0 => "none of them helps".to_owned(),
        1 => "1 is worth its cost".to_owned(),
        helpful => format!("{helpful} are worth their cost"),
    };
    let before = found.rows.first().map_or(Bytes::ZERO, |row| row.memory);
    html! {
        <>
            <p id="advice-says" role="status">{ format!("{} changes were run: {helps}.", format::count(found.run.into())) }</p>
            if helpful == 0 {
                { said(&found.said) }
            }
            <div class="scrolls">
                <table class="table">
                    <thead><tr>
                        <th scope="col"><span class="hidden">{ "Number" }</span></th>
                        <th scope="col">{ "change" }</th>
                        { for HEADS.iter().enumerate().map(|(column, head)| html! {
                            <th scope="col" class={class(found, column)}>{ *head }</th>
                        }) }
                    </tr></thead>
                    <tbody>
                        { for found.rows.iter().enumerate().map(|(place, row)| line(state, found, (place, row, before), act)) }
                    </tbody>
                </table>
            </div>
            if helpful > 0 {
                <p class="words words--small">{ "* No other change has less of both memory and CPU time." }</p>
                <details class="more"><summary>{ "How it was searched" }</summary>{ said(&found.said) }</details>
            }
        </>
    }
}

fn said(sentences: &[String]) -> Html {
    html! {
        <div class="sentences">{ for sentences.iter().map(|sentence| html! { <p>{ sentence.clone() }</p> }) }</div>
    }
}

/// The class of a column: what was weighed stays where there is no room for the others.
fn class(found: &Found, column: usize) -> &'static str {
    let weighed = found.weighed.map_or(1, usize::from);
    match column {
        _ if column == weighed => "figure figure--weighed",
        5 => "figure",
        _ => "figure figure--more",
    }
}

type Place<'a> = (usize, &'a Advised, Bytes);

fn line(state: &State, found: &Found, (place, row, before): Place, act: &Callback<Action>) -> Html {
    let is_open = state.advice.opened == Some(place);
    let share = row.memory.0 as f64 / before.0.max(1) as f64;
    let notes = [&row.by, &row.note];
    let notes: Vec<&str> = notes
        .into_iter()
        .map(String::as_str)
        .filter(|note| !note.is_empty())
        .collect();
    let open = does(act, AdviceAction::Open(place));
    html! {
        <>
            <tr data-row={attr::number(place as u64)} data-worth={attr::flag(row.is_worth)} data-open={attr::flag(is_open)}>
                <td>{ row.mark.clone() }</td>
                <th scope="row">
                    if row.said.is_empty() {
                        { row.name.clone() }
                    } else {
                        <button type="button" class="link" aria-expanded={attr::flag(is_open)} onclick={open}>
                            <code>{ row.name.clone() }</code>
                        </button>
                    }
                    <small class="difference">{ notes.join(" · ") }</small>
                </th>
                { for row.cells.iter().enumerate().map(|(column, cell)| html! {
                    <td class={class(found, column)}>
                        { cell.clone() }
                        if column == found.weighed.map_or(1, usize::from) {
                            <i class="bar" aria-hidden="true" style={format!("width: {}", format::percent(share.min(1.0)))} />
                        }
                    </td>
                }) }
            </tr>
            if is_open {
                <tr><td colspan="9" class="advice__open">
                    { said(&row.said) }
                    if !row.pastes.is_empty() {
                        { remedy(state, (place, row), act) }
                    }
                </td></tr>
            }
        </>
    }
}

/// What can be done with an open row: it becomes a variant, or is pasted.
fn remedy(state: &State, (place, row): (usize, &Advised), act: &Callback<Action>) -> Html {
    let advice = &state.advice;
    let choose = act.reform(|event: Event| {
        let list: HtmlSelectElement = event.target_unchecked_into();
        let form = list.selected_index().max(0) as usize;
        Action::Advice(AdviceAction::Form(form))
    });
    let pasted = advice.pasted().unwrap_or_default();
    let copy = if advice.copied { "Copied" } else { "Copy" };
    html! {
        <>
            <div class="card__tools">
                { take(state, (place, row), act) }
                <label>{ "As " }
                    <select id="advice-form" class="select select--small" data-chosen={attr::number(advice.form as u64)} onchange={choose}>
                        { for FORMS.iter().enumerate().map(|(form, words)| attr::option(&form.to_string(), (*words).to_owned())) }
                    </select>
                </label>
                { attr::button("button", Some("advice-copy"), Some("Copy the text below"), copy.into(), does(act, AdviceAction::Copy)) }
            </div>
            <textarea id="advice-text" readonly=true rows={attr::number(pasted.lines().count().clamp(2, 12) as u64)}
                spellcheck="false" aria-label={format!("The change as {}", FORMS[advice.form])} value={pasted.to_owned()} />
        </>
    }
}

fn take(state: &State, (place, row): (usize, &Advised), act: &Callback<Action>) -> Html {
    let Some(order) = &row.order else {
        return html! { <span class="words">{ "Its stages have settings of their own: change them in a scenario file." }</span> };
    };
    let (words, title) = match taken(order, &state.variants) {
        Some(known) => (
            format!("Show variant {}", letter(known.letter)),
            "This change is among the variants",
        ),
        None => (
            "Take as a variant".to_owned(),
            "Adds a variant with this change, for the chart, the table, the maps and the link",
        ),
    };
    let take = does(act, AdviceAction::Take(place));
    attr::button(
        "button",
        Some("advice-take"),
        Some(title),
        words.into(),
        take,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_advise::{Doer, Form};

    #[test]
    fn every_form_and_everyone_who_may_act_has_a_name() {
        assert_eq!(FORMS.len(), Form::ALL.len());
        assert_eq!(WHO.len(), Doer::ALL.len());
        for (value, _) in &WEIGHTS[1..] {
            assert!(value.parse::<highwater_advise::Weights>().is_ok());
        }
    }
}
