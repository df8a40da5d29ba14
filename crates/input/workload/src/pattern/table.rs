//! The parameters of each program, in one table: the type, the default, the range and the meaning of each.
//!
//! A row makes the parameter known everywhere by its name (scenarios, links, `--set`, the page, the package) and a field of
//! its program's structure. So a new parameter is a row here and the place in the program that reads the field.

use super::kind::{Events, Kind, Mib, Millis, Seconds, Share, Store};
use super::parameter::{Parameter, Program};
use super::shape::Shape;
use crate::Bytes;

macro_rules! parameters {
    ($($(#[$doc:meta])* $group:ident($($part:ident: $of:ty),*) for $programs:expr => {$(
        $name:ident: $kind:ty = $default:literal, $min:literal ..= $max:literal, $meaning:literal;
    )*})*) => {
        /// The place of each parameter in the table.
        #[expect(non_camel_case_types, reason = "each is the name of its parameter")]
        enum Place {$($($name,)*)*}

        /// Every parameter, a program's own before those that it shares with others.
        pub(super) const ALL: &[Parameter] = &[$($(Parameter {
            name: stringify!($name),
            unit: <$kind as Kind>::UNIT,
            meaning: $meaning,
            default: $default as f64,
            min: $min as f64,
            max: $max as f64,
            step: <$kind as Kind>::STEP,
            choices: <$kind as Kind>::CHOICES,
            programs: $programs,
        },)*)*];

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub(super) struct $group {
                $(pub(super) $part: $of,)*
                $(#[doc = $meaning] pub(super) $name: <$kind as Kind>::Value,)*
            }

            impl $group {
                /// Reads them from the values of all.
                pub(super) fn of(steps: &Steps) -> Self {
                    Self {
                        $($part: <$of>::of(steps),)*
                        $($name: <$kind as Kind>::value(steps[Place::$name as usize]),)*
                    }
                }
            }
        )*
    };
}

parameters! {
    /// Parameters of the service.
    ServiceParameters(python: Python, bursts: Bursts) for &[Program::Service] => {
        streams: u32 = 3, 1..=64, "streams of events that exist at the same time";
        subscribers: u32 = 6, 1..=64, "subscribers that read each stream from start to end";
        events: u32 = 60, 1..=20_000, "events in each stream";
        payload: Bytes = 30_000, 64..=16_777_216, "size of one event's text";
        shape: Shape = 0, 0..=3, "content of an event: one text, a document with suggestions, texts, or tokens";
        batch: Events = 25, 1..=20_000, "events that a subscriber decodes or delivers before it lets others run";
        page: Option<Events> = 0, 0..=20_000, "events read in one request; 0 reads the whole stream";
        socket: Store = 0, 0..=1, "place of the store: in the process, or behind a socket";
        executor: Option<u32> = 0, 0..=64, "threads that decode events; 0 decodes in the event loop";
        pause: Millis = 0.5, 0..=1_000_000, "longest pause after a batch has been delivered";
        preload: Mib = 0, 0..=32_768, "memory held from the start in addition to modules: tables, templates, models";
        survivors: Share = 0.0, 0..=100, "share of the decoded events of which a record stays";
        survivor_size: Bytes = 2300, 1..=1_048_576, "mean size of such a record";
        sessions: Share = 0.0, 0..=100, "share of the decoded events of which a session stays, a dict of two dozen keys";
        kept: Option<u32> = 0, 0..=100_000_000, "number of records and sessions to keep, the newest; 0 keeps all";
        trim_every: Option<Seconds> = 0.0, 0..=1_000_000, "interval between the program's own calls of malloc_trim(0); 0 for none";
    }

    /// Parameters of every program in Python.
    Python() for &[Program::Service, Program::Tasks] => {
        modules: u32 = 150, 0..=10_000, "modules imported at the start, about 40 KiB each";
    }

    /// Parameters of every program with worker threads.
    Workers() for &[Program::Pool, Program::Jobs] => {
        threads: u32 = 16, 1..=256, "worker threads, in addition to the main thread";
        cache: u32 = 500, 0..=1_000_000, "entries of the cache that all threads share";
    }

    /// Parameters of the pool.
    PoolParameters(workers: Workers, bursts: Bursts) for &[Program::Pool] => {
        requests: u32 = 100, 1..=1_000_000, "requests in each burst";
        concurrent: Option<u32> = 0, 0..=256, "requests in progress at the same time, at most; 0 sets no limit";
        rows: u32 = 100, 1..=20_000, "rows that a request reads and holds until it is answered";
        row: Bytes = 16_000, 64..=16_777_216, "mean size of one row's text";
        handoff: Share = 10.0, 0..=100, "share of the rows that another thread frees";
        cached: Share = 5.0, 0..=100, "share of the rows of which an entry goes into the cache";
        churn: u32 = 0, 0..=1000, "threads that end and are replaced in each burst";
    }

    /// Parameters of the jobs.
    JobsParameters(workers: Workers, bursts: Bursts) for &[Program::Jobs] => {
        jobs: u32 = 200, 1..=1_000_000, "jobs in each burst";
        strings: u32 = 400, 1..=100_000, "strings and tables that a normal job creates, on average";
        heavy: Share = 4.0, 0..=100, "share of the jobs that are heavy";
        weight: u32 = 30, 1..=10_000, "size of a heavy job, as a multiple of a normal one";
        retained: Share = 0.1, 0..=100, "share of the strings and tables that goes to the cache";
        collect: Mib = 16, 1..=65_536, "memory allocated between two garbage collections";
    }

    /// Parameters of the tasks.
    TasksParameters(python: Python, bursts: Bursts) for &[Program::Tasks] => {
        tasks: u32 = 40, 1..=1_000_000, "tasks of each graph";
        blocks: u32 = 200, 1..=100_000, "blocks of numbers that a task loads";
        block: Bytes = 163_840, 1..=1_073_741_824, "size of a block";
        result: Bytes = 20_000, 1..=1_073_741_824, "size of a task's result, kept until the graph is done";
    }

    /// Parameters of every program.
    Bursts() for &Program::ALL => {
        rest: Seconds = 4.0, 0..=1_000_000, "time without work after each burst";
        cycles: u32 = 3, 1..=1000, "number of bursts";
        trim: bool = 0, 0..=1, "call malloc_trim(0) after the last rest";
        seed: u32 = 1, 0..=4_294_967_295_u32, "seed of the random numbers; the same seed gives the same calls";
    }
}

/// The value of every parameter in its steps, in the order of [`ALL`].
pub(super) type Steps = [u32; ALL.len()];

/// The parameters of one program.
pub(super) enum ProgramParameters {
    Service(ServiceParameters),
    Pool(PoolParameters),
    Jobs(JobsParameters),
    Tasks(TasksParameters),
}

/// What a program asks for at most, known before it runs.
pub(super) trait Bounds {
    /// The parameters that every program has.
    fn bursts(&self) -> &Bursts;

    /// The threads that begin, one after another or at one time; 0 where one parameter alone bounds them.
    fn threads(&self) -> u64 {
        0
    }

    /// A bound of the calls before the first burst.
    fn calls_at_start(&self) -> u64;

    /// A bound of the calls of one burst.
    fn calls_of_burst(&self) -> u64;

    /// A bound that the bytes held at one time stay below.
    fn held(&self) -> Bytes;

    /// A bound that the number of calls stays below, within a factor of two or so.
    fn calls(&self) -> u64 {
        let bursts = u64::from(self.bursts().cycles).saturating_mul(self.calls_of_burst());
        bursts.saturating_add(self.calls_at_start())
    }
}

impl ProgramParameters {
    /// Reads those of a program from the values of all.
    pub(super) fn of(program: Program, steps: &Steps) -> Self {
        match program {
            Program::Service => Self::Service(ServiceParameters::of(steps)),
            Program::Pool => Self::Pool(PoolParameters::of(steps)),
            Program::Jobs => Self::Jobs(JobsParameters::of(steps)),
            Program::Tasks => Self::Tasks(TasksParameters::of(steps)),
        }
    }

    /// Returns what the program asks for at most.
    pub(super) fn bounds(&self) -> &dyn Bounds {
        match self {
            Self::Service(parameters) => parameters,
            Self::Pool(parameters) => parameters,
            Self::Jobs(parameters) => parameters,
            Self::Tasks(parameters) => parameters,
        }
    }
}
