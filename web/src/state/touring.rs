//! The guided tour: opened, gone through, and given as a talk.

use super::{Effect, Embed};
use crate::tour::{self, Tour};

/// The language that the tour is written in.
const LANGUAGE: &str = "en";

/// The name that the story for newcomers has in its place: it is told as a tour is, over what each step is about alone.
const STORY: &str = "story";

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
    /// Where the story begins.
    pub fn story() -> Self {
        Self {
            language: STORY.to_owned(),
            at: 0,
        }
    }

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

/// The tour, while one is open.
#[derive(Default)]
pub struct Touring {
    /// The tour.
    pub open: Option<Tour>,
}

/// Something happened to the tour.
#[derive(Debug, Clone)]
pub enum TourAction {
    /// A tour is to be read, and its step shown.
    Read(Place),
    /// So many steps on.
    Turn(i64),
    /// To this step, from 0.
    GoToStep(usize),
    /// It is over.
    Close,
    /// It is given as a talk, or not any more.
    Talk(bool),
}

impl Touring {
    pub(super) fn update(&mut self, action: TourAction) -> Vec<Effect> {
        match action {
            TourAction::Read(place) => vec![Effect::ReadTour(place, true)],
            TourAction::Turn(steps) => {
                let at = self.open.as_ref().map_or(0, |tour| tour.at as i64) + steps;
                self.go_to_step(at.max(0) as usize)
            }
            TourAction::GoToStep(at) => self.go_to_step(at),
            TourAction::Close => self.close(),
            TourAction::Talk(is_talk) => self.talk(is_talk),
        }
    }

    /// Opens the tour whose text is there. `shows` is whether its step is to be shown, or only told.
    ///
    /// # Errors
    /// The text is no tour.
    pub(super) fn take(
        &mut self,
        place: Place,
        shows: bool,
        text: &str,
    ) -> Result<Vec<Effect>, String> {
        let steps = tour::read(text)?;
        self.open = Some(Tour {
            language: place.language,
            at: place.at.min(steps.len() - 1),
            steps,
            is_talk: false,
        });
        Ok(if shows { self.show_step() } else { vec![] })
    }

    /// To a step; beyond the last one the tour stays where it is.
    fn go_to_step(&mut self, at: usize) -> Vec<Effect> {
        match &mut self.open {
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
        let tour = self.open.as_ref()?;
        tour.steps.get(tour.at)
    }

    /// As a talk, or not any more.
    fn talk(&mut self, is_talk: bool) -> Vec<Effect> {
        match &mut self.open {
            Some(tour) if tour.is_talk != is_talk => {
                tour.is_talk = is_talk;
                vec![Effect::FullScreen(is_talk)]
            }
            _ => vec![],
        }
    }

    fn close(&mut self) -> Vec<Effect> {
        let effects = self.talk(false);
        self.open = None;
        effects
    }

    /// A link is opened, and says whether it is of a tour.
    pub(super) fn follow(&mut self, place: Option<Place>) -> Vec<Effect> {
        match (place, &mut self.open) {
            (Some(place), Some(tour)) if tour.language == place.language => {
                tour.at = place.at.min(tour.steps.len() - 1);
                vec![]
            }
            (Some(place), _) => vec![Effect::ReadTour(place, false)],
            (None, _) => self.close(),
        }
    }

    /// Where in a tour the page is, if it is in one.
    pub(super) fn place(&self) -> Option<Place> {
        self.open.as_ref().map(|tour| Place {
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
        self.open.as_ref().is_some_and(|tour| tour.is_talk)
    }

    /// Whether it is the story for newcomers.
    pub fn is_story(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|tour| tour.language == STORY)
    }

    /// What of the page is shown while the tour is given as a talk, or tells the story.
    pub(super) fn shows(&self) -> Option<Embed> {
        let whole = || self.pointed_at().map_or(Embed::WHOLE, Embed::of);
        (self.is_talk() || self.is_story()).then(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_shows_what_its_step_is_about() -> Result<(), String> {
        let mut touring = Touring::default();
        touring.take(Place::story(), true, "# One\n\n[x](?a&panels=map,why)\n")?;
        assert!(touring.is_story() && !touring.is_talk());
        assert_eq!(touring.shows(), Some(Embed::of("map,why")));
        touring.update(TourAction::Close);
        assert!(!touring.is_story() && touring.shows().is_none());
        Ok(())
    }

    #[test]
    fn a_tour_is_gone_through_and_given_as_a_talk() -> Result<(), String> {
        let mut touring = Touring::default();
        let text = "# One\n\n[x](?a&panels=map)\n\n# Two\n\n[y](?b)\n";
        let place = Place {
            at: 9,
            ..Place::default()
        };
        assert_eq!(touring.update(TourAction::Turn(1)), []);
        let effects = touring.take(place.clone(), true, text)?;
        assert_eq!(effects, [Effect::Go("?b".to_owned())], "the last step");
        assert_eq!(touring.update(TourAction::Turn(1)), []);
        assert_eq!(
            touring.update(TourAction::Turn(-1)),
            [Effect::Go("?a&panels=map".to_owned())]
        );
        assert_eq!(touring.shows(), None);
        assert_eq!(
            touring.update(TourAction::Talk(true)),
            [Effect::FullScreen(true)]
        );
        assert_eq!(touring.shows(), Some(Embed::of("map")));
        assert_eq!(touring.follow(Some(place)), [], "it is open already");
        assert_eq!(
            touring.shows(),
            Some(Embed::WHOLE),
            "the step names no panels"
        );
        assert_eq!(touring.follow(None), [Effect::FullScreen(false)]);
        assert_eq!(touring.place(), None);
        assert!(touring.take(Place::default(), true, "no tour").is_err());
        Ok(())
    }
}
