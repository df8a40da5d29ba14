//! What a scenario's variant comes to: sources, and what each is run through.

use crate::error::SimulatorError;
use crate::variant::{Choice, PythonVersion, Variant};
use highwater_allocator::{Bytes, Environment};
use highwater_glibc::Cores;
use highwater_workload::pattern::Parameters;
use highwater_workload::scenario::{Fault, Planned, PlannedStage};
use highwater_workload::{Pattern, PatternError, Source, Watch};

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
}

impl Stage {
    /// One process.
    pub fn single(source: Source, variant: Variant) -> Self {
        Self {
            name: String::new(),
            sources: vec![source],
            variant,
        }
    }
}

impl Plan {
    /// One process, run once.
    pub fn single(source: Source, variant: Variant) -> Self {
        Self {
            name: String::new(),
            stages: vec![Stage::single(source, variant)],
        }
    }

    /// The plan of a scenario's variant. `make` makes the calls of a pattern, or has them already.
    ///
    /// # Errors
    /// An allocator or interpreter that is not modelled, lines that are no environment, or what `make` says.
    pub fn of(
        planned: &Planned,
        make: &mut dyn FnMut(Pattern, &Parameters) -> Result<Source, PatternError>,
    ) -> Result<Self, Fault> {
        let stage = |stage: &PlannedStage| {
            let variant = variant_of(stage)?;
            let mut sources = Vec::new();
            for worker in 0..stage.workers {
                let parameters = Parameters {
                    seed: stage.parameters.seed.wrapping_add(worker),
                    ..stage.parameters
                };
                let made = make(stage.pattern, &parameters);
                sources.push(made.map_err(|error| Fault::at(&stage.place, "parameters", error))?);
            }
            Ok(Stage {
                name: stage.name.clone(),
                sources,
                variant,
            })
        };
        Ok(Self {
            name: planned.name.clone(),
            stages: planned
                .stages
                .iter()
                .map(stage)
                .collect::<Result<_, Fault>>()?,
        })
    }
}

/// What the processes of a stage are run through.
///
/// # Errors
/// An allocator or interpreter that is not modelled, or lines that are no environment.
pub fn variant_of(stage: &PlannedStage) -> Result<Variant, Fault> {
    let fault = |key: &str, error: &dyn std::fmt::Display| Fault::at(&stage.place, key, error);
    let allocator = match &stage.allocator {
        Some(name) => name.parse().map_err(|error| fault("allocator", &error))?,
        None => Choice::default(),
    };
    let environment =
        Environment::parse(&stage.environment).map_err(|error| fault("environment", &error))?;
    let python = match &stage.python {
        None => None,
        Some(name) => Some(PythonVersion::parse(name).ok_or_else(|| {
            let known = PythonVersion::ALL.map(PythonVersion::name).join(", ");
            fault(
                "python",
                &format!("unknown Python version `{name}`; supported: {known}, none"),
            )
        })?),
    };
    Ok(Variant {
        allocator,
        environment: environment.variables,
        cap: stage.cap.map(Bytes::mib),
        cores: stage.cores.map(Cores::all),
        python,
        seed: None,
    })
}

/// Makes the calls of patterns, each only once.
#[derive(Default)]
pub struct Sources(Vec<((Pattern, Parameters), Source)>);

impl Sources {
    /// The calls of a pattern.
    ///
    /// # Errors
    /// As [`Pattern::source`].
    pub fn get(
        &mut self,
        pattern: Pattern,
        parameters: &Parameters,
        watch: &mut Watch,
    ) -> Result<Source, PatternError> {
        let asked = (pattern, *parameters);
        if let Some((_, source)) = self.0.iter().find(|(made, _)| *made == asked) {
            return Ok(source.clone());
        }
        let source = pattern.source(parameters, watch)?;
        self.0.push((asked, source.clone()));
        Ok(source)
    }
}

impl From<SimulatorError> for Fault {
    fn from(error: SimulatorError) -> Self {
        Self {
            place: Vec::new(),
            message: error.to_string(),
        }
    }
}
