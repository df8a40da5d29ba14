//! The one description of a run, which scenario files, links, the command's JSON and the package's requests all are, and
//! the one place where it is checked.
//!
//! A [`RunSpec`] says what runs and the variants to run it in. What a variant comes to is found level by level, from the
//! top down: those of the scenario that it begins with, then its own. Each level is checked where it is written, so
//! that an error names the key at fault.

mod fault;
mod schema;
mod tree;

pub use fault::{Fault, FaultKind, Step};
pub use schema::{Level, OPTIONS, RunSpec, Settings, VERSION};
pub use tree::Tree;

use crate::pattern::{ParameterError, Parameters, Pattern, PatternError};
use std::ops::RangeInclusive;
use thiserror::Error;

/// Most processes side by side.
pub const MAX_WORKERS: u32 = 64;
/// Most MiB that a cap, or `memory.high`, may be.
pub const MAX_CAP: u64 = 1 << 20;
/// Most cores that a machine may have.
pub const MAX_CORES: u32 = 4096;
/// Most scenarios that begin with one another.
const MOST_BEGUN: usize = 4;
/// What a description must say first.
const ONE_OF: &str = "exactly one of scenario, pattern and trace is required";
/// The longest text that an error repeats, in characters.
const REPEATED: usize = 40;

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

/// What is said at one level, and where.
#[derive(Clone, PartialEq, Debug)]
struct Said {
    within: Option<String>,
    place: Vec<Step>,
    options: Level,
}

/// A variant's stages, each with its name and its levels from the top down.
struct Layered {
    name: String,
    is_trace: bool,
    stages: Vec<(String, Vec<Said>)>,
}

/// Finds a scenario by its name.
pub type Find<'f> = dyn Fn(&str) -> Option<RunSpec> + 'f;

impl RunSpec {
    /// Reads JSON.
    ///
    /// # Errors
    /// It is no JSON, or holds something that no description holds.
    pub fn from_json(text: &str) -> Result<Self, Fault> {
        let tree = Tree::from_json(text)
            .map_err(|line| Fault::of(&[], format!("line {line}: this is no JSON")))?;
        Self::try_from(tree)
    }

    /// Returns what its variants run. `find` knows the scenarios that it may begin with.
    ///
    /// # Errors
    /// The first thing in it that cannot be what it is.
    pub fn plan(&self, find: &Find<'_>) -> Result<Vec<Planned>, Fault> {
        self.check()?;
        let mut planned: Vec<Planned> = Vec::new();
        for (number, layered) in self.layers(find, 0)?.into_iter().enumerate() {
            let Layered {
                name,
                is_trace,
                stages,
            } = layered;
            if planned.iter().any(|other| other.name == name) {
                let name = shortened(&name);
                let message = format!("two variants are named `{name}`; give each its own name");
                return Err(Fault::at(&self.variant_place(number), "name", message));
            }
            let stages = stages.into_iter();
            let stages = stages.map(|(name, levels)| PlannedStage::new(name, levels, is_trace));
            let stages = stages.collect::<Result<_, _>>()?;
            planned.push(Planned { name, stages });
        }
        if self.parts.is_empty() {
            self.check_parameters(&planned)?;
        }
        Ok(planned)
    }

    /// Whether it has the form of a description of this version, and names one thing to run.
    ///
    /// # Errors
    /// What it needs instead.
    pub fn check(&self) -> Result<(), Fault> {
        let said = ["trace", "pattern", "scenario"].into_iter();
        let mut said = said.filter(|key| self.get(key).is_some());
        match (said.next(), said.next()) {
            (Some(key), Some(_)) => return Err(Fault::at(&[], key, ONE_OF)),
            (None, _) if self.parts.is_empty() => return Err(Fault::of(&[], ONE_OF)),
            _ => {}
        }
        if let Some(version) = self.get("version").filter(|text| *text != VERSION) {
            let version = shortened(version);
            let message = format!("this release reads version {VERSION}, not {version}");
            return Err(Fault::at(&[], "version", message));
        }
        self.checksum().map(|_| ())
    }

    /// The checksum of its trace, where it says one.
    ///
    /// # Errors
    /// It is no checksum.
    pub fn checksum(&self) -> Result<Option<u32>, Fault> {
        let Some(text) = self.get("checksum") else {
            return Ok(None);
        };
        let sum = u32::from_str_radix(text, 16).map_err(|_| {
            let text = shortened(text);
            let message = format!("expected a CRC-32 as 8 hexadecimal digits, not {text}");
            Fault::at(&[], "checksum", message)
        });
        sum.map(Some)
    }

    /// The pattern at its top and the parameters for it.
    ///
    /// # Errors
    /// There is no such pattern, or a parameter cannot be what it is.
    pub fn common(&self) -> Result<(Pattern, Parameters), Fault> {
        let levels = vec![Said::new(&[], self.options())];
        match PlannedStage::new(String::new(), levels, false)?.calls {
            Calls::Pattern(pattern, parameters) => Ok((pattern, parameters)),
            Calls::Trace => Err(needs_pattern(&[])),
        }
    }

    /// A parameter that nothing of what runs has is a mistake.
    fn check_parameters(&self, planned: &[Planned]) -> Result<(), Fault> {
        let stages = || planned.iter().flat_map(|planned| &planned.stages);
        let has = |stage: &PlannedStage, name: &str| match &stage.calls {
            Calls::Trace => false,
            Calls::Pattern(pattern, _) => pattern.parameters().any(|own| own.name == name),
        };
        let mut said = self.parameters.iter();
        let Some((name, _)) = said.find(|(name, _)| !stages().any(|stage| has(stage, name))) else {
            return Ok(());
        };
        let message = match stages().next().map(|stage| &stage.calls) {
            Some(Calls::Pattern(pattern, _)) => {
                let known: Vec<_> = pattern.parameters().map(|own| own.name).collect();
                let known = known.join(", ");
                format!("{pattern} has no parameter {name}; its parameters are {known}")
            }
            _ => format!("{name}: a trace has no parameters; remove it"),
        };
        Err(Fault::at(&parameters_place(&[]), name, message))
    }

    fn variant_place(&self, number: usize) -> Vec<Step> {
        match self.parts.is_empty() {
            true => Vec::new(),
            false => vec![Step::Key("variant".to_owned()), Step::Number(number)],
        }
    }

    /// The levels of each stage of each variant.
    fn layers(&self, find: &Find<'_>, depth: usize) -> Result<Vec<Layered>, Fault> {
        let bases = match self.get("scenario") {
            Some(name) => self.begun(name, find, depth)?,
            None => Vec::new(),
        };
        let is_trace = self.get("trace").is_some();
        let top = Said::new(&[], self.options());
        if self.parts.is_empty() && bases.is_empty() {
            let name = self.text("title").to_owned();
            let stages = vec![(name.clone(), vec![top])];
            return Ok(vec![Layered {
                name,
                is_trace,
                stages,
            }]);
        }
        if self.parts.is_empty() {
            return Ok(bases);
        }
        let mut layered: Vec<Layered> = Vec::new();
        for (number, variant) in self.parts.iter().enumerate() {
            let place = self.variant_place(number);
            let base = base_of(variant, &bases, &place)?;
            let of_base = base.map_or("", |base| &base.name);
            let is_free = |name: &str| layered.iter().all(|other| other.name != name);
            // Its own name, else that of its base, else its number where another has that.
            let name = match variant.text("name") {
                "" if of_base.is_empty() || !is_free(of_base) => format!("variant {}", number + 1),
                "" => of_base.to_owned(),
                name => name.to_owned(),
            };
            let own = Said::new(&place, variant.options());
            let mut stages = match base {
                Some(base) => base.stages.clone(),
                None if variant.parts.is_empty() => vec![(name.clone(), vec![top.clone()])],
                None => {
                    let parts = variant.parts.iter();
                    let name = |stage: &Level| stage.text("name").to_owned();
                    parts
                        .map(|stage| (name(stage), vec![top.clone()]))
                        .collect()
                }
            };
            for (number, (_, levels)) in stages.iter_mut().enumerate() {
                levels.push(own.clone());
                if let Some(stage) = variant.parts.get(number) {
                    let mut place = place.clone();
                    place.extend([Step::Key("stage".to_owned()), Step::Number(number)]);
                    levels.push(Said::new(&place, stage.options()));
                }
            }
            let is_trace = base.map_or(is_trace, |base| base.is_trace);
            layered.push(Layered {
                name,
                is_trace,
                stages,
            });
        }
        Ok(layered)
    }

    /// The variants of the scenario that it begins with, with what is said at its own top.
    fn begun(&self, name: &str, find: &Find<'_>, depth: usize) -> Result<Vec<Layered>, Fault> {
        let begun = find(name).filter(|_| depth < MOST_BEGUN).ok_or_else(|| {
            let message = format!("unknown scenario `{}`", shortened(name));
            Fault::unknown(&[], "scenario", message)
        })?;
        let within = |fault: Fault| fault.within(Some(name));
        let mut bases = begun.layers(find, depth + 1).map_err(within)?;
        // Parameters go under what a variant sets for itself, and all other options over it.
        let mut over = self.options();
        let mut common = Level::default();
        common.parameters.append(&mut over.parameters);
        for (_, levels) in bases.iter_mut().flat_map(|base| &mut base.stages) {
            for level in levels.iter_mut() {
                level.within.get_or_insert_with(|| name.to_owned());
            }
            levels.insert(1, Said::new(&[], common.clone()));
            levels.push(Said::new(&[], over.clone()));
        }
        Ok(bases)
    }
}

/// The one of a scenario's variants that a variant begins as, where there is a scenario.
fn base_of<'b>(
    variant: &Level,
    bases: &'b [Layered],
    place: &[Step],
) -> Result<Option<&'b Layered>, Fault> {
    let wanted = variant.get("base");
    if bases.is_empty() {
        let message = "only a scenario has variants to begin as; remove it, or name a scenario";
        return match wanted {
            Some(_) => Err(Fault::at(place, "base", message)),
            None => Ok(None),
        };
    }
    if !variant.parts.is_empty() {
        let message = "a variant of a scenario has the stages of its base; remove them";
        return Err(Fault::at(place, "stage", message));
    }
    let mut found = bases.iter();
    let found = found.find(|base| wanted.is_none_or(|wanted| base.name == wanted));
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = bases.iter().map(|base| base.name.as_str()).collect();
        let message = format!(
            "no such variant `{}`; the scenario's variants are {}",
            shortened(wanted.unwrap_or_default()),
            known.join(", ")
        );
        Fault::unknown(place, "base", message)
    })
}

impl Said {
    fn new(place: &[Step], options: Level) -> Self {
        Self {
            within: None,
            place: place.to_vec(),
            options,
        }
    }

    fn fault(&self, key: &str, message: String) -> Fault {
        Fault::at(&self.place, key, message).within(self.within.as_deref())
    }

    /// A whole number that is said here.
    fn whole(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Fault> {
        let said = self.options.get(key).map(|text| whole(text, range));
        said.transpose()
            .map_err(|error| self.fault(key, error.to_string()))
    }
}

/// A text that is no whole number in the range asked for.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the value must be a whole number between {least} and {most}, not {text}")]
pub struct NotWhole {
    least: u64,
    most: u64,
    /// The text, shortened.
    text: String,
}

/// A whole number in a text.
///
/// # Errors
/// The text is no number, or the number is not in the range.
pub fn whole(text: &str, range: RangeInclusive<u64>) -> Result<u64, NotWhole> {
    let number = text.trim().parse().ok();
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| NotWhole {
        least: *range.start(),
        most: *range.end(),
        text: shortened(text),
    })
}

impl PlannedStage {
    /// Checks what is said of a stage, level by level.
    fn new(name: String, levels: Vec<Said>, is_trace: bool) -> Result<Self, Fault> {
        let mut options = Level::default();
        let mut parameters = Parameters::default();
        let (mut pattern, mut set_at) = (None, &levels[0]);
        let [mut cap, mut high, mut cores, mut seed, mut workers] = [None; 5];
        for level in &levels {
            options.put(&level.options);
            if let Some(name) = level.options.get("pattern") {
                let read: Result<Pattern, _> = name.parse();
                let unknown = |error: PatternError| Fault {
                    kind: FaultKind::Unknown,
                    ..level.fault("pattern", error.to_string())
                };
                pattern = Some(read.map_err(unknown)?);
            }
            cap = level.whole("cap", 1..=MAX_CAP)?.or(cap);
            high = level.whole("high", 1..=MAX_CAP)?.or(high);
            cores = level.whole("cores", 1..=MAX_CORES.into())?.or(cores);
            seed = level.whole("seed", 0..=u64::MAX)?.or(seed);
            workers = level.whole("workers", 1..=MAX_WORKERS.into())?.or(workers);
            for (name, value) in &level.options.parameters {
                set_at = level;
                let within = level.within.as_deref();
                let wrong = |error: ParameterError| {
                    let place = parameters_place(&level.place);
                    Fault::at(&place, name, error.to_string()).within(within)
                };
                parameters.set_text(name, value).map_err(wrong)?;
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

fn parameters_place(place: &[Step]) -> Vec<Step> {
    let mut place = place.to_vec();
    place.push(Step::Key("parameters".to_owned()));
    place
}

fn needs_pattern(place: &[Step]) -> Fault {
    let known = Pattern::ALL.map(Pattern::name).join(", ");
    let message = format!("a pattern is missing; choose one of {known}");
    Fault::at(place, "pattern", message)
}

/// The beginning of a text.
fn shortened(text: &str) -> String {
    text.chars().take(REPEATED).collect()
}
