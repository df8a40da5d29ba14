//! What of a pattern can be set, and how far.

use super::decimal::decimal;
use super::jobs::LOADED;
use super::parameter::{Parameter, ParameterError, Program};
use super::payload::Shape;
use super::python::start;
use crate::Bytes;
use highwater_allocator::Decimal;
use serde::{Deserialize, Serialize};

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
    Held(u64),
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:literal, $min:literal ..= $max:literal, $step:literal,
        $unit:literal, $programs:expr, $choices:expr, $meaning:literal;)*) => {
        /// The parameters of all patterns.
        ///
        /// Values outside their range are refused when the pattern is built, whichever way they came in; [`Self::set`]
        /// refuses them at once.
        #[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Parameters {$(
            $(#[$doc])*
            pub $name: $type,
        )*}

        impl Parameters {
            /// All parameters, in the order in which a person would think of them.
            pub const ALL: &'static [Parameter] = &[$(Parameter {
                name: stringify!($name),
                unit: $unit,
                meaning: $meaning,
                default: $default as f64,
                min: $min as f64,
                max: $max as f64,
                step: $step,
                choices: $choices,
                programs: $programs,
            },)*];

            /// The value of a parameter; `None` for an unknown name.
            pub fn get(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($name) => Some(f64::from(self.$name)),)*
                    _ => None,
                }
            }

            /// In range and rounded to a step, or not at all.
            fn assign(&mut self, name: &str, value: f64) {
                match name {
                    $(stringify!($name) => self.$name = value as $type,)*
                    _ => {}
                }
            }
        }

        impl Default for Parameters {
            fn default() -> Self {
                Self {$($name: $default,)*}
            }
        }
    };
}

const EACH: &[Program] = &Program::ALL;
const SERVICE: &[Program] = &[Program::Service];
const PYTHONS: &[Program] = &[Program::Service, Program::Tasks];
const POOL: &[Program] = &[Program::Pool];
const JOBS: &[Program] = &[Program::Jobs];
const THREADED: &[Program] = &[Program::Pool, Program::Jobs];
const TASKS: &[Program] = &[Program::Tasks];

/// No choices: a number.
const NUMBER: &[&str] = &[];
const NO_YES: &[&str] = &["no", "yes"];
const SOCKET: &[&str] = &["in_process", "socket"];

parameters! {
    /// Streams that exist at the same time, 1 to 64.
    streams: u32 = 3, 1..=64, 1.0, "", SERVICE, NUMBER, "streams of events that exist at the same time";
    /// Subscribers of each stream, 1 to 64.
    subscribers: u32 = 6, 1..=64, 1.0, "", SERVICE, NUMBER, "subscribers that read each stream from start to end";
    /// Events of each stream, 1 to 20,000.
    events: u32 = 60, 1..=20_000, 1.0, "", SERVICE, NUMBER, "events in each stream";
    /// Bytes of one event, 64 to 16 MiB.
    payload: u32 = 30_000, 64..=16_777_216, 1.0, "bytes", SERVICE, NUMBER, "size of one event's text";
    /// How an event's text is made up, by its number among the shapes.
    shape: u32 = 0, 0..=3, 1.0, "", SERVICE, Shape::NAMES, "content of an event: one text, a document with suggestions, texts, or tokens";
    /// Events decoded or delivered between two awaits, 1 to 20,000.
    batch: u32 = 25, 1..=20_000, 1.0, "events", SERVICE, NUMBER, "events that a subscriber decodes or delivers before it lets others run";
    /// Events read in one request (COUNT), 0 to 20,000; 0 reads a whole stream.
    page: u32 = 0, 0..=20_000, 1.0, "events", SERVICE, NUMBER, "events read in one request; 0 reads the whole stream";
    /// Where the streams are: 0 in the same process, 1 behind a socket.
    socket: u32 = 0, 0..=1, 1.0, "", SERVICE, SOCKET, "place of the store: in the process, or behind a socket";
    /// Threads that decode, 0 to 64; none leaves it to the event loop.
    executor: u32 = 0, 0..=64, 1.0, "", SERVICE, NUMBER, "threads that decode events; 0 decodes in the event loop";
    /// The longest pause after a batch has been delivered, 0 to 1,000,000 ms, to the microsecond.
    pause: f64 = 0.5, 0..=1_000_000, 0.001, "ms", SERVICE, NUMBER, "longest pause after a batch has been delivered";
    /// Modules imported at the start, 0 to 10,000, each with about 40 KiB that stay.
    modules: u32 = 150, 0..=10_000, 1.0, "", PYTHONS, NUMBER, "modules imported at the start, about 40 KiB each";
    /// Memory that the program holds from its start in addition to its modules, 0 to 32,768 MiB.
    preload: u32 = 0, 0..=32_768, 1.0, "MiB", SERVICE, NUMBER, "memory held from the start in addition to modules: tables, templates, models";
    /// Worker threads, 1 to 256, in addition to the main thread, which accepts requests.
    threads: u32 = 16, 1..=256, 1.0, "", THREADED, NUMBER, "worker threads, in addition to the main thread";
    /// Requests of each burst, 1 to 1,000,000.
    requests: u32 = 100, 1..=1_000_000, 1.0, "", POOL, NUMBER, "requests in each burst";
    /// Rows that a request reads and holds until it is answered, 1 to 20,000.
    rows: u32 = 100, 1..=20_000, 1.0, "", POOL, NUMBER, "rows that a request reads and holds until it is answered";
    /// Bytes of one row, on average, 64 to 16 MiB.
    row: u32 = 16_000, 64..=16_777_216, 1.0, "bytes", POOL, NUMBER, "mean size of one row's text";
    /// Share of the rows that another thread frees, 0 to 100 percent, to a thousandth.
    handoff: f64 = 10.0, 0..=100, 0.001, "%", POOL, NUMBER, "share of the rows that another thread frees";
    /// Entries of the cache that all threads share, 0 to 1,000,000; the oldest goes when it is full.
    cache: u32 = 500, 0..=1_000_000, 1.0, "", THREADED, NUMBER, "entries of the cache that all threads share";
    /// Threads that end and are replaced in each burst, 0 to 1000.
    churn: u32 = 0, 0..=1000, 1.0, "", POOL, NUMBER, "threads that end and are replaced in each burst";
    /// Jobs of each burst, 1 to 1,000,000.
    jobs: u32 = 200, 1..=1_000_000, 1.0, "", JOBS, NUMBER, "jobs in each burst";
    /// Strings that a usual job makes, on average, 1 to 100,000.
    strings: u32 = 400, 1..=100_000, 1.0, "", JOBS, NUMBER, "strings and tables that a normal job creates, on average";
    /// Share of the jobs that are heavy, 0 to 100 percent, to a thousandth.
    heavy: f64 = 4.0, 0..=100, 0.001, "%", JOBS, NUMBER, "share of the jobs that are heavy";
    /// How many times as much a heavy job makes, 1 to 10,000.
    weight: u32 = 30, 1..=10_000, 1.0, "", JOBS, NUMBER, "size of a heavy job, as a multiple of a normal one";
    /// Share of what jobs make that goes to the cache, 0 to 100 percent, to a thousandth.
    retained: f64 = 0.1, 0..=100, 0.001, "%", JOBS, NUMBER, "share of the strings and tables that goes to the cache";
    /// MiB allocated between two collections, 1 to 65,536.
    collect: u32 = 16, 1..=65_536, 1.0, "MiB", JOBS, NUMBER, "memory allocated between two garbage collections";
    /// Tasks of each graph, 1 to 1,000,000.
    tasks: u32 = 40, 1..=1_000_000, 1.0, "", TASKS, NUMBER, "tasks of each graph";
    /// Blocks that a task loads, 1 to 100,000.
    blocks: u32 = 200, 1..=100_000, 1.0, "", TASKS, NUMBER, "blocks of numbers that a task loads";
    /// Bytes of a block, 1 to 1 GiB.
    block: u32 = 163_840, 1..=1_073_741_824, 1.0, "bytes", TASKS, NUMBER, "size of a block";
    /// Bytes of a task's result, 1 to 1 GiB.
    result: u32 = 20_000, 1..=1_073_741_824, 1.0, "bytes", TASKS, NUMBER, "size of a task's result, kept until the graph is done";
    /// Seconds between two bursts, 0 to 1,000,000, to the millisecond.
    rest: f64 = 4.0, 0..=1_000_000, 0.001, "s", EACH, NUMBER, "time without work after each burst";
    /// Bursts, 1 to 1000.
    cycles: u32 = 3, 1..=1000, 1.0, "", EACH, NUMBER, "number of bursts";
    /// Share of the events that leave a record, 0 to 100 percent, to a thousandth.
    survivors: f64 = 0.0, 0..=100, 0.001, "%", SERVICE, NUMBER, "share of the decoded events of which a record stays";
    /// Bytes of such a record, on average, 1 to 1 MiB.
    survivor_size: u32 = 2300, 1..=1_048_576, 1.0, "bytes", SERVICE, NUMBER, "mean size of such a record";
    /// Share of the events that leave a session, 0 to 100 percent, to a thousandth.
    sessions: f64 = 0.0, 0..=100, 0.001, "%", SERVICE, NUMBER, "share of the decoded events of which a session stays, a dict of two dozen keys";
    /// Records and sessions that are kept, 0 to 100,000,000; 0 keeps all.
    kept: u32 = 0, 0..=100_000_000, 1.0, "", SERVICE, NUMBER, "number of records and sessions to keep, the newest; 0 keeps all";
    /// Whether `malloc_trim(0)` is called at the end, 0 or 1.
    trim: u32 = 0, 0..=1, 1.0, "", EACH, NO_YES, "call malloc_trim(0) after the last rest";
    /// Seconds between two calls of `malloc_trim(0)`, 0 to 1,000,000, to the millisecond; 0 for none.
    trim_every: f64 = 0.0, 0..=1_000_000, 0.001, "s", SERVICE, NUMBER, "interval between the program's own calls of malloc_trim(0); 0 for none";
    /// Where chance starts, 0 to 4294967295.
    seed: u32 = 1, 0..=4_294_967_295_u32, 1.0, "", EACH, NUMBER, "seed of the random numbers; the same seed gives the same calls";
}

impl Parameters {
    /// Their values in the order of [`Self::ALL`].
    pub fn values(&self) -> Vec<f64> {
        let value = |parameter: &Parameter| self.get(parameter.name).unwrap_or(f64::NAN);
        Self::ALL.iter().map(value).collect()
    }

    /// Those with these [`values`](Self::values).
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

    /// Sets one parameter, rounded to its step.
    ///
    /// # Errors
    /// If there is none of that name, or the value is out of its range; nothing is changed then.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), ParameterError> {
        let parameter = by_name(name).ok_or_else(|| unknown(name))?;
        parameter.check(value)?;
        // A step is a whole number or a thousandth: counted in whole steps, the rounding is exact.
        let steps_in_one = (1.0 / parameter.step).round();
        self.assign(name, (value * steps_in_one).round() / steps_in_one);
        Ok(())
    }

    /// Sets one parameter to a value that is still text, as after `--set`.
    ///
    /// # Errors
    /// As [`Self::set`], and if the text is no number.
    pub fn set_text(&mut self, name: &str, value: &str) -> Result<(), ParameterError> {
        let parameter = by_name(name).ok_or_else(|| unknown(name))?;
        let value = value.trim();
        if let Some(number) = parameter.choices.iter().position(|name| *name == value) {
            return self.set(name, number as f64);
        }
        let number = decimal(value).ok_or_else(|| ParameterError::NoNumber {
            name: parameter.name,
            value: shortened(value),
            min: parameter.min,
            max: parameter.max,
            unit: parameter.spaced_unit(),
        })?;
        self.set(name, number).map_err(|error| match error {
            ParameterError::OutOfRange {
                name,
                min,
                max,
                unit,
                ..
            } => ParameterError::OutOfRange {
                name,
                value: shortened(value),
                min,
                max,
                unit,
            },
            other => other,
        })
    }

    /// Whether a program can be run with these.
    ///
    /// # Errors
    /// The first of its parameters that is out of its range, or what they ask for together if it is too much.
    pub fn check(&self, program: Program) -> Result<(), ParameterError> {
        self.check_ranges(program)?;
        match self.excess(program) {
            None => Ok(()),
            Some(Excess::Threads(threads)) => Err(ParameterError::TooManyThreads {
                threads,
                limit: MAX_THREADS,
                remedy: self.remedy(program),
            }),
            Some(Excess::Calls { calls, of_burst }) => {
                let limit = if of_burst {
                    MAX_CALLS
                } else {
                    MAX_STREAMED_CALLS
                };
                Err(ParameterError::TooManyCalls {
                    calls,
                    of_burst,
                    limit,
                    remedy: self.remedy(program),
                })
            }
            Some(Excess::Held(held)) => Err(ParameterError::TooMuchHeld {
                held: Bytes(held),
                limit: Bytes(MAX_HELD),
                remedy: self.remedy(program),
            }),
        }
    }

    /// What these ask for together that is more than is simulated. Only for parameters in range.
    fn excess(&self, program: Program) -> Option<Excess> {
        let threads = match program {
            Program::Pool => self.begun(),
            Program::Service | Program::Jobs | Program::Tasks => 0,
        };
        if threads > MAX_THREADS {
            return Some(Excess::Threads(threads));
        }
        let first = self.most_calls_of_burst(program) + self.most_calls_at_start(program);
        for (calls, limit, of_burst) in [
            (first, MAX_CALLS, true),
            (self.most_calls(program), MAX_STREAMED_CALLS, false),
        ] {
            if calls > limit {
                return Some(Excess::Calls { calls, of_burst });
            }
        }
        let held = match program {
            Program::Service => self.most_held_by_service(),
            Program::Pool => self.most_held_by_pool(),
            Program::Jobs => self.most_held_by_jobs(),
            Program::Tasks => self.most_held_by_tasks(),
        };
        (held > MAX_HELD).then_some(Excess::Held(held))
    }

    /// What to lower, and to what, so that a program can be run: one parameter alone where that is enough, one that was set
    /// rather than one that was not.
    fn remedy(&self, program: Program) -> String {
        let of_program = || Self::ALL.iter().filter(|one| one.is_of(program));
        let is_set = |one: &&Parameter| self.get(one.name) > Some(one.default);
        let wanted = of_program().filter(is_set).chain(of_program());
        for parameter in wanted.filter(|one| one.choices.is_empty()) {
            if let Some(most) = self.most(parameter, program) {
                let most = Decimal::short(most);
                return format!("{} to {most}{}", parameter.name, parameter.spaced_unit());
            }
        }
        let names: Vec<&str> = of_program().filter(is_set).map(|one| one.name).collect();
        names.join(", ")
    }

    /// The largest value of a parameter, below the one it has, with which a program can be run.
    fn most(&self, parameter: &Parameter, program: Program) -> Option<f64> {
        let fits = |steps: u64| {
            let mut with = *self;
            with.assign(
                parameter.name,
                parameter.min + steps as f64 * parameter.step,
            );
            with.excess(program).is_none()
        };
        let value = self.get(parameter.name)?;
        let (mut fitting, mut not) = (0, ((value - parameter.min) / parameter.step) as u64);
        if !fits(fitting) || not == 0 {
            return None;
        }
        while not - fitting > 1 {
            let middle = fitting + (not - fitting) / 2;
            *if fits(middle) { &mut fitting } else { &mut not } = middle;
        }
        Some(parameter.min + fitting as f64 * parameter.step)
    }

    /// Whether a program can be run with these and all its calls fit into memory at one time.
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

    fn check_ranges(&self, program: Program) -> Result<(), ParameterError> {
        for parameter in Self::ALL.iter().filter(|p| p.is_of(program)) {
            parameter.check(self.get(parameter.name).unwrap_or(f64::NAN))?;
        }
        Ok(())
    }

    /// A bound that the number of calls stays below, within a factor of two or so. Only for parameters in range.
    pub fn most_calls(&self, program: Program) -> u64 {
        let bursts = u64::from(self.cycles).saturating_mul(self.most_calls_of_burst(program));
        bursts.saturating_add(self.most_calls_at_start(program))
    }

    fn most_calls_at_start(&self, program: Program) -> u64 {
        20_000
            + match program {
                Program::Service => {
                    u64::from(self.modules) * 600 + u64::from(self.preload) * start::BLOCKS_OF_MIB
                }
                Program::Pool => 0,
                Program::Jobs => LOADED.into(),
                Program::Tasks => u64::from(self.modules) * 600,
            }
    }

    fn most_calls_of_burst(&self, program: Program) -> u64 {
        match program {
            Program::Service => self.most_calls_of_service(),
            Program::Pool => self.most_calls_of_pool(),
            Program::Jobs => self.most_calls_of_jobs(),
            Program::Tasks => self.most_calls_of_tasks(),
        }
    }
}

fn by_name(name: &str) -> Option<&'static Parameter> {
    Parameters::ALL
        .iter()
        .find(|parameter| parameter.name == name)
}

fn unknown(name: &str) -> ParameterError {
    let known: Vec<_> = Parameters::ALL
        .iter()
        .map(|parameter| parameter.name)
        .collect();
    ParameterError::Unknown {
        name: shortened(name),
        known: known.join(", "),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_set_or_left_alone() {
        let mut parameters = Parameters::default();
        parameters.set_text("rest", "1.2345").unwrap();
        assert_eq!(parameters.rest, 1.235);
        parameters.set("events", 300.4).unwrap();
        assert_eq!(parameters.events, 300);
        parameters.set("seed", 4_294_967_295.0).unwrap();
        assert_eq!(parameters.seed, u32::MAX);
        let before = parameters;
        for (name, value) in [
            ("events", "0"),
            ("events", "many"),
            ("rest", "-1"),
            ("rest", "NaN"),
            ("rest", "inf"),
            ("payload", "1e300"),
            ("color", "1"),
        ] {
            let error = parameters.set_text(name, value).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert_eq!(parameters, before);
    }

    #[test]
    fn values_come_back_as_they_went() {
        let mut parameters = Parameters::default();
        parameters.set("rest", 1.235).unwrap();
        parameters.set("seed", 4_294_967_295.0).unwrap();
        let values = parameters.values();
        assert_eq!(Parameters::of_values(&values), Ok(parameters));
        assert!(Parameters::of_values(&[f64::NAN]).is_err());
    }

    #[test]
    fn the_errors_say_what_is_allowed() {
        let error = Parameters::default()
            .set_text("rest", "4000000")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "rest=4000000: the value must be between 0 and 1000000 s"
        );
        let error = Parameters::default().set_text("rests", "4").unwrap_err();
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
        let preload = by_name("preload").unwrap();
        parameters.set("preload", preload.max).unwrap();
        parameters.check(Program::Service).unwrap();
    }

    #[test]
    fn too_much_work_is_refused_before_it_is_begun() {
        let mut parameters = Parameters::default();
        parameters.set("events", 20_000.0).unwrap();
        parameters.set("cycles", 1000.0).unwrap();
        let error = parameters.check(Program::Service).unwrap_err();
        assert!(matches!(error, ParameterError::TooManyCalls { .. }));
        let mut parameters = Parameters::default();
        parameters.set("payload", 16_777_216.0).unwrap();
        parameters.set("events", 200.0).unwrap();
        parameters.set("cycles", 1.0).unwrap();
        let error = parameters.check(Program::Service).unwrap_err();
        assert!(
            matches!(error, ParameterError::TooMuchHeld { .. }),
            "{error}"
        );
        let worst = Parameters {
            streams: u32::MAX,
            rest: f64::NAN,
            ..Parameters::default()
        };
        assert!(worst.check(Program::Service).is_err());
        worst
            .check(Program::Pool)
            .expect_err("a rest that is no number");
        let threads = Parameters {
            churn: 1000,
            cycles: 1000,
            requests: 1,
            ..Parameters::default()
        };
        let error = threads.check(Program::Pool).unwrap_err();
        assert!(error.to_string().contains("1000016 threads"), "{error}");
    }

    #[test]
    fn every_default_is_in_its_range() {
        for program in Program::ALL {
            Parameters::default().check(program).unwrap();
        }
    }
}
