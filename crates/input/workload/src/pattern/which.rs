//! The patterns, and how one becomes a workload.

use super::schedule::Schedule;
use super::{Generator, Parameter, ParameterError, Parameters, Program};
use crate::{Source, Watch, Workload};
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Decimal, repeated};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A pattern, known by its name to the page, the command and the scenarios.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// One subscriber after another.
    Sync,
    /// All subscribers at once.
    #[serde(rename = "async_fanout")]
    AsyncFanOut,
    /// A pool of threads.
    Threads,
    /// Threads of a runtime with a collector, which work off jobs.
    Jobs,
    /// Tasks over blocks of numbers, one after another.
    Tasks,
}

/// Why a pattern was not built.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum PatternError {
    /// There is no such pattern.
    #[error("unknown pattern `{name}`; the patterns are {}", known())]
    Unknown {
        /// What was asked for, shortened.
        name: String,
    },
    /// A parameter cannot be what it is.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The watch broke off.
    #[error("generating the pattern was cancelled")]
    Cancelled,
}

fn known() -> String {
    Pattern::ALL.map(Pattern::name).join(", ")
}

impl Pattern {
    /// All patterns.
    pub const ALL: [Self; 5] = [
        Self::Sync,
        Self::AsyncFanOut,
        Self::Threads,
        Self::Jobs,
        Self::Tasks,
    ];

    /// The name it is asked for by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::AsyncFanOut => "async_fanout",
            Self::Threads => "threads",
            Self::Jobs => "jobs",
            Self::Tasks => "tasks",
        }
    }

    /// A heading for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sync => "One subscriber after another",
            Self::AsyncFanOut => "Asynchronous fan-out",
            Self::Threads => "Pool of threads",
            Self::Jobs => "Jobs on threads, with a collector",
            Self::Tasks => "Tasks one after another",
        }
    }

    /// Returns what it shows, in two or three sentences.
    pub const fn shows(self) -> &'static str {
        match self {
            Self::Sync => {
                "Each subscriber reads, decodes and delivers its stream alone, so little memory is held at the same \
                 time. The work is the same as the fan-out's, but measuring it hides the problem."
            }
            Self::AsyncFanOut => {
                "All subscribers read and decode whole streams at the same time, so their memory interleaves in the \
                 heap. When they end, everything has been freed: look at how much went back."
            }
            Self::Threads => {
                "Threads answer requests in parallel, each with its own arena. Another thread frees some rows, and a \
                 shared cache keeps others: look at how much is free in arenas that no thread allocates from."
            }
            Self::Jobs => {
                "Threads process small and heavy jobs, as Sidekiq does. The collector frees what a job leaves, on \
                 whichever thread it runs. Every arena keeps the peak of its heaviest job."
            }
            Self::Tasks => {
                "One task after another loads blocks of numbers, computes, and keeps a small result, as a Dask worker \
                 does. Whether the blocks go back depends on their origin: the heap, or a mapping for each block."
            }
        }
    }

    /// The program it runs.
    pub const fn program(self) -> Program {
        match self {
            Self::Sync | Self::AsyncFanOut => Program::Service,
            Self::Threads => Program::Pool,
            Self::Jobs => Program::Jobs,
            Self::Tasks => Program::Tasks,
        }
    }

    /// How the tasks of the service take turns; the other programs have threads, or one task.
    pub(super) const fn schedule(self) -> Schedule {
        match self {
            Self::AsyncFanOut => Schedule::Interleaved,
            _ => Schedule::OneByOne,
        }
    }

    /// The release of CPython that runs it, if it is a Python program.
    pub const fn python(self) -> Option<&'static str> {
        match self {
            Self::Sync | Self::AsyncFanOut | Self::Tasks => Some("3.11"),
            Self::Threads | Self::Jobs => None,
        }
    }

    /// What of it can be set.
    pub fn parameters(self) -> impl Iterator<Item = &'static Parameter> {
        let of_ours = move |parameter: &&Parameter| parameter.is_of(self.program());
        Parameters::ALL.iter().filter(of_ours)
    }

    /// The calls it makes, all of them in memory. `watch` is told at every await of the program, or turn of a thread.
    ///
    /// # Errors
    /// A parameter out of its range, more calls than [`MAX_CALLS`](super::MAX_CALLS), or `watch` breaking off.
    pub fn build(
        self,
        parameters: &Parameters,
        watch: &mut Watch,
    ) -> Result<Workload, PatternError> {
        parameters.check_whole(self.program())?;
        Generator::new(self, parameters)?.whole(watch)
    }

    /// The calls it makes, as something to replay: whole where all of them fit into memory, else burst by burst.
    ///
    /// # Errors
    /// A parameter out of its range, too much asked for, or `watch` breaking off.
    pub fn source(
        self,
        parameters: &Parameters,
        watch: &mut Watch,
    ) -> Result<Source, PatternError> {
        if parameters.check_whole(self.program()).is_ok() {
            return Ok(Source::generated(self.build(parameters, watch)?));
        }
        Source::streamed(Generator::new(self, parameters)?, watch)
    }

    /// It with its parameters, in a line.
    pub(super) fn described(self, parameters: &Parameters) -> String {
        let mut program = self.name().to_owned();
        for parameter in self.parameters() {
            let value = parameters.get(parameter.name).unwrap_or(parameter.default);
            program += &format!(" {}={}", parameter.name, Decimal::short(value));
        }
        program
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    /// The pattern of that [`name`](Pattern::name).
    fn from_str(name: &str) -> Result<Self, PatternError> {
        Self::ALL
            .into_iter()
            .find(|pattern| pattern.name() == name)
            .ok_or_else(|| PatternError::Unknown {
                name: repeated(name),
            })
    }
}
