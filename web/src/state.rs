//! The state of the page and everything that changes it.
//!
//! It has parts, each with its own fields, actions and tests: what is chosen to run ([`Source`]), the [`Variants`], the
//! [`Playhead`], what the chart shows ([`Charted`]), what is looked into ([`Inspection`]), the [`Table`], links ([`Links`]), recordings at addresses ([`Offer`]), the tour ([`Touring`]), the search for what
//! would help ([`Advice`]) and how the page is shown ([`Display`]). [`State::update`] takes an [`Event`], hands it to its part, connects the parts, and says which
//! [`Effect`]s are to follow: what the workers are to do, which timer to set. It touches no browser, so that it is tested
//! natively; [`app`](crate::app) carries the effects out.

mod action;
mod advice;
mod arriving;
mod charted;
mod display;
mod inspection;
mod link;
mod offer;
mod playhead;
mod seen;
mod source;
mod table;
mod texts;
mod touring;
mod variants;
mod zoom;

use highwater_simulator::Moment;

use crate::{
    subject::Subject,
    variants::{Status, VariantId, VariantState},
    view::Now,
    worker_client::Health,
};

pub use action::{Action, Arrival, Effect, Event, Format, Picture};
pub use advice::{Advice, AdviceAction, AdviceWork, Advising, Searching, Wish, Wishes, taken};
pub use charted::{ChartAction, Charted, MOST_NOTES, Note};
pub use display::{Depth, Display, DisplayAction, Embed, Theme};
pub use inspection::{Inspection, InspectionAction, Opened, Search, Shown, Text};
pub use link::Links;
pub use offer::{Offer, OfferAction, Offered, Remote};
pub use playhead::{Playhead, PlayheadAction, SPEEDS};
pub use source::{Held, Source};
pub use table::{At, Table, TableAction, has_same_calls};
use texts::Texts;
pub use touring::{Place, TourAction, Touring};
use variants::Change;
pub use variants::{VariantAction, Variants};
pub use zoom::{Span, between, moved};

/// Everything that the page shows.
pub struct State {
    /// Whether the workers can be used.
    pub health: Health,
    /// What is chosen to run.
    pub source: Source,
    /// The ways to run it.
    pub variants: Variants,
    /// The moment that is shown.
    pub playhead: Playhead,
    /// What of the chart is shown.
    pub charted: Charted,
    /// What is looked into.
    pub inspection: Inspection,
    /// The table of variants.
    pub table: Table,
    /// Links, opened and copied.
    pub links: Links,
    /// A recording that a link names by an address.
    pub offer: Offer,
    /// The guided tour.
    pub tour: Touring,
    /// The search for what would help.
    pub advice: Advice,
    /// How the page is shown.
    pub display: Display,
    /// What went wrong last.
    pub trouble: Option<String>,
    texts: Texts,
    /// Milliseconds on a clock that only runs forwards, as far as the page has told.
    now_ms: f64,
    /// When it began to be busy, on that clock.
    busy_since: Option<f64>,
}

impl State {
    /// The page as it opens.
    pub fn new(prefers_dark: bool) -> Self {
        let source = Source::new();
        Self {
            health: Health::Starting,
            variants: Variants::new(source.begun(), 0),
            source,
            playhead: Playhead::default(),
            charted: Charted::default(),
            inspection: Inspection::default(),
            table: Table::default(),
            links: Links::default(),
            offer: Offer::default(),
            tour: Touring::default(),
            advice: Advice::default(),
            display: Display::new(prefers_dark),
            trouble: None,
            texts: Texts::default(),
            now_ms: 0.0,
            busy_since: None,
        }
    }

    /// What to do first.
    pub fn open(&mut self) -> Vec<Effect> {
        self.choose(Subject::Bundled)
    }

    /// Takes the time, before anything is done at it.
    pub fn tell_time(&mut self, now_ms: f64) {
        self.now_ms = now_ms;
        self.busy_since = match self.is_busy() {
            true => self.busy_since.or(Some(now_ms)),
            false => None,
        };
    }

    /// Takes what happened and says what follows.
    pub fn update(&mut self, event: impl Into<Event>) -> Vec<Effect> {
        let event = event.into();
        if !matches!(
            event,
            Event::Action(Action::Playhead(PlayheadAction::Tick(_)))
        ) {
            self.table.copied = false;
            self.links.copied = None;
            self.links.reviewed = false;
            self.advice.copied = false;
        }
        let mut effects = match event {
            Event::Action(action) => self.act(action),
            Event::Arrival(arrival) => self.arrive(arrival),
        };
        effects.extend(self.texts.wish(&self.variants));
        effects
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        use Action::*;
        if matches!(
            action,
            Choose(_) | OpenLink(_) | OpenWith(..) | Show(_) | Go(_) | Tour(_)
        ) {
            self.display.is_landing = false;
        }
        match action {
            Action::Playhead(action) => return self.move_playhead(action),
            Action::Chart(action) => {
                let (all, time) = (&self.variants.all, self.playhead.time);
                return self.charted.update(action, all, time);
            }
            Action::Variant(id, action) => return self.change_variant(id, action),
            Action::Inspection(action) => {
                let shown = Shown::to_ask(&self.variants, &self.playhead, &self.source);
                return self.inspection.update(action, shown);
            }
            Action::Table(action) => return self.change_table(action),
            Action::Tour(action) => return self.tour.update(action),
            Action::Advice(action) => return self.advise(action),
            Action::Display(action) => return self.show(action),
            Action::Choose(subject) => return self.choose(subject),
            Action::EditParameter(index, text) => {
                self.source.form.edit(index, text);
                return vec![Effect::Wait];
            }
            Action::Due => return self.reorder(),
            Action::Cancel => return self.cancel(),
            Action::Retry => return self.retry(),
            Action::OpenLink(text) => return self.open_link(text.as_deref(), true),
            Action::Show(text) => return self.open_link(text.as_deref(), false),
            Action::OpenWith(text, notes) => {
                self.links.notes = notes;
                return self.open_link(Some(&text), true);
            }
            Action::Go(place) => return vec![Effect::Go(place)],
            Action::Dismiss => self.links.notes.clear(),
            Action::CopyLink(is_frame) => {
                self.links.copied = Some(is_frame);
                return vec![Effect::CopyLink(is_frame)];
            }
            Action::CopyReview => {
                self.links.reviewed = true;
                return vec![Effect::CopyReview];
            }
            Action::Why => return self.show_why(),
            Action::SaveFailed => {
                self.trouble = Some("The picture could not be drawn".to_owned());
            }
            Action::Offer(action) => return self.offer.update(action),
            Action::SavePage => return vec![Effect::SavePage],
            Action::NotSaved(why) => self.trouble = Some(why),
            Action::ToggleHelp => return vec![Effect::ToggleHelp],
            Action::Undo(again) => return vec![Effect::Undo(again)],
        }
        vec![]
    }

    fn change_table(&mut self, action: TableAction) -> Vec<Effect> {
        match self.table.update(action, self.playhead.time) {
            true => self.wish_for_figures(),
            false => vec![],
        }
    }

    fn show(&mut self, action: DisplayAction) -> Vec<Effect> {
        let mut effects = match action {
            DisplayAction::Landing(true) => self.tour.update(TourAction::Close),
            _ => vec![],
        };
        effects.extend(self.display.update(action));
        effects
    }

    /// Goes to the moment that the answer is about, where its explanation is shown.
    fn show_why(&mut self) -> Vec<Effect> {
        if self.display.depth == Depth::Story {
            self.display.depth = Depth::Compare;
        }
        let mut effects = self.move_playhead(PlayheadAction::Rest);
        effects.push(Effect::FocusWhy);
        effects
    }

    fn move_playhead(&mut self, action: PlayheadAction) -> Vec<Effect> {
        let from = (self.playhead.time, None);
        let (run, ends) = (self.variants.run(), self.variants.ends());
        let run = run.map(|run| &**run);
        let (mut effects, is_moved) = self.playhead.update(action, run, ends);
        if is_moved {
            if from != (self.playhead.time, self.playhead.event) {
                self.inspection.forget_asked();
            }
            self.links.time = None;
            effects.extend(self.wish_to_look());
        }
        effects
    }

    fn change_variant(&mut self, id: VariantId, action: VariantAction) -> Vec<Effect> {
        let mut effects = Vec::new();
        match self.variants.update(id, action) {
            Change::Nothing => return effects,
            Change::Typed => return vec![Effect::Wait],
            Change::Settings => return self.reorder(),
            Change::Shown => {}
            Change::Selected => {
                self.playhead.event = None;
                self.inspection.pointed = None;
                self.inspection.forget_asked();
                self.inspection.search = None;
            }
            Change::Removed => {
                self.inspection.forget(id);
                self.charted.free(&self.variants.all);
                let ends = self.variants.ends();
                self.playhead.move_to(self.playhead.time, ends);
                effects.push(Effect::Drop(id));
            }
        }
        effects.extend(self.variants.want_frames());
        effects.extend(self.wish_to_look());
        effects
    }

    fn advise(&mut self, action: AdviceAction) -> Vec<Effect> {
        match action {
            AdviceAction::Search => {
                let title = self.source.title().unwrap_or_default();
                self.advice.search(self.variants.selected(), title)
            }
            AdviceAction::Take(row) => {
                let taken = advice::take(&self.advice, row, &mut self.variants, &self.source);
                match taken {
                    Ok(()) => self.shown_another(),
                    Err(words) => {
                        self.trouble = Some(words);
                        vec![]
                    }
                }
            }
            action => self.advice.update(action),
        }
    }

    /// Another variant is looked into, perhaps a new one.
    fn shown_another(&mut self) -> Vec<Effect> {
        self.playhead.event = None;
        self.inspection.pointed = None;
        self.inspection.forget_asked();
        let selected = self.variants.selected;
        self.variants.compared.take_if(|one| *one == selected);
        self.reorder()
    }

    /// Asks for what is shown to be explained.
    fn wish_to_look(&mut self) -> Vec<Effect> {
        let shown = Shown::to_ask(&self.variants, &self.playhead, &self.source);
        let mut effects = self.inspection.wish(shown);
        if self.tour.is_story() {
            effects.extend(self.inspection.open_all(shown));
        }
        effects
    }

    /// Asks for the figures of the table that were not measured.
    fn wish_for_figures(&mut self) -> Vec<Effect> {
        match Shown::to_ask(&self.variants, &self.playhead, &self.source) {
            Some(shown) if self.shows().table => self.table.wish(shown),
            _ => vec![],
        }
    }

    /// The text of a tour is there, or why it is not. `shows` is whether its step is to be shown, or only told.
    fn tour_read(
        &mut self,
        place: Place,
        shows: bool,
        text: Result<String, String>,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        match text.and_then(|text| self.tour.take(place, shows, &text)) {
            Ok(shown) => {
                if self.display.embed.is_none() {
                    // Inside another page the focus is the reader's.
                    effects.push(Effect::FocusTour);
                }
                effects.extend(shown);
            }
            Err(message) => {
                if self.variants.run().is_none() && !self.is_busy() {
                    effects = self.open();
                }
                self.trouble = Some(message);
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod shown_tests;
