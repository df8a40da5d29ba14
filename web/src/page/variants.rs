//! The variants: each with its colour, name, allocator and environment; the one that is looked into can be changed.

pub use highwater_chart::letter;
use highwater_simulator::Choice;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{
    attr::{self, press},
    environment::environment,
};
use crate::{
    naming::LONGEST,
    state::{Action, State},
    variants::{MOST, Status, VariantState},
};

/// The mark of a variant: its letter in its colour.
pub fn mark(number: usize, colour: usize) -> Html {
    html! { <span class="mark" data-colour={attr::colour(colour)}>{ letter(number) }</span> }
}

/// The card with all of them.
pub fn variants(state: &State, act: &Callback<Action>) -> Html {
    let selected = state.selected().id;
    let full = state.variants.len() >= MOST;
    html! {
        <section class="card" aria-labelledby="variants-title">
            <h2 id="variants-title">{ "Variants" }</h2>
            <ul id="variants" class="variants" data-count={attr::number(state.variants.len() as u64)}>
                { for state.variants.iter().map(|variant| {
                    let is_selected = variant.id == selected;
                    html! {
                        <li key={variant.id.0} class="variant" data-colour={attr::colour(variant.colour)}
                            data-selected={attr::flag(is_selected)}>
                            { head(variant, is_selected, act) }
                            if is_selected {
                                { body(state, variant, act) }
                            }
                        </li>
                    }
                }) }
            </ul>
            <button id="add-variant" type="button" class="button button--wide" disabled={full}
                title={if full { "At most eight variants" } else { "Copy the selected variant" }}
                onclick={press(act, Action::Duplicate(selected))}>{ "Add variant" }</button>
        </section>
    }
}

fn head(variant: &VariantState, is_selected: bool, act: &Callback<Action>) -> Html {
    let id = variant.id;
    let status = match &variant.status {
        Status::Running(share) => format!("{} %", (share * 100.0) as u32),
        Status::Failed(_) => "failed".to_owned(),
        Status::Idle => String::new(),
    };
    html! {
        <button type="button" class="variant__head" aria-expanded={attr::flag(is_selected)}
            data-variant={attr::number(variant.letter as u64)} onclick={press(act, Action::Select(id))}>
            { mark(variant.letter, variant.colour) }
            <span class="variant__name" title={variant.name.clone()}>{ variant.name.clone() }</span>
            <span class="variant__of">
                if status.is_empty() {
                    { if variant.is_staged() { "in stages".to_owned() } else { short(variant.allocator) } }
                } else {
                    { status }
                }
            </span>
        </button>
    }
}

fn short(allocator: Choice) -> String {
    allocator.to_string().replace('@', " ")
}

/// What can be changed of it.
fn body(state: &State, variant: &VariantState, act: &Callback<Action>) -> Html {
    let id = variant.id;
    let rename = act.reform(move |event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        Action::Rename(id, input.value())
    });
    let allocator = variant.allocator;
    let choose = act.reform(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let index = usize::try_from(select.selected_index()).unwrap_or_default();
        Action::ChooseAllocator(id, Choice::all().nth(index).unwrap_or(allocator))
    });
    let failed = match &variant.status {
        Status::Failed(message) => Some(message.clone()),
        _ => variant.order.clone().and_then(Result::err),
    };
    let only = state.variants.len() == 1;
    let is_compared = state.compared == Some(id);
    html! {
        <div class="variant__body">
            <div class="variant__row">
                <button type="button" class="mark mark--button" data-colour={attr::colour(variant.colour)}
                    aria-label="Change colour" title="Change colour"
                    onclick={press(act, Action::Recolour(id))} />
                <input id="variant-name" class="text" aria-label="Variant name" maxlength={LONGEST.to_string()}
                    value={variant.typed.clone().unwrap_or_else(|| variant.name.clone())} oninput={rename} />
            </div>
            if variant.is_staged() {
                { stages(variant) }
            } else {
                <select id="allocator" class="select" aria-label="Allocator" data-chosen={allocator.to_string()}
                    onchange={choose}>
                    { for Choice::all().map(|choice| {
                        let words = short(choice).to_string() + " · " + choice.found_in();
                        attr::option(&choice.to_string(), words)
                    }) }
                </select>
                { differs(variant) }
                { environment(variant, act) }
            }
            if let Some(message) = failed {
                <p id="variant-error" class="error" role="alert">{ message }</p>
            }
            <div class="variant__row">
                <button id="remove-variant" type="button" class="button button--small" disabled={only}
                    onclick={press(act, Action::Remove(id))}>{ "Remove" }</button>
                if let Some((words, other)) = beside(state).map(|other| (other.words(), other)) {
                    <button id="compare" type="button" class="button button--small" aria-pressed={attr::flag(!is_compared && state.compared.is_some())}
                        onclick={act.reform(move |_| other.clone().into_action())}>{ words }</button>
                }
            </div>
        </div>
    }
}

/// What the button beside "Remove" does.
#[derive(Clone)]
enum Beside {
    Show(crate::variants::VariantId, char),
    Hide,
}

impl Beside {
    fn into_action(self) -> Action {
        match self {
            Self::Show(id, _) => Action::Compare(Some(id)),
            Self::Hide => Action::Compare(None),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Show(_, letter) => format!("Show map beside {letter}"),
            Self::Hide => "Show one map".to_owned(),
        }
    }
}

fn beside(state: &State) -> Option<Beside> {
    if state.compared.is_some() {
        return Some(Beside::Hide);
    }
    let selected = state.selected().id;
    let mut others = state.variants.iter().filter(|one| one.id != selected);
    let baseline = others.clone().find(|one| one.id == state.baseline);
    let other = baseline.or_else(|| others.next());
    other.map(|variant| Beside::Show(variant.id, letter(variant.letter)))
}

/// What a variant has of its own besides allocator and environment.
fn differs(variant: &VariantState) -> Html {
    let Some(Ok(order)) = &variant.order else {
        return Html::default();
    };
    let mut said = Vec::new();
    for stage in &order.stages {
        if stage.workers > 1 {
            said.push(format!("{} processes", stage.workers));
        }
        if let Some(cap) = stage.variant.cap {
            said.push(format!("cap {cap}"));
        }
        if let Some(python) = stage.variant.python {
            said.push(format!("CPython {}", python.name()));
        }
        if let Some(cores) = stage.variant.cores {
            said.push(format!("{} cores", cores.online));
        }
    }
    html! { <p class="words words--small">{ said.join(" · ") }</p> }
}

/// The stages of a variant, which have their own settings.
fn stages(variant: &VariantState) -> Html {
    let Some(Ok(order)) = &variant.order else {
        return Html::default();
    };
    html! {
        <ol class="stages">
            { for order.stages.iter().map(|stage| html! {
                <li>
                    <b>{ stage.name.clone() }</b>
                    { format!(": {} × {}", stage.workers, short(stage.variant.allocator)) }
                    { for stage.variant.environment.iter().map(|variable| html! {
                        <code>{ variable.to_string() }</code>
                    }) }
                </li>
            }) }
        </ol>
    }
}
