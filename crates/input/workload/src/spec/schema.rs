//! The description of a run as it is written: in a scenario's file, a link, a request of the package, JSON for the command.
//!
//! The build script reads the catalogue's files with it, so it uses nothing else of the crate.

use super::fault::{Fault, Step};
use super::tree::Tree;
use serde::{Deserialize, Serialize};

/// The version of the form.
pub const VERSION: &str = "1";

/// What can be said at every level; what one level does not say is as at the level above. A new option is one line here,
/// its check where its value is used, and its control on each front end.
pub const OPTIONS: &[&str] = &[
    // The pattern that runs.
    "pattern",
    // The release of CPython that runs it, or `none`.
    "python",
    // The allocator, `NAME` or `NAME@VERSION`.
    "allocator",
    // The environment, as any text with settings.
    "environment",
    // Limit of memory for all processes together, in MiB: `memory.max` of their control group.
    "cap",
    // Its `memory.high`, in MiB.
    "high",
    // Cores of the machine.
    "cores",
    // Seed of jemalloc's random states.
    "seed",
    // Processes side by side, each with its own seed.
    "workers",
    // When the program also calls malloc_trim(0).
    "trim",
    // Who gets transparent huge pages: `always`, `madvise` or `never`.
    "thp",
    // How far khugepaged adds to them: `off`, `clock` or `everything`.
    "khugepaged",
    // Bytes of a page in KiB: 4, 16 or 64.
    "page_size",
];

/// What else is said of a run: the `version` of this form ([`VERSION`] where none is said), a heading (`title`), what it
/// `shows` in a few sentences, its `source`, the `scenario` that it begins with, or the `trace` that runs, by its name and the
/// `checksum` (CRC-32, hexadecimal) of its file. Parameters said here take the place of those at the scenario's own top; all
/// else is set over what its variants say.
const OF_A_RUN: &[&str] = &[
    "version", "title", "shows", "source", "scenario", "trace", "checksum",
];

/// What else is said of a variant: its `name`, which no other variant has, and the scenario's variant that it begins as (its
/// `base`), the first if none is said.
const OF_A_VARIANT: &[&str] = &["name", "base"];

/// What else is said of a run, of a variant, and of a stage.
const OWN: [&[&str]; 3] = [OF_A_RUN, OF_A_VARIANT, &["name"]];

/// The key of the parts of a run, and of a variant.
const PARTS: [&str; 2] = ["variant", "stage"];

/// Parameters' names and values, in the order in which they are written.
pub type Settings = Vec<(String, String)>;

/// What is said of a run, of one of its variants, or of a stage of one.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Tree", into = "Tree")]
pub struct Level {
    /// By key, in their order.
    texts: Vec<(&'static str, String)>,
    /// Parameters of the pattern, by name.
    pub parameters: Settings,
    /// The variants of a run: without any, all variants of the scenario, or one with what is said here. The stages of a
    /// variant, if it has more than one.
    pub parts: Vec<Level>,
}

/// A run: what runs, and the variants to run it in. It names a scenario to begin with, a trace, or else a pattern.
pub type RunSpec = Level;

impl Level {
    /// One that says one thing.
    pub fn with(key: &'static str, text: impl Into<String>) -> Self {
        let mut level = Self::default();
        level.set(key, text.into());
        level
    }

    /// What is said under a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let said = self.texts.iter().find(|(own, _)| *own == key);
        said.map(|(_, text)| text.as_str())
    }

    /// What is said under a key, or nothing.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Says something under a key.
    pub fn set(&mut self, key: &'static str, text: String) {
        self.take(key);
        let at = self.texts.partition_point(|(own, _)| *own < key);
        self.texts.insert(at, (key, text));
    }

    /// Takes what is said under a key out of it.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let at = self.texts.iter().position(|(own, _)| *own == key)?;
        Some(self.texts.remove(at).1)
    }

    /// Says the options of another level.
    pub fn put(&mut self, other: &Self) {
        for key in OPTIONS.iter().copied() {
            if let Some(text) = other.get(key) {
                self.set(key, text.to_owned());
            }
        }
        self.parameters.extend_from_slice(&other.parameters);
    }

    /// Its options, without those of its parts.
    pub fn options(&self) -> Self {
        let mut options = Self::default();
        options.put(self);
        options
    }

    fn read(tree: Tree, place: &[Step], depth: usize) -> Result<Self, Fault> {
        let Tree::Table(pairs) = tree else {
            let message = format!("expected a table, not {}", tree.kind());
            return Err(Fault::of(place, message));
        };
        let mut level = Self::default();
        for (key, tree) in pairs {
            let known = || OWN[depth].iter().chain(OPTIONS).copied();
            let known_key = known().find(|known| *known == key);
            let of_parts = PARTS.get(depth).copied();
            let has_parts = of_parts == Some(&*key);
            let inside = || {
                let mut place = place.to_vec();
                place.push(Step::Key(key.clone()));
                place
            };
            match (known_key, tree) {
                (_, Tree::Nothing) => {}
                (Some(key), Tree::Text(text)) => level.set(key, text),
                // The name of one of the scenario's.
                (_, Tree::Text(name)) if has_parts && depth == 0 => {
                    level.parts = vec![Self::with("base", name)];
                }
                (_, Tree::List(items)) if has_parts => {
                    let mut place = inside();
                    for (number, item) in items.into_iter().enumerate() {
                        place.push(Step::Number(number));
                        level.parts.push(Self::read(item, &place, depth + 1)?);
                        place.pop();
                    }
                }
                (_, Tree::Table(pairs)) if key == "parameters" => {
                    level.parameters = settings(pairs, &inside())?;
                }
                (known_key, tree) => {
                    let wanted = match known_key {
                        Some(_) => "a number or a text",
                        None if has_parts => "a list",
                        None if key == "parameters" => "a table of parameters",
                        None => {
                            let known = known().chain(of_parts).chain(["parameters"]);
                            let known = known.collect::<Vec<_>>().join(", ");
                            let message = format!("unknown key; the keys are {known}");
                            return Err(Fault::at(place, &key, message));
                        }
                    };
                    let message = format!("expected {wanted}, not {}", tree.kind());
                    return Err(Fault::at(place, &key, message));
                }
            }
        }
        Ok(level)
    }

    fn tree(&self, depth: usize) -> Tree {
        let text = |(key, text): (&str, &str)| (key.to_owned(), Tree::Text(text.to_owned()));
        let known = OWN[depth].iter().chain(OPTIONS);
        let said = known.filter_map(|key| Some((*key, self.get(key)?)));
        let mut pairs: Vec<(String, Tree)> = said.map(text).collect();
        if let Some(key) = PARTS.get(depth).filter(|_| !self.parts.is_empty()) {
            let parts = self.parts.iter().map(|part| part.tree(depth + 1));
            pairs.push(((*key).to_owned(), Tree::List(parts.collect())));
        }
        if !self.parameters.is_empty() {
            let own = self
                .parameters
                .iter()
                .map(|(name, value)| (&**name, &**value));
            pairs.push((
                "parameters".to_owned(),
                Tree::Table(own.map(text).collect()),
            ));
        }
        Tree::Table(pairs)
    }
}

fn settings(pairs: Vec<(String, Tree)>, place: &[Step]) -> Result<Settings, Fault> {
    let mut read = Settings::new();
    for (name, tree) in pairs {
        match tree {
            Tree::Nothing => {}
            Tree::Text(value) => read.push((name, value)),
            other => {
                let kind = other.kind();
                let message = format!("{name}: expected a number or a text, not {kind}");
                return Err(Fault::at(place, &name, message));
            }
        }
    }
    Ok(read)
}

impl TryFrom<Tree> for Level {
    type Error = Fault;

    fn try_from(tree: Tree) -> Result<Self, Fault> {
        Self::read(tree, &[], 0)
    }
}

impl From<Level> for Tree {
    fn from(level: Level) -> Self {
        level.tree(0)
    }
}
