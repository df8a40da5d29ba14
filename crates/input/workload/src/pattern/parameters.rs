//! The values of parameters by name, for any pattern, and whether a program can run with them.

use super::parameter::{Parameter, ParameterError, Program};
use super::table::{self, ProgramParameters};
use crate::Bytes;
use highwater_allocator::Decimal;
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
    pub(super) steps: [u32; table::ALL.len()],
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
            value: shortened(text),
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
                value: shortened(text),
            });
        }
        self.steps[place] = parameter.steps(value);
        Ok(())
    }

    /// Returns the parameters of a program, with their types.
    pub(super) fn of_program(&self, program: Program) -> ProgramParameters {
        ProgramParameters::of(program, self)
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
            name: shortened(name),
            known: known.join(", "),
        }
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_set_or_left_alone() {
        let mut parameters: Parameters = "rest=1.2345 seed=4294967295".parse().unwrap();
        parameters.set("events", 300.4).unwrap();
        let values = ["rest", "events", "seed"].map(|name| parameters.get(name));
        assert_eq!(values, [Some(1.235), Some(300.0), Some(4_294_967_295.0)]);
        let before = parameters;
        for (name, value) in [
            ("events", "0"),
            ("events", "many"),
            ("rest", "-1"),
            ("rest", "NaN"),
            ("rest", "inf"),
            ("payload", "1e300"),
            ("shape", "4"),
            ("shape", "round"),
            ("trim", "maybe"),
            ("color", "1"),
        ] {
            let error = parameters.set_text(name, value).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        parameters.set("rest", f64::NAN).unwrap_err();
        assert_eq!(parameters, before);
    }

    #[test]
    fn values_come_back_as_they_went() {
        let parameters: Parameters = "rest=1.235 seed=4294967295".parse().unwrap();
        let values = parameters.values();
        assert_eq!(Parameters::of_values(&values), Ok(parameters));
        assert!(Parameters::of_values(&[f64::NAN]).is_err());
    }

    #[test]
    fn each_process_has_a_seed_of_its_own() {
        let parameters: Parameters = "seed=4294967294".parse().unwrap();
        let seed = |number| parameters.of_process(number).get("seed");
        assert_eq!(
            [seed(0), seed(1), seed(2)],
            [Some(4_294_967_294.0), Some(4_294_967_295.0), Some(0.0)]
        );
    }

    #[test]
    fn the_errors_say_what_is_allowed() {
        for (set, message) in [
            (
                "rest=4000000",
                "rest=4000000: the value must be between 0 and 1000000 s",
            ),
            (
                "batch=few",
                "batch=few: the value must be a number between 1 and 20000 events",
            ),
            ("trim=maybe", "trim=maybe: the value must be one of no, yes"),
            ("trim=2", "trim=2: the value must be one of no, yes"),
        ] {
            let error = set.parse::<Parameters>().unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let error = "rests=4".parse::<Parameters>().unwrap_err();
        assert!(error.to_string().contains("rest, cycles"), "{error}");
    }

    #[test]
    fn every_value_that_a_field_takes_is_run_or_the_error_says_one_that_is() {
        for program in Program::ALL {
            for parameter in Parameters::ALL.iter().filter(|one| one.is_of(program)) {
                let mut parameters = Parameters::default();
                parameters.set(parameter.name, parameter.max).unwrap();
                let Err(error) = parameters.check(program) else {
                    continue;
                };
                let told = error.to_string();
                println!("{program:?} {told}");
                let lower = told.rsplit_once(&format!("Reduce {} to ", parameter.name));
                let (_, lower) = lower.unwrap_or_else(|| panic!("{told}"));
                let value = lower.trim_end_matches(&parameter.spaced_unit());
                parameters.set_text(parameter.name, value).unwrap();
                parameters
                    .check(program)
                    .unwrap_or_else(|error| panic!("{error}"));
            }
        }
        // What a program holds from its start alone is bounded by its own range.
        let mut parameters = Parameters::default();
        let preload = place("preload").unwrap();
        parameters
            .set("preload", Parameters::ALL[preload].max)
            .unwrap();
        parameters.check(Program::Service).unwrap();
    }

    #[test]
    fn too_much_work_is_refused_before_it_is_begun() {
        let check = |set: &str, program| set.parse::<Parameters>().unwrap().check(program);
        let error = check("events=20000 cycles=1000", Program::Service).unwrap_err();
        assert!(matches!(error, ParameterError::TooManyCalls { .. }));
        let error = check("payload=16777216 events=200 cycles=1", Program::Service).unwrap_err();
        assert!(
            matches!(error, ParameterError::TooMuchHeld { .. }),
            "{error}"
        );
        let error = check("churn=1000 cycles=1000 requests=1", Program::Pool).unwrap_err();
        assert!(error.to_string().contains("1000016 threads"), "{error}");
    }

    #[test]
    fn every_default_is_in_its_range_and_every_choice_has_a_name() {
        let parameters = Parameters::default();
        for parameter in Parameters::ALL {
            let mut same = parameters;
            same.set(parameter.name, parameter.default).unwrap();
            assert_eq!(same, parameters);
            let choices = parameter.choices.len() as f64;
            assert!(
                choices == 0.0 || choices == parameter.max + 1.0,
                "{}",
                parameter.name
            );
        }
        for program in Program::ALL {
            parameters.check(program).unwrap();
        }
    }
}
