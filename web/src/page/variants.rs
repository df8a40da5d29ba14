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
    state::{Action, State, VariantAction},
    variants::{MOST, Status, VariantId, VariantState},
};

/// The mark of a variant: its letter in its colour.
pub fn mark(number: usize, colour: usize) -> Html {
    html! { <span class="mark" data-colour={attr::colour(colour)}>{ letter(number) }</span> }
}

/// The card with all of them.
pub fn variants(state: &State, act: &Callback<Action>) -> Html {
    let selected = state.variants.selected().id;
    let full = state.variants.all.len() >= MOST;
    html! {
        <section class="card" aria-labelledby="variants-title">
            { attr::words("h2", &[("id", attr::Static("variants-title"))], "Variants") }
            <ul id="variants" class="variants" data-count={attr::number(state.variants.all.len() as u64)}>
                { for state.variants.all.iter().map(|variant| {
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
                onclick={press(act, Action::Variant(selected, VariantAction::Duplicate))}>{ "Add variant" }</button>
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
            data-variant={attr::number(variant.letter as u64)} onclick={press(act, Action::Variant(id, VariantAction::Select))}>
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
        Action::Variant(id, VariantAction::Rename(input.value()))
    });
    let allocator = variant.allocator;
    let choose = act.reform(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        let index = usize::try_from(select.selected_index()).unwrap_or_default();
        Action::Variant(
            id,
            VariantAction::ChooseAllocator(Choice::all().nth(index).unwrap_or(allocator)),
        )
    });
    let failed = match &variant.status {
        Status::Failed(message) => Some(message.clone()),
        _ => variant.order.clone().and_then(Result::err),
    };
    let only = state.variants.all.len() == 1;
    let is_compared = state.variants.compared == Some(id);
    html! {
        <div class="variant__body">
            <div class="variant__row">
                <button type="button" class="mark mark--button" data-colour={attr::colour(variant.colour)}
                    aria-label="Change colour" title="Change colour"
                    onclick={press(act, Action::Variant(id, VariantAction::Recolour))} />
                <input id="variant-name" class="text" aria-label="Variant name" maxlength={LONGEST.to_string()}
                    value={variant.typed.clone().unwrap_or_else(|| variant.name.clone())} oninput={rename} />
            </div>
            if variant.is_staged() {
                { stages(variant) }
            } else {
                <select id="allocator" class="select" aria-label="Allocator" data-chosen={allocator.to_string()}
                    onchange={choose}>
                    { for Choice::all().map(|choice| {
                        let words = choice.found_in() + " · " + &short(choice).to_string();
                        attr::option(&choice.to_string(), words)
                    }) }
                </select>
                { differs(variant) }
                { environment(variant, act) }
            }
            if let Some(message) = failed {
                { attr::words("p", &[("id", attr::Static("variant-error")), ("class", attr::Static("error")), ("role", attr::Static("alert"))], &message) }
            }
            <div class="variant__row">
                <button id="remove-variant" type="button" data-heir="#variants [aria-expanded=true]" class="button button--small" disabled={only}
                    onclick={press(act, Action::Variant(id, VariantAction::Remove))}>{ "Remove" }</button>
                if let Some((other, is_shown, words)) = beside(state) {
                    <button id="compare" type="button" class="button button--small" aria-pressed={attr::flag(!is_compared && state.variants.compared.is_some())}
                        onclick={press(act, Action::Variant(other, VariantAction::Compare(is_shown)))}>{ words }</button>
                }
            </div>
        </div>
    }
}

/// What the button beside "Remove" does: whose map it shows or hides, which of both, and its words.
fn beside(state: &State) -> Option<(VariantId, bool, String)> {
    let variants = &state.variants;
    if let Some(id) = variants.compared {
        return Some((id, false, "Show one map".to_owned()));
    }
    let mut others = variants
        .all
        .iter()
        .filter(|one| one.id != variants.selected);
    let baseline = others.clone().find(|one| one.id == variants.baseline);
    let other = baseline.or_else(|| others.next())?;
    let words = format!("Show map beside {}", letter(other.letter));
    Some((other.id, true, words))
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
        if let Some(high) = stage.variant.high {
            said.push(format!("memory.high {high}"));
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
                    { attr::words("b", &[], &stage.name.clone()) }
                    { format!(": {} × {}", stage.workers, short(stage.variant.allocator)) }
                    { for stage.variant.environment.iter().map(|variable| html! {
                        { attr::words("code", &[], &variable.to_string()) }
                    }) }
                </li>
            }) }
        </ol>
    }
}
