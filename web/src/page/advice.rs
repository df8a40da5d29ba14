//! What would help: the button that begins the search, what the user wants of it, and what it found.

mod wishes;

use highwater_advise::HEADS;
pub use wishes::ask;
use yew::prelude::*;

use super::{
    attr::{self, Attributes, Static, element, press, words},
    variants::{letter, mark},
};
use crate::{
    format,
    protocol::{Advised, Found},
    state::{Action, Advice, AdviceAction, Searching, State, Wish, Wishes, taken},
};

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

/// What is shown once it is wanted.
fn more(summary: &'static str, inner: Html) -> Html {
    let summary = words("summary", &[], summary);
    element(
        "details",
        &[("class", Static("more"))],
        html! { <>{ summary }{ inner }</> },
    )
}

/// How far the search is, and what it found.
pub fn advice(state: &State, act: &Callback<Action>, place: &NodeRef) -> Html {
    let advice = &state.advice;
    let (name, inner) = match &advice.searching {
        Searching::Not => return Html::default(),
        Searching::On => ("on", going(advice)),
        Searching::Failed(message) => ("failed", failed(message)),
        Searching::Over(found) => ("over", over(state, found, act)),
    };
    let close = if name == "on" { "Cancel" } else { "Close" };
    html! {
        <section id="advice" class="card advice" data-state={name} aria-labelledby="advice-title">
            <div class="card__head">
                <h2 id="advice-title" ref={place.clone()} tabindex="-1">
                    { "What would help" }
                    if let Some(of) = &advice.of {
                        { " · " }{ mark(of.letter, of.colour) }{ " " }{ of.name.clone() }
                    }
                </h2>
                { attr::button("button button--small", Some("advice-close"), None, close.into(), does(act, AdviceAction::Close)) }
            </div>
            if is_outdated(state) {
                { words("p", &[("id", Static("advice-outdated")), ("class", Static("outdated")), ("role", Static("status"))],
                    "This is about earlier settings. Search again for those in the fields.") }
            }
            { inner }
        </section>
    }
}

fn failed(message: &str) -> Html {
    let message = format!("{}.", message.trim_end_matches('.'));
    let attributes: Attributes = &[
        ("id", Static("advice-failed")),
        ("class", Static("error")),
        ("role", Static("alert")),
    ];
    words("p", attributes, &message)
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
    let runs = |done: usize| match all {
        0 => "Looking through the calls…".to_owned(),
        all => format!("{done} of {all} runs"),
    };
    let inner = html! {
        <>
            { words("span", &[("id", Static("advice-runs"))], &runs(done)) }
            <progress aria-label="Runs of the search" value={attr::number(done as u64)} max={attr::number(all.max(1) as u64)} />
            // Each run would be too much to be read aloud.
            { words("span", &[("class", Static("hidden")), ("role", Static("status"))], &runs(done / 10 * 10)) }
        </>
    };
    element("div", &[("class", Static("progress"))], inner)
}

fn over(state: &State, found: &Found, act: &Callback<Action>) -> Html {
    let helpful = found.rows.iter().filter(|row| row.is_worth).count();
    let helps = match helpful {
        0 => "none of them helps".to_owned(),
        1 => "1 is worth its cost".to_owned(),
        helpful => format!("{helpful} are worth their cost"),
    };
    let run = format!(
        "{} changes were run: {helps}.",
        format::count(found.run.into())
    );
    let head =
        |(column, head): (usize, &&'static str)| words("th", class(found, column, true), head);
    let head = html! {
        <>
            { element("th", COLUMN, words("span", &[("class", Static("hidden"))], "number")) }
            { words("th", COLUMN, "change") }
            { for HEADS.iter().enumerate().map(head) }
        </>
    };
    let rows = found.rows.iter().enumerate();
    let rows = rows.map(|row| line(state, found, row, act));
    let table = html! {
        <>
            { element("thead", &[], element("tr", &[], head)) }
            { element("tbody", &[], rows.collect()) }
        </>
    };
    let table = element("table", &[("class", Static("table"))], table);
    let rest = match helpful {
        0 => Html::default(),
        _ => html! {
            <>
                { words("p", &[("class", Static("words words--small"))], "* No other change has less of both memory and CPU time.") }
                { more("How it was searched", said(&found.said)) }
            </>
        },
    };
    html! {
        <>
            { words("p", &[("id", Static("advice-says")), ("role", Static("status"))], &run) }
            if helpful == 0 {
                { said(&found.said) }
            }
            { element("div", &[("class", Static("scrolls"))], table) }
            { rest }
        </>
    }
}

fn said(sentences: &[String]) -> Html {
    let sentences = sentences.iter();
    let sentences = sentences.map(|sentence| words("p", &[], sentence));
    element(
        "div",
        &[("class", Static("sentences"))],
        sentences.collect(),
    )
}

/// The head of a column.
const COLUMN: Attributes = &[("scope", Static("col"))];

/// The attributes of a column's head or cell: what was weighed stays where there is no room for the others.
fn class(found: &Found, column: usize, is_head: bool) -> Attributes {
    let class: Attributes = match column {
        _ if column == weighed(found) => &[
            ("class", Static("figure figure--weighed")),
            ("scope", Static("col")),
        ],
        5 => &[("class", Static("figure")), ("scope", Static("col"))],
        // The average, and the calls that are in the time already.
        2 | 4 => &[
            ("class", Static("figure figure--more figure--least")),
            ("scope", Static("col")),
        ],
        _ => &[
            ("class", Static("figure figure--more")),
            ("scope", Static("col")),
        ],
    };
    if is_head { class } else { &class[..1] }
}

fn weighed(found: &Found) -> usize {
    found.weighed.map_or(1, usize::from)
}

fn line(
    state: &State,
    found: &Found,
    (place, row): (usize, &Advised),
    act: &Callback<Action>,
) -> Html {
    let is_open = state.advice.opened == Some(place);
    let before = found.rows[0].memory.0.max(1);
    let share = row.memory.0 as f64 / before as f64;
    let note = match row.note.is_empty() {
        true => row.by.clone(),
        false => format!("{} · {}", row.by, row.note),
    };
    let name = words("code", &[], &row.name);
    let name = match row.said.is_empty() {
        true => name,
        false => {
            let onclick = does(act, AdviceAction::Open(place));
            html! { <button type="button" class="link" aria-expanded={attr::flag(is_open)} {onclick}>{ name }</button> }
        }
    };
    let cell = |(column, cell): (usize, &String)| {
        let bar = (column == weighed(found)).then(|| {
            let style = format!("width: {}", format::percent(share.min(1.0)));
            html! { <i class="bar" {style} /> }
        });
        element(
            "td",
            class(found, column, false),
            html! { <>{ cell }{ bar }</> },
        )
    };
    let cells = row.cells.iter().enumerate().map(cell);
    let name = html! { <>{ name }{ words("small", &[("class", Static("difference"))], &note) }</> };
    html! {
        <>
            <tr data-row={attr::number(place as u64)} data-worth={attr::flag(row.is_worth)} data-open={attr::flag(is_open)}>
                { words("td", &[], &row.mark) }
                { element("th", &[("scope", Static("row"))], name) }
                { for cells }
            </tr>
            if is_open {
                { opened(state, found, (place, row), act) }
            }
        </>
    }
}

/// What is said of a row, and what can be done with it: it becomes a variant, or is pasted.
fn opened(
    state: &State,
    found: &Found,
    (place, row): (usize, &Advised),
    act: &Callback<Action>,
) -> Html {
    let advice = &state.advice;
    let mut inner = vec![said(&row.said)];
    if let Some(pasted) = advice.pasted() {
        let choose = act.reform(|form| Action::Advice(AdviceAction::Form(form)));
        let form = found.forms.get(advice.form).cloned().unwrap_or_default();
        let options = (found.forms.iter()).map(|form| attr::option(form, form.clone()));
        let copy = if advice.copied { "Copied" } else { "Copy" };
        let copy = attr::button(
            "button",
            Some("advice-copy"),
            Some("Copy the text below"),
            copy.into(),
            does(act, AdviceAction::Copy),
        );
        let tools = html! {
            <>
                { take(state, (place, row), act) }
                <label>{ "As " }
                    { attr::select(("advice-form", "As"), form, options.collect(), choose) }
                </label>
                { copy }
            </>
        };
        inner.push(element("div", &[("class", Static("card__tools"))], tools));
        let lines = pasted.lines().count().clamp(2, 12);
        inner.push(html! {
            <textarea id="advice-text" readonly=true rows={attr::number(lines as u64)} spellcheck="false"
                aria-label="The change, to paste" value={pasted.to_owned()} />
        });
    }
    let open: Attributes = &[("colspan", Static("9")), ("class", Static("advice__open"))];
    element("tr", &[], element("td", open, inner.into_iter().collect()))
}

fn take(state: &State, (place, row): (usize, &Advised), act: &Callback<Action>) -> Html {
    let Some(order) = &row.order else {
        let why = "Its stages have settings of their own: change them in a scenario file.";
        return words("span", &[("class", Static("words"))], why);
    };
    let words = match taken(order, &state.variants) {
        Some(known) => format!("Show variant {}", letter(known.letter)),
        None => "Take as a variant".to_owned(),
    };
    let title = "A variant with this change is in the chart, the table, the maps and the link";
    let take = does(act, AdviceAction::Take(place));
    let id = Some("advice-take");
    attr::button("button", id, Some(title), words.into(), take)
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_advise::Doer;

    #[test]
    fn everyone_who_may_act_has_a_name() {
        assert_eq!(WHO.len(), Doer::ALL.len());
        for (value, _) in &WEIGHTS[1..] {
            assert!(value.parse::<highwater_advise::Weights>().is_ok());
        }
    }
}
