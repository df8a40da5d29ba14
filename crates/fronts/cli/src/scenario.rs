//! What is meant by a name: a scenario of the catalogue, a description of a run in a file, or a pattern by itself.

use crate::arguments::Common;
use crate::recorded::Recorded;
use anyhow::{Context, Error, Result, anyhow, bail};
use highwater_simulator::{Plan, Sources};
use highwater_workload::scenario::{ScenarioFile, catalogued};
use highwater_workload::spec::{Fault, Level, Planned, Settings, Step};
use highwater_workload::{Pattern, RunSpec, Scenario, Source, Workload};
use std::path::Path;

/// The description of a run, and where it is from.
pub(crate) struct Found {
    /// The name that it was asked for by.
    asked: String,
    pub(crate) scenario: Scenario,
    /// The file, where it is from one.
    file: Option<ScenarioFile>,
}

impl Found {
    /// What is asked for by a name.
    pub(crate) fn look_up(asked: &str) -> Result<Self> {
        let found = |scenario, file| Self {
            asked: asked.to_owned(),
            scenario,
            file,
        };
        if let Some(scenario) = Scenario::named(asked) {
            return Ok(found(scenario, None));
        }
        let path = Path::new(asked);
        let is_named = (path.extension()).is_some_and(|end| end == "toml" || end == "json");
        if asked == "-" || is_named || path.is_file() {
            let text = crate::input::read_text(path).with_context(|| asked.to_owned())?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let file = ScenarioFile::read(&stem, &text).with_context(|| asked.to_owned())?;
            return Ok(found(file.scenario.clone(), Some(file)));
        }
        let pattern: Pattern = asked.parse().map_err(|_| unknown(asked))?;
        let mut run = RunSpec::with("title", format!("{} ({pattern})", pattern.title()));
        run.set("pattern", pattern.to_string());
        let name = asked.to_owned();
        Ok(found(Scenario { name, run }, None))
    }

    /// The replay of a trace.
    pub(crate) fn of_trace(file: &str) -> Self {
        Self {
            asked: file.to_owned(),
            scenario: Scenario {
                name: file.to_owned(),
                run: RunSpec::with("trace", file),
            },
            file: None,
        }
    }

    /// The trace that it names, read.
    pub(crate) fn trace(&self) -> Result<Option<Source>> {
        Ok(self.workload()?.map(Source::from))
    }

    /// The calls of the trace that it names.
    pub(crate) fn workload(&self) -> Result<Option<Workload>> {
        let Some(name) = self.scenario.run.get("trace") else {
            return Ok(None);
        };
        let path = Path::new(name);
        let recorded = Recorded::open(path).with_context(|| name.to_owned())?;
        let wanted = (self.scenario.run.checksum()).map_err(|fault| self.said(fault))?;
        if let Some(wanted) = wanted {
            let sum = recorded.checksum(path).with_context(|| name.to_owned())?;
            if sum != wanted {
                bail!(
                    "{name}: its checksum is {sum:08x}, not {wanted:08x}: it is not the recording that {} names",
                    self.asked
                );
            }
        }
        Ok(Some(recorded.read(path).with_context(|| name.to_owned())?))
    }

    /// What its variants run, with parameters and options set; only those of the named variants where some are named.
    pub(crate) fn plan(
        &self,
        set: &[String],
        named: &[String],
        common: Option<&Common>,
    ) -> Result<Vec<Planned>> {
        let run = &self.scenario.run;
        let has_variants = run.get("scenario").is_some() || !run.parts.is_empty();
        if let (Some(name), false) = (named.first(), has_variants) {
            bail!(
                "--variant {name}: {} has no variants; use --set, --env and --allocator",
                self.asked
            );
        }
        let mut parameters = Settings::default();
        for text in set {
            let (name, value) = split(text)?;
            parameters.push((name.to_owned(), value.to_owned()));
        }
        // In the order of the scenario; behind them, for their error, those that it has not.
        let own = run.parts.iter().map(|variant| variant.text("name"));
        let known = own
            .clone()
            .filter(|name| named.iter().any(|other| other == name));
        let unknown = named
            .iter()
            .filter(|name| own.clone().all(|known| known != *name));
        let named = known.chain(unknown.map(String::as_str));
        let mut spec = RunSpec::with("scenario", self.asked.as_str());
        spec.parameters = parameters;
        spec.parts = named.map(|name| Level::with("base", name)).collect();
        for (name, value) in common.into_iter().flat_map(Common::options) {
            spec.set(name, value.clone());
        }
        let find = |name: &str| match name == self.asked {
            true => Some(run.clone()),
            false => catalogued(name),
        };
        spec.plan(&find).map_err(|fault| self.said(fault))
    }

    /// Makes the calls of a variant.
    pub(crate) fn make(
        &self,
        planned: &Planned,
        trace: Option<&Source>,
        sources: &mut Sources,
    ) -> Result<Plan> {
        let made = sources.plan(planned, trace);
        made.map_err(|fault| self.said(fault))
    }

    /// What is wrong, with where: in the file, or in an option.
    pub(crate) fn said(&self, fault: Fault) -> Error {
        let name = &self.asked;
        Error::msg(match (&fault.within, &self.file) {
            (Some(within), Some(file)) if within == name => {
                format!("{name}: {}", file.locate(fault))
            }
            (Some(within), _) => format!("{within}: {fault}"),
            (None, _) => match &fault.place[..] {
                [] => format!("{name}: {fault}"),
                [Step::Key(key), ..] if key == "parameters" => format!("--set: {}", fault.message),
                [Step::Key(key), ..] => format!("--{key}: {}", fault.message),
                [Step::Number(_), ..] => fault.to_string(),
            },
        })
    }
}

/// A parameter and its value.
fn split(set: &str) -> Result<(&str, &str)> {
    set.split_once('=')
        .with_context(|| format!("--set {set}: expected PARAMETER=VALUE"))
}

/// Returns the error for an unknown name, with all known ones.
pub(crate) fn unknown(asked: &str) -> Error {
    let catalogue = Scenario::catalogue();
    let scenarios: Vec<&str> = catalogue.iter().map(|s| s.name.as_str()).collect();
    anyhow!(
        "unknown scenario `{}`; choose one of {}, a file (.toml or .json), or a pattern: {}",
        asked.chars().take(40).collect::<String>(),
        scenarios.join(", "),
        Pattern::ALL.map(Pattern::name).join(", ")
    )
}
