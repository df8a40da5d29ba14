//! The environment box: real lines, and what the allocator says to them.

use highwater_simulator::{Choice, Variant, jemalloc_presets};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::{form::EnvironmentForm, state::Action, words};

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

/// What [`Environment`] shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is typed.
    pub form: EnvironmentForm,
    /// Who reads it.
    pub variant: Variant,
    /// What the user did.
    pub act: Callback<Action>,
}

/// The card with the environment.
#[component]
pub fn Environment(props: &Props) -> Html {
    let form = &props.form;
    let edit = props.act.reform(|event: InputEvent| {
        let area: HtmlTextAreaElement = event.target_unchecked_into();
        Action::EditEnvironment(area.value())
    });
    let presets = presets(props.variant.allocator);
    let presets = presets.into_iter().map(|(name, lines, title)| {
        let is_set = form.text.trim() == lines;
        html! {
            <button type="button" class="chip" title={title} aria-pressed={is_set.to_string()}
                data-preset={name}
                onclick={props.act.reform(move |_| Action::EditEnvironment(lines.clone()))}>
                { name }
            </button>
        }
    });
    html! {
        <section class="card">
            <h2 id="environment-title">{ "Environment" }</h2>
            <textarea id="environment" rows="4" spellcheck="false" autocomplete="off" autocapitalize="off"
                placeholder={"NAME=VALUE, or lines of a Dockerfile, compose, Kubernetes, ..."} aria-labelledby="environment-title"
                aria-invalid={form.error.is_some().to_string()}
                aria-describedby="environment-says" value={form.text.clone()} oninput={edit} />
            <div class="chips" role="group" aria-label="Presets">{ for presets }</div>
            <div id="environment-says">
                if let Some(error) = &form.error {
                    <p id="environment-error" class="error" role="alert">
                        { format!("Line {}: `{}` is not NAME=VALUE: {}.", error.line, error.text, error.reason) }
                    </p>
                } else {
                    { remarks(form, &props.variant) }
                }
            </div>
        </section>
    }
}

fn remarks(form: &EnvironmentForm, variant: &Variant) -> Html {
    let remarks = form.remarks(variant).into_iter().map(|remark| {
        let tone = words::tone(remark.tone);
        html! {
            <li class="remark" data-tone={tone}>
                <span class="remark__sign" aria-hidden="true">{ words::sign(remark.tone) }</span>
                <span>
                    <strong>{ format!("{} {tone}", remark.variable) }</strong>{ ": " }{ remark.text }
                </span>
            </li>
        }
    });
    html! { <ul id="remarks" class="remarks">{ for remarks }</ul> }
}
