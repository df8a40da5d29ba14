//! The search for what would help: what the user wants of it, how far it is, and what it found.

mod taken;

use std::rc::Rc;
pub(super) use taken::take;
pub use taken::taken;

use highwater_advise::Form;
use highwater_simulator::Variant;

use super::{Effect, Source, Variants};
use crate::{
    form::EnvironmentForm,
    naming::Given,
    protocol::{Asked, Found, Order, Tried},
    variants::{MOST, VariantState},
    wire::bytes,
};

/// Seconds that a search may take where nobody says it.
const SECONDS: u32 = 60;

/// What the user wants of the search.
#[derive(Debug, Clone, PartialEq)]
pub struct Wishes {
    /// How memory is weighed; empty for the usual way.
    pub weigh: String,
    /// MiB that may be resident.
    pub cap: String,
    /// The container image.
    pub image: String,
    /// Seconds that it may take; empty for as long as it takes.
    pub seconds: String,
    /// Who may act: a setting, another library, the program.
    pub who: [bool; 3],
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            weigh: String::new(),
            cap: String::new(),
            image: String::new(),
            seconds: SECONDS.to_string(),
            who: [true; 3],
        }
    }
}

/// A wish that changes.
#[derive(Debug, Clone)]
pub enum Wish {
    /// How memory is weighed.
    Weigh(String),
    /// What may be resident.
    Cap(String),
    /// The image.
    Image(String),
    /// The time.
    Seconds(String),
    /// Whether one of the three may act.
    Who(usize, bool),
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Searching {
    /// None was begun, or it was cancelled.
    #[default]
    Not,
    /// It goes on.
    On,
    /// It failed: why, and what to do.
    Failed(String),
    /// It is over.
    Over(Rc<Found>),
}

/// The search.
#[derive(Default)]
pub struct Advice {
    /// What the user wants of it.
    pub wishes: Wishes,
    /// How far it is.
    pub searching: Searching,
    /// The variant that it is about, as it was then.
    pub of: Option<Rc<VariantState>>,
    /// The row that is open.
    pub opened: Option<usize>,
    /// The form to paste, by its place in [`Form::ALL`].
    pub form: usize,
    /// Whether the change was just copied.
    pub copied: bool,
    /// The number of the search that was begun last.
    number: u32,
    asked: Vec<u8>,
    survey: Vec<u8>,
    /// What came of the rounds before.
    done: Vec<Vec<Tried>>,
    /// What came of this one, as far as it did.
    round: Vec<Option<Tried>>,
    pieces: Vec<Vec<u8>>,
    /// Pieces whose worker went down: each is tried once more.
    lost: Vec<usize>,
    is_late: bool,
}

/// The user does something about the search.
#[derive(Debug, Clone)]
pub enum AdviceAction {
    /// It is to begin, for the variant that is looked into.
    Search,
    /// It is to end, and what it found is not wanted any more.
    Close,
    /// The search with this number has had its time.
    TimeUp(u32),
    /// A wish changes.
    Wish(Wish),
    /// A row is opened, or closed.
    Open(usize),
    /// Another form is chosen.
    Form(usize),
    /// The change of the open row is copied.
    Copy,
    /// The change of a row becomes a variant.
    Take(usize),
}

/// Something arrives for a search.
#[derive(Debug)]
pub enum Advising {
    /// What is known of the calls.
    Surveyed(Vec<u8>),
    /// The next round.
    Round(Vec<Vec<u8>>),
    /// What came of a piece of the round.
    Tried(usize, Tried),
    /// A piece went down with its worker.
    Lost(usize),
    /// It is over.
    Found(Found),
    /// It cannot go on.
    Failed(String),
}

/// What a search asks of the workers.
#[derive(Debug, Clone, PartialEq)]
pub enum AdviceWork {
    /// To look through the calls.
    Survey(Rc<Order>),
    /// To say what comes next.
    Next {
        /// The search.
        asked: Vec<u8>,
        /// What is known of the calls.
        survey: Vec<u8>,
        /// What came of its rounds so far.
        done: Vec<Vec<Tried>>,
    },
    /// To run a piece of the round.
    Try(usize, Vec<u8>),
}

impl Advice {
    /// Begins a search for a variant.
    pub(super) fn search(&mut self, variant: &VariantState, title: &str) -> Vec<Effect> {
        let Some(Ok(order)) = &variant.order else {
            return vec![];
        };
        let seconds = self.wishes.seconds.trim();
        let bound = match seconds.is_empty() {
            true => Ok(None),
            false => seconds.parse().map(Some),
        };
        let mut effects = self.end();
        let bound: Option<u32> = match bound {
            Ok(bound) if bound != Some(0) => bound,
            _ => {
                let words = "the time is in whole seconds, at least 1; leave it empty for no limit";
                self.searching = Searching::Failed(words.to_owned());
                return effects;
            }
        };
        self.number += 1;
        self.searching = Searching::On;
        self.of = Some(Rc::new(variant.clone()));
        self.asked = bytes(&Asked {
            title: title.to_owned(),
            order: (**order).clone(),
            text: brought(variant),
            weigh: self.wishes.weigh.clone(),
            cap: self.wishes.cap.clone(),
            image: self.wishes.image.clone(),
            who: self.wishes.who,
        });
        effects.push(self.work(AdviceWork::Survey(Rc::clone(order))));
        effects.extend(bound.map(|seconds| Effect::AdviceTimer(self.number, seconds)));
        effects.push(Effect::FocusAdvice);
        effects
    }

    /// Ends what goes on, and forgets what was found.
    pub(super) fn end(&mut self) -> Vec<Effect> {
        let was_on = matches!(self.searching, Searching::On);
        *self = Self {
            wishes: self.wishes.clone(),
            number: self.number,
            ..Self::default()
        };
        was_on.then_some(Effect::EndAdvice).into_iter().collect()
    }

    /// Ends what goes on. What was found stays.
    pub(super) fn stop(&mut self) -> Vec<Effect> {
        match self.searching {
            Searching::On => self.end(),
            _ => vec![],
        }
    }

    /// How many runs are done, and of how many that are known of.
    pub fn runs(&self) -> (usize, usize) {
        let before: usize = self.done.iter().map(Vec::len).sum();
        let now = self.round.iter().flatten().count();
        (before + now, before + self.round.len())
    }

    pub(super) fn update(&mut self, action: AdviceAction) -> Vec<Effect> {
        match action {
            AdviceAction::Close => {
                let mut effects = self.end();
                effects.push(Effect::FocusAdvice);
                return effects;
            }
            AdviceAction::TimeUp(number) if number == self.number => return self.time_up(),
            AdviceAction::Wish(wish) => self.wish(wish),
            AdviceAction::Open(row) => {
                self.opened = Some(row).filter(|row| self.opened != Some(*row));
            }
            AdviceAction::Form(form) => self.form = form.min(Form::ALL.len() - 1),
            AdviceAction::Copy => {
                if let Some(text) = self.pasted() {
                    let text = text.into();
                    self.copied = true;
                    return vec![Effect::Copy(text)];
                }
            }
            // The search is begun, and a row taken, with the variants.
            AdviceAction::Search | AdviceAction::Take(_) | AdviceAction::TimeUp(_) => {}
        }
        vec![]
    }

    fn wish(&mut self, wish: Wish) {
        let wishes = &mut self.wishes;
        match wish {
            Wish::Weigh(text) => wishes.weigh = text,
            Wish::Cap(text) => wishes.cap = text,
            Wish::Image(text) => wishes.image = text,
            Wish::Seconds(text) => wishes.seconds = text,
            Wish::Who(place, may) => {
                if let Some(who) = wishes.who.get_mut(place) {
                    *who = may;
                }
            }
        }
    }

    /// The change of the open row, in the form that is chosen.
    pub fn pasted(&self) -> Option<&str> {
        let Searching::Over(found) = &self.searching else {
            return None;
        };
        let row = found.rows.get(self.opened?)?;
        row.pastes.get(self.form).map(String::as_str)
    }

    /// Takes what arrives for a search.
    pub(super) fn arrive(&mut self, number: u32, news: Advising) -> Vec<Effect> {
        if number != self.number || !matches!(self.searching, Searching::On) {
            return vec![];
        }
        match news {
            Advising::Surveyed(survey) => {
                self.survey = survey;
                self.next()
            }
            Advising::Round(pieces) => self.begin(pieces),
            Advising::Tried(place, tried) => self.tried(place, tried),
            Advising::Lost(place) if !self.lost.contains(&place) => {
                self.lost.push(place);
                let piece = self.pieces.get(place).cloned();
                let piece = piece.map(|piece| self.work(AdviceWork::Try(place, piece)));
                piece.into_iter().collect()
            }
            Advising::Lost(place) => {
                let why = "the simulator stopped".to_owned();
                self.tried(place, Tried::Impossible(why))
            }
            Advising::Found(found) => {
                self.form = usize::from(found.form);
                self.searching = Searching::Over(Rc::new(found));
                vec![Effect::EndAdvice]
            }
            Advising::Failed(message) => {
                self.searching = Searching::Failed(message);
                vec![Effect::EndAdvice]
            }
        }
    }

    fn work(&self, work: AdviceWork) -> Effect {
        Effect::Advise(self.number, work)
    }

    /// Asks what comes next.
    fn next(&self) -> Vec<Effect> {
        vec![self.work(AdviceWork::Next {
            asked: self.asked.clone(),
            survey: self.survey.clone(),
            done: self.done.clone(),
        })]
    }

    fn begin(&mut self, pieces: Vec<Vec<u8>>) -> Vec<Effect> {
        self.lost.clear();
        self.pieces = pieces;
        self.round = vec![None; self.pieces.len()];
        if self.is_late {
            return self.time_up();
        }
        let pieces = self.pieces.iter().cloned().enumerate();
        pieces
            .map(|(place, piece)| self.work(AdviceWork::Try(place, piece)))
            .collect()
    }

    fn tried(&mut self, place: usize, tried: Tried) -> Vec<Effect> {
        match self.round.get_mut(place) {
            Some(known @ None) => *known = Some(tried),
            _ => return vec![],
        }
        match self.round.iter().all(Option::is_some) {
            true => self.end_round(),
            false => vec![],
        }
    }

    fn end_round(&mut self) -> Vec<Effect> {
        let round = std::mem::take(&mut self.round).into_iter();
        let round = round.map(|tried| tried.unwrap_or(Tried::BrokenOff));
        self.done.push(round.collect());
        self.pieces.clear();
        self.next()
    }

    /// Goes on with what was tried until now.
    fn time_up(&mut self) -> Vec<Effect> {
        if !matches!(self.searching, Searching::On) {
            return vec![];
        }
        self.is_late = true;
        if self.round.is_empty() {
            return vec![];
        }
        let mut effects = vec![Effect::EndAdvice];
        effects.extend(self.end_round());
        effects
    }
}

/// The text with settings that the user brought. What the page itself wrote into the box has no form of the user's.
fn brought(variant: &VariantState) -> String {
    match variant.given_for(&variant.variant()) {
        Some(_) => String::new(),
        None => variant.environment.text.clone(),
    }
}

#[cfg(test)]
mod tests;
