//! What is chosen, read and run: how it arrives in the parts of the state, or fails to.

use std::rc::Rc;

use super::{Arrival, Effect, Held, Shown, State, Variants, table::Known};
use crate::{
    form::EnvironmentForm,
    naming::Given,
    protocol::Loaded,
    subject::Subject,
    variants::{Status, VariantId},
    view::RunView,
};

impl State {
    /// Takes what arrives.
    pub(super) fn arrive(&mut self, arrival: Arrival) -> Vec<Effect> {
        match arrival {
            Arrival::Health(health) => self.health = health,
            Arrival::LoadProgress(share) => {
                self.source.loading = self.source.loading.map(|_| share);
            }
            Arrival::Loaded(number, about) => return self.loaded(number, about),
            Arrival::LoadFailed(number, message) => return self.load_failed(number, message),
            Arrival::Progress(id, share, curve) => self.variants.go_on(id, share, curve),
            Arrival::Ran(id, run) => return self.ran(id, run),
            Arrival::RunFailed(id, message) => self.variants.end(id, Status::Failed(message)),
            Arrival::RunLost(id) => {
                self.variants.end(id, Status::Idle);
                return self.reorder();
            }
            Arrival::Looked(id, look) => {
                let shown = Shown::to_ask(&self.variants, &self.playhead, &self.source);
                return self.inspection.looked(id, look, shown);
            }
            Arrival::LookProgress(id, share) => self.inspection.goes_on(id, share),
            Arrival::LookFailed(id, message) => return self.look_failed(id, message),
            Arrival::Blocks(id, rows) => self.inspection.take_blocks(id, rows),
            Arrival::Without(without) => {
                if let Some((_, known)) = &mut self.inspection.without {
                    *known = Some(without);
                }
            }
            Arrival::Text(text) => {
                if let Some((_, known)) = &mut self.inspection.text {
                    *known = Some(text.into());
                }
            }
            Arrival::Logged(found) => {
                if let Some(search) = &mut self.inspection.search {
                    search.found = Some(found);
                }
            }
            Arrival::Figures(id, order, moment, figures) => self.table.take(Known {
                id,
                order,
                moment,
                figures: Some(figures),
            }),
            Arrival::Read(id, text, read) => {
                match self.texts.take(&mut self.variants, (id, text), read) {
                    Ok(effects) => return effects,
                    Err(message) => self.trouble = Some(message),
                }
            }
            Arrival::Advice(number, news) => return self.advice.arrive(number, news),
            Arrival::TourRead(place, shows, text) => return self.tour_read(place, shows, text),
        }
        vec![]
    }

    /// Another thing is to run.
    pub(super) fn choose(&mut self, subject: Subject) -> Vec<Effect> {
        self.trouble = None;
        self.source.unread = None;
        self.playhead.playing = false;
        self.inspection.looking.clear();
        self.links.keep_for(&subject);
        let mut effects = vec![Effect::StopClock, Effect::DropAll];
        effects.extend(self.advice.stop());
        if subject.is_trace() {
            self.variants.stop();
            effects.push(self.source.read(subject));
            return effects;
        }
        self.enter(subject, None);
        self.follow_link();
        effects.extend(self.reorder());
        effects
    }

    /// Takes what was read, or needs not be, in place of what was shown.
    fn enter(&mut self, subject: Subject, held: Option<Held>) {
        self.source.enter(subject, held);
        self.advice.end();
        self.variants = Variants::new(self.source.begun(), self.variants.next);
        self.playhead.zoom = None;
        self.charted = Default::default();
        self.playhead.is_unmoved = true;
        self.table.at = Default::default();
        self.links.time = None;
        self.links.blocks = None;
        self.inspection.pointed = None;
        self.inspection.forget_asked();
        self.inspection.forget_all();
        self.inspection.whole.clear();
    }

    pub(super) fn loaded(&mut self, number: u32, about: Loaded) -> Vec<Effect> {
        if !self.source.awaits(number) {
            return vec![];
        }
        let Some(subject) = self.source.reading.take() else {
            return vec![];
        };
        let environment = about.environment.clone();
        let own = about.allocator;
        self.enter(subject, Some(Held { number, about }));
        // What was recorded under a setting is run under it first.
        let first = &mut self.variants.all[0];
        first.allocator = own;
        if !environment.is_empty() {
            first.environment = EnvironmentForm::of(&environment);
            let variables = &first.environment.variables;
            first.given = Some(Given::new("as recorded".to_owned(), own, variables));
        }
        self.follow_link();
        self.reorder()
    }

    pub(super) fn load_failed(&mut self, number: u32, message: String) -> Vec<Effect> {
        if !self.source.awaits(number) {
            return vec![];
        }
        self.source.loading = None;
        self.source.unread = self.source.reading.take();
        let title = self.source.unread.as_ref().map(Subject::title);
        self.trouble = Some(match title {
            // Of several files that were opened, the one that could not be.
            Some(title) if !message.starts_with(title) => format!("{title}: {message}"),
            _ => message,
        });
        self.stay()
    }

    /// Goes on with what is shown, after another recording was not read.
    fn stay(&mut self) -> Vec<Effect> {
        let mut effects = vec![Effect::GoBack];
        if self.source.title().is_some() {
            effects.extend(self.reorder());
        }
        effects
    }

    /// The user wants no more of what the workers are busy with. Where that was the reading of a recording, the one before goes on.
    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        self.variants.stop();
        self.source.loading = None;
        self.inspection.looking.clear();
        self.inspection.forget_unanswered();
        let mut effects = vec![Effect::DropAll];
        effects.extend(self.advice.stop());
        let Some(subject) = self.source.reading.take() else {
            self.trouble = Some("Cancelled".to_owned());
            return effects;
        };
        self.trouble = Some(format!(
            "{} was not read: reading was cancelled",
            subject.title()
        ));
        self.source.unread = Some(subject);
        effects.extend(self.stay());
        effects
    }

    /// Whether what went wrong may go right the next time. What is wrong in a link stays wrong.
    pub fn can_retry(&self) -> bool {
        self.trouble.is_none() || self.source.unread.is_some() || self.source.title().is_none()
    }

    /// The user wants what was cancelled or failed to be tried again.
    pub(super) fn retry(&mut self) -> Vec<Effect> {
        self.trouble = None;
        if let Some(subject) = self.source.unread.take() {
            return self.choose(subject);
        }
        self.variants.stop();
        if self.source.title().is_none() {
            return self.choose(self.source.subject.clone());
        }
        let mut effects = self.reorder();
        effects.extend(self.wish_for_figures());
        effects
    }

    /// Sees what is to be run now.
    pub(super) fn reorder(&mut self) -> Vec<Effect> {
        if self.source.loading.is_some() {
            return vec![];
        }
        let mut effects = self.variants.order(&self.source);
        for effect in &effects {
            if let Effect::Drop(id) = effect {
                // A look into what ran before goes with it.
                self.inspection.looking.retain(|(of, _)| of != id);
            }
        }
        effects.extend(self.wish_to_look());
        effects
    }

    pub(super) fn ran(&mut self, id: VariantId, run: Rc<RunView>) -> Vec<Effect> {
        let is_selected = id == self.variants.selected;
        let is_asked =
            |order: &Option<Result<_, _>>| matches!(order, Some(Ok(order)) if *order == run.order);
        let variant = self.variants.get_mut(id);
        let Some(variant) = variant.filter(|variant| is_asked(&variant.order)) else {
            return vec![];
        };
        variant.status = Status::Idle;
        variant.run = Some(Rc::clone(&run));
        if is_selected {
            self.inspection.forget_asked();
        }
        let ends = self.variants.ends();
        self.playhead
            .arrive(&run, is_selected, self.links.time, ends);
        self.inspection.arrive(id, &run, is_selected);
        let mut effects = self.variants.want_frames();
        effects.extend(self.wish_to_look());
        effects.extend(self.wish_for_figures());
        if !self.is_busy() {
            // All runs are there: nothing moves the playhead any more.
            self.links.time = None;
            if let Some((from, to)) = self.links.blocks.take() {
                let range = Some((self.variants.selected, from, to));
                let shown = Shown::to_ask(&self.variants, &self.playhead, &self.source);
                effects.extend(self.inspection.open_blocks(range, shown));
            }
        }
        effects
    }

    /// What was asked of a variant's moments failed, or was lost with its worker. Only what was lost is asked again: the rest may
    /// fail each time.
    pub(super) fn look_failed(&mut self, id: VariantId, message: Option<String>) -> Vec<Effect> {
        self.inspection.looking.retain(|(of, _)| *of != id);
        self.table.forget_unanswered(id);
        if message.is_some() {
            self.trouble = message;
            self.inspection.forget_unanswered();
            return vec![];
        }
        let mut effects = self.wish_to_look();
        effects.extend(self.wish_for_figures());
        let shown = Shown::to_ask(&self.variants, &self.playhead, &self.source);
        effects.extend(self.inspection.ask_again(shown));
        effects
    }
}
