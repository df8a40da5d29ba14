//! The values of parameters by name, for any pattern, and whether a program can run with them.

use super::parameter::{Parameter, ParameterError, Program};
use super::table::{self, ProgramParameters, Steps};
use crate::Bytes;
use highwater_allocator::{Decimal, repeated};
use std::array;
use std::str::FromStr;

/// Most calls that are held in memory at one time: of a whole pattern, or of one burst where it is made burst by burst.
pub const MAX_CALLS: u64 = 20_000_000;

/// Most calls that a pattern may make in all.
pub const MAX_STREAMED_CALLS: u64 = 2_000_000_000;

/// Most bytes that a pattern may hold at one time.
pub const MAX_HELD: u64 = 64 << 30;

/// Most threads that a pattern may begin, one after another or at one time.
pub const MAX_THREADS: u64 = 4096;

/// What parameters ask for together that is more than is simulated.
enum Excess {
    /// So many threads.
    Threads(u64),
    /// So many calls, in a burst or in all.
    Calls { calls: u64, of_burst: bool },
    /// So many bytes at one time.
    Held(Bytes),
}

/// The values of all parameters by name, each in its range.
///
/// They are kept for every program: scenarios, links and the page set values before they choose the pattern, and change the
/// pattern under the values. A program gets [`ProgramParameters`] of them, which have its own alone, with their types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// Each value in steps, in the order of [`Self::ALL`].
    steps: Steps,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            steps: array::from_fn(|index| table::ALL[index].steps(table::ALL[index].default)),
        }
    }
}

impl FromStr for Parameters {
    type Err = ParameterError;

    /// The defaults, but for what a text like `events=60 cycles=2` sets.
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let mut parameters = Self::default();
        for set in text.split_whitespace() {
            let (name, value) = set.split_once('=').unwrap_or((set, ""));
            parameters.set_text(name, value)?;
        }
        Ok(parameters)
    }
}

impl Parameters {
    /// All parameters, in the order in which a person would think of them.
    pub const ALL: &'static [Parameter] = table::ALL;

    /// Returns the value of a parameter; `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<f64> {
        place(name).ok().map(|place| self.value(place))
    }

    fn value(&self, place: usize) -> f64 {
        Self::ALL[place].value(self.steps[place])
    }

    /// Returns the values in the order of [`Self::ALL`].
    pub fn values(&self) -> Vec<f64> {
        (0..Self::ALL.len())
            .map(|place| self.value(place))
            .collect()
    }

    /// Makes those with these [`values`](Self::values).
    ///
    /// # Errors
    /// The first value that is out of its range.
    pub fn of_values(values: &[f64]) -> Result<Self, ParameterError> {
        let mut parameters = Self::default();
        for (parameter, value) in Self::ALL.iter().zip(values) {
            parameters.set(parameter.name, *value)?;
        }
        Ok(parameters)
    }

    /// Returns those of one of several processes that run side by side: each has a seed of its own, counted from 0.
    #[must_use]
    pub fn of_process(mut self, number: u32) -> Self {
        if let Ok(seed) = place("seed") {
            self.steps[seed] = self.steps[seed].wrapping_add(number);
        }
        self
    }

    /// Sets one parameter, rounded to its step.
    ///
    /// # Errors
    /// If there is none of that name, or the value is out of its range; nothing is changed then.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), ParameterError> {
        let place = place(name)?;
        self.assign(place, value, &Decimal::short(value).to_string())
    }

    /// Sets one parameter to a value that is still text, as after `--set`.
    ///
    /// # Errors
    /// As [`Self::set`], and if the text is no number.
    pub fn set_text(&mut self, name: &str, value: &str) -> Result<(), ParameterError> {
        let place = place(name)?;
        let parameter = &Self::ALL[place];
        let text = value.trim();
        let read = parameter.read(text);
        let read = read.ok_or_else(|| ParameterError::NoNumber {
            parameter,
            value: repeated(text),
        })?;
        self.assign(place, read, text)
    }

    /// Sets the parameter at a place to a value that was written as `text`.
    fn assign(&mut self, place: usize, value: f64, text: &str) -> Result<(), ParameterError> {
        let parameter = &Self::ALL[place];
        // Written so that what is no number fails.
        if !(value >= parameter.min && value <= parameter.max) {
            return Err(ParameterError::OutOfRange {
                parameter,
                value: repeated(text),
            });
        }
        self.steps[place] = parameter.steps(value);
        Ok(())
    }

    /// Returns the parameters of a program, with their types.
    pub(super) fn of_program(&self, program: Program) -> ProgramParameters {
        ProgramParameters::of(program, &self.steps)
    }

    /// Checks that a program can be run with these.
    ///
    /// # Errors
    /// What they ask for together if it is too much.
    pub fn check(&self, program: Program) -> Result<(), ParameterError> {
        let Some(excess) = self.excess(program) else {
            return Ok(());
        };
        let remedy = self.remedy(program);
        Err(match excess {
            Excess::Threads(threads) => ParameterError::TooManyThreads {
                threads,
                limit: MAX_THREADS,
                remedy,
            },
            Excess::Calls { calls, of_burst } => ParameterError::TooManyCalls {
                calls,
                of_burst,
                limit: if of_burst {
                    MAX_CALLS
                } else {
                    MAX_STREAMED_CALLS
                },
                remedy,
            },
            Excess::Held(held) => ParameterError::TooMuchHeld {
                held,
                limit: Bytes(MAX_HELD),
                remedy,
            },
        })
    }

    /// Returns what these ask for together that is more than is simulated.
    fn excess(&self, program: Program) -> Option<Excess> {
        let parameters = self.of_program(program);
        let most = parameters.bounds();
        let threads = most.threads();
        if threads > MAX_THREADS {
            return Some(Excess::Threads(threads));
        }
        for (calls, limit, of_burst) in [
            (
                most.calls_of_burst() + most.calls_at_start(),
                MAX_CALLS,
                true,
            ),
            (most.calls(), MAX_STREAMED_CALLS, false),
        ] {
            if calls > limit {
                return Some(Excess::Calls { calls, of_burst });
            }
        }
        let held = most.held();
        (held > Bytes(MAX_HELD)).then_some(Excess::Held(held))
    }

    /// Says what to lower, and to what, so that a program can be run: one parameter alone where that is enough, one that was
    /// set rather than one that was not.
    fn remedy(&self, program: Program) -> String {
        let places = || (0..Self::ALL.len()).filter(|place| Self::ALL[*place].is_of(program));
        let is_set = |place: &usize| self.value(*place) > Self::ALL[*place].default;
        let wanted = places().filter(is_set).chain(places());
        for place in wanted.filter(|place| Self::ALL[*place].choices.is_empty()) {
            if let Some(most) = self.most(place, program) {
                let parameter = &Self::ALL[place];
                let most = Decimal::short(most);
                return format!("{} to {most}{}", parameter.name, parameter.spaced_unit());
            }
        }
        let names: Vec<&str> = places()
            .filter(is_set)
            .map(|place| Self::ALL[place].name)
            .collect();
        names.join(", ")
    }

    /// Returns the largest value of a parameter, below the one it has, with which a program can be run.
    fn most(&self, place: usize, program: Program) -> Option<f64> {
        let parameter = &Self::ALL[place];
        let fits = |steps: u32| {
            let mut with = *self;
            with.steps[place] = steps;
            with.excess(program).is_none()
        };
        let (mut fitting, mut not) = (parameter.steps(parameter.min), self.steps[place]);
        if !fits(fitting) || not == fitting {
            return None;
        }
        while not - fitting > 1 {
            let middle = fitting + (not - fitting) / 2;
            *if fits(middle) { &mut fitting } else { &mut not } = middle;
        }
        Some(parameter.value(fitting))
    }

    /// Checks that a program can be run with these and all its calls fit into memory at one time.
    ///
    /// # Errors
    /// As of [`Self::check`], and more than [`MAX_CALLS`] calls.
    pub fn check_whole(&self, program: Program) -> Result<(), ParameterError> {
        self.check(program)?;
        let calls = self.most_calls(program);
        if calls <= MAX_CALLS {
            return Ok(());
        }
        Err(ParameterError::TooManyCalls {
            calls,
            of_burst: false,
            limit: MAX_CALLS,
            remedy: "cycles".to_owned(),
        })
    }

    /// Returns a bound that the number of calls stays below, within a factor of two or so.
    pub fn most_calls(&self, program: Program) -> u64 {
        self.of_program(program).bounds().calls()
    }
}

/// Returns the place of a parameter in [`Parameters::ALL`].
fn place(name: &str) -> Result<usize, ParameterError> {
    let found = Parameters::ALL
        .iter()
        .position(|parameter| parameter.name == name);
    found.ok_or_else(|| {
        let known: Vec<_> = Parameters::ALL
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        ParameterError::Unknown {
            name: repeated(name),
            known: known.join(", "),
        }
    })
}

#[cfg(test)]
mod tests;
