//! What the charts show, taken from the state.

use std::rc::Rc;

use highwater_chart::{Limits, Scale, held_at_most, limits};
use highwater_simulator::{Micros, Quoted};

use super::{
    answer::least,
    chart_lines::{Growing, growing, highest},
    line::Line,
};
use crate::{
    state::{Depth, State},
    variants::{VariantId, VariantState},
    view::{Now, RunView},
};

/// What the chart shows.
pub struct Props {
    /// What the curves are of.
    pub quoted: Quoted,
    /// The curves that are shown.
    pub lines: Vec<Line>,
    /// Those that grow.
    pub growing: Vec<Growing>,
    /// The run that is looked into.
    pub run: Rc<RunView>,
    /// Its figures at the playhead.
    pub now: Now,
    /// The moment that is shown.
    pub time: Micros,
    /// How many events had been run then.
    pub event: u64,
    /// The part of the time that is shown.
    pub shown: (Micros, Micros),
    /// Whether that is not all of it.
    pub zoomed: bool,
    /// Whether it can be saved as a picture.
    pub can_save: bool,
    /// The cap, and `memory.high`.
    pub limits: Limits,
}

impl Props {
    /// MiB at the upper edge: room for the curves, and for what the program holds.
    pub fn highest(&self) -> f64 {
        let held = held_at_most(&self.run.samples, &self.scale());
        let curves = (&self.lines[..], &self.growing[..]);
        highest(self.quoted, curves, self.shown, self.limits).max(held.as_mib())
    }

    /// What the plot's width stands for.
    pub fn scale(&self) -> Scale {
        let (from, to) = self.shown;
        Scale {
            from,
            to,
            highest: 1.0,
        }
    }
}

/// What the chart is made of, if there is anything.
pub fn props(state: &State) -> Option<Props> {
    let selected = state.variants.selected();
    let run = Rc::clone(selected.run.as_ref()?);
    let shown = state.variants.all.iter();
    let least = least(state);
    let shown = shown.filter(|variant| state.charted.shows(variant.letter));
    let shown = shown.filter(|variant| is_charted(state, variant, least));
    let lines = shown.filter_map(|variant| {
        Some(Line {
            run: Rc::clone(variant.run.as_ref()?),
            now: state.now(variant)?,
            number: variant.letter,
            colour: variant.colour,
            name: variant.name_of_run(),
            is_selected: variant.id == selected.id,
            is_stale: !variant.is_fresh(),
        })
    });
    let caps = state
        .variants
        .all
        .iter()
        .filter_map(|variant| variant.run.as_ref());
    let stages = caps.flat_map(|run| &run.order.stages);
    Some(Props {
        quoted: state.charted.quoted,
        lines: lines.collect(),
        growing: growing(state),
        limits: limits(stages.map(|stage| &stage.variant)),
        now: state.now(selected)?,
        run,
        time: state.playhead.time,
        event: state.moment().event,
        shown: state.playhead.shown(state.variants.ends()),
        zoomed: state.playhead.zoom.is_some(),
        can_save: state.shows().controls,
    })
}

/// Whether the chart is also about a variant: a story is about the one that is looked into, and the one that leaves `least`.
pub(super) fn is_charted(state: &State, variant: &VariantState, least: Option<VariantId>) -> bool {
    let told = [Some(state.variants.selected), least];
    state.depth() != Depth::Story || told.contains(&Some(variant.id))
}
