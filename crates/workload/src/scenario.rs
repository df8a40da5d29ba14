//! The catalogue of what can be run without a recording.

use crate::pattern::{self, Parameter, ParameterError, Parameters, Program, Schedule};
use crate::{Watch, Workload};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A pattern with a name, known to the page and the command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// One subscriber after another.
    Sync,
    /// All subscribers at once.
    #[serde(rename = "async_fanout")]
    AsyncFanOut,
    /// A pool of threads.
    Threads,
}

/// Why a scenario was not built.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum ScenarioError {
    /// There is no such scenario.
    #[error("there is no scenario `{name}`; there are sync, async_fanout and threads")]
    Unknown {
        /// What was asked for, shortened.
        name: String,
    },
    /// A parameter cannot be what it is.
    #[error(transparent)]
    Parameter(ParameterError),
    /// The watch broke off.
    #[error("building the scenario was cancelled")]
    Cancelled,
}

impl Scenario {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Sync, Self::AsyncFanOut, Self::Threads];

    /// The name it is asked for by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::AsyncFanOut => "async_fanout",
            Self::Threads => "threads",
        }
    }

    /// A heading for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sync => "One subscriber after another",
            Self::AsyncFanOut => "Asynchronous fan-out",
            Self::Threads => "Pool of threads",
        }
    }

    /// What there is to see in it, in a sentence or two.
    pub const fn shows(self) -> &'static str {
        match self {
            Self::Sync => {
                "Each subscriber reads, decodes and hands out its stream alone, so little is held at one time. The \
                 same work as the fan-out, and the one that misled when it was measured."
            }
            Self::AsyncFanOut => {
                "All subscribers read and decode whole streams at the same time, and what they hold interleaves in \
                 the heap. When they have ended everything has been freed: look at what went back."
            }
            Self::Threads => {
                "Threads answer requests side by side, each from an arena of its own. Some rows are freed by another \
                 thread, some stay in a cache that all share: see how much lies free in arenas that nobody asks."
            }
        }
    }

    /// The program it runs.
    pub const fn program(self) -> Program {
        match self {
            Self::Sync | Self::AsyncFanOut => Program::Service,
            Self::Threads => Program::Pool,
        }
    }

    /// The release of CPython that runs it, if it is a Python program.
    pub const fn python(self) -> Option<&'static str> {
        match self {
            Self::Sync | Self::AsyncFanOut => Some("3.11"),
            Self::Threads => None,
        }
    }

    /// What of it can be set.
    pub fn parameters(self) -> impl Iterator<Item = &'static Parameter> {
        let of_ours = move |parameter: &&Parameter| parameter.is_of(self.program());
        Parameters::ALL.iter().filter(of_ours)
    }

    /// The calls it makes. `watch` is told at every await of the program, or turn of a thread.
    ///
    /// # Errors
    /// A parameter out of its range, too much asked for, or `watch` breaking off.
    pub fn build(
        self,
        parameters: &Parameters,
        watch: &mut Watch,
    ) -> Result<Workload, ScenarioError> {
        let mut workload = match self {
            Self::Sync => pattern::run_service(Schedule::OneByOne, parameters, watch)?,
            Self::AsyncFanOut => pattern::run_service(Schedule::Interleaved, parameters, watch)?,
            Self::Threads => pattern::run_pool(parameters, watch)?,
        };
        let mut program = self.name().to_owned();
        for parameter in self.parameters() {
            let value = parameters.get(parameter.name).unwrap_or(parameter.default);
            program += &format!(" {}={value}", parameter.name);
        }
        workload.header.program = Some(program);
        Ok(workload)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    /// The scenario of that [`name`](Scenario::name).
    fn from_str(name: &str) -> Result<Self, ScenarioError> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == name)
            .ok_or_else(|| ScenarioError::Unknown {
                name: name.chars().take(40).collect(),
            })
    }
}
