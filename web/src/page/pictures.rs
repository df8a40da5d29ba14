//! Pictures of what is shown, for documents: the same as the command draws.

use highwater_chart::{Chart, Entry, Head, Map, Run, letter, settings};
use yew::prelude::*;

use super::{attr::press, browser, chart, heap_map, measured};
use crate::{
    protocol::StageOrder,
    state::{Action, Format, InspectionAction, Picture, State},
    subject::Subject,
    variants::VariantState,
};

/// The buttons that save a picture of something, `of` in words.
pub fn buttons(act: &Callback<Action>, picture: Picture, of: &str) -> Html {
    let button = |name: &'static str, format| {
        html! {
            <button type="button" class="button button--small" aria-label={format!("{name} of {of}")}
                onclick={press(act, Action::Inspection(InspectionAction::Save(picture, format)))}>{ name }</button>
        }
    };
    [button("SVG", Format::Svg), button("PNG", Format::Png)]
        .into_iter()
        .collect()
}

/// Saves a picture as a file of the user's. Where the browser cannot draw one that is told.
pub fn save(state: &State, picture: Picture, format: Format, act: &Callback<Action>) {
    let date = browser::today();
    let source = source(state);
    let head = Head {
        title: state.source.subject.title(),
        date: &date,
        source: &source,
        dark: state.display.is_dark(),
    };
    let (svg, of) = match picture {
        Picture::Chart => (curves(state, head), "chart".to_owned()),
        Picture::Map(id) => {
            let Some(variant) = state.variants.get(id) else {
                return;
            };
            let of = format!("map-{}", letter(variant.letter));
            (map(state, variant, head, act), of)
        }
    };
    // Without a run there is no picture, and no button for it either.
    let Some(svg) = svg else {
        return;
    };
    let name = format!("highwater-{}-{of}-{date}", state.source.subject.name());
    match format {
        Format::Svg => browser::save(&(name + ".svg"), "image/svg+xml", &svg),
        Format::Png => browser::save_png(name + ".png", &svg, act.clone()),
    }
}

fn curves(state: &State, head: Head) -> Option<String> {
    let props = chart::props(state)?;
    let (mut runs, mut main) = (Vec::new(), 0);
    for line in &props.lines {
        if line.is_selected {
            main = runs.len();
        }
        let (run, summary) = (&line.run, &line.run.ran.summary);
        runs.push(Run {
            entry: entry((line.number, line.colour), &line.name, &run.order.stages),
            samples: &run.samples,
            figures: [summary.peak, summary.after_rest, summary.at_end],
            killed: run.killed(),
            rerun: Vec::new(),
        });
    }
    let stages = props.run.ran.stages.iter();
    let chart = Chart {
        head,
        runs,
        main,
        bands: &props.run.bands,
        stages: stages
            .map(|stage| (stage.begins, &stage.name[..]))
            .collect(),
        measured: measured::points(&props.lines),
        cap: props.cap,
        shown: props.shown,
    };
    Some(chart.svg())
}

fn map(
    state: &State,
    variant: &VariantState,
    head: Head,
    act: &Callback<Action>,
) -> Option<String> {
    let name = variant.name_of_run();
    let maps = heap_map::maps(state, act);
    let props = maps.iter().find(|map| map.of == variant.id)?;
    let (run, time) = (&props.run, props.moment.time);
    let stage = run.stage_at(time).0;
    let stage = run.order.stages.get(stage..=stage)?;
    let map = Map {
        head,
        entry: entry((variant.letter, variant.colour), &name, stage),
        time,
        frame: props.frame()?,
        page_size: run.ran.page_size,
        pins: props.look.as_ref().map_or(&[], |look| &look.diagnosis.pins),
        hidden: state.inspection.hidden,
    };
    Some(map.svg())
}

fn entry<'a>((number, colour): (usize, usize), name: &'a str, stages: &[StageOrder]) -> Entry<'a> {
    let mut all = String::new();
    for stage in stages {
        // A run without stages has one that has no name.
        all += &settings(&stage.name, stage.workers.into(), &stage.variant);
    }
    Entry {
        number,
        colour,
        name,
        settings: all,
    }
}

/// What was run, with what was changed.
fn source(state: &State) -> String {
    let kind = match state.source.subject {
        Subject::Scenario(_) => "scenario",
        Subject::Bundled | Subject::Service | Subject::File(_) => "recording",
    };
    let mut text = format!("{kind} {}", state.source.subject.name());
    if !state.variants.selected().is_fresh() {
        // What stands in the fields now is not what ran.
        text.push_str(" · from earlier settings, not those now in the fields");
        return text;
    }
    for (name, value) in state.source.changed() {
        for part in [" · ", &name, "=", &value] {
            text.push_str(part);
        }
    }
    text
}
