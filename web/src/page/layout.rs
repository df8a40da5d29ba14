//! Where everything is on the page.

use web_sys::File;
use yew::prelude::*;

use super::{
    allocator::allocator, chart::Chart, environment::Environment, header::header,
    heap_map::HeapMap, source::SourcePanel, transport::Transport, why::why,
};
use crate::{
    state::{Action, Activity, State},
    worker_client::Health,
};

/// The whole page.
pub fn page(state: &State, act: &Callback<Action>, open: &Callback<File>) -> Html {
    let health = match &state.health {
        Health::Starting => "starting",
        Health::Ready(_) => "ready",
        Health::Broken(_) => "broken",
    };
    let busy = state.activity != Activity::Idle;
    html! {
        <>
            { header(state, act) }
            <main data-worker={health} data-busy={busy.to_string()}>
                <div class="column column--what">
                    <SourcePanel chosen={state.chosen.clone()} form={state.form.clone()} note={note(state)}
                        act={act} open={open} />
                    { allocator(state.allocator(), act) }
                    <Environment form={state.environment.clone()} variant={state.variant()} act={act} />
                </div>
                <div class="column column--happened">
                    { trouble(state, act) }
                    { happened(state, act) }
                </div>
                <div class="column column--why">{ why(state, act) }</div>
            </main>
        </>
    }
}

/// What is to be said of the workload that the worker holds.
fn note(state: &State) -> Option<String> {
    let about = &state.held.as_ref()?.about;
    let mut said = Vec::new();
    if let Some(recorded) = &about.recorded {
        let modelled = about.allocator.to_string().replace('@', " ");
        if *recorded != modelled {
            said.push(format!(
                "Recorded with {recorded}, which is not modelled yet; run through {modelled}."
            ));
        }
    }
    if about.skipped > 0 {
        said.push(format!(
            "{} calls named blocks allocated before the recording began and were skipped.",
            about.skipped
        ));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

fn trouble(state: &State, act: &Callback<Action>) -> Html {
    let broken = match &state.health {
        Health::Broken(reason) => Some(reason.clone()),
        _ => None,
    };
    let Some(words) = state.trouble.clone().or(broken) else {
        return Html::default();
    };
    let kept = match &state.run {
        Some(_) => " What is shown is the last run that worked.",
        None => "",
    };
    html! {
        <section class="card trouble" role="alert">
            <p id="trouble">{ format!("{}.{kept}", words.trim_end_matches('.')) }</p>
            <button id="retry" class="button" type="button" onclick={act.reform(|_| Action::Retry)}>
                { "Try again" }
            </button>
        </section>
    }
}

fn happened(state: &State, act: &Callback<Action>) -> Html {
    let Some(run) = &state.run else {
        return html! {
            <section class="card empty">
                <h2>{ "Resident memory" }</h2>
                <p>{ waiting(state) }</p>
            </section>
        };
    };
    let look = state.look.clone().filter(|_| state.look_is_exact());
    let baseline = state.baseline.clone().filter(|_| !run.is_plain());
    html! {
        <>
            if let Some(words) = outdated(state) {
                <p id="outdated" class="outdated" role="status">{ words }</p>
            }
            <Chart run={run} baseline={baseline} playhead={state.playhead} act={act} />
            <HeapMap run={run} look={look} playhead={state.playhead} pointed={state.pointed}
                dark={state.is_dark()}>
                <Transport run={run} playhead={state.playhead} playing={state.playing} speed={state.speed}
                    act={act} />
            </HeapMap>
        </>
    }
}

/// Says to which settings the results belong, where it is not those that are typed.
fn outdated(state: &State) -> Option<String> {
    let run = state.run.as_ref()?;
    if !state.is_outdated() || state.activity != Activity::Idle {
        return None;
    }
    let settings = match run.environment() {
        [] => "no setting".to_owned(),
        variables => variables
            .iter()
            .map(|variable| format!("{}={}", variable.name, variable.value))
            .collect::<Vec<_>>()
            .join(", "),
    };
    Some(if state.environment.error.is_some() {
        format!(
            "The environment cannot be read. What is shown ran with the earlier one: {settings}."
        )
    } else {
        "What is shown ran with the earlier settings.".to_owned()
    })
}

fn waiting(state: &State) -> &'static str {
    match (state.activity, &state.health) {
        (_, Health::Broken(_)) => "The simulator could not be started.",
        (Activity::Loading(_), _) => "Reading what is to be run…",
        (Activity::Running(_), _) => "Running…",
        (Activity::Idle, _) => "Nothing has run yet: choose what to run.",
    }
}
