//! What of a run is shown, as a link says it.

use highwater_report::table::COLUMNS;
use highwater_simulator::Quoted;
use highwater_workload::spec::Tree;

use super::entries::{Entries, not_one};
use crate::{
    protocol::ToldKind,
    state::{At, Depth, State, Theme},
    variants::{MOST, place_of},
};

/// Microseconds of a run that a link may speak of: 35 years.
pub(super) const LATEST: u64 = 1 << 50;

/// Places among the variants.
const PLACES: u64 = MOST as u64 - 1;

const THEMES: [(Theme, &str); 2] = [(Theme::Light, "light"), (Theme::Dark, "dark")];

/// What of a run is shown, as far as that is said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct View {
    /// Places among the variants.
    pub(super) selected: Option<u64>,
    pub(super) baseline: Option<u64>,
    pub(super) beside: Option<u64>,
    pub(super) time: Option<u64>,
    /// The zoom.
    pub(super) from: Option<u64>,
    pub(super) to: Option<u64>,
    pub(super) hidden: Option<u64>,
    /// How the table is sorted.
    pub(super) column: Option<u64>,
    pub(super) falls: Option<u64>,
    /// The blocks that are looked at.
    pub(super) first: Option<u64>,
    pub(super) last: Option<u64>,
    pub(super) at: Option<At>,
    pub(super) only: Option<ToldKind>,
    pub(super) theme: Option<Theme>,
    pub(super) depth: Option<Depth>,
    /// The letters whose curves are hidden.
    pub(super) off: Option<String>,
    /// What the curves are of.
    pub(super) memory: Option<Quoted>,
}

impl View {
    /// The keys whose values are numbers, each with the most that it may be.
    fn numbers(&mut self) -> [(&'static str, u64, &mut Option<u64>); 11] {
        [
            ("selected", PLACES, &mut self.selected),
            ("baseline", PLACES, &mut self.baseline),
            ("beside", PLACES, &mut self.beside),
            ("time", u64::MAX, &mut self.time),
            ("from", LATEST, &mut self.from),
            ("to", LATEST, &mut self.to),
            ("hidden", u16::MAX.into(), &mut self.hidden),
            ("column", COLUMNS.len() as u64 - 1, &mut self.column),
            ("falls", 1, &mut self.falls),
            ("first", u64::MAX, &mut self.first),
            ("last", u64::MAX, &mut self.last),
        ]
    }

    /// Reads the table of a link.
    pub(super) fn read(tree: Option<Tree>) -> Result<Self, String> {
        let mut entries = Entries::of(tree)?;
        let mut view = Self::default();
        for (key, most, number) in view.numbers() {
            *number = entries.number(key, most)?;
        }
        for (key, from, to) in [
            ("from", view.from, view.to),
            ("first", view.first, view.last),
        ] {
            if from.is_some() != to.is_some() || from.is_some() && from >= to {
                return Err(format!("`{key}` must be less than the key after it"));
            }
        }
        view.only = entries.named("only", &ToldKind::NAMES)?;
        view.theme = entries.named("theme", &THEMES)?;
        view.depth = entries.named("depth", &Depth::NAMES)?;
        view.memory = entries.named("memory", &Quoted::NAMES)?;
        let at = entries.text("at");
        let at = at.map(|words| At::of_link(&words).ok_or_else(|| not_one("at")));
        view.at = at.transpose()?;
        view.off = entries.text("off");
        let mut off = view.off.iter().flat_map(|off| off.bytes());
        if off.any(|letter| place_of(letter).is_none()) {
            return Err(not_one("off"));
        }
        view.beside
            .take_if(|beside| *beside == view.selected.unwrap_or(0));
        entries.end()?;
        Ok(view)
    }

    /// Returns what is said, by key.
    pub(super) fn said(&mut self) -> Vec<(&'static str, Option<String>)> {
        let numbers = self
            .numbers()
            .map(|(key, _, number)| (key, number.map(|number| number.to_string())));
        let mut said: Vec<_> = numbers.into();
        let only = ToldKind::NAMES
            .iter()
            .find(|(kind, _)| Some(*kind) == self.only);
        let theme = THEMES.iter().find(|(theme, _)| Some(*theme) == self.theme);
        let depth = Depth::NAMES
            .iter()
            .find(|(depth, _)| Some(*depth) == self.depth);
        let mut memory = Quoted::NAMES.iter();
        let memory = memory.find(|(quoted, _)| Some(*quoted) == self.memory);
        said.extend([
            ("at", self.at.as_ref().and_then(At::in_link)),
            ("only", only.map(|(_, name)| (*name).to_owned())),
            ("theme", theme.map(|(_, name)| (*name).to_owned())),
            ("depth", depth.map(|(_, name)| (*name).to_owned())),
            ("off", self.off.take()),
            ("memory", memory.map(|(_, name)| (*name).to_owned())),
        ]);
        said
    }

    /// Returns what a link is to say of what is shown now, and nothing of what a run begins with.
    pub(super) fn of(state: &State) -> Self {
        let (variants, playhead) = (&state.variants, &state.playhead);
        let place = |id| variants.all.iter().position(|variant| variant.id == id);
        let number = |place: usize| Some(place as u64).filter(|number| *number > 0);
        // Another variant may have been chosen since the moment was.
        let is_first = (variants.run()).is_none_or(|run| run.first_look().time == playhead.time);
        let time = state.links.time.unwrap_or(playhead.time);
        let opened = state.inspection.opened.as_ref();
        let opened = opened.filter(|opened| opened.id == variants.selected && !opened.is_whole());
        let blocks = opened
            .map(|opened| (opened.from, opened.to))
            .or(state.links.blocks);
        let sorted = state.table.sorted;
        Self {
            selected: place(variants.selected).and_then(number),
            baseline: place(variants.baseline).and_then(number),
            beside: variants.compared.and_then(place).map(|place| place as u64),
            time: (!playhead.is_unmoved || !is_first).then_some(time.0),
            from: playhead.zoom.map(|(from, _)| from.0),
            to: playhead.zoom.map(|(_, to)| to.0),
            hidden: number(state.inspection.hidden.into()),
            column: sorted.map(|(column, _)| column as u64),
            falls: sorted.and_then(|(_, falls)| number(falls.into())),
            first: blocks.map(|(from, _)| from.0),
            last: blocks.map(|(_, to)| to.0),
            at: Some(state.table.at.clone()),
            only: state.inspection.only,
            theme: Some(state.display.theme),
            depth: Some(state.display.depth).filter(|depth| *depth != Depth::default()),
            off: Some(state.charted.hidden()).filter(|letters| !letters.is_empty()),
            memory: Some(state.charted.quoted).filter(|quoted| *quoted != Quoted::default()),
        }
    }
}
