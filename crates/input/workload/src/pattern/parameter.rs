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
    #[error("{}={value}: the value must be {}", parameter.name, parameter.range("a number "))]
    NoNumber {
        /// The parameter.
        parameter: &'static Parameter,
        /// What was given, shortened.
        value: String,
    },
    /// The value is outside the parameter's range.
    #[error("{}={value}: the value must be {}", parameter.name, parameter.range(""))]
    OutOfRange {
        /// The parameter.
        parameter: &'static Parameter,
        /// What was given, shortened.
        value: String,
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

    /// Says what it can be set to: `it must be a number from 0 to 60 s`.
    pub fn allowed(&self) -> String {
        let (min, max) = (Decimal::short(self.min), Decimal::short(self.max));
        match self.choices {
            [] => format!(
                "it must be a number from {min} to {max}{}",
                self.spaced_unit()
            ),
            choices => format!("it must be one of {}", choices.join(", ")),
        }
    }

    /// Says the same in an error, with `what` before a range.
    fn range(&self, what: &str) -> String {
        let (min, max) = (Decimal::short(self.min), Decimal::short(self.max));
        match self.choices {
            [] => format!("{what}between {min} and {max}{}", self.spaced_unit()),
            choices => format!("one of {}", choices.join(", ")),
        }
    }

    pub(super) fn spaced_unit(&self) -> String {
        match self.unit {
            "" => String::new(),
            unit => format!(" {unit}"),
        }
    }

    /// Returns the number of steps that is nearest to a value in range.
    pub(super) fn steps(&self, value: f64) -> u32 {
        (value * self.steps_in_one()).round() as u32
    }

    /// Returns the value at a number of steps.
    pub(super) fn value(&self, steps: u32) -> f64 {
        f64::from(steps) / self.steps_in_one()
    }

    /// A step is a whole number or a thousandth: counted in whole steps, the rounding is exact.
    fn steps_in_one(&self) -> f64 {
        (1.0 / self.step).round()
    }

    /// Reads a value: the name of a choice, or a number. `None` where it is neither.
    pub(super) fn read(&self, text: &str) -> Option<f64> {
        let choice = self.choices.iter().position(|name| *name == text);
        choice.map(|number| number as f64).or_else(|| number(text))
    }
}

/// Reads a number in decimal digits, with a point or an exponent. The standard library's own reader of such numbers would
/// make the page 23 KB larger; its reader of whole numbers is there already, and as exact for every value in a range.
pub(crate) fn number(text: &str) -> Option<f64> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i16>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Digits that 64 bits do not hold are beyond what is rounded to.
    let fraction = &fraction[..fraction.len().min(18_usize.saturating_sub(whole.len()))];
    let digits: i64 = [whole, fraction].concat().parse().ok()?;
    let shift = i32::from(exponent) - fraction.len() as i32;
    let scale = 10_f64.powi(shift.abs());
    Some(if shift < 0 {
        digits as f64 / scale
    } else {
        digits as f64 * scale
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "4",
            "0.1",
            "-0.3",
            "+5.",
            ".25",
            "-.5",
            "12.375",
            "1e3",
            "2.5E-3",
            "0.001",
            "30000",
            "1e-400",
            "1e400",
            "123456789012345",
            "0.123456789012345",
            "0.1000000000000000000000",
            "16777216",
            "9.999",
            "4294967295",
        ] {
            assert_eq!(number(text), text.parse().ok(), "{text}");
        }
        for text in [
            "", ".", "-", "e3", "1e", "1e99999", "1,5", "0x10", "NaN", "inf", "1 2", "١", ".-5",
            "1.+5", "--1", "1.2.3",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
