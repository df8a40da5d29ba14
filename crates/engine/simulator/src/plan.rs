//! What a scenario's variant comes to: sources, and what each is run through.

use crate::choice::Choice;
use crate::settings::{Chosen, Judged, choose, judge};
use crate::variant::{Machine, PythonVersion, Variant};
use highwater_allocator::{Bytes, Remark, Tone, repeated};
use highwater_glibc::Cores;
use highwater_kernel::UnknownWord;
use highwater_settings::{Environment, is_read};
use highwater_workload::pattern::{Generator, MAX_CALLS, ParameterError, Parameters};
use highwater_workload::spec::{Calls, Fault, Planned, PlannedStage};
use highwater_workload::{Header, Pattern, PatternError, Source, Watch, unwatched};
use std::str::FromStr;

/// One way to run something: stages one after another.
#[derive(Clone)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// At least one.
    pub stages: Vec<Stage>,
}

/// Processes that start together under one cap, run to their end, and are stopped.
#[derive(Clone)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What each process runs; at least one.
    pub sources: Vec<Source>,
    /// What all of them are run through.
    pub variant: Variant,
    /// Remarks on how allocator and settings were written, such as a release that the nearest one replaces.
    pub said: Vec<Remark>,
}

impl Stage {
    /// How many events its processes have; about, where they are made on the way.
    pub fn events(&self) -> u64 {
        self.sources.iter().map(Source::events).sum()
    }

    /// One process.
    pub fn single(source: Source, variant: Variant) -> Self {
        Self {
            name: String::new(),
            sources: vec![source],
            variant,
            said: Vec::new(),
        }
    }

    /// What comes of each setting, then each remark that is about none of them. A report is passed on, so the value of a
    /// variable that no allocator reads, which may be a password, is left out.
    pub fn remarks(&self) -> Vec<Judged> {
        let environment = Environment {
            variables: self.variant.environment.clone(),
            remarks: self.said.clone(),
            ..Environment::default()
        };
        let mut all = judge(&environment, &self.variant);
        for unread in all.iter_mut().filter(|judged| !is_read(&judged.name)) {
            unread.value.clear();
        }
        let others = self.said.iter().filter(|remark| {
            let is_about = |judged: &Judged| remark.is_about(&judged.name);
            !all.iter().any(is_about)
        });
        let others: Vec<Judged> = others
            .map(|remark| Judged {
                name: remark.variable.clone(),
                value: if remark.variable == ALLOCATOR {
                    self.variant.allocator.to_string()
                } else {
                    String::new()
                },
                effect: remark.tone.effect(),
                says: remark.text.clone(),
            })
            .collect();
        all.extend(others);
        all
    }
}

/// What a remark on the choice of the allocator is about.
pub const ALLOCATOR: &str = "allocator";

impl Plan {
    /// What comes of the settings of all stages, and remarks on their allocators; each once.
    pub fn remarks(&self) -> Vec<Judged> {
        let mut all: Vec<Judged> = Vec::new();
        for judged in self.stages.iter().flat_map(Stage::remarks) {
            if !all.contains(&judged) {
                all.push(judged);
            }
        }
        all
    }

    /// One process, run once.
    pub fn single(source: Source, variant: Variant) -> Self {
        Self {
            name: String::new(),
            stages: vec![Stage::single(source, variant)],
        }
    }

    /// The plan of a variant. `trace` is what it runs where it names one; `make` makes the calls of a pattern, or has them
    /// already.
    ///
    /// # Errors
    /// An allocator or interpreter that is not modelled, or what `make` says.
    pub fn of(
        planned: &Planned,
        trace: Option<&Source>,
        make: &mut dyn FnMut(Pattern, &Parameters) -> Result<Source, PatternError>,
    ) -> Result<Self, Fault> {
        let mut stages = Vec::new();
        for stage in &planned.stages {
            let sources: Vec<Source> = match (&stage.calls, trace) {
                (Calls::Trace, Some(trace)) => vec![trace.clone()],
                (Calls::Trace, None) => {
                    return Err(Fault::at(
                        &[],
                        "trace",
                        "the trace is not there; open it first",
                    ));
                }
                (Calls::Pattern(pattern, parameters), _) => (0..stage.workers)
                    .map(|worker| make(*pattern, &parameters.of_process(worker)))
                    .collect::<Result<_, _>>()
                    .map_err(|error| stage.fault("parameters", error.to_string()))?,
            };
            let sources = changed(stage, sources)?;
            let header = trace.map(|trace| &trace.first().header);
            let (variant, said) = variant_of(stage, header, Environment::parse)?;
            stages.push(Stage {
                name: stage.name.clone(),
                sources,
                variant,
                said,
            });
        }
        Ok(Self {
            name: planned.name.clone(),
            stages,
        })
    }
}

/// The sources of a stage with the calls that it adds to them.
fn changed(stage: &PlannedStage, sources: Vec<Source>) -> Result<Vec<Source>, Fault> {
    let Some(trims) = stage.trims else {
        return Ok(sources);
    };
    let with_trims = |source: Source| {
        let changed = source.with_trims(trims);
        changed.map_err(|error| stage.fault("trim", error.to_string()))
    };
    sources.into_iter().map(with_trims).collect()
}

/// Returns what the processes of a stage are run through, with the remarks on how that is written. A trace's `header` names
/// the allocator and the environment that it was recorded with: they run unless others are said. `read` reads the settings in a
/// text, as [`Environment::parse`] does.
///
/// # Errors
/// An allocator of which no release is modelled, or an interpreter that is not.
pub fn variant_of(
    stage: &PlannedStage,
    header: Option<&Header>,
    read: impl Fn(&str) -> Environment,
) -> Result<(Variant, Vec<Remark>), Fault> {
    let given = stage.environment.as_deref().map(read);
    // What a trace recorded chooses nothing: its allocator is known.
    let chosen = (given.as_ref()).and_then(|given| choose(&given.variables, given.linked));
    let environment = environment_of(given.unwrap_or_default(), header);
    let mut said = environment.remarks;
    let allocator = allocator_of(stage, chosen, header, &mut said)?;
    let python = stage.python.as_deref().map(|name| {
        PythonVersion::parse(name).ok_or_else(|| {
            let known = PythonVersion::ALL.map(PythonVersion::name).join(", ");
            let name = repeated(name);
            let message = format!("unknown Python version `{name}`; supported: {known}, none");
            stage.fault("python", message)
        })
    });
    let machine = Machine {
        thp: read_as(stage, "thp", stage.thp.as_deref())?,
        khugepaged: read_as(stage, "khugepaged", stage.khugepaged.as_deref())?.unwrap_or_default(),
        page_size: read_as(stage, "page_size", stage.page_size.as_deref())?,
    };
    let variant = Variant {
        machine,
        allocator,
        environment: environment.variables,
        cap: stage.cap.map(Bytes::mib),
        high: stage.high.map(Bytes::mib),
        cores: stage.cores.map(Cores::all),
        python: python.transpose()?,
        seed: stage.seed,
    };
    Ok((variant, said))
}

/// Returns what an option of a stage says, where it says anything.
fn read_as<T: FromStr<Err = UnknownWord>>(
    stage: &PlannedStage,
    key: &str,
    text: Option<&str>,
) -> Result<Option<T>, Fault> {
    let read = text.map(str::parse::<T>);
    read.transpose()
        .map_err(|error| stage.fault(key, error.to_string()))
}

/// Returns the environment of a stage: what a trace recorded, with what is given set over it.
fn environment_of(given: Environment, header: Option<&Header>) -> Environment {
    let Some(header) = header else {
        return given;
    };
    let mut all = Environment::recorded(&header.env);
    all.remarks.extend(given.remarks);
    for variable in given.variables {
        all.set(variable);
    }
    all
}

/// Returns the allocator of a stage, and adds to the remarks what is surprising about the choice: the one that is asked for,
/// or else the one that the given environment loads, or else the one that a trace recorded.
fn allocator_of(
    stage: &PlannedStage,
    chosen: Option<Chosen>,
    header: Option<&Header>,
    said: &mut Vec<Remark>,
) -> Result<Choice, Fault> {
    let mut note = |says| said.push(Remark::new(ALLOCATOR, Tone::Surprise, says));
    let recorded = header.and_then(|header| header.allocator.as_ref());
    let recorded = recorded.map(|(name, version)| Choice::recorded(name, version));
    Ok(match (&stage.allocator, chosen, recorded) {
        (Some(name), ..) => {
            let asked = Choice::nearest(name)
                .map_err(|error| stage.fault("allocator", error.to_string()))?;
            asked.instead.into_iter().for_each(note);
            asked.choice
        }
        (None, Some(chosen), recorded) => {
            let own = recorded.map(|recorded| recorded.choice);
            let choice = chosen.choice().or(own).unwrap_or_default();
            note(chosen.says(choice));
            choice
        }
        (None, None, Some(recorded)) => {
            recorded.instead.into_iter().for_each(note);
            recorded.choice
        }
        (None, None, None) => Choice::default(),
    })
}

/// Makes the calls of patterns, each only once, and bounds how many all of them hold in memory.
pub struct Sources {
    made: Vec<((Pattern, Parameters), Source)>,
    /// Calls that are in memory.
    held: u64,
    /// Most calls of several sources that are in memory whole; what comes after them is made on the way.
    most_whole: u64,
    /// Most calls of several sources that are in memory at one time.
    most: u64,
}

impl Default for Sources {
    fn default() -> Self {
        Self::holding(MAX_CALLS / 2, 2 * MAX_CALLS)
    }
}

impl Sources {
    /// The plan of a variant, with its calls. `trace` is what it runs where it names one.
    ///
    /// # Errors
    /// As [`Plan::of`].
    pub fn plan(&mut self, planned: &Planned, trace: Option<&Source>) -> Result<Plan, Fault> {
        Plan::of(planned, trace, &mut |pattern, parameters| {
            self.get(pattern, parameters, &mut unwatched)
        })
    }

    /// Begins with no source. After the first, sources are in memory whole as long as all have at most `most_whole` calls;
    /// of others the parts at hand are, `most` calls in all.
    pub fn holding(most_whole: u64, most: u64) -> Self {
        Self {
            made: Vec::new(),
            held: 0,
            most_whole,
            most,
        }
    }

    /// The calls of a pattern.
    ///
    /// # Errors
    /// As [`Pattern::source`], and more calls than are held in memory for all sources together.
    pub fn get(
        &mut self,
        pattern: Pattern,
        parameters: &Parameters,
        watch: &mut Watch,
    ) -> Result<Source, PatternError> {
        let asked = (pattern, *parameters);
        if let Some((_, source)) = self.made.iter().find(|(made, _)| *made == asked) {
            return Ok(source.clone());
        }
        let all = self
            .held
            .saturating_add(parameters.most_calls(pattern.program()));
        let source = match self.made.is_empty() || all <= self.most_whole {
            true => pattern.source(parameters, watch)?,
            false => Source::streamed(Generator::new(pattern, parameters)?, watch)?,
        };
        // Of one that is made on the way, the first part is held besides the one that is replayed.
        let parts = 1 + u64::from(source.is_streamed());
        self.held += source.first().events.len() as u64 * parts;
        if self.held > self.most && !self.made.is_empty() {
            return Err(PatternError::Parameter(ParameterError::TooManyCalls {
                calls: self.held,
                of_burst: true,
                limit: self.most,
                remedy: "workers, or variants with parameters of their own".to_owned(),
            }));
        }
        self.made.push((asked, source.clone()));
        Ok(source)
    }
}
