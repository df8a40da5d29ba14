//! What a variant comes to once its levels are checked: its stages, each with everything said.

use super::fault::{Fault, FaultKind, Step};
use super::said::{Said, parameters_place};
use super::schema::Level;
use crate::pattern::{ParameterError, Parameters, Pattern, PatternError};

/// Most processes side by side.
pub const MAX_WORKERS: u32 = 64;
/// Most MiB that a cap, or `memory.high`, may be.
pub const MAX_CAP: u64 = 1 << 20;
/// Most cores that a machine may have.
pub const MAX_CORES: u32 = 4096;
/// One way to run something, with everything said.
#[derive(Clone, PartialEq, Debug)]
pub struct Planned {
    /// The variant's name.
    pub name: String,
    /// What runs one after another; one thing for most.
    pub stages: Vec<PlannedStage>,
}

/// What a process runs.
#[derive(Clone, PartialEq, Debug)]
pub enum Calls {
    /// The trace.
    Trace,
    /// A pattern with these parameters, the seed counted up from process to process.
    Pattern(Pattern, Parameters),
}

/// Processes that start together, run to their end, and are stopped.
#[derive(Clone, PartialEq, Debug)]
pub struct PlannedStage {
    /// The stage's name; that of the variant where it has but one.
    pub name: String,
    /// What each process runs.
    pub calls: Calls,
    /// The release of CPython that runs it, if one does.
    pub python: Option<String>,
    /// The allocator; the default one if none is said.
    pub allocator: Option<String>,
    /// What stands in the environment, as any text with settings, where it is said.
    pub environment: Option<String>,
    /// MiB that may be charged for all processes together before one is killed, 1 to [`MAX_CAP`].
    pub cap: Option<u64>,
    /// MiB that may be charged before they are slowed down, 1 to [`MAX_CAP`].
    pub high: Option<u64>,
    /// Cores of the machine, 1 to [`MAX_CORES`].
    pub cores: Option<u32>,
    /// What the allocator's random states start from.
    pub seed: Option<u64>,
    /// Processes, 1 to [`MAX_WORKERS`].
    pub workers: u32,
    /// When they also call `malloc_trim(0)`.
    pub trims: Option<crate::Trims>,
    /// Who gets transparent huge pages.
    pub thp: Option<String>,
    /// How far khugepaged adds to them.
    pub khugepaged: Option<String>,
    /// KiB of a page.
    pub page_size: Option<String>,
    levels: Vec<Said>,
}

impl PlannedStage {
    /// Checks what is said of a stage, level by level.
    pub(super) fn new(name: String, levels: Vec<Said>, is_trace: bool) -> Result<Self, Fault> {
        let mut options = Level::default();
        let mut parameters = Parameters::default();
        let (mut pattern, mut set_at) = (None, &levels[0]);
        let [mut cap, mut high, mut cores, mut seed, mut workers] = [None; 5];
        for level in &levels {
            options.put(&level.options);
            pattern = level.pattern()?.or(pattern);
            cap = level.whole("cap", 1..=MAX_CAP)?.or(cap);
            high = level.whole("high", 1..=MAX_CAP)?.or(high);
            cores = level.whole("cores", 1..=MAX_CORES.into())?.or(cores);
            seed = level.whole("seed", 0..=u64::MAX)?.or(seed);
            workers = level.whole("workers", 1..=MAX_WORKERS.into())?.or(workers);
            if level.set_in(&mut parameters)? {
                set_at = level;
            }
        }
        let workers = workers.unwrap_or(1) as u32;
        let calls = match pattern {
            _ if is_trace && workers == 1 => Calls::Trace,
            _ if is_trace => {
                let message = "a trace is one process; remove workers";
                return Err(Fault::at(&[], "workers", message));
            }
            Some(pattern) => {
                let check = parameters.check(pattern.program());
                check.map_err(|error| set_at.fault("parameters", error.to_string()))?;
                Calls::Pattern(pattern, parameters)
            }
            None => return Err(needs_pattern(&levels[levels.len() - 1].place)),
        };
        let own = pattern.filter(|_| !is_trace).and_then(Pattern::python);
        let python = options.take("python").or(own.map(str::to_owned));
        let trims = trims_of(&levels)?;
        Ok(Self {
            trims,
            name,
            calls,
            python: python.filter(|python| python != "none"),
            allocator: options.take("allocator"),
            environment: options.take("environment"),
            cap,
            high,
            cores: cores.map(|cores| cores as u32),
            seed,
            workers,
            thp: options.take("thp"),
            khugepaged: options.take("khugepaged"),
            page_size: options.take("page_size"),
            levels,
        })
    }

    /// A fault of an option: at the level that says it.
    pub fn fault(&self, key: &str, message: String) -> Fault {
        let mut levels = self.levels.iter().rev();
        let said = levels.find(|level| level.options.get(key).is_some());
        said.unwrap_or(&self.levels[0]).fault(key, message)
    }
}

/// When the program also calls `malloc_trim(0)`; `none` at a level ends what is said above it.
fn trims_of(levels: &[Said]) -> Result<Option<crate::Trims>, Fault> {
    let mut trims = None;
    for level in levels {
        trims = match level.options.get("trim") {
            None => trims,
            Some("none") => None,
            Some(text) => {
                let wrong = |error: crate::UnknownTrims| level.fault("trim", error.to_string());
                Some(text.parse().map_err(wrong)?)
            }
        };
    }
    Ok(trims)
}

impl Said {
    /// The pattern that is said here.
    fn pattern(&self) -> Result<Option<Pattern>, Fault> {
        let read = self.options.get("pattern").map(str::parse).transpose();
        read.map_err(|error: PatternError| Fault {
            kind: FaultKind::Unknown,
            ..self.fault("pattern", error.to_string())
        })
    }

    /// Sets the parameters that are said here. Returns whether there are any.
    fn set_in(&self, parameters: &mut Parameters) -> Result<bool, Fault> {
        for (name, value) in &self.options.parameters {
            let wrong = |error: ParameterError| {
                let place = parameters_place(&self.place);
                Fault::at(&place, name, error.to_string()).within(self.within.as_deref())
            };
            parameters.set_text(name, value).map_err(wrong)?;
        }
        Ok(!self.options.parameters.is_empty())
    }
}

/// The error of what has no pattern.
pub(super) fn needs_pattern(place: &[Step]) -> Fault {
    let known = Pattern::ALL.map(Pattern::name).join(", ");
    let message = format!("a pattern is missing; choose one of {known}");
    Fault::at(place, "pattern", message)
}
