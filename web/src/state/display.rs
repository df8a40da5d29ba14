//! How the page is shown: its colours, and what of it where another page has it in a frame.

use std::rc::Rc;

use super::Effect;

/// How the page is shown.
pub struct Display {
    /// Light or dark.
    pub theme: Theme,
    /// Whether the user's preference is dark.
    prefers_dark: bool,
    /// Whether what the page shows first is shown in place of a run, and its text once that is there.
    pub is_landing: bool,
    /// Its text, of the page's own making.
    pub landing: Option<Rc<str>>,
    /// Whether the settings are shown where there is little room.
    pub is_unfolded: bool,
    /// What of it is shown inside another page, if it is inside one.
    pub embed: Option<Embed>,
    /// How much of a run is shown.
    pub depth: Depth,
}

/// How much of a run the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// The answer, the chart and what would help.
    Story,
    /// The table beside the chart, the maps, and why.
    Compare,
    /// All there is: that of links that say no depth.
    #[default]
    Expert,
}

impl Depth {
    /// Each with its name in links.
    pub const NAMES: [(Self, &str); 3] = [
        (Self::Story, "story"),
        (Self::Compare, "compare"),
        (Self::Expert, "expert"),
    ];
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the user prefers everywhere.
    Preferred,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What of the page is shown inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embed {
    /// The curves.
    pub chart: bool,
    /// The heap maps.
    pub map: bool,
    /// Why memory does not go back, and what was decided.
    pub why: bool,
    /// The table of all variants.
    pub table: bool,
    /// What runs, and the variants' settings.
    pub settings: bool,
    /// What plays the run.
    pub controls: bool,
}

/// The colours change.
#[derive(Debug, Clone)]
pub enum DisplayAction {
    /// Light to dark, or back.
    ToggleTheme,
    /// What the page shows first is shown, or the run again.
    Landing(bool),
    /// The settings are shown where there is little room, or not any more.
    ToggleSettings,
    /// Dark, or light.
    Theme(bool),
    /// The user's preference for dark pages changed.
    PrefersDark(bool),
    /// More of a run is shown, or less.
    Depth(Depth),
}

impl Display {
    /// The whole page.
    pub(super) fn new(prefers_dark: bool) -> Self {
        Self {
            theme: Theme::Preferred,
            prefers_dark,
            is_landing: false,
            landing: None,
            is_unfolded: false,
            embed: None,
            depth: Depth::default(),
        }
    }

    /// Whether the page is dark now.
    pub fn is_dark(&self) -> bool {
        match self.theme {
            Theme::Preferred => self.prefers_dark,
            Theme::Light => false,
            Theme::Dark => true,
        }
    }

    pub(super) fn update(&mut self, action: DisplayAction) -> Vec<Effect> {
        let dark = match action {
            DisplayAction::PrefersDark(prefers_dark) => {
                self.prefers_dark = prefers_dark;
                return vec![];
            }
            DisplayAction::Landing(is_landing) => {
                self.is_landing = is_landing;
                let is_missing = is_landing && self.landing.is_none();
                return is_missing
                    .then_some(Effect::ReadLanding)
                    .into_iter()
                    .collect();
            }
            DisplayAction::ToggleSettings => {
                self.is_unfolded = !self.is_unfolded;
                return vec![];
            }
            DisplayAction::Depth(depth) => {
                self.depth = depth;
                return vec![];
            }
            DisplayAction::ToggleTheme => !self.is_dark(),
            DisplayAction::Theme(dark) => dark,
        };
        self.theme = if dark { Theme::Dark } else { Theme::Light };
        vec![Effect::ApplyTheme(self.theme)]
    }
}

impl Embed {
    /// Everything.
    pub(super) const WHOLE: Self = Self {
        chart: true,
        map: true,
        why: true,
        table: true,
        settings: true,
        controls: true,
    };

    /// The chart alone.
    pub(super) const STORY: Self = Self {
        chart: true,
        map: false,
        why: false,
        table: false,
        settings: false,
        controls: false,
    };

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preference_counts_until_the_user_chooses() {
        let mut display = Display::new(true);
        assert!(display.is_dark());
        assert_eq!(display.update(DisplayAction::PrefersDark(false)), []);
        assert!(!display.is_dark());
        let dark = [Effect::ApplyTheme(Theme::Dark)];
        assert_eq!(display.update(DisplayAction::ToggleTheme), dark);
        display.update(DisplayAction::PrefersDark(false));
        assert!(display.is_dark());
        display.update(DisplayAction::Theme(false));
        assert!(!display.is_dark());
    }

    #[test]
    fn what_is_shown_first_is_read_once() {
        let mut display = Display::new(false);
        let shown = DisplayAction::Landing(true);
        assert_eq!(display.update(shown.clone()), [Effect::ReadLanding]);
        display.landing = Some("text".into());
        assert_eq!(display.update(DisplayAction::Landing(false)), []);
        assert!(!display.is_landing);
        assert_eq!(display.update(shown), []);
        assert!(display.is_landing);
    }

    #[test]
    fn panels_are_shown_by_name() {
        let some = Embed::of("map,table,nothing");
        assert!(some.map && some.table && some.controls);
        assert!(!some.chart && !some.why && !some.settings);
    }
}
