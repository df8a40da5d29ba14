//! Intents: which changes are one place in the history. What is typed into a field is one for each word, and a drag of a slider is one.

use std::{cell::Cell, rc::Rc};

use gloo_events::{EventListener, EventListenerOptions};

use super::browser::document;
use crate::state::{Action, ChartAction, VariantAction};

/// A field, the words in it, and the press or the focus since which it has been written.
type Writing = (u8, u32, usize, u32);

/// What is being written, and what was when the latest place was made.
#[derive(Default)]
pub struct Intents {
    /// How often a press began or a field was left.
    begun: Rc<Cell<u32>>,
    latest: Option<Writing>,
    kept: Option<Writing>,
    listeners: Vec<EventListener>,
}

impl Intents {
    /// Begins a new intent with each press, and whenever the focus leaves a field.
    pub fn watch(&mut self) {
        let Some(document) = document() else { return };
        for event in ["pointerdown", "focusout"] {
            let begun = Rc::clone(&self.begun);
            let options = EventListenerOptions::run_in_capture_phase();
            let heard = move |_: &web_sys::Event| begun.set(begun.get() + 1);
            let listener = EventListener::new_with_options(&document, event, options, heard);
            self.listeners.push(listener);
        }
    }

    /// Takes what the user does.
    pub fn take(&mut self, action: &Action) {
        let words = |text: &str| text.split_whitespace().count();
        let (field, of, words) = match action {
            Action::EditParameter(index, _) => (0, *index as u32, 0),
            Action::Variant(id, VariantAction::EditEnvironment(text)) => (1, id.0, words(text)),
            Action::Variant(id, VariantAction::Rename(name)) => (2, id.0, words(name)),
            Action::Chart(ChartAction::Write(at, text)) => (3, *at as u32, words(text)),
            Action::Due | Action::Playhead(_) => return,
            _ => {
                self.latest = None;
                return;
            }
        };
        self.latest = Some((field, of, words, self.begun.get()));
    }

    /// Whether what is written goes on with what the latest place is of.
    pub fn goes_on(&self) -> bool {
        self.latest.is_some() && self.latest == self.kept
    }

    /// A place was made, or written anew.
    pub fn keep(&mut self) {
        self.kept = self.latest;
    }

    /// The page is at another place.
    pub fn forget(&mut self) {
        self.kept = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::VariantId;

    #[test]
    fn a_word_is_one_intent_and_a_press_begins_another() {
        let mut intents = Intents::default();
        let write = |text: &str| {
            Action::Variant(
                VariantId(1),
                VariantAction::EditEnvironment(text.to_owned()),
            )
        };
        intents.take(&write("MALLOC_ARENA_MAX=2"));
        assert!(!intents.goes_on());
        intents.keep();
        intents.take(&write("MALLOC_ARENA_MAX=24"));
        assert!(intents.goes_on());
        intents.take(&write("MALLOC_ARENA_MAX=24 M"));
        assert!(!intents.goes_on(), "another word");
        intents.keep();
        intents.begun.set(1);
        intents.take(&write("MALLOC_ARENA_MAX=24 MA"));
        assert!(!intents.goes_on(), "pressed meanwhile");
        intents.keep();
        intents.forget();
        intents.take(&write("MALLOC_ARENA_MAX=24 MAL"));
        assert!(!intents.goes_on(), "elsewhere");
        intents.keep();
        intents.take(&Action::Dismiss);
        assert!(!intents.goes_on());
    }
}
