//! The guided tour: opened, gone through, and given as a talk.

use super::{Effect, Embed, State, WHOLE};
use crate::tour::{self, Tour};

/// The language that the tour is written in.
const LANGUAGE: &str = "en";

/// Where in which tour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its language, which is the name of its file: letters, digits and `-`.
    pub language: String,
    /// The step, from 0.
    pub at: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            language: LANGUAGE.to_owned(),
            at: 0,
        }
    }
}

impl Place {
    /// The language and the step, from 1, as an address says them.
    pub fn of(language: Option<&str>, step: &str) -> Option<Self> {
        let at: u16 = step.parse().ok()?;
        let language = language.unwrap_or(LANGUAGE);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        // It becomes part of the address of a file.
        language.bytes().all(is_name).then(|| Self {
            language: language.to_owned(),
            at: usize::from(at.saturating_sub(1)),
        })
    }
}

impl State {
    /// The text of a tour is there, or why it is not. `shows` is whether its step is to be shown, or only told.
    pub(super) fn tour_read(
        &mut self,
        place: Place,
        shows: bool,
        text: Result<String, String>,
    ) -> Vec<Effect> {
        match text.and_then(|text| tour::read(&text)) {
            Ok(steps) => {
                self.tour = Some(Tour {
                    language: place.language,
                    at: place.at.min(steps.len() - 1),
                    steps,
                    is_talk: false,
                });
                let mut effects = Vec::new();
                if self.embed.is_none() {
                    // Inside another page the focus is the reader's.
                    effects.push(Effect::FocusTour);
                }
                if shows {
                    effects.extend(self.show_step());
                }
                effects
            }
            Err(message) => {
                let nothing_is_shown = self.run().is_none() && !self.is_busy();
                let effects = match nothing_is_shown {
                    true => self.open(),
                    false => vec![],
                };
                self.trouble = Some(message);
                effects
            }
        }
    }

    /// To the step so many further on.
    pub(super) fn turn_tour(&mut self, steps: i64) -> Vec<Effect> {
        let at = self.tour.as_ref().map_or(0, |tour| tour.at as i64) + steps;
        self.go_to_step(at.max(0) as usize)
    }

    /// To a step; beyond the last one the tour stays where it is.
    pub(super) fn go_to_step(&mut self, at: usize) -> Vec<Effect> {
        match &mut self.tour {
            Some(tour) if at < tour.steps.len() && at != tour.at => {
                tour.at = at;
                self.show_step()
            }
            _ => vec![],
        }
    }

    fn show_step(&self) -> Vec<Effect> {
        let step = self.step_shown();
        step.map(|step| Effect::Go(step.place.clone()))
            .into_iter()
            .collect()
    }

    fn step_shown(&self) -> Option<&tour::Step> {
        let tour = self.tour.as_ref()?;
        tour.steps.get(tour.at)
    }

    /// As a talk, or not any more.
    pub(super) fn talk(&mut self, is_talk: bool) -> Vec<Effect> {
        match &mut self.tour {
            Some(tour) if tour.is_talk != is_talk => {
                tour.is_talk = is_talk;
                vec![Effect::FullScreen(is_talk)]
            }
            _ => vec![],
        }
    }

    pub(super) fn close_tour(&mut self) -> Vec<Effect> {
        let effects = self.talk(false);
        self.tour = None;
        effects
    }

    /// A link is opened, and says whether it is of a tour.
    pub(super) fn follow_tour(&mut self, place: Option<Place>) -> Vec<Effect> {
        match (place, &mut self.tour) {
            (Some(place), Some(tour)) if tour.language == place.language => {
                tour.at = place.at.min(tour.steps.len() - 1);
                vec![]
            }
            (Some(place), _) => vec![Effect::ReadTour(place, false)],
            (None, _) => self.close_tour(),
        }
    }

    /// Where in a tour the page is, if it is in one.
    pub(super) fn tour_place(&self) -> Option<Place> {
        self.tour.as_ref().map(|tour| Place {
            language: tour.language.clone(),
            at: tour.at,
        })
    }

    /// The panels that the step is about, by name.
    pub fn pointed_at(&self) -> Option<&str> {
        let place = &self.step_shown()?.place;
        let (_, panels) = place.split_once("panels=")?;
        Some(panels.split('&').next().unwrap_or_default())
    }

    /// Whether the tour is given as a talk.
    pub fn is_talk(&self) -> bool {
        self.tour.as_ref().is_some_and(|tour| tour.is_talk)
    }

    /// What of the page is shown.
    pub fn shows(&self) -> Embed {
        if self.is_talk() {
            return self.pointed_at().map_or(WHOLE, Embed::of);
        }
        self.embed.unwrap_or(WHOLE)
    }
}

impl Embed {
    /// The panels that are named, with commas, and what plays the run.
    pub fn of(panels: &str) -> Self {
        let has = |panel: &str| panels.split(',').any(|named| named == panel);
        Self {
            chart: has("chart"),
            map: has("map"),
            why: has("why"),
            table: has("table"),
            settings: has("settings"),
            controls: true,
        }
    }
}
