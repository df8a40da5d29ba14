//! The environment box: any text, and a remark on each setting in it.

use highwater_chart::letter;
use highwater_simulator::{Choice, Effect, Variant, jemalloc_presets};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::attr::{self, press};

use crate::{
    completion::completions,
    form::EnvironmentForm,
    state::{Action, VariantAction},
    variants::VariantState,
    words,
};

/// Settings that everyone tries or should: how a button calls them, and their lines.
const PRESETS: [(&str, &str); 4] = [
    ("no setting", ""),
    ("trim threshold 64 KiB", "MALLOC_TRIM_THRESHOLD_=65536"),
    ("tcache off", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"),
    ("mmap from 16 KiB", "MALLOC_MMAP_THRESHOLD_=16384"),
];

/// The buttons for an allocator: name, lines, and what they do.
fn presets(allocator: Choice) -> Vec<(&'static str, String, &'static str)> {
    match allocator {
        Choice::Glibc(_) => PRESETS
            .map(|(name, lines)| (name, lines.to_owned(), lines))
            .to_vec(),
        Choice::Jemalloc(version) => jemalloc_presets(version)
            .map(|preset| {
                let lines = match preset.value {
                    "" => String::new(),
                    value => format!("MALLOC_CONF={value}"),
                };
                (preset.name, lines, preset.text)
            })
            .collect(),
    }
}

/// The box of a variant, the presets under it, and the remarks on its settings.
pub fn environment(variant: &VariantState, act: &Callback<Action>) -> Html {
    let (form, id) = (&variant.environment, variant.id);
    let runs = variant.variant();
    let edit = act.reform(move |event: InputEvent| {
        let area: HtmlTextAreaElement = event.target_unchecked_into();
        Action::Variant(id, VariantAction::EditEnvironment(area.value()))
    });
    let presets = presets(runs.allocator);
    let presets = presets.into_iter().map(|(name, lines, title)| {
        let is_set = form.text.trim() == lines;
        html! {
            <button type="button" class="chip" title={title} aria-pressed={attr::flag(is_set)}
                data-preset={name}
                onclick={press(act, Action::Variant(id, VariantAction::EditEnvironment(lines.clone())))}>
                { name }
            </button>
        }
    });
    html! {
        <div class="environment">
            <textarea id="environment" data-letter={letter(variant.letter).to_string()} rows="4" spellcheck="false" autocomplete="off" autocapitalize="off"
                placeholder={"NAME=VALUE lines, or a whole Dockerfile, manifest, unit file or script"} aria-label="Environment"
                aria-describedby="environment-says" value={form.text.clone()} oninput={edit} />
            { complete(variant, act) }
            <div class="chips" role="group" aria-label="Presets">{ for presets }</div>
            <div id="environment-says">
                if form.is_reading {
                    <p id="environment-reading" role="status">{ "Reading\u{2026} Until then the settings of the text before count." }</p>
                }
                if let Some(text) = form.choice_says(runs.allocator) {
                    { attr::words("p", &[("id", attr::Static("environment-choice")), ("role", attr::Static("status"))], &text) }
                }
                { remarks(form, &runs) }
                if let Some(text) = form.others_say() {
                    { attr::words("p", &[("id", attr::Static("environment-others"))], &text) }
                }
            </div>
        </div>
    }
}

/// What the word that is being typed may become.
fn complete(variant: &VariantState, act: &Callback<Action>) -> Html {
    let text = &variant.environment.text;
    let (kept, names) = completions(text, variant.allocator);
    if names.is_empty() {
        return Html::default();
    }
    html! {
        <div id="completions" class="chips" role="group" aria-label="Matching names">
            { for names.into_iter().map(|name| {
                let action = Action::Variant(variant.id, VariantAction::EditEnvironment(format!("{kept}{name}")));
                html! { <button type="button" class="chip chip--small" data-heir="#environment" onclick={press(act, action)}>{ name }</button> }
            }) }
        </div>
    }
}

fn remarks(form: &EnvironmentForm, variant: &Variant) -> Html {
    let remarks = form.remarks(variant).into_iter().map(|remark| {
        let tone = words::tone(remark.tone);
        let kind = match remark.tone.effect() {
            Effect::Obeyed => tone,
            _ => "ignored",
        };
        // Its tone says so already.
        let words = remark.text.trim_start_matches("No effect: ").to_owned();
        html! {
            <li class="remark" data-tone={kind}>
                { attr::words("span", &[("class", attr::Static("remark__sign")), ("aria-hidden", attr::Static("true"))], words::sign(remark.tone)) }
                <span>
                    <strong>{ format!("{} {tone}", remark.variable) }</strong>{ ": " }{ words }
                </span>
            </li>
        }
    });
    html! { <ul id="remarks" class="remarks">{ for remarks }</ul> }
}
