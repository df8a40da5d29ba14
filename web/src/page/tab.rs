//! What the browser shows of the page outside it, in a tab, a bookmark or the history: a title and an icon that say what is shown.

use super::browser::document;
use crate::state::State;

/// The title and the icon as they are.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tab {
    title: String,
    /// How high the water stands in the icon, in percent of the mark.
    level: Option<u8>,
}

impl Tab {
    /// What they are to be: what is shown, with what stays of its peak after the last rest.
    fn of(state: &State) -> Self {
        let run = state.variants.run().map(|run| &run.ran.summary);
        let (Some(what), false) = (state.source.title(), state.display.is_landing) else {
            return Self {
                title: "Highwater".to_owned(),
                level: None,
            };
        };
        let Some(summary) = run else {
            return Self {
                title: format!("{what} · Highwater"),
                level: None,
            };
        };
        let share = summary.after_rest.0 * 100 / summary.peak.0.max(1);
        Self {
            title: format!("{} after rest · {what} · Highwater", summary.after_rest),
            level: Some(share.min(100) as u8),
        }
    }

    /// Has the browser show what is shown now.
    pub fn follow(&mut self, state: &State) {
        let now = Self::of(state);
        if *self == now {
            return;
        }
        if let Some(document) = document() {
            document.set_title(&now.title);
            let icon = document.query_selector("link[rel=icon]").ok().flatten();
            if let Some(icon) = icon {
                // It can fail only for a name that is no attribute's.
                icon.set_attribute("href", &icon_of(now.level)).ok();
            }
        }
        *self = now;
    }
}

/// The icon: a mark, and water up to it or below.
fn icon_of(level: Option<u8>) -> String {
    // From the ground of the picture to the mark, in hundredths of its 16 units.
    let top = 1400 - u32::from(level.unwrap_or(45)) * 12;
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1600 1600'%3E\
         %3Crect width='1600' height='1600' rx='300' fill='%23fff'/%3E\
         %3Cpath d='M100 {top}h1400V1500H100z' fill='%2326619c'/%3E\
         %3Cpath d='M100 200h1400' stroke='%23c43d2f' stroke-width='160'/%3E%3C/svg%3E"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn a_page_that_shows_nothing_has_its_own_name() {
        let state = State::new(false);
        let tab = Tab::of(&state);
        assert_eq!((tab.title.as_str(), tab.level), ("Highwater", None));
    }

    #[test]
    fn the_water_of_the_icon_stands_below_the_mark_or_at_it() {
        assert!(icon_of(Some(100)).contains("M100 200h1400V"));
        assert!(icon_of(Some(0)).contains("M100 1400h"));
    }
}
