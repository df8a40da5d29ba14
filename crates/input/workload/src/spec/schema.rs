//! The description of a run as it is written: in a scenario's file, a link, a request of the package, JSON for the command.
//!
//! The build script reads the catalogue's files with it, so it uses nothing else of the crate.

use super::fault::{Fault, Step};
use super::tree::Tree;
use serde::{Deserialize, Serialize};

/// The version of the form.
pub const VERSION: &str = "1";

/// Calls a macro with a level's own fields and the options that every level has. A new option is one line here, its check
/// where its value is used, and its control on each front end.
macro_rules! with_options {
    ($level:ident $own:tt) => {
        $level! { $own
            /// The pattern that runs.
            pattern
            /// The release of CPython that runs it, or `none`.
            python
            /// The allocator, `NAME` or `NAME@VERSION`.
            allocator
            /// The environment, as any text with settings.
            environment
            /// Limit of resident memory for all processes together, in MiB.
            cap
            /// Cores of the machine.
            cores
            /// Seed of jemalloc's random states.
            seed
            /// Processes side by side, each with its own seed.
            workers
        }
    };
}

/// Whatever can stand under a key.
trait Part: Sized + Default {
    /// Reads it.
    fn read(tree: Tree, place: &[Step], key: &str) -> Result<Self, Fault>;
    /// Writes it; nothing where it is as where nothing is said.
    fn write(&self) -> Tree;
}

macro_rules! level {
    ({ $(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $own_type:ty,)* } }
        $($(#[$option_doc:meta])* $option:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
        #[serde(try_from = "Tree", into = "Tree")]
        pub struct $name {
            $($(#[$own_doc])* pub $own: $own_type,)*
            $($(#[$option_doc])* pub $option: Option<String>,)*
            /// Parameters of the pattern, by name.
            pub parameters: Settings,
        }

        impl $name {
            /// The options of this level.
            pub fn options(&self) -> Options {
                Options {
                    $($option: self.$option.clone(),)*
                    parameters: self.parameters.clone(),
                }
            }

            /// Says an option; false where there is none of this name.
            pub fn set(&mut self, name: &str, value: impl ToString) -> bool {
                let option = match name {
                    $(stringify!($option) => &mut self.$option,)*
                    _ => return false,
                };
                *option = Some(value.to_string());
                true
            }

            /// Sets what another level says over what this one does.
            pub fn put(&mut self, other: &Options) {
                $(if other.$option.is_some() {
                    self.$option.clone_from(&other.$option);
                })*
                self.parameters.0.extend_from_slice(&other.parameters.0);
            }

            fn read_at(tree: Tree, place: &[Step]) -> Result<Self, Fault> {
                let Tree::Table(pairs) = tree else {
                    return Err(Fault::of(place, format!("expected a table, not {}", tree.kind())));
                };
                let mut read = Self::default();
                for (key, tree) in pairs.into_iter().filter(|(_, tree)| *tree != Tree::Nothing) {
                    match key.as_str() {
                        $(stringify!($own) => read.$own = Part::read(tree, place, &key)?,)*
                        $(stringify!($option) => read.$option = Part::read(tree, place, &key)?,)*
                        "parameters" => read.parameters = Part::read(tree, place, &key)?,
                        _ => {
                            let known: &[&str] =
                                &[$(stringify!($own),)* $(stringify!($option),)* "parameters"];
                            return Err(Fault::unknown_key(place, &key, known));
                        }
                    }
                }
                Ok(read)
            }
        }

        impl TryFrom<Tree> for $name {
            type Error = Fault;

            fn try_from(tree: Tree) -> Result<Self, Fault> {
                Self::read_at(tree, &[])
            }
        }

        impl From<$name> for Tree {
            fn from(level: $name) -> Self {
                let pairs = [
                    $((stringify!($own), level.$own.write()),)*
                    $((stringify!($option), level.$option.write()),)*
                    ("parameters", level.parameters.write()),
                ];
                let said = pairs.into_iter().filter(|(_, tree)| *tree != Tree::Nothing);
                Tree::Table(said.map(|(key, tree)| (key.to_owned(), tree)).collect())
            }
        }
    };
}

macro_rules! merged {
    ($own:tt $($(#[$option_doc:meta])* $option:ident)*) => {
        level! { $own $($(#[$option_doc])* $option)* }

        impl Options {
            /// The names of all options.
            pub const NAMES: &[&str] = &[$(stringify!($option)),*];

            /// What is said of an option.
            pub fn get(&self, name: &str) -> Option<&str> {
                match name {
                    $(stringify!($option) => self.$option.as_deref(),)*
                    _ => None,
                }
            }
        }
    };
}

with_options! { merged {
    /// What can be said at every level. What one level does not say is as at the level above.
    Options {}
} }

with_options! { level {
    /// A run: what runs, and the variants to run it in. It names a scenario to begin with, a trace, or else a pattern.
    RunSpec {
        /// The version of this form, [`VERSION`] where none is said.
        version: Option<String>,
        /// A heading.
        title: String,
        /// What it shows, in a few sentences.
        shows: String,
        /// Where it comes from.
        source: String,
        /// The scenario that it begins with. Parameters said here take the place of those at the scenario's own top; all else
        /// is set over what its variants say.
        scenario: Option<String>,
        /// The trace that runs, by its name.
        trace: Option<String>,
        /// The CRC-32 of the trace's file, in hexadecimal.
        checksum: Option<String>,
        /// The variants, or the name of one of the scenario's. Without any, all variants of the scenario, or one with what is
        /// said here.
        variant: Vec<VariantSpec>,
    }
} }

with_options! { level {
    /// One way to run it.
    VariantSpec {
        /// Its name, which no other variant has.
        name: String,
        /// The scenario's variant that it begins as; the first if none is said.
        base: Option<String>,
        /// The stages, if it has more than one.
        stage: Vec<StageSpec>,
    }
} }

with_options! { level {
    /// A part of a variant's time: processes start, run to their end, and are stopped.
    StageSpec {
        /// Its name.
        name: String,
    }
} }

impl Part for String {
    fn read(tree: Tree, place: &[Step], key: &str) -> Result<Self, Fault> {
        match tree {
            Tree::Text(text) => Ok(text),
            other => {
                let message = format!("expected a number or a text, not {}", other.kind());
                Err(Fault::at(place, key, message))
            }
        }
    }

    fn write(&self) -> Tree {
        match self.is_empty() {
            true => Tree::Nothing,
            false => Tree::Text(self.clone()),
        }
    }
}

/// Variants, or the name of one of the scenario's.
impl Part for Vec<VariantSpec> {
    fn read(tree: Tree, place: &[Step], key: &str) -> Result<Self, Fault> {
        if let Tree::Text(name) = tree {
            return Ok(vec![VariantSpec {
                base: Some(name),
                ..VariantSpec::default()
            }]);
        }
        list(tree, place, key, VariantSpec::read_at)
    }

    fn write(&self) -> Tree {
        written(self)
    }
}

impl Part for Vec<StageSpec> {
    fn read(tree: Tree, place: &[Step], key: &str) -> Result<Self, Fault> {
        list(tree, place, key, StageSpec::read_at)
    }

    fn write(&self) -> Tree {
        written(self)
    }
}

fn list<T>(
    tree: Tree,
    place: &[Step],
    key: &str,
    read: fn(Tree, &[Step]) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let Tree::List(items) = tree else {
        let message = format!("expected a list, not {}", tree.kind());
        return Err(Fault::at(place, key, message));
    };
    let read = |(number, item)| {
        let mut place = place.to_vec();
        place.extend([Step::Key(key.to_owned()), Step::Number(number)]);
        read(item, &place)
    };
    items.into_iter().enumerate().map(read).collect()
}

fn written<T: Clone + Into<Tree>>(levels: &[T]) -> Tree {
    match levels.is_empty() {
        true => Tree::Nothing,
        false => Tree::List(levels.iter().cloned().map(Into::into).collect()),
    }
}

impl Part for Option<String> {
    fn read(tree: Tree, place: &[Step], key: &str) -> Result<Self, Fault> {
        String::read(tree, place, key).map(Some)
    }

    fn write(&self) -> Tree {
        self.clone().map_or(Tree::Nothing, Tree::Text)
    }
}

/// Parameters' names and values, in the order in which they are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings(pub Vec<(String, String)>);

impl Part for Settings {
    fn read(tree: Tree, place: &[Step], key: &str) -> Result<Self, Fault> {
        let Tree::Table(pairs) = tree else {
            let message = format!("expected a table of parameters, not {}", tree.kind());
            return Err(Fault::at(place, key, message));
        };
        let mut place = place.to_vec();
        place.push(Step::Key(key.to_owned()));
        let said = pairs.into_iter().filter(|(_, tree)| *tree != Tree::Nothing);
        let read = said.map(|(name, tree)| {
            let value = String::read(tree, &place, &name).map_err(|fault| Fault {
                message: format!("{name}: {}", fault.message),
                ..fault
            })?;
            Ok((name, value))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> Tree {
        if self.0.is_empty() {
            return Tree::Nothing;
        }
        let pairs = self.0.iter();
        Tree::Table(
            pairs
                .map(|(name, value)| (name.clone(), Tree::Text(value.clone())))
                .collect(),
        )
    }
}
