//! The catalogue: situations that can be run, each with what it shows, where it comes from, and the ways to run it.
//!
//! A scenario is a file that a person can read, copy and change (`scenarios/*.toml`; docs/scenarios.md has every key). The
//! files of the catalogue are read when the crate is built, so that no reader of TOML goes into the page; `file` reads
//! others.

#[cfg(feature = "files")]
mod file;
mod schema;

#[cfg(feature = "files")]
pub use file::{FileError, ScenarioFile};
pub use schema::{Script, Setting, VariantScript};

use crate::pattern::{Parameters, Pattern};
use schema::Setup;
use std::fmt;

/// Most processes side by side.
pub const MAX_WORKERS: u32 = 64;
/// Most MiB that a cap may be.
pub const MAX_CAP: u64 = 1 << 20;
/// Most cores that a machine may have.
pub const MAX_CORES: u32 = 4096;

/// A scenario with its name.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// The name it is asked for by: that of its file.
    pub name: String,
    /// What the file says.
    pub script: Script,
}

/// One way to run a scenario, with everything said.
#[derive(Clone, PartialEq, Debug)]
pub struct Planned {
    /// The variant's name.
    pub name: String,
    /// What runs one after another; one thing for most.
    pub stages: Vec<PlannedStage>,
}

/// Processes that start together, run to their end, and are stopped.
#[derive(Clone, PartialEq, Debug)]
pub struct PlannedStage {
    /// The stage's name; that of the variant where it has but one.
    pub name: String,
    /// What each process runs.
    pub pattern: Pattern,
    /// With these parameters, the seed counted up from process to process.
    pub parameters: Parameters,
    /// The release of CPython that runs it, if one does.
    pub python: Option<String>,
    /// The allocator; the default one if none is said.
    pub allocator: Option<String>,
    /// What stands in the environment, as lines.
    pub environment: String,
    /// MiB that all processes together may have resident, 1 to [`MAX_CAP`].
    pub cap: Option<u64>,
    /// Cores of the machine, 1 to [`MAX_CORES`].
    pub cores: Option<u32>,
    /// Processes, 1 to [`MAX_WORKERS`].
    pub workers: u32,
    /// Where in the file it is said.
    pub place: Vec<Step>,
}

/// One step on the way to a place in a scenario's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// To what stands under a key.
    Key(String),
    /// To one of several of the same name, from 0.
    Number(usize),
}

/// Why a scenario cannot be run as it is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// Where.
    pub place: Vec<Step>,
    /// What is wrong there, with what is allowed.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// A fault at a key of a place.
    pub fn at(place: &[Step], key: &str, message: impl fmt::Display) -> Self {
        let mut place = place.to_vec();
        place.push(Step::Key(key.to_owned()));
        Self {
            place,
            message: message.to_string(),
        }
    }
}

impl Scenario {
    /// Those that come with Highwater, in the order in which a reader would want them.
    pub fn catalogue() -> Vec<Self> {
        let scripts: Vec<(String, Script)> =
            postcard::from_bytes(include_bytes!(concat!(env!("OUT_DIR"), "/catalogue")))
                .unwrap_or_default();
        let named = |(name, script)| Self { name, script };
        scripts.into_iter().map(named).collect()
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

    /// The pattern that runs where a variant does not say another, and its parameters.
    ///
    /// # Errors
    /// There is no such pattern, or a parameter cannot be what it is.
    pub fn common(&self) -> Result<(Pattern, Parameters), Fault> {
        let mut stage = Level::default();
        stage.take(&self.script.setup(), &[])?;
        let pattern = stage.pattern.ok_or_else(|| needs_pattern(&[]))?;
        Ok((pattern, stage.parameters))
    }

    /// What its variants run, with its parameters as they are.
    ///
    /// # Errors
    /// The first thing in it that cannot be what it is.
    pub fn plan(&self) -> Result<Vec<Planned>, Fault> {
        self.plan_with(&[])
    }

    /// What its variants run when some of its parameters are set otherwise, by name and text. What a variant sets for
    /// itself stays.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn plan_with(&self, changed: &[(String, String)]) -> Result<Vec<Planned>, Fault> {
        let script = &self.script;
        if script.variant.is_empty() {
            return Err(Fault::at(
                &[],
                "variant",
                "at least one [[variant]] is required",
            ));
        }
        let mut common = Level::default();
        common.take(&script.setup(), &[])?;
        for (name, value) in changed {
            let set = common.parameters.set_text(name, value);
            set.map_err(|error| Fault::at(&[], "parameters", error))?;
        }
        let mut planned: Vec<Planned> = Vec::new();
        for (number, variant) in script.variant.iter().enumerate() {
            let place = [Step::Key("variant".to_owned()), Step::Number(number)];
            if planned.iter().any(|other| other.name == variant.name) {
                let message = format!(
                    "two variants are named `{}`; give each its own name",
                    variant.name
                );
                return Err(Fault::at(&place, "name", message));
            }
            let mut level = common.clone();
            level.take(&variant.setup(), &place)?;
            let mut stages = Vec::new();
            for (number, stage) in variant.stage.iter().enumerate() {
                let mut place = place.to_vec();
                place.extend([Step::Key("stage".to_owned()), Step::Number(number)]);
                let mut level = level.clone();
                level.take(&stage.setup(), &place)?;
                stages.push(level.planned(&stage.name, place)?);
            }
            if stages.is_empty() {
                stages.push(level.planned(&variant.name, place.to_vec())?);
            }
            planned.push(Planned {
                name: variant.name.clone(),
                stages,
            });
        }
        Ok(planned)
    }
}

fn needs_pattern(place: &[Step]) -> Fault {
    let known = Pattern::ALL.map(Pattern::name).join(", ");
    Fault::at(
        place,
        "pattern",
        format!("a pattern is missing; choose one of {known}"),
    )
}

/// What is said down to some level.
#[derive(Clone, Default)]
struct Level {
    pattern: Option<Pattern>,
    python: Option<String>,
    allocator: Option<String>,
    environment: String,
    cap: Option<u64>,
    cores: Option<u32>,
    workers: Option<u32>,
    parameters: Parameters,
    /// Where parameters were set last.
    set_at: Vec<Step>,
}

impl Level {
    /// Takes over what is said at the next level down.
    fn take(&mut self, setup: &Setup<'_>, place: &[Step]) -> Result<(), Fault> {
        if let Some(name) = setup.pattern {
            let pattern = name.parse();
            self.pattern = Some(pattern.map_err(|error| Fault::at(place, "pattern", error))?);
        }
        let own = |text: &str| text.to_owned();
        self.python = setup.python.map(own).or(self.python.take());
        self.allocator = setup.allocator.map(own).or(self.allocator.take());
        if let Some(environment) = setup.environment {
            environment.clone_into(&mut self.environment);
        }
        let within = |key, value: Option<u64>, most: u64| match value {
            Some(value) if value < 1 || value > most => {
                let message = format!("{key}={value}: the value must be between 1 and {most}");
                Err(Fault::at(place, key, message))
            }
            value => Ok(value),
        };
        let narrow = |value: u64| value as u32;
        self.cap = within("cap", setup.cap, MAX_CAP)?.or(self.cap);
        let cores = within("cores", setup.cores.map(u64::from), MAX_CORES.into())?;
        self.cores = cores.map(narrow).or(self.cores);
        let workers = within("workers", setup.workers.map(u64::from), MAX_WORKERS.into())?;
        self.workers = workers.map(narrow).or(self.workers);
        if !setup.parameters.0.is_empty() {
            self.set_at = place.to_vec();
        }
        for (name, Setting(value)) in &setup.parameters.0 {
            let set = self.parameters.set_text(name, value);
            set.map_err(|error| {
                let mut place = place.to_vec();
                place.push(Step::Key("parameters".to_owned()));
                Fault::at(&place, name, error)
            })?;
        }
        Ok(())
    }

    fn planned(self, name: &str, place: Vec<Step>) -> Result<PlannedStage, Fault> {
        let pattern = self.pattern.ok_or_else(|| needs_pattern(&place))?;
        let check = self.parameters.check(pattern.program());
        check.map_err(|error| Fault::at(&self.set_at, "parameters", error))?;
        let python = match self.python.as_deref() {
            None => pattern.python().map(str::to_owned),
            Some("none") => None,
            Some(version) => Some(version.to_owned()),
        };
        Ok(PlannedStage {
            name: name.to_owned(),
            pattern,
            parameters: self.parameters,
            python,
            allocator: self.allocator,
            environment: self.environment,
            cap: self.cap,
            cores: self.cores,
            workers: self.workers.unwrap_or(1),
            place,
        })
    }
}
