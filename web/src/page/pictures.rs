//! Pictures of what is shown, for documents. A worker draws them (`worker/draw`), whose program is sent to who wants one.

use highwater_chart::letter;
use yew::prelude::*;

use super::{browser, chart_props, heap_map, measured};
use crate::{
    protocol::{Curve, Curves, Drawing, Drawn, Heap, Named, StageOrder},
    state::{Action, Format, Picture, State},
    variants::VariantState,
    wire::bytes,
};

/// Where a picture is to be saved.
pub struct Place {
    /// The name of the file, without an ending.
    name: String,
    format: Format,
}

/// The bytes of the [`Drawing`] that a worker draws of what is shown, and where it is saved; none without a run, when there is no
/// button for it either.
pub fn asked(state: &State, picture: Picture, format: Format) -> Option<(Vec<u8>, Place)> {
    let date = browser::today();
    let (of, what) = match picture {
        Picture::Chart => (curves(state)?, "chart".to_owned()),
        Picture::Map(id) => {
            let variant = state.variants.get(id)?;
            (
                map(state, variant)?,
                format!("map-{}", letter(variant.letter)),
            )
        }
    };
    let name = format!("highwater-{}-{what}-{date}", state.source.subject.name());
    let drawing = Drawing {
        title: state.source.title().unwrap_or_default().to_owned(),
        date,
        source: source(state),
        dark: state.display.is_dark(),
        of,
    };
    Some((bytes(&drawing), Place { name, format }))
}

impl Place {
    /// Saves a picture as a file of the user's. Where it could not be drawn that is told.
    pub fn save(&self, svg: Option<String>, act: &Callback<Action>) {
        let name = &self.name;
        match (svg, self.format) {
            (None, _) => act.emit(Action::SaveFailed),
            (Some(svg), Format::Svg) => {
                browser::save(&format!("{name}.svg"), "image/svg+xml", &svg)
            }
            (Some(svg), Format::Png) => browser::save_png(format!("{name}.png"), &svg, act.clone()),
        }
    }
}

fn curves(state: &State) -> Option<Drawn> {
    let props = chart_props::props(state)?;
    let runs = props.lines.iter().map(|line| {
        let (run, summary) = (&line.run, &line.run.ran.summary);
        Curve {
            of: named((line.number, line.colour), &line.name, &run.order.stages),
            samples: run.samples.clone(),
            figures: [summary.peak, summary.after_rest, summary.at_end],
            killed: run.killed(),
        }
    });
    let main = props.lines.iter().position(|line| line.is_selected);
    let stages = props.run.ran.stages.iter();
    Some(Drawn::Chart(Curves {
        quoted: props.quoted,
        runs: runs.collect(),
        main: main.unwrap_or_default() as u8,
        phases: props.run.ran.phases.clone(),
        stages: stages
            .map(|stage| (stage.begins, stage.name.clone()))
            .collect(),
        measured: measured::points(props.quoted, &props.lines),
        limits: props.limits,
        shown: props.shown,
    }))
}

fn map(state: &State, variant: &VariantState) -> Option<Drawn> {
    let name = variant.name_of_run();
    let maps = heap_map::maps(state, &Callback::noop());
    let props = maps.iter().find(|map| map.of == variant.id)?;
    let (run, time) = (&props.run, props.moment.time);
    let stage = run.stage_at(time).0;
    let stage = run.order.stages.get(stage..=stage)?;
    let pins = props.look.as_ref().map(|look| look.diagnosis.pins.clone());
    Some(Drawn::Map(Heap {
        of: named((variant.letter, variant.colour), &name, stage),
        time,
        frame: props.frame()?.clone(),
        page_size: run.ran.page_size,
        pins: pins.unwrap_or_default(),
        hidden: state.inspection.hidden,
    }))
}

fn named((letter, colour): (usize, usize), name: &str, stages: &[StageOrder]) -> Named {
    Named {
        letter: letter as u8,
        colour: colour as u8,
        name: name.to_owned(),
        stages: stages.to_vec(),
    }
}

/// What was run, with what was changed.
fn source(state: &State) -> String {
    let subject = &state.source.subject;
    let kind = if subject.is_trace() {
        "recording"
    } else {
        "scenario"
    };
    let mut text = format!("{kind} {}", subject.name());
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
