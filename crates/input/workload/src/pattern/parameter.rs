//! One thing of a pattern that can be set, and why it was not.

use crate::Bytes;
use highwater_allocator::Decimal;
use serde::Serialize;
use thiserror::Error;

/// One thing that can be set: what a slider or the command's `--set` needs to know.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Parameter {
    /// The name it is set by.
    pub name: &'static str,
    /// The unit of its value, empty for a plain number.
    pub unit: &'static str,
    /// What it is, in a sentence for people.
    pub meaning: &'static str,
    /// Its value if it is not set.
    pub default: f64,
    /// Its smallest value.
    pub min: f64,
    /// Its largest value.
    pub max: f64,
    /// The distance between two values it can have, counted from 0; what lies between is rounded.
    pub step: f64,
    /// The names of its values, from 0 on, where they are choices and no amounts; they can be set by name, too.
    pub choices: &'static [&'static str],
    /// The programs that have it.
    pub programs: &'static [Program],
}

/// The programs that patterns run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// Subscribers that read streams, in an event loop or one after another.
    Service,
    /// Threads that answer requests.
    Pool,
    /// Threads that work off jobs, with a collector.
    Jobs,
    /// Tasks over blocks of numbers.
    Tasks,
}

impl Program {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Service, Self::Pool, Self::Jobs, Self::Tasks];
}

/// Why a parameter was not set.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum ParameterError {
    /// There is no such parameter.
    #[error("unknown parameter `{name}`; the parameters are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// The value is no number.
    #[error(
        "{name}={value}: the value must be a number between {} and {}{unit}",
        Decimal::short(*min),
        Decimal::short(*max)
    )]
    NoNumber {
        /// The parameter.
        name: &'static str,
        /// What was given, shortened.
        value: String,
        /// Its smallest value.
        min: f64,
        /// Its largest value.
        max: f64,
        /// Its unit with a space before it, or nothing.
        unit: String,
    },
    /// The value is outside the parameter's range.
    #[error(
        "{name}={value}: the value must be between {} and {}{unit}",
        Decimal::short(*min),
        Decimal::short(*max)
    )]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What was given, shortened.
        value: String,
        /// Its smallest value.
        min: f64,
        /// Its largest value.
        max: f64,
        /// Its unit with a space before it, or nothing.
        unit: String,
    },
    /// Together the parameters ask for too many calls.
    #[error(
        "this run would make up to {calls} calls{where}; the limit is {limit}. Reduce {remedy}",
        where = if *of_burst { " in one burst" } else { "" }
    )]
    TooManyCalls {
        /// An upper bound of the calls they make.
        calls: u64,
        /// Whether that is in one burst, and not in all.
        of_burst: bool,
        /// The most there may be.
        limit: u64,
        /// What to lower, and to what.
        remedy: String,
    },
    /// Together the parameters ask for too much memory.
    #[error(
        "the program would hold up to {held} at the same time; the limit is {limit}. Reduce {remedy}"
    )]
    TooMuchHeld {
        /// An upper bound of what is held.
        held: Bytes,
        /// [`MAX_HELD`](super::MAX_HELD).
        limit: Bytes,
        /// What to lower, and to what.
        remedy: String,
    },
    /// Together the parameters ask for too many threads.
    #[error("this run would start {threads} threads; the limit is {limit}. Reduce {remedy}")]
    TooManyThreads {
        /// The threads that begin.
        threads: u64,
        /// [`MAX_THREADS`](super::MAX_THREADS).
        limit: u64,
        /// What to lower, and to what.
        remedy: String,
    },
}

impl Parameter {
    /// Whether the program has this parameter.
    pub fn is_of(&self, program: Program) -> bool {
        self.programs.contains(&program)
    }

    pub(super) fn check(&self, value: f64) -> Result<(), ParameterError> {
        // Written so that what is no number fails.
        if value >= self.min && value <= self.max {
            return Ok(());
        }
        Err(ParameterError::OutOfRange {
            name: self.name,
            value: Decimal::short(value).to_string(),
            min: self.min,
            max: self.max,
            unit: self.spaced_unit(),
        })
    }

    /// Says what it can be set to: `it must be a number from 0 to 60 s`.
    pub fn allowed(&self) -> String {
        if !self.choices.is_empty() {
            return format!("it must be one of {}", self.choices.join(", "));
        }
        let (min, max) = (Decimal::short(self.min), Decimal::short(self.max));
        format!(
            "it must be a number from {min} to {max}{}",
            self.spaced_unit()
        )
    }

    pub(super) fn spaced_unit(&self) -> String {
        match self.unit {
            "" => String::new(),
            unit => format!(" {unit}"),
        }
    }
}
