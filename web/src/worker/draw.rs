//! Draws pictures for documents: the same as the command draws.

use borsh::from_slice;
use highwater_chart::{Chart, Entry, Head, Map, Run, bands, settings};

use super::{Engine, Job, Slice, Step};
use crate::protocol::{Curves, Drawing, Drawn, Heap, Named, Outcome};

/// The job.
pub(super) struct Draw {
    /// The bytes of a [`Drawing`].
    pub(super) drawing: Vec<u8>,
}

impl Job for Draw {
    fn advance(&mut self, _: &mut Engine, _: &Slice) -> Step {
        match from_slice::<Drawing>(&self.drawing) {
            Ok(drawing) => Step::Done(Outcome::Drawn(svg(&drawing))),
            Err(error) => Step::Failed(error.to_string()),
        }
    }
}

fn svg(drawing: &Drawing) -> String {
    let head = Head {
        title: &drawing.title,
        date: &drawing.date,
        source: &drawing.source,
        dark: drawing.dark,
    };
    match &drawing.of {
        Drawn::Chart(curves) => chart(curves, head),
        Drawn::Map(heap) => map(heap, head),
    }
}

fn chart(curves: &Curves, head: Head) -> String {
    let runs = curves.runs.iter().map(|curve| Run {
        entry: entry(&curve.of),
        samples: &curve.samples,
        figures: curve.figures,
        killed: curve.killed.clone(),
        rerun: Vec::new(),
    });
    let stages = curves.stages.iter();
    let chart = Chart {
        head,
        quoted: curves.quoted,
        runs: runs.collect(),
        main: curves.main.into(),
        bands: &bands(&curves.phases),
        stages: stages.map(|(begins, name)| (*begins, &name[..])).collect(),
        measured: curves.measured.clone(),
        limits: curves.limits,
        shown: curves.shown,
    };
    chart.svg()
}

fn map(heap: &Heap, head: Head) -> String {
    let map = Map {
        head,
        entry: entry(&heap.of),
        time: heap.time,
        frame: &heap.frame,
        page_size: heap.page_size,
        pins: &heap.pins,
        hidden: heap.hidden,
    };
    map.svg()
}

fn entry(named: &Named) -> Entry<'_> {
    let stages = named.stages.iter();
    // A run without stages has one that has no name.
    let all = stages.map(|stage| settings(&stage.name, stage.workers.into(), &stage.variant));
    Entry {
        number: named.letter.into(),
        colour: named.colour.into(),
        name: &named.name,
        settings: all.collect(),
    }
}
