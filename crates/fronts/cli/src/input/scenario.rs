//! What is meant by a name: a scenario of the catalogue, a description of a run in a file, or a pattern by itself.

use crate::input::recorded::{self, Recorded};
use crate::input::variants::Asked;
use anyhow::{Context, Error, Result, anyhow, bail};
use highwater_simulator::{Plan, Sources, repeated};
use highwater_workload::scenario::{ScenarioFile, catalogued};
use highwater_workload::spec::{Fault, Level, Planned, Settings, Step};
use highwater_workload::{Pattern, RunSpec, Scenario, Source, trace};
use std::io::Read;
use std::path::{Path, PathBuf};

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
        if is_trace(path) {
            return Ok(Self::of_trace(asked));
        }
        let is_named = (path.extension()).is_some_and(|end| end == "toml" || end == "json");
        if asked == "-" || is_named || path.is_file() {
            let text = crate::input::texts::read_text(path).with_context(|| asked.to_owned())?;
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

    /// Whether it is a trace by itself.
    pub(crate) fn is_trace(&self) -> bool {
        self.file.is_none() && self.scenario.run.get("trace").is_some()
    }

    /// Its heading: its title, or else its name.
    pub(crate) fn title(&self) -> &str {
        match self.scenario.run.text("title") {
            "" => &self.scenario.name,
            title => title,
        }
    }

    /// The file of its trace: one that a scenario's file names lies beside that, or where it is asked from.
    fn trace_file(&self, name: &str) -> PathBuf {
        let folder = self.file.is_some().then(|| Path::new(&self.asked).parent());
        let beside = folder.flatten().map(|folder| folder.join(name));
        let beside = beside.filter(|beside| beside.is_file());
        beside.unwrap_or_else(|| PathBuf::from(name))
    }

    /// The trace that it names, read.
    pub(crate) fn trace(&self) -> Result<Option<Source>> {
        let read = |path: &Path| Ok(Recorded::open(path)?.read(path)?.into());
        self.opened(read)
    }

    /// The trace that it names, which is read as it is replayed.
    pub(crate) fn streamed_trace(&self) -> Result<Option<Source>> {
        self.opened(recorded::source)
    }

    fn opened(&self, open: impl Fn(&Path) -> Result<Source>) -> Result<Option<Source>> {
        let Some(name) = self.scenario.run.get("trace") else {
            return Ok(None);
        };
        let path = &self.trace_file(name);
        let wanted = (self.scenario.run.checksum()).map_err(|fault| self.said(fault))?;
        if let Some(wanted) = wanted {
            let sum = recorded::checksum(path).with_context(|| name.to_owned())?;
            if sum != wanted {
                bail!(
                    "{name}: its checksum is {sum:08x}, not {wanted:08x}: it is not the recording that {} names",
                    self.asked
                );
            }
        }
        Ok(Some(open(path).with_context(|| name.to_owned())?))
    }

    /// What its variants run, with parameters and options set: those that are named, or all of them, and those that are added.
    pub(crate) fn plan(
        &self,
        set: &[String],
        asked: &Asked,
        options: &[(&'static str, String)],
    ) -> Result<Vec<Planned>> {
        let run = &self.scenario.run;
        let has_variants = run.get("scenario").is_some() || !run.parts.is_empty();
        let named = &asked.named;
        if let (Some(name), false) = (named.first(), has_variants) {
            bail!(
                "--variant {name}: {} has no variants of its own; give \"NAME: SETTINGS\"",
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
        if !asked.added.is_empty() {
            if spec.parts.is_empty() && has_variants {
                let own = self.scenario.plan().map_err(|fault| self.said(fault))?;
                let own = own.into_iter().map(|own| Level::with("base", own.name));
                spec.parts = own.collect();
            } else if spec.parts.is_empty() {
                spec.parts.push(Level::with("name", self.unchanged()));
            }
            spec.parts.extend(asked.added.iter().cloned());
        }
        for (name, value) in options {
            spec.set(name, value.clone());
        }
        let find = |name: &str| match name == self.asked {
            true => Some(run.clone()),
            false => catalogued(name),
        };
        spec.plan(&find).map_err(|fault| self.said(fault))
    }

    /// The name of the variant in which nothing is changed.
    fn unchanged(&self) -> &'static str {
        match self.scenario.run.get("trace") {
            Some(_) => "as recorded",
            None => "no change",
        }
    }

    /// The name of a plan, which says that nothing is changed where it has none.
    pub(crate) fn name_of<'p>(&self, plan: &'p Plan) -> &'p str {
        match &plan.name[..] {
            "" => self.unchanged(),
            name => name,
        }
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
                [Step::Key(key), .., Step::Key(last)] if key == "variant" && last != "base" => {
                    format!("--variant: {fault}")
                }
                [Step::Key(key), ..] => format!("--{key}: {}", fault.message),
                [Step::Number(_), ..] => fault.to_string(),
            },
        })
    }
}

/// Whether a file is a trace, by how it begins; one with the name of a trace is taken for one, so that its error is the
/// reader's.
fn is_trace(path: &Path) -> bool {
    let name = path.to_string_lossy();
    if [".hwt", ".hwt.gz", ".hwr", ".hwr.gz"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        return true;
    }
    let is_description = path
        .extension()
        .is_some_and(|end| end == "toml" || end == "json");
    if is_description || !path.is_file() {
        return false;
    }
    let mut start = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(recorded::BEGINNING).read_to_end(&mut start));
    // What is refused is taken for a trace, so that its error says why.
    read.is_ok()
        && (trace::begins_like_one(&start)
            || crate::input::imported::is_one(&start).unwrap_or(true))
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
        repeated(asked),
        scenarios.join(", "),
        Pattern::ALL.map(Pattern::name).join(", ")
    )
}
