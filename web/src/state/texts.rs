//! Texts in environment boxes that are more than plain lines: a worker reads them.

use std::rc::Rc;

use highwater_simulator::Environment;

use super::{Effect, Variants};
use crate::variants::VariantId;

/// Texts that are being read.
#[derive(Default)]
pub(super) struct Texts {
    reading: Vec<(VariantId, Rc<str>)>,
    /// The text whose worker went down last: it is tried once more, and no third time.
    lost: Option<Rc<str>>,
}

impl Texts {
    /// Has the texts read that stand in the boxes, each once.
    pub(super) fn wish(&mut self, variants: &Variants) -> Vec<Effect> {
        let boxes = variants.all.iter().map(|one| (one.id, &one.environment));
        let texts = boxes.filter(|(_, form)| form.is_reading);
        let texts: Vec<(VariantId, &str)> = texts.map(|(id, form)| (id, &form.text[..])).collect();
        self.reading
            .retain(|(id, text)| texts.contains(&(*id, text)));
        let mut effects = Vec::new();
        for (id, text) in texts {
            if !self.reading.iter().any(|(of, _)| *of == id) {
                let text: Rc<str> = text.into();
                effects.push(Effect::Read(id, Rc::clone(&text)));
                self.reading.push((id, text));
            }
        }
        effects
    }

    /// Takes the settings of a text, if its box still holds that text; none where its worker went down.
    ///
    /// # Errors
    /// It cannot be read: what to do about it.
    pub(super) fn take(
        &mut self,
        variants: &mut Variants,
        (id, text): (VariantId, Rc<str>),
        read: Option<Environment>,
    ) -> Result<Vec<Effect>, String> {
        self.reading
            .retain(|(of, known)| (*of, known) != (id, &text));
        let variant = variants.get_mut(id);
        let variant = variant
            .filter(|variant| variant.environment.is_reading && variant.environment.text == *text);
        let Some(variant) = variant else {
            return Ok(vec![]);
        };
        let form = &mut variant.environment;
        if let Some(read) = read {
            variant.allocator = form.take_and_choose(read, variant.allocator);
            return Ok(vec![Effect::Wait]);
        }
        if self.lost.as_ref() != Some(&text) {
            self.lost = Some(text);
            return Ok(vec![]);
        }
        form.is_reading = false;
        Err(
            "The settings in the environment box could not be read. Write them as lines NAME=VALUE, or paste a shorter part of the text."
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{VariantAction, tests::decay};
    use super::*;

    fn text_of(effects: &[Effect]) -> Option<Rc<str>> {
        match effects {
            [Effect::Read(_, text)] => Some(Rc::clone(text)),
            _ => None,
        }
    }

    #[test]
    fn a_text_is_asked_for_once_and_again_where_its_worker_goes_down() {
        let (_, mut variants) = decay();
        let mut texts = Texts::default();
        let id = variants.selected;
        let long = "RUN make\n".repeat(4000) + "ENV MALLOC_ARENA_MAX=2\n";
        variants.update(id, VariantAction::EditEnvironment(long));
        let text = text_of(&texts.wish(&variants)).expect("it is asked for");
        assert_eq!(texts.wish(&variants), []);
        let mut lost = || texts.take(&mut variants, (id, Rc::clone(&text)), None);
        assert_eq!(lost(), Ok(vec![]));
        assert!(lost().is_err_and(|words| words.contains("shorter part")));
        assert_eq!(lost(), Ok(vec![]), "nobody waits for it any more");
        assert_eq!(texts.wish(&variants), []);
    }

    #[test]
    fn what_was_read_is_taken_of_the_text_that_is_in_the_box() {
        let (_, mut variants) = decay();
        let mut texts = Texts::default();
        let id = variants.selected;
        let long = |value: u8| {
            format!(
                "{}ENV MALLOC_ARENA_MAX={value}\n",
                "RUN make\n".repeat(4000)
            )
        };
        let edit = |variants: &mut Variants, value| {
            variants.update(id, VariantAction::EditEnvironment(long(value)));
        };
        let read = |text: &Rc<str>| Some(Environment::parse(text));
        edit(&mut variants, 2);
        let first = text_of(&texts.wish(&variants)).expect("it is asked for");
        edit(&mut variants, 4);
        let second = text_of(&texts.wish(&variants)).expect("another text is another question");
        let found = read(&first);
        assert_eq!(texts.take(&mut variants, (id, first), found), Ok(vec![]));
        let found = read(&second);
        let taken = texts.take(&mut variants, (id, second), found);
        assert_eq!(taken, Ok(vec![Effect::Wait]));
        assert_eq!(variants.selected().environment.variables[0].value, "4");
    }
}
