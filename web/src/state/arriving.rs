//! What arrives: recordings and runs; and variants that come and go.

use std::rc::Rc;

use super::{Effect, Held, State, playing};
use crate::{
    form::{EnvironmentForm, ParameterForm},
    naming::{Given, apart, name_all},
    protocol::Loaded,
    subject::Subject,
    variants::{MOST, Status, VariantId, VariantState, free_colour, free_letter},
    view::RunView,
};

impl State {
    pub(super) fn loaded(&mut self, number: u32, about: Loaded) -> Vec<Effect> {
        if number != self.next_trace || self.loading.is_none() {
            return vec![];
        }
        let Some(subject) = self.reading.take() else {
            return vec![];
        };
        self.loading = None;
        self.enter(subject);
        let environment = about.environment.clone();
        let own = about.allocator;
        self.held = Some(Held { number, about });
        self.begin_variants();
        // What was recorded under a setting is run under it first.
        let first = &mut self.variants[0];
        first.allocator = own;
        if !environment.is_empty() {
            first.environment = EnvironmentForm::of(&environment);
            let variables = &first.environment.variables;
            first.given = Some(Given::new("as recorded".to_owned(), own, variables));
        }
        self.follow_link();
        self.reorder()
    }

    /// Takes what was read, or needs not be, in place of what was shown.
    pub(super) fn enter(&mut self, subject: Subject) {
        self.subject = subject;
        self.form = match self.subject.common() {
            Some((_, parameters)) => ParameterForm::of(parameters),
            None => ParameterForm::default(),
        };
        self.zoom = None;
        self.at = super::At::LastRest;
        self.unmoved = true;
        self.pointed = None;
        self.linked_blocks = None;
        self.forget_asked();
    }

    /// Gives all variants the names that they have now.
    pub(super) fn name_variants(&mut self) {
        name_all(&mut self.variants);
    }

    /// The user wants no more of what the workers are busy with. Where that was the reading of a recording, the one before goes on.
    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        for variant in &mut self.variants {
            variant.status = Status::Idle;
        }
        self.loading = None;
        self.looking.clear();
        self.forget_unanswered();
        let mut effects = vec![Effect::DropAll];
        let Some(subject) = self.reading.take() else {
            self.trouble = Some("Cancelled".to_owned());
            return effects;
        };
        self.trouble = Some(format!(
            "{} was not read: reading was cancelled",
            subject.title()
        ));
        self.unread = Some(subject);
        effects.extend(self.stay());
        effects
    }

    /// Goes on with what is shown, after another recording was not read.
    fn stay(&mut self) -> Vec<Effect> {
        let mut effects = vec![Effect::GoBack];
        if self.title().is_some() {
            effects.extend(self.reorder());
        }
        effects
    }

    pub(super) fn load_failed(&mut self, number: u32, message: String) -> Vec<Effect> {
        if number != self.next_trace || self.loading.is_none() {
            return vec![];
        }
        self.loading = None;
        self.trouble = Some(message);
        self.unread = self.reading.take();
        // What is shown stays.
        self.stay()
    }

    pub(super) fn ran(&mut self, id: VariantId, run: Rc<RunView>) -> Vec<Effect> {
        let selected = self.selected;
        let Some(variant) = self.variant_mut(id) else {
            return vec![];
        };
        if !matches!(&variant.order, Some(Ok(order)) if *order == run.order) {
            return vec![];
        }
        variant.status = Status::Idle;
        variant.run = Some(Rc::clone(&run));
        if id == selected {
            self.forget_asked();
        }
        let mut at = None;
        if id == selected && self.unmoved {
            let first = run.first_look();
            self.time = first.time;
            at = Some(first.event);
            self.speed = playing::fitting_speed(run.ends());
        }
        if let Some(time) = self.linked_time {
            self.time = time;
            if !self.is_busy() {
                self.linked_time = None;
            }
            self.speed = playing::fitting_speed(run.ends());
        }
        self.looks
            .retain(|(of, look)| *of != id || look.order == run.order);
        self.time = self.time.min(self.ends());
        // Several events may share its time.
        self.event = at.filter(|_| self.linked_time.is_none());
        let mut effects = self.want_frames();
        effects.extend(self.wish_to_look());
        effects.extend(self.wish_for_figures());
        // Once all runs are there nothing moves the playhead any more.
        if !self.is_busy()
            && let Some((from, to)) = self.linked_blocks.take()
        {
            effects.extend(self.open_blocks(Some((self.selected, from, to))));
        }
        effects
    }

    pub(super) fn duplicate(&mut self, id: VariantId) -> Vec<Effect> {
        if self.variants.len() >= MOST {
            return vec![];
        }
        let Some(variant) = self.variant(id) else {
            return vec![];
        };
        let runs = variant.variant();
        let is_taken = |name: &str| self.variants.iter().any(|other| other.name == name);
        let name = apart(&variant.name, is_taken);
        let copy = VariantState {
            id: VariantId(self.next_variant),
            typed: None,
            // As long as it is a copy.
            given: Some(Given::new(name, runs.allocator, &runs.environment)),
            letter: free_letter(&self.variants),
            colour: free_colour(&self.variants),
            status: Status::Idle,
            // What is being run for the other is not run for this one.
            order: variant.order.clone().filter(|_| !variant.is_running()),
            ..variant.clone()
        };
        self.next_variant += 1;
        self.selected = copy.id;
        self.variants.push(copy);
        self.reorder()
    }

    pub(super) fn remove(&mut self, id: VariantId) -> Vec<Effect> {
        let at = self.variants.iter().position(|variant| variant.id == id);
        let Some(at) = at.filter(|_| self.variants.len() > 1) else {
            return vec![];
        };
        self.variants.remove(at);
        self.looks.retain(|(of, _)| *of != id);
        self.looking.retain(|looking| *looking != id);
        let next = self.variants[at.min(self.variants.len() - 1)].id;
        if self.selected == id {
            self.selected = next;
        }
        if self
            .compared
            .is_some_and(|compared| compared == id || compared == self.selected)
        {
            self.compared = None;
        }
        if self.baseline == id {
            self.baseline = self.variants[0].id;
        }
        self.time = self.time.min(self.ends());
        self.event = None;
        self.name_variants();
        let mut effects = vec![Effect::Drop(id)];
        effects.extend(self.want_frames());
        effects.extend(self.wish_to_look());
        effects
    }
}
