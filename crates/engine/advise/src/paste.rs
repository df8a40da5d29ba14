//! A remedy to paste: as a change to the file in which people keep their settings, and as a paragraph for a review.

mod forms;
mod place;
mod review;

use crate::advice::{Advice, Advised};
use highwater_simulator::{INSTALLS_JEMALLOC, Image, Variable, repeated};
use highwater_workload::Trims;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

pub use place::Place;

/// Where a remedy is pasted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A Dockerfile.
    Dockerfile,
    /// A service of a Compose file.
    Compose,
    /// A container of a Kubernetes manifest.
    Kubernetes,
    /// A drop-in of a systemd unit.
    Systemd,
    /// A Procfile.
    Procfile,
    /// Plain variables.
    Env,
    /// The review of an incident.
    Review,
}

/// A name that stands for no form.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "unknown form `{0}`; choose among dockerfile, compose, kubernetes, systemd, procfile, env, review"
)]
pub struct UnknownForm(String);

impl Form {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Dockerfile,
        Self::Compose,
        Self::Kubernetes,
        Self::Systemd,
        Self::Procfile,
        Self::Env,
        Self::Review,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
            Self::Systemd => "systemd",
            Self::Procfile => "procfile",
            Self::Env => "env",
            Self::Review => "review",
        }
    }

    /// The form of a file with settings, by its name and its text; plain variables where nothing says another.
    pub fn of(file: &str, text: &str) -> Self {
        let name = file_name(file).to_ascii_lowercase();
        let has = |start: &str| {
            text.lines()
                .any(|line| line.trim_start().starts_with(start))
        };
        let begins = |start: &str| text.lines().any(|line| line.starts_with(start));
        if name.contains("dockerfile")
            || name.contains("containerfile")
            || begins("ENV ")
            || text.lines().any(highwater_settings::begins_stage)
        {
            Self::Dockerfile
        } else if has("[Service]") || name.ends_with(".service") {
            Self::Systemd
        } else if ["apiVersion:", "kind:", "containers:"]
            .iter()
            .any(|key| has(key))
            || place::is_json(text) && text.contains("\"containers\"")
        {
            Self::Kubernetes
        } else if begins("services:") {
            Self::Compose
        } else if name.starts_with("procfile") {
            Self::Procfile
        } else {
            Self::Env
        }
    }
}

/// A file's own name, without its folders.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|form| form.name() == text);
        found.ok_or_else(|| UnknownForm(repeated(text)))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A change that is made for good.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remedy {
    /// Variables to set.
    pub variables: Vec<Variable>,
    /// Variables to remove.
    pub removed: Vec<String>,
    /// The command that installs what the variables load; none where nothing is loaded, or no package is known.
    pub installs: Option<String>,
    /// When the program also calls `malloc_trim(0)`.
    pub trims: Option<Trims>,
}

/// The library that is loaded: by its name, since its folder differs with the machine.
const JEMALLOC: &str = "libjemalloc.so.2";

impl Remedy {
    /// What makes a candidate. `known` is the environment of the run as it is, `image` the one that is changed.
    pub fn new(row: &Advised, known: &[Variable], image: Option<&Image>) -> Self {
        let candidate = &row.candidate;
        let of_malloc = |set: &&Variable| highwater_settings::is_read(&set.name);
        let mut variables: Vec<Variable> = Vec::new();
        if candidate.allocator.is_some() {
            let mut preloaded: Vec<&str> = vec![JEMALLOC];
            let before = known.iter().find(|set| set.name == "LD_PRELOAD");
            let before = before.map_or("", |set| set.value.as_str());
            preloaded.extend(
                before
                    .split([':', ' '])
                    .filter(|library| !library.is_empty()),
            );
            variables.push(Variable {
                name: "LD_PRELOAD".to_owned(),
                value: preloaded.join(":"),
            });
        }
        // A list keeps the options that it has.
        for set in &candidate.variables {
            let before = known.iter().filter(|known| known.name == set.name);
            let before = before.filter(|_| !candidate.removes);
            let mut whole: Vec<Variable> = before.cloned().collect();
            crate::candidate::put(&mut whole, set);
            variables.append(&mut whole);
        }
        let installs = candidate.allocator.map(|_| match image {
            Some(image) => image.installs_jemalloc(),
            None => Some(INSTALLS_JEMALLOC.to_owned()),
        });
        // What is set to another value is no more removed: `UnsetEnvironment=` of systemd would win over the value.
        let is_set = |set: &&Variable| variables.iter().any(|new| new.name == set.name);
        let removed = known.iter().filter(of_malloc).filter(|_| candidate.removes);
        let removed = removed.filter(|set| !is_set(set));
        Self {
            removed: removed.map(|set| set.name.clone()).collect(),
            variables,
            installs: installs.flatten(),
            trims: candidate.trims,
        }
    }
}

/// Returns a candidate as it is pasted into a place: the change itself, or the paragraph on it. `known` is the environment of the
/// run as it is.
pub fn paste(
    advice: &Advice,
    row: &Advised,
    place: &Place,
    subject: &str,
    known: &[Variable],
    image: Option<&Image>,
) -> String {
    match place.form() {
        Form::Review => review::paragraph(advice, row, subject),
        _ => Remedy::new(row, known, image).written(place),
    }
}
