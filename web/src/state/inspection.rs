//! Looking into runs: explanations of a moment, the blocks of a few pages, and what would be without some pins.

mod asking;

use std::rc::Rc;

use highwater_simulator::{Address, Micros, Moment, PageKind, Without};

use super::{Effect, Format, Picture, Playhead, Source, Variants};
use crate::{
    protocol::{Ask, BlockRow, ToldKind, ToldOf},
    variants::VariantId,
    view::{Look, RunView},
};

/// What can be looked into: the runs, and the moment of them that is shown.
#[derive(Clone, Copy)]
pub struct Shown<'s> {
    /// The variants with their runs.
    pub variants: &'s Variants,
    /// The moment.
    pub playhead: &'s Playhead,
}

impl<'s> Shown<'s> {
    /// What the workers can be asked about; nothing while they may hold another recording before they come to it.
    pub(super) fn to_ask(
        variants: &'s Variants,
        playhead: &'s Playhead,
        source: &Source,
    ) -> Option<Self> {
        let shown = Self { variants, playhead };
        source.loading.is_none().then_some(shown)
    }

    /// The variant that is looked into, with its run and the moment.
    fn selected(self) -> Option<(VariantId, Rc<RunView>, Moment)> {
        let variant = self.variants.selected();
        let run = variant.run.clone()?;
        let moment = self.moment(variant.id, &run);
        Some((variant.id, run, moment))
    }

    /// The moment that is shown, in a variant's run.
    pub fn moment(self, id: VariantId, run: &RunView) -> Moment {
        self.playhead.moment(run, id == self.variants.selected)
    }
}

/// Blocks that are looked at one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Whose.
    pub id: VariantId,
    /// From here.
    pub from: Address,
    /// To here.
    pub to: Address,
    /// They themselves, once they are known.
    pub rows: Option<Vec<BlockRow>>,
}

/// What is shown as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// The blocks by size class, as rows of a table in HTML.
    Sizes,
    /// The whole state.
    State,
}

/// A search of the log, from the beginning of a run on.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The words that are looked for.
    pub words: String,
    /// Up to here.
    pub to: Micros,
    /// What was found, once that is known.
    pub found: Option<ToldOf>,
}

/// All addresses: the whole heap, where it has few blocks.
const ALL: (Address, Address) = (Address(0), Address(u64::MAX));

impl Opened {
    /// Whether that is the whole heap.
    pub fn is_whole(&self) -> bool {
        (self.from, self.to) == ALL
    }
}

/// What is looked into, and what was found.
#[derive(Default)]
pub struct Inspection {
    /// Moments that were explained last.
    looks: Vec<(VariantId, Rc<Look>)>,
    /// That of the run before the latest one, until this is explained.
    earlier: Option<(VariantId, Rc<Look>)>,
    /// Variants that are being looked into, each with the share of the way that is gone.
    pub(super) looking: Vec<(VariantId, f64)>,
    /// The picture that is to be saved as soon as what it shows is known exactly.
    saving: Option<(Picture, Format)>,
    /// The pin that is pointed at.
    pub pointed: Option<usize>,
    /// The blocks that are looked at.
    pub opened: Option<Opened>,
    /// The blocks of the whole heap as they were last known.
    pub whole: Vec<BlockRow>,
    /// What would be if the first few pins were gone, once it is known.
    pub without: Option<(usize, Option<Without>)>,
    /// Something that is shown as text, once it is known: the blocks by size class, or the whole state.
    pub text: Option<(Text, Option<Rc<str>>)>,
    /// Why there is no such place as was typed.
    pub not_found: Option<String>,
    /// What is looked for in the log.
    pub search: Option<Search>,
    /// Kinds of pages that the map does not show, as bits.
    pub hidden: u16,
    /// The kind of decisions that is shown alone.
    pub only: Option<ToldKind>,
}

/// Something was asked of a moment, or is known of it.
#[derive(Debug, Clone)]
pub enum InspectionAction {
    /// The blocks at an address of a variant are looked at, or none are any more.
    OpenBlocks(Option<(VariantId, Address, Address)>),
    /// What would be if the first few pins were gone?
    AskWithout(usize),
    /// Only decisions of this kind are shown, or all.
    OnlyDecisions(Option<ToldKind>),
    /// Something is shown as text, or not any more.
    Text(Option<Text>),
    /// There is no such place as was typed: why, in a sentence.
    NotFound(Option<String>),
    /// The log is searched for words, or not any more where there are none.
    Search(Option<String>),
    /// Pages of a kind are shown on the map, or not any more.
    ToggleKind(PageKind),
    /// A pin was pointed at (its place among the pins), or none is any more.
    Point(Option<usize>),
    /// The user wants a picture as a file.
    Save(Picture, Format),
}

impl Inspection {
    /// The explanation of what is shown of a variant, perhaps of a moment before.
    pub fn look(&self, id: VariantId) -> Option<&Rc<Look>> {
        let look = self.looks.iter().find(|(of, _)| *of == id);
        look.map(|(_, look)| look)
    }

    /// The same, or of an earlier run as long as the present one is not explained.
    pub fn latest_look(&self, id: VariantId) -> Option<&Rc<Look>> {
        let earlier = self.earlier.as_ref().filter(|(of, _)| *of == id);
        self.look(id).or(earlier.map(|(_, look)| look))
    }

    /// Whether the explanation of a variant is that of the playhead.
    pub(super) fn is_exact(&self, id: VariantId, shown: Shown<'_>) -> bool {
        let run = shown.variants.get(id).and_then(|one| one.run.as_ref());
        match (run, self.look(id)) {
            (Some(run), Some(look)) => look.order == run.order && look.is_of(shown.moment(id, run)),
            _ => false,
        }
    }

    /// Asks about what is shown.
    pub(super) fn update(
        &mut self,
        action: InspectionAction,
        shown: Option<Shown<'_>>,
    ) -> Vec<Effect> {
        match action {
            InspectionAction::OpenBlocks(range) => {
                let mut effects = self.open_blocks(range, shown);
                if self.opened.is_some() {
                    effects.push(Effect::FocusBlocks);
                }
                return effects;
            }
            InspectionAction::AskWithout(pins) => return self.ask_without(pins, shown),
            InspectionAction::OnlyDecisions(kind) => {
                self.only = kind;
                let words = self.search.take().map(|search| search.words);
                return self.look_for(words, shown);
            }
            InspectionAction::Text(text) => return self.ask_text(text, shown),
            InspectionAction::NotFound(words) => self.not_found = words,
            InspectionAction::Search(words) => return self.look_for(words, shown),
            InspectionAction::ToggleKind(kind) => self.hidden ^= 1 << kind as u16,
            InspectionAction::Point(pin) => self.pointed = pin,
            InspectionAction::Save(picture, format) => {
                self.saving = Some((picture, format));
                return self.save_exact(shown);
            }
        }
        vec![]
    }

    /// Takes the explanation of a moment.
    pub(super) fn looked(
        &mut self,
        id: VariantId,
        look: Rc<Look>,
        shown: Option<Shown<'_>>,
    ) -> Vec<Effect> {
        self.forget(id);
        self.looks.push((id, look));
        let mut effects = self.wish(shown);
        effects.extend(self.save_exact(shown));
        effects
    }

    /// Asks for what is shown to be explained, where it is not and nobody is at it.
    pub(super) fn wish(&mut self, shown: Option<Shown<'_>>) -> Vec<Effect> {
        let Some(shown) = shown else {
            return vec![];
        };
        let mut effects = Vec::new();
        for variant in shown.variants.shown() {
            let id = variant.id;
            if let Some(run) = &variant.run
                && !self.looking.iter().any(|(of, _)| *of == id)
                && !self.is_exact(id, shown)
            {
                self.looking.push((id, 0.0));
                effects.push(Effect::Look(id, Rc::clone(run), shown.moment(id, run)));
            }
        }
        effects
    }

    /// Saves the picture that is wanted, once it is that of the playhead and not of a moment nearby.
    fn save_exact(&mut self, shown: Option<Shown<'_>>) -> Vec<Effect> {
        let is_exact = match self.saving {
            Some((Picture::Map(id), _)) => shown.is_some_and(|shown| self.is_exact(id, shown)),
            _ => true,
        };
        let saved = self.saving.take_if(|_| is_exact);
        let save = saved.map(|(picture, format)| Effect::Save(picture, format));
        save.into_iter().collect()
    }

    /// So much of the way to the moment is gone that a variant is looked into at.
    pub(super) fn goes_on(&mut self, id: VariantId, share: f64) {
        for (_, gone) in self.looking.iter_mut().filter(|(of, _)| *of == id) {
            *gone = share;
        }
    }

    /// The variant that is looked into longest yet, with the share of the way that is gone; none where all are quick.
    pub fn long_look(&self) -> Option<(VariantId, f64)> {
        let far = self.looking.iter().copied().filter(|(_, gone)| *gone > 0.0);
        far.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Forgets what was asked and not answered, since no answer comes.
    pub(super) fn forget_unanswered(&mut self) {
        self.saving = None;
        self.opened.take_if(|opened| opened.rows.is_none());
        self.without.take_if(|(_, answer)| answer.is_none());
        self.text.take_if(|(_, text)| text.is_none());
        self.search.take_if(|search| search.found.is_none());
    }

    /// Forgets the look into a variant.
    pub(super) fn forget(&mut self, id: VariantId) {
        self.looking.retain(|(of, _)| *of != id);
        self.looks.retain(|(of, _)| *of != id);
        self.earlier.take_if(|(of, _)| *of == id);
    }

    /// Forgets a look into an earlier run; that of the variant that is looked into is set aside.
    pub(super) fn arrive(&mut self, id: VariantId, run: &RunView, is_selected: bool) {
        let is_earlier =
            |(of, look): &mut (VariantId, Rc<Look>)| *of == id && look.order != run.order;
        let earlier = self.looks.extract_if(.., is_earlier).next();
        if is_selected {
            // What it found is of the run before.
            self.search = None;
        }
        if earlier.is_some() && is_selected {
            self.earlier = earlier;
        }
    }

    /// Forgets all looks.
    pub(super) fn forget_all(&mut self) {
        self.looks.clear();
        self.earlier = None;
        self.looking.clear();
    }
}

#[cfg(test)]
mod tests;
