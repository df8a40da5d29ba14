//! Writing a link: what is shown, as a text.

use highwater_chart::letter;
use highwater_workload::{
    pattern::Parameters,
    spec::{Level, Tree},
};

use super::view::View;
use crate::{naming::settings, state::State, variants::VariantState};

/// A table of the texts of which something is said.
fn table<'k>(pairs: impl IntoIterator<Item = (&'k str, Option<String>)>) -> Tree {
    let pairs = pairs.into_iter();
    let said = pairs.filter_map(|(key, text)| Some((key.to_owned(), Tree::Text(text?))));
    Tree::Table(said.collect())
}

impl State {
    /// The state as a link's text; none while it is not what somebody wants to link to: while a recording is read, or waited for.
    pub fn link(&self) -> Option<String> {
        let is_settled = self.source.loading.is_none() && self.links.awaited.is_none();
        is_settled.then(|| self.link_of_shown())
    }

    /// What is shown, as a link's text.
    pub fn link_of_shown(&self) -> String {
        let source = &self.source;
        let mut run = source.described();
        for (parameter, text) in Parameters::ALL.iter().zip(source.form.wrong()) {
            // A number that is out of range; nothing that was pasted there by mistake.
            let is_number = |text: &&String| {
                let of_numbers = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
                text.len() < 20 && text.bytes().all(of_numbers)
            };
            let text = text.filter(is_number).cloned();
            let wrong = text.map(|text| (parameter.name.to_owned(), text));
            run.parameters.extend(wrong);
        }
        if source.subject.bases().is_none()
            && let Some(name) = run.take("scenario")
        {
            run.set("pattern", name);
        }
        let mut marks = Vec::new();
        for (place, variant) in self.variants.all.iter().enumerate() {
            let (spec, own) = self.linked_of(place, variant);
            run.parts.push(spec);
            marks.push(own);
        }
        let mut all = vec![
            ("run".to_owned(), Tree::from(run)),
            ("marks".to_owned(), Tree::List(marks)),
        ];
        if let Some(place) = self.tour.place() {
            let step = (place.at + 1).to_string();
            let tour = table([("step", Some(step)), ("language", Some(place.language))]);
            all.push(("tour".to_owned(), tour));
        }
        let written = self.charted.notes.iter();
        let written = written.filter(|note| !note.text.trim().is_empty());
        let notes: Vec<Tree> = written
            .map(|note| {
                let time = Some(note.time.0.to_string());
                table([("time", time), ("text", Some(note.text.clone()))])
            })
            .collect();
        if !notes.is_empty() {
            all.push(("notes".to_owned(), Tree::List(notes)));
        }
        all.push(("view".to_owned(), table(View::of(self).said())));
        Tree::Table(all).to_json()
    }

    /// A variant, and its marks.
    fn linked_of(&self, place: usize, variant: &VariantState) -> (Level, Tree) {
        let mut spec = variant.options.clone();
        if let Some(base) = self.source.base_name(variant).filter(|_| variant.base > 0) {
            spec.set("base", base);
        }
        if !variant.is_staged() {
            let settings = settings(&variant.environment.variables).into_iter();
            let lines = settings.map(|setting| format!("{setting}\n"));
            spec.set("allocator", variant.allocator.to_string());
            spec.set("environment", lines.collect());
        }
        let typed = variant.typed_name();
        let runs = variant.variant();
        let given = variant.given_for(&runs).filter(|_| typed.is_none());
        let own = |number: usize| Some(number).filter(|number| *number != place);
        let letter = own(variant.letter).map(|number| letter(number).to_string());
        let marks = table([
            ("given", given.map(|given| given.name.clone())),
            ("letter", letter),
            (
                "colour",
                own(variant.colour).map(|number| number.to_string()),
            ),
        ]);
        if let Some(name) = typed {
            spec.set("name", name);
        }
        (spec, marks)
    }
}
