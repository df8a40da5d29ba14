//! Which scenario is meant: one of the catalogue, one in a file, or a pattern by itself.

use highwater_simulator::{Plan, Sources};
use highwater_workload::scenario::{Fault, Planned, ScenarioFile};
use highwater_workload::{Pattern, Scenario, unwatched};
use std::fmt::Display;
use std::path::Path;

/// A scenario, and where it is from.
pub(crate) struct Found {
    pub(crate) scenario: Scenario,
    /// The file, where it is from one.
    file: Option<(String, ScenarioFile)>,
}

impl Found {
    /// The scenario that is asked for; `None` where it is not one, but may be a pattern.
    pub(crate) fn look_up(asked: &str) -> Result<Option<Self>, String> {
        if let Some(scenario) = Scenario::named(asked) {
            let file = None;
            return Ok(Some(Self { scenario, file }));
        }
        let path = Path::new(asked);
        let is_file = path.extension().is_some_and(|end| end == "toml") || path.is_file();
        if !is_file {
            return Ok(None);
        }
        let text = crate::input::read_text(path).map_err(|error| format!("{asked}: {error}"))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = ScenarioFile::read(&stem, &text).map_err(|error| format!("{asked}: {error}"))?;
        Ok(Some(Self {
            scenario: file.scenario.clone(),
            file: Some((asked.to_owned(), file)),
        }))
    }

    /// What its variants run, with what was set.
    pub(crate) fn plan(&self, set: &[String]) -> Result<Vec<Planned>, String> {
        let mut changed = Vec::new();
        let mut scratch = highwater_workload::pattern::Parameters::default();
        for text in set {
            let (name, value) = split(text)?;
            scratch
                .set_text(name, value)
                .map_err(|error| format!("--set {text}: {error}"))?;
            changed.push((name.to_owned(), value.to_owned()));
        }
        self.scenario
            .plan_with(&changed)
            .map_err(|fault| self.said(fault))
    }

    /// Makes the calls of a variant.
    pub(crate) fn make(&self, planned: &Planned, sources: &mut Sources) -> Result<Plan, String> {
        Plan::of(planned, &mut |pattern, parameters| {
            sources.get(pattern, parameters, &mut unwatched)
        })
        .map_err(|fault| self.said(fault))
    }

    /// What is wrong, with where.
    pub(crate) fn said(&self, fault: Fault) -> String {
        match &self.file {
            Some((name, file)) => format!("{name}: {}", file.locate(fault)),
            None => format!("{}: {fault}", self.scenario.name),
        }
    }
}

/// A parameter and its value.
pub(crate) fn split(set: &str) -> Result<(&str, &str), String> {
    set.split_once('=')
        .ok_or_else(|| format!("--set {set}: expected PARAMETER=VALUE"))
}

/// Returns the error for an unknown name, with all known ones.
pub(crate) fn unknown(asked: &str) -> String {
    let catalogue = Scenario::catalogue();
    let scenarios: Vec<&str> = catalogue.iter().map(|s| s.name.as_str()).collect();
    format!(
        "unknown scenario `{}`; choose one of {}, a file (.toml), or a pattern: {}",
        asked.chars().take(40).collect::<String>(),
        scenarios.join(", "),
        Pattern::ALL.map(Pattern::name).join(", ")
    )
}

/// Anything as a message.
pub(crate) fn say(error: impl Display) -> String {
    error.to_string()
}
