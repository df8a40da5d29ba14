//! Texts in environment boxes that are too long for the page itself: a worker reads them.

use std::rc::Rc;

use highwater_simulator::Environment;

use super::{Effect, Variants};
use crate::variants::VariantId;

/// Long texts that are being read.
#[derive(Default)]
pub(super) struct LongTexts {
    reading: Vec<(VariantId, Rc<str>)>,
    /// The text whose worker went down last: it is tried once more, and no third time.
    lost: Option<Rc<str>>,
}

impl LongTexts {
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
            "The settings in the environment box could not be read. Paste a shorter part of the text."
                .to_owned(),
        )
    }
}
