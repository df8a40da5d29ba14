//! Links of the first form: one thing to a line, by a letter. Addresses that somebody writes, and pages around this one, are put
//! into it, too.
//!
//! Without variants, those that the subject begins with stay, and `n` lines are settings of the first.

use highwater_workload::{Pattern, spec::Tree};

use super::BUNDLED;
use crate::{
    naming::plain,
    subject::{Choices, Subject},
    variants::MOST,
};

type Pairs = Vec<(String, Tree)>;

/// Turns the lines into the form of today.
pub(super) fn upgraded(text: &str, choices: &Choices) -> Result<Tree, String> {
    let mut all = Lines::default();
    for (number, line) in text.lines().enumerate() {
        let mut letters = line.chars();
        let letter = letters.next().unwrap_or(' ');
        // Not what stands there: that may be anything.
        let strange = || format!("line {} is not understood", number + 1);
        all.take(letter, letters.as_str(), choices)
            .map_err(|said| said.unwrap_or_else(strange))?;
    }
    if all.subject.is_none() {
        return Err("it names no workload".to_owned());
    }
    Ok(all.tree())
}

#[derive(Default)]
struct Lines {
    /// The scenario, to whose variants numbers refer.
    subject: Option<String>,
    run: Pairs,
    parameters: Pairs,
    variants: Vec<(Pairs, String)>,
    marks: Vec<Pairs>,
    first: String,
    tour: Pairs,
    view: Pairs,
}

fn put(to: &mut Pairs, key: &str, text: &str) {
    to.retain(|(of, _)| of != key);
    to.push((key.to_owned(), Tree::Text(text.to_owned())));
}

impl Lines {
    fn tree(self) -> Tree {
        let Self { mut run, .. } = self;
        run.push(("parameters".to_owned(), Tree::Table(self.parameters)));
        let variants = self.variants.into_iter().map(|(mut variant, lines)| {
            put(&mut variant, "environment", &lines);
            Tree::Table(variant)
        });
        run.push(("variant".to_owned(), Tree::List(variants.collect())));
        let marks = self.marks.into_iter().map(Tree::Table);
        let mut all = vec![
            ("run".to_owned(), Tree::Table(run)),
            ("marks".to_owned(), Tree::List(marks.collect())),
            ("view".to_owned(), Tree::Table(self.view)),
        ];
        put(&mut all, "first", &self.first);
        if !self.tour.is_empty() {
            all.push(("tour".to_owned(), Tree::Table(self.tour)));
        }
        Tree::Table(all)
    }

    /// Takes a line; an error says what is wrong where it is known.
    fn take(&mut self, letter: char, words: &str, choices: &Choices) -> Result<(), Option<String>> {
        let pair = || words.split_once(' ').ok_or(None);
        match letter {
            's' if words == BUNDLED => {
                self.subject = Some(String::new());
                put(&mut self.run, "trace", words);
            }
            's' => {
                choices
                    .find(words)
                    .ok_or_else(|| format!("unknown workload {}", plain(words)))?;
                self.subject = Some(words.to_owned());
                let is_pattern = words.parse::<Pattern>().is_ok();
                put(
                    &mut self.run,
                    if is_pattern { "pattern" } else { "scenario" },
                    words,
                );
            }
            'f' => {
                self.subject = Some(String::new());
                put(&mut self.run, "trace", words);
            }
            'k' => put(&mut self.run, "checksum", words),
            'p' => {
                let (name, value) = pair()?;
                put(&mut self.parameters, name, value);
            }
            'v' => self.variant(words, choices)?,
            'i' => put(self.marks.last_mut().ok_or(None)?, "given", words),
            'a' => put(self.marks.last_mut().ok_or(None)?, "letter", words),
            'e' => {
                let (_, lines) = self.variants.last_mut().ok_or(None)?;
                lines.push_str(words);
                lines.push('\n');
            }
            'n' => {
                self.first.push_str(words);
                self.first.push('\n');
            }
            'u' => {
                let places: Vec<&str> = words.split(' ').collect();
                let [selected, baseline, beside] = places[..] else {
                    return Err(None);
                };
                put(&mut self.view, "selected", selected);
                put(&mut self.view, "baseline", baseline);
                if beside != "-" {
                    put(&mut self.view, "beside", beside);
                }
            }
            'z' | 'o' | 'b' | 'g' => {
                let (to, keys) = match letter {
                    'z' => (&mut self.view, ["from", "to"]),
                    'o' => (&mut self.view, ["column", "falls"]),
                    'b' => (&mut self.view, ["first", "last"]),
                    _ => (&mut self.tour, ["step", "language"]),
                };
                let (one, other) = pair()?;
                put(to, keys[0], one);
                put(to, keys[1], other);
            }
            't' => put(&mut self.view, "time", words),
            'h' => put(&mut self.view, "hidden", words),
            'm' => put(&mut self.view, "at", words),
            'd' => put(&mut self.view, "only", words),
            'c' => put(&mut self.view, "theme", words),
            _ => return Err(None),
        }
        Ok(())
    }

    /// `BASE COLOUR ALLOCATOR NAME`.
    fn variant(&mut self, words: &str, choices: &Choices) -> Result<(), Option<String>> {
        let parts: Vec<&str> = words.splitn(4, ' ').collect();
        let [base, colour, allocator, name] = parts[..] else {
            return Err(None);
        };
        if self.variants.len() >= MOST {
            return Err(None);
        }
        let base: u16 = base.parse().map_err(|_| None)?;
        let mut variant = Pairs::new();
        // A pattern's variants all begin alike.
        let subject = self
            .subject
            .as_ref()
            .filter(|name| name.parse::<Pattern>().is_err());
        let subject = subject.and_then(|name| choices.find(name));
        if let Some(scenario) = subject.as_ref().and_then(Subject::run) {
            let base = scenario.variant.get(usize::from(base)).ok_or(None)?;
            put(&mut variant, "base", &base.name);
        }
        put(&mut variant, "allocator", allocator);
        put(&mut variant, "name", name);
        self.variants.push((variant, String::new()));
        let mut marks = Pairs::new();
        put(&mut marks, "colour", colour);
        self.marks.push(marks);
        Ok(())
    }
}
