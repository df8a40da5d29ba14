//! The one description of a run, which scenario files, links, the command's JSON and the package's requests all are, and
//! the one place where it is checked.
//!
//! A [`RunSpec`] says what runs and the variants to run it in. What a variant comes to is found level by level, from the
//! top down: those of the scenario that it begins with, then its own. Each level is checked where it is written, so
//! that an error names the key at fault.

mod fault;
mod layers;
mod planned;
mod said;
mod schema;
mod tree;

pub use fault::{Fault, FaultKind, Step};
pub use layers::Find;
pub use planned::{Calls, MAX_CAP, MAX_CORES, MAX_WORKERS, Planned, PlannedStage};
pub use said::{NotWhole, whole};
pub use schema::{Level, OPTIONS, RunSpec, Settings, VERSION};
pub use tree::Tree;

use crate::pattern::{Parameters, Pattern};
use highwater_units::repeated;
use layers::Layered;
use planned::needs_pattern;
use said::{Said, parameters_place};

/// What a description must say first.
const ONE_OF: &str = "exactly one of scenario, pattern and trace is required";
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
                let name = repeated(&name);
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
            let version = repeated(version);
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
            let text = repeated(text);
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
}
