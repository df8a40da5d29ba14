//! The catalogue: situations that can be run, each with what it shows, where it comes from, and the ways to run it.
//!
//! A scenario is a file that a person can read, copy and change (`scenarios/*.toml`; docs/scenarios.md has every key). The
//! files of the catalogue are read when the crate is built, so that no reader of TOML goes into the page; `file` reads
//! others.

#[cfg(feature = "files")]
mod file;

#[cfg(feature = "files")]
pub use file::{FileError, ScenarioFile};

use crate::spec::{Fault, Planned, RunSpec, Settings, Tree};

/// A scenario with its name.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// The name it is asked for by: that of its file.
    pub name: String,
    /// What the file says.
    pub run: RunSpec,
}

impl Scenario {
    /// Those that come with Highwater, in the order in which a reader would want them.
    pub fn catalogue() -> Vec<Self> {
        let text = include_str!(concat!(env!("OUT_DIR"), "/catalogue"));
        let Ok(Tree::Table(all)) = Tree::from_json(text) else {
            return Vec::new();
        };
        let read = |(name, tree)| {
            let run = RunSpec::try_from(tree).ok()?;
            Some(Self { name, run })
        };
        all.into_iter().filter_map(read).collect()
    }

    /// The file of the one with this name, as a person wrote it.
    #[cfg(feature = "files")]
    pub fn text(name: &str) -> Option<&'static str> {
        let texts = include!(concat!(env!("OUT_DIR"), "/texts.rs"));
        let found = texts.into_iter().find(|(of, _)| *of == name);
        found.map(|(_, text)| text)
    }

    /// The one of the catalogue with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut catalogue = Self::catalogue().into_iter();
        catalogue.find(|scenario| scenario.name == name)
    }

    /// What its variants run, with its parameters as they are.
    ///
    /// # Errors
    /// The first thing in it that cannot be what it is.
    pub fn plan(&self) -> Result<Vec<Planned>, Fault> {
        self.run.plan(&catalogued)
    }

    /// What its variants run when some of its parameters are set otherwise. What a variant sets for itself stays.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn plan_with(&self, parameters: Settings) -> Result<Vec<Planned>, Fault> {
        let mut spec = RunSpec::with("scenario", self.name.as_str());
        spec.parameters = parameters;
        spec.plan(&|_| Some(self.run.clone()))
    }
}

/// The description of a scenario of the catalogue.
pub fn catalogued(name: &str) -> Option<RunSpec> {
    Scenario::named(name).map(|scenario| scenario.run)
}
