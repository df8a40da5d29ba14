//! Questions about the moment that is shown: blocks, what would be without pins, texts, and a search of the log.

use super::{
    ALL, Address, Ask, BlockRow, Effect, Inspection, Opened, Search, Shown, Text, VariantId,
};

impl Inspection {
    /// Takes the blocks of a variant, if they are still looked at.
    pub(in crate::state) fn take_blocks(&mut self, id: VariantId, rows: Vec<BlockRow>) {
        let Some(opened) = self.opened.as_mut().filter(|opened| opened.id == id) else {
            return;
        };
        match opened.is_whole() {
            true => {
                opened.rows = Some(Vec::new());
                self.whole = rows;
            }
            false => opened.rows = Some(rows),
        }
    }

    /// Looks at the whole heap of the variant that is looked into, where it does not yet.
    pub(in crate::state) fn open_all(&mut self, shown: Option<Shown<'_>>) -> Vec<Effect> {
        let selected = shown.map(|shown| shown.variants.selected);
        let is_open = |opened: &Opened| opened.is_whole() && Some(opened.id) == selected;
        match selected {
            Some(id) if !self.opened.as_ref().is_some_and(is_open) => {
                self.open_blocks(Some((id, ALL.0, ALL.1)), shown)
            }
            _ => vec![],
        }
    }

    /// Looks at the blocks of a few pages.
    pub(in crate::state) fn open_blocks(
        &mut self,
        range: Option<(VariantId, Address, Address)>,
        shown: Option<Shown<'_>>,
    ) -> Vec<Effect> {
        self.opened = None;
        self.not_found = None;
        let (Some((id, from, to)), Some(shown)) = (range, shown) else {
            return vec![];
        };
        let Some(run) = shown.variants.get(id).and_then(|one| one.run.clone()) else {
            return vec![];
        };
        let rows = None;
        self.opened = Some(Opened { id, from, to, rows });
        let moment = shown.moment(id, &run);
        vec![Effect::Ask(id, run, moment, Ask::Blocks { from, to })]
    }

    /// Asks what would be without the first few pins.
    pub(super) fn ask_without(&mut self, pins: usize, shown: Option<Shown<'_>>) -> Vec<Effect> {
        let asked = shown.and_then(|shown| {
            let variant = shown.variants.selected();
            Some((variant.run.clone()?, self.look(variant.id)?, variant.id))
        });
        let Some((run, look, id)) = asked else {
            return vec![];
        };
        let gone = look.diagnosis.pins.iter().take(pins);
        let ask = Ask::Without {
            pins: gone.map(|pin| pin.address).collect(),
        };
        let effect = Effect::Ask(id, run, look.asked, ask);
        self.without = Some((pins, None));
        vec![effect]
    }

    /// Asks for something as text.
    pub(super) fn ask_text(&mut self, text: Option<Text>, shown: Option<Shown<'_>>) -> Vec<Effect> {
        self.text = None;
        let asked = text.zip(shown.and_then(Shown::selected));
        let Some((text, (id, run, moment))) = asked else {
            return vec![];
        };
        self.text = Some((text, None));
        let ask = match text {
            Text::Sizes => Ask::Sizes,
            Text::State => Ask::State,
        };
        vec![Effect::Ask(id, run, moment, ask)]
    }

    /// Searches the log up to what is shown.
    pub(super) fn look_for(
        &mut self,
        words: Option<String>,
        shown: Option<Shown<'_>>,
    ) -> Vec<Effect> {
        self.search = None;
        let asked = words.zip(shown.and_then(Shown::selected));
        let Some((words, (id, run, moment))) = asked else {
            return vec![];
        };
        self.search = Some(Search {
            words: words.clone(),
            to: moment.time,
            found: None,
        });
        let kind = self.only;
        vec![Effect::Ask(id, run, moment, Ask::Log { words, kind })]
    }

    /// Asks again what was asked and not answered: the worker went down.
    pub(in crate::state) fn ask_again(&mut self, shown: Option<Shown<'_>>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(opened) = self.opened.take_if(|opened| opened.rows.is_none()) {
            let range = (opened.id, opened.from, opened.to);
            effects.extend(self.open_blocks(Some(range), shown));
        }
        if let Some((pins, None)) = self.without {
            effects.extend(self.ask_without(pins, shown));
        }
        if let Some((text, None)) = self.text {
            effects.extend(self.ask_text(Some(text), shown));
        }
        if let Some(search) = self.search.take_if(|search| search.found.is_none()) {
            effects.extend(self.look_for(Some(search.words), shown));
        }
        effects
    }

    /// What was asked of another moment is of no use any more.
    pub(in crate::state) fn forget_asked(&mut self) {
        self.opened = None;
        self.without = None;
        self.text = None;
        self.not_found = None;
    }
}
