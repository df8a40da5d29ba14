//! What of the chart is shown: the curves of which variants, and notes at moments.

use highwater_simulator::{Micros, Quoted};

use super::Effect;
use crate::{
    naming::plain,
    variants::{MOST, VariantState},
};

/// Notes at most.
pub const MOST_NOTES: usize = 12;

/// What of the chart is shown.
#[derive(Debug, Default)]
pub struct Charted {
    /// What the curves are of.
    pub quoted: Quoted,
    /// The letters whose curves are hidden, a bit for each, A first.
    hidden: u8,
    /// The notes, by time.
    pub notes: Vec<Note>,
    /// The note that was just begun, by its place: its field gets the focus.
    pub begun: Option<usize>,
}

/// Words that the user wrote at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub time: Micros,
    /// What: one line.
    pub text: String,
}

/// Something of the chart is shown, or not any more.
#[derive(Debug, Clone)]
pub enum ChartAction {
    /// The curves are of another figure.
    Quote(Quoted),
    /// The curve of the variant with this letter, by number, is hidden or shown again.
    Toggle(usize),
    /// Only that curve is shown, or all again.
    Only(usize),
    /// A note begins at the playhead.
    Note,
    /// A note has another text.
    Write(usize, String),
    /// A note goes.
    Erase(usize),
}

/// The letters of some variants, a bit for each.
fn letters(variants: &[VariantState]) -> u8 {
    let bits = variants.iter().map(|variant| bit(variant.letter));
    bits.fold(0, |all, one| all | one)
}

fn bit(letter: usize) -> u8 {
    1_u8.checked_shl(letter as u32).unwrap_or(0)
}

impl Charted {
    /// Whether the curve of the variant with this letter is shown.
    pub fn shows(&self, letter: usize) -> bool {
        self.hidden & bit(letter) == 0
    }

    /// Whether it is the only one that is shown, of several.
    pub fn shows_only(&self, letter: usize, variants: &[VariantState]) -> bool {
        let others = letters(variants) & !bit(letter);
        others != 0 && self.hidden & letters(variants) == others
    }

    /// The letters that are hidden.
    pub(super) fn hidden(&self) -> String {
        let all = (0..MOST).filter(|letter| !self.shows(*letter));
        all.map(highwater_chart::letter).collect()
    }

    /// Hides the curves of these letters, unless that were all of them.
    pub(super) fn hide(&mut self, hidden: &str, variants: &[VariantState]) {
        let places = hidden
            .bytes()
            .map(|byte| bit(byte.wrapping_sub(b'A').into()));
        let all = letters(variants);
        self.hidden = places.fold(0, |bits, one| bits | one) & all;
        self.show_some(all);
    }

    /// Shows the curve of a letter that another variant may get.
    pub(super) fn free(&mut self, variants: &[VariantState]) {
        self.hidden &= letters(variants);
        self.show_some(letters(variants));
    }

    /// A chart without a curve says nothing: where none would be shown, all are.
    fn show_some(&mut self, all: u8) {
        if self.hidden & all == all {
            self.hidden = 0;
        }
    }

    pub(super) fn update(
        &mut self,
        action: ChartAction,
        variants: &[VariantState],
        time: Micros,
    ) -> Vec<Effect> {
        self.begun = None;
        let all = letters(variants);
        match action {
            ChartAction::Quote(quoted) => self.quoted = quoted,
            ChartAction::Toggle(letter) => self.hidden ^= bit(letter),
            ChartAction::Only(letter) if self.shows_only(letter, variants) => self.hidden = 0,
            ChartAction::Only(letter) => self.hidden = all & !bit(letter),
            ChartAction::Note => return self.begin(time),
            ChartAction::Write(at, text) => {
                if let Some(note) = self.notes.get_mut(at) {
                    note.text = plain(&text);
                }
            }
            ChartAction::Erase(at) if at < self.notes.len() => {
                self.notes.remove(at);
            }
            ChartAction::Erase(_) => {}
        }
        self.show_some(all);
        vec![]
    }

    /// Begins a note, or goes on with the one that is there.
    fn begin(&mut self, time: Micros) -> Vec<Effect> {
        let at = self.notes.partition_point(|note| note.time < time);
        let is_there = self.notes.get(at).is_some_and(|note| note.time == time);
        if !is_there {
            if self.notes.len() >= MOST_NOTES {
                return vec![];
            }
            let text = String::new();
            self.notes.insert(at, Note { time, text });
        }
        self.begun = Some(at);
        vec![Effect::FocusNote]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{form::EnvironmentForm, variants::VariantId};

    fn variants(letters: &[usize]) -> Vec<VariantState> {
        let made = letters.iter().map(|letter| {
            let marked = (*letter, *letter, 0);
            let (id, box_) = (VariantId(*letter as u32), EnvironmentForm::default());
            VariantState::new(id, marked, Default::default(), box_)
        });
        made.collect()
    }

    #[test]
    fn curves_are_hidden_and_isolated_and_never_all() {
        let (mut charted, all) = (Charted::default(), variants(&[0, 1, 3]));
        let mut done = |action| {
            charted.update(action, &all, Micros(0));
            charted.hidden()
        };
        assert_eq!(done(ChartAction::Toggle(1)), "B");
        assert_eq!(done(ChartAction::Only(3)), "AB");
        assert_eq!(done(ChartAction::Only(0)), "BD");
        assert_eq!(done(ChartAction::Only(0)), "", "all again");
        assert_eq!(done(ChartAction::Toggle(0)), "A");
        assert_eq!(done(ChartAction::Toggle(1)), "AB");
        assert_eq!(done(ChartAction::Toggle(3)), "", "one is always shown");
        assert_eq!(done(ChartAction::Toggle(300)), "");
    }

    #[test]
    fn what_a_link_hides_is_of_variants_that_there_are() {
        let (mut charted, all) = (Charted::default(), variants(&[0, 1]));
        charted.hide("BH\u{0}z", &all);
        assert_eq!(charted.hidden(), "B");
        assert!(charted.shows_only(0, &all) && !charted.shows_only(1, &all));
        charted.hide("AB", &all);
        assert_eq!(charted.hidden(), "");
        charted.hide("B", &all);
        charted.free(&variants(&[0]));
        assert_eq!(charted.hidden(), "", "another variant may be B");
        assert!(!charted.shows_only(0, &variants(&[0])));
    }

    #[test]
    fn a_note_is_one_line_at_a_moment() {
        let (mut charted, all) = (Charted::default(), variants(&[0]));
        let mut done = |action, time| charted.update(action, &all, Micros(time));
        assert_eq!(done(ChartAction::Note, 5), [Effect::FocusNote]);
        assert_eq!(done(ChartAction::Note, 3), [Effect::FocusNote]);
        done(ChartAction::Write(1, "a\nb\u{202e}".to_owned()), 0);
        assert_eq!(done(ChartAction::Note, 5), [Effect::FocusNote]);
        done(ChartAction::Write(9, "nothing".to_owned()), 0);
        done(ChartAction::Erase(9), 0);
        let said: Vec<_> = (charted.notes.iter())
            .map(|note| (note.time.0, &note.text[..]))
            .collect();
        assert_eq!(said, [(3, ""), (5, "a b")]);
        for time in 10..40 {
            charted.update(ChartAction::Note, &all, Micros(time));
        }
        assert_eq!(charted.notes.len(), MOST_NOTES);
        charted.update(ChartAction::Erase(0), &all, Micros(0));
        assert_eq!(charted.notes[0].time, Micros(5));
    }
}
