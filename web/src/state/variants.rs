//! All variants: which of them is looked into, how they come and go, and what is run for each.

use std::rc::Rc;

use highwater_simulator::{Choice, Micros, Sample};

use super::{
    Effect,
    source::{Begun, Source},
};
use crate::{
    naming::{Given, NO_SETTING, apart, plain},
    variants::{MOST, Status, VariantId, VariantState, free_colour, free_letter, name_all},
    view::RunView,
};

/// Heap maps to keep of a run that is looked into: what is shown at once while somebody scrubs.
const FRAMES: u32 = 120;

/// All variants.
pub struct Variants {
    /// They themselves, at least one.
    pub all: Vec<VariantState>,
    /// The one that is looked into.
    pub selected: VariantId,
    /// The one whose map is shown beside that of the selected one.
    pub compared: Option<VariantId>,
    /// The one that the others are compared with.
    pub baseline: VariantId,
    pub(super) next: u32,
}

/// Something happened to a variant.
#[derive(Debug, Clone)]
pub enum VariantAction {
    /// The user typed into its environment box, or took a preset.
    EditEnvironment(String),
    /// Another allocator was chosen.
    ChooseAllocator(Choice),
    /// It is called otherwise.
    Rename(String),
    /// It gets the next colour.
    Recolour,
    /// It is doubled.
    Duplicate,
    /// It goes.
    Remove,
    /// It is looked into.
    Select,
    /// Its map is shown beside that of the selected one, or not any more.
    Compare(bool),
    /// The others are compared with it.
    Baseline,
}

/// What a change of a variant asks of the rest of the page.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing.
    Nothing,
    /// Something was typed, and more may be.
    Typed,
    /// Something else is to be run.
    Settings,
    /// Another map is shown.
    Shown,
    /// Another variant is looked into.
    Selected,
    /// It is gone.
    Removed,
}

impl Variants {
    /// Those that a workload begins with, numbered from `next`.
    pub(super) fn new(begun: Vec<Begun>, next: u32) -> Self {
        let numbered = begun.into_iter().zip(next..).enumerate();
        let all = numbered.map(|(number, ((name, base, allocator, environment), id))| {
            let marked = (number, number % MOST, base);
            let given = Given::new(name, allocator, &environment.variables);
            let mut variant = VariantState::new(VariantId(id), marked, allocator, environment);
            // That nothing is set is said by the settings themselves.
            variant.given = (given.name != NO_SETTING).then_some(given);
            variant
        });
        let mut variants = Self {
            all: all.collect(),
            selected: VariantId(next),
            compared: None,
            baseline: VariantId(next),
            next,
        };
        variants.next += variants.all.len() as u32;
        variants.name();
        variants
    }

    /// The variant that is looked into.
    pub fn selected(&self) -> &VariantState {
        self.get(self.selected).unwrap_or(&self.all[0])
    }

    /// A variant, if it is still there.
    pub fn get(&self, id: VariantId) -> Option<&VariantState> {
        self.all.iter().find(|variant| variant.id == id)
    }

    pub(super) fn get_mut(&mut self, id: VariantId) -> Option<&mut VariantState> {
        self.all.iter_mut().find(|variant| variant.id == id)
    }

    /// The run that is looked into.
    pub fn run(&self) -> Option<&Rc<RunView>> {
        self.selected().run.as_ref()
    }

    /// The runs that are there.
    pub fn runs(&self) -> impl Iterator<Item = &Rc<RunView>> {
        self.all.iter().filter_map(|variant| variant.run.as_ref())
    }

    /// When the last of the runs ends.
    pub fn ends(&self) -> Micros {
        self.runs().map(|run| run.ends()).max().unwrap_or_default()
    }

    /// The variants whose maps are shown.
    pub(super) fn shown(&self) -> impl Iterator<Item = &VariantState> {
        let shown = [Some(self.selected), self.compared].into_iter().flatten();
        shown.filter_map(|id| self.get(id))
    }

    /// Gives all variants the names that they have now.
    pub(super) fn name(&mut self) {
        name_all(&mut self.all);
    }

    /// Ends what is run.
    pub(super) fn stop(&mut self) {
        for variant in &mut self.all {
            variant.status = Status::Idle;
        }
    }

    /// Takes how much of a variant is run, and its curve so far.
    pub(super) fn go_on(&mut self, id: VariantId, share: f64, curve: Rc<[Sample]>) {
        if let Some(variant) = self.get_mut(id)
            && variant.is_running()
        {
            variant.status = Status::Running(share);
            if !curve.is_empty() {
                variant.growing = Some(curve);
            }
        }
    }

    /// Ends the run of a variant, without a result.
    pub(super) fn end(&mut self, id: VariantId, status: Status) {
        if let Some(variant) = self.get_mut(id) {
            variant.status = status;
        }
    }

    /// Changes a variant.
    pub(super) fn update(&mut self, id: VariantId, action: VariantAction) -> Change {
        let Some(at) = self.all.iter().position(|variant| variant.id == id) else {
            return Change::Nothing;
        };
        let variant = &mut self.all[at];
        match action {
            VariantAction::EditEnvironment(text) => {
                let form = &mut variant.environment;
                variant.allocator = form.edit_and_choose(text, variant.allocator);
                match form.is_reading {
                    true => Change::Nothing,
                    false => Change::Typed,
                }
            }
            VariantAction::ChooseAllocator(choice) => {
                variant.allocator = choice;
                Change::Settings
            }
            VariantAction::Rename(name) => {
                variant.typed = Some(plain(&name));
                self.name();
                Change::Nothing
            }
            VariantAction::Recolour => {
                variant.colour = (variant.colour + 1) % MOST;
                Change::Nothing
            }
            VariantAction::Duplicate => self.duplicate(at),
            VariantAction::Remove => self.remove(at),
            VariantAction::Select => {
                self.selected = id;
                self.compared.take_if(|compared| *compared == id);
                Change::Selected
            }
            VariantAction::Compare(is_shown) => {
                self.compared = Some(id).filter(|id| is_shown && *id != self.selected);
                Change::Shown
            }
            VariantAction::Baseline => {
                self.baseline = id;
                Change::Nothing
            }
        }
    }

    fn duplicate(&mut self, at: usize) -> Change {
        if self.all.len() >= MOST {
            return Change::Nothing;
        }
        let variant = &self.all[at];
        let runs = variant.variant();
        let is_taken = |name: &str| self.all.iter().any(|other| other.name == name);
        let name = apart(&variant.name, is_taken);
        let copy = VariantState {
            typed: None,
            // As long as it is a copy.
            given: Some(Given::new(name, runs.allocator, &runs.environment)),
            // What is being run for the other is not run for this one.
            order: variant.order.clone().filter(|_| !variant.is_running()),
            ..variant.clone()
        };
        self.add(copy);
        Change::Settings
    }

    /// Puts a copy of a variant behind the others, as one of its own, and looks into it.
    pub(super) fn add(&mut self, copy: VariantState) {
        let variant = VariantState {
            id: VariantId(self.next),
            letter: free_letter(&self.all),
            colour: free_colour(&self.all),
            status: Status::Idle,
            ..copy
        };
        self.next += 1;
        self.selected = variant.id;
        self.all.push(variant);
    }

    fn remove(&mut self, at: usize) -> Change {
        if self.all.len() == 1 {
            return Change::Nothing;
        }
        let id = self.all.remove(at).id;
        if self.selected == id {
            self.selected = self.all[at.min(self.all.len() - 1)].id;
        }
        let selected = self.selected;
        self.compared.take_if(|one| [id, selected].contains(one));
        if self.baseline == id {
            self.baseline = self.all[0].id;
        }
        self.name();
        Change::Removed
    }

    /// Sees what is to be run now, drops what is not any more, and runs what has not been: what is looked into first, and with
    /// its maps.
    pub(super) fn order(&mut self, source: &Source) -> Vec<Effect> {
        let (mut effects, mut runs) = (Vec::new(), Vec::new());
        let (selected, compared) = (self.selected, self.compared);
        for variant in &mut self.all {
            let id = variant.id;
            let order = source.order(variant);
            let is_same = variant.order == order;
            variant.order = order;
            if is_same && variant.is_running() {
                continue;
            }
            if variant.is_running() {
                variant.status = Status::Idle;
                effects.push(Effect::Drop(id));
            }
            if !is_same && matches!(variant.status, Status::Failed(_)) {
                variant.status = Status::Idle;
            }
            if variant.is_fresh() || matches!(variant.status, Status::Failed(_)) {
                continue;
            }
            if let Some(Ok(order)) = &variant.order {
                variant.growing = None;
                variant.status = Status::Running(0.0);
                let is_shown = id == selected || compared == Some(id);
                let frames = if is_shown { FRAMES } else { 0 };
                let place = if id == selected { 0 } else { runs.len() };
                runs.insert(place, Effect::Run(id, Rc::clone(order), frames));
            }
        }
        self.name();
        effects.extend(runs);
        effects.extend(self.want_frames());
        effects
    }

    /// Runs what is looked into once more with its maps, where it was run without.
    pub(super) fn want_frames(&self) -> Vec<Effect> {
        let lacks_frames = |variant: &&VariantState| {
            let run = variant.run.as_ref();
            variant.is_fresh()
                && !variant.is_running()
                && run.is_some_and(|run| run.frames.is_empty())
        };
        let again = |variant: &VariantState| match &variant.order {
            Some(Ok(order)) => Some(Effect::Run(variant.id, Rc::clone(order), FRAMES)),
            _ => None,
        };
        self.shown()
            .filter(lacks_frames)
            .filter_map(again)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::decay;
    use super::*;

    fn runs(effects: &[Effect]) -> Vec<(VariantId, u32)> {
        let run = |effect: &Effect| match effect {
            Effect::Run(id, _, frames) => Some((*id, *frames)),
            _ => None,
        };
        effects.iter().filter_map(run).collect()
    }

    #[test]
    fn what_is_looked_into_is_run_first_and_with_its_maps() {
        let (source, mut variants) = decay();
        let second = variants.all[1].id;
        let change = variants.update(second, VariantAction::Select);
        assert_eq!(change, Change::Selected);
        let runs = runs(&variants.order(&source));
        assert_eq!(runs.len(), variants.all.len());
        assert_eq!(runs[0], (second, FRAMES));
        assert!(runs[1..].iter().all(|(_, frames)| *frames == 0));
        assert_eq!(variants.order(&source), [], "nothing is run twice");
    }

    #[test]
    fn another_setting_drops_the_run_before_it() {
        let (source, mut variants) = decay();
        variants.order(&source);
        let id = variants.all[2].id;
        let text = "MALLOC_TOP_PAD_=0".to_owned();
        let change = variants.update(id, VariantAction::EditEnvironment(text));
        assert_eq!(change, Change::Typed);
        let effects = variants.order(&source);
        assert_eq!(effects[0], Effect::Drop(id));
        assert_eq!(runs(&effects), [(id, 0)]);
        let mut after = |status| {
            variants.all[2].status = status;
            runs(&variants.order(&source))
        };
        let failed = Status::Failed("out of memory".to_owned());
        assert_eq!(after(failed), [], "it would fail again");
        assert_eq!(after(Status::Idle), [(id, 0)]);
    }

    #[test]
    fn a_variant_that_is_gone_is_not_changed() {
        let (_, mut variants) = decay();
        let id = variants.all[0].id;
        variants.compared = Some(variants.all[1].id);
        assert_eq!(variants.update(id, VariantAction::Remove), Change::Removed);
        assert_eq!(variants.selected, variants.all[0].id);
        assert_eq!(variants.baseline, variants.selected);
        assert_eq!(variants.compared, None, "nothing is shown beside itself");
        assert_eq!(variants.update(id, VariantAction::Select), Change::Nothing);
        assert_ne!(variants.selected, id);
    }
}
