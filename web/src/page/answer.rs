//! The answer over everything: what is resident after the last rest of the run that is looked into, why, and the ways on.

use highwater_report::{less_in, table::code};
use yew::prelude::*;

use super::{
    advice::ask,
    attr::{self, Attributes, Static, element, words},
    places::Places,
    sentence::linked,
    variants::{letter, mark},
    what_if,
};
use crate::{
    state::{Action, State, has_same_calls},
    subject::Subject,
    variants::{VariantId, VariantState},
    view::RunView,
    worker_client::Health,
};

/// The card with the answer; before the first run, what it waits for.
pub fn answer(state: &State, act: &Callback<Action>, places: &Places) -> Html {
    let variant = state.variants.selected();
    let run = variant.run.as_ref();
    let inner = match run {
        Some(run) => known(state, run, act, places),
        None => words("p", SAYS, &waiting(state)),
    };
    let kind = run.map_or("", |run| run.ran.answer.kind.name());
    let stale = attr::flag(!variant.is_fresh());
    html! { <section id="answer" class="card answer" aria-label="Answer" data-kind={kind} data-stale={stale}>{ inner }</section> }
}

/// The attributes of the sentence.
const SAYS: Attributes = &[
    ("id", Static("answer-says")),
    ("class", Static("answer__says")),
    ("role", Static("status")),
];

fn known(state: &State, run: &RunView, act: &Callback<Action>, places: &Places) -> Html {
    let variant = state.variants.selected();
    let answer = &run.ran.answer;
    let said = vec![
        mark(variant.letter, variant.colour),
        " ".into(),
        linked(&answer.sentence, variant.id, act),
    ];
    let less = less(state, run).map_or_else(String::new, |less| format!(" {less}"));
    let more = vec![linked(&answer.more, variant.id, act), less.into()];
    let button = |id, title, words, action| attr::action(act, id, Some(title), words, action);
    let copied = if state.links.reviewed { "Copied." } else { "" };
    let tools = vec![
        button(
            "answer-why",
            "Go to that moment and its explanation",
            "Why?",
            Action::Why,
        ),
        ask(state, act, &places.ask),
        button(
            "copy-review",
            "Copy this answer with the table and a link, as Markdown",
            "Copy for the review",
            Action::CopyReview,
        ),
        button(
            "save-page",
            "Save one HTML file with this page, its recording and everything set; it opens without a server",
            "Save page",
            Action::SavePage,
        ),
        words("span", &[("role", Static("status"))], copied),
    ];
    let all = |parts: Vec<Html>| parts.into_iter().collect();
    let parts = vec![
        element("p", SAYS, all(said)),
        element("p", &[("class", Static("answer__more"))], all(more)),
        element("div", &[("class", Static("answer__tools"))], all(tools)),
    ];
    all(parts)
}

/// The other run of the same calls that leaves least after the last rest.
fn other<'s>(state: &'s State, own: &RunView) -> Option<(&'s VariantState, &'s RunView)> {
    let others = state.variants.all.iter();
    let others = others.filter_map(|other| Some((other, &**other.run.as_ref()?)));
    let others = others.filter(|(other, run)| {
        other.is_fresh() && has_same_calls(&own.order, &run.order) && run.ran.summary.killed == 0
    });
    others.min_by_key(|(_, run)| run.ran.summary.after_rest)
}

/// What is waited for before the first run.
pub(super) fn waiting(state: &State) -> String {
    match &state.health {
        Health::Broken(_) => "The simulator could not start.".to_owned(),
        _ if state.source.loading.is_some() => "Reading the workload…".to_owned(),
        _ if state.is_busy() => "Running… Dashed curves are preliminary.".to_owned(),
        _ => match &state.variants.selected().order {
            Some(Err(reason)) => format!("This variant cannot run: {reason}."),
            _ => "Nothing has run yet. Choose a recording, scenario or pattern, or open a trace."
                .to_owned(),
        },
    }
}

/// The variant that leaves least, where the answer names it.
pub(super) fn least(state: &State) -> Option<VariantId> {
    let own = state.variants.run()?;
    less(state, own)?;
    other(state, own).map(|(least, _)| least.id)
}

/// What is said of that run, where it leaves clearly less.
fn less(state: &State, own: &RunView) -> Option<String> {
    let (least, run) = other(state, own)?;
    let name = format!("{} ({})", letter(least.letter), least.name);
    let words = less_in(
        &name,
        own.ran.summary.after_rest,
        run.ran.summary.after_rest,
    )?;
    Some(words.to_string())
}

/// The answer with the table, for the review of an incident, as Markdown that only lacks the address of a link.
pub fn review(state: &State) -> impl Fn(&str) -> String + 'static {
    let variant = state.variants.selected();
    let answer = variant.run.as_ref().map(|run| run.ran.answer.markdown());
    let before = format!(
        "{}: {}\n\n{}",
        letter(variant.letter),
        answer.unwrap_or_default(),
        what_if::document(state).markdown()
    );
    let needs = match &state.source.subject {
        Subject::File(name) => format!(" (it needs the file {})", code(name)),
        _ => String::new(),
    };
    move |link| format!("{before}\n[Open in Highwater]({link}){needs}\n")
}
