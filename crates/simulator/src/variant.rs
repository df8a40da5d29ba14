//! What a workload is run through: an allocator of some version, with an environment.

use crate::error::SimulatorError;
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, DecisionLog, Kernel, Micros, Remark, ThreadId,
    Variable,
};
use highwater_glibc::{Glibc, Settings, Version};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An allocator and its version, written `glibc@2.36`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Choice {
    /// glibc's malloc.
    Glibc(Version),
}

impl Default for Choice {
    fn default() -> Self {
        Self::Glibc(Version::default())
    }
}

impl Choice {
    /// Everything that is modelled.
    pub fn all() -> impl Iterator<Item = Self> {
        Version::ALL.into_iter().map(Self::Glibc)
    }

    /// The allocator's name and version, as a trace names them.
    pub fn named(name: &str, version: &str) -> Option<Self> {
        match name {
            "glibc" => Version::parse(version).map(Self::Glibc),
            _ => None,
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc(version) => write!(f, "glibc@{version}"),
        }
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.to_string()
    }
}

impl TryFrom<String> for Choice {
    type Error = SimulatorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Choice {
    type Err = SimulatorError;

    /// Reads `NAME@VERSION`; a name alone stands for its newest modelled version.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = match text.split_once('@') {
            Some((name, version)) => Self::named(name, version),
            None => Self::all().find(|choice| choice.to_string().split('@').next() == Some(text)),
        };
        found.ok_or_else(|| SimulatorError::UnknownAllocator {
            asked: text.chars().take(40).collect(),
            known: Self::all()
                .map(|choice| choice.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }
}

/// One way to run a workload.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Variant {
    /// The allocator.
    pub allocator: Choice,
    /// What its process finds in its environment.
    #[serde(default)]
    pub environment: Vec<Variable>,
    /// Resident memory of the allocator's mappings at which the process is killed.
    #[serde(default)]
    pub cap: Option<Bytes>,
}

impl Variant {
    /// What the allocator says to this environment.
    pub fn remarks(&self) -> Vec<Remark> {
        match self.allocator {
            Choice::Glibc(version) => {
                Settings::from_environment(version, &self.environment).remarks
            }
        }
    }

    pub(crate) fn model(&self) -> Model {
        match self.allocator {
            Choice::Glibc(version) => {
                let settings = Settings::from_environment(version, &self.environment);
                Model::Glibc(Glibc::new(version, settings.params))
            }
        }
    }
}

/// The model a variant runs on. An enum and not a box, so that the call of a model costs no jump through a table.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one to a simulation")]
pub(crate) enum Model {
    Glibc(Glibc),
}

macro_rules! delegate {
    ($self:ident, $model:ident => $call:expr) => {
        match $self {
            Model::Glibc($model) => $call,
        }
    };
}

impl Allocator for Model {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        delegate!(self, model => model.malloc(kernel, thread, size))
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        delegate!(self, model => model.calloc(kernel, thread, count, size))
    }

    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        delegate!(self, model => model.realloc(kernel, thread, old, size))
    }

    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        delegate!(self, model => model.aligned(kernel, thread, alignment, size))
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        delegate!(self, model => model.free(kernel, thread, block));
    }

    fn trim(&mut self, kernel: &mut Kernel, thread: ThreadId, pad: Bytes) -> bool {
        delegate!(self, model => model.trim(kernel, thread, pad))
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        delegate!(self, model => model.thread_exit(kernel, thread));
    }

    fn advance(&mut self, kernel: &mut Kernel, now: Micros) {
        delegate!(self, model => model.advance(kernel, now));
    }

    fn usable_size(&self, kernel: &Kernel, block: Address) -> Bytes {
        delegate!(self, model => model.usable_size(kernel, block))
    }

    fn accounting(&self, kernel: &Kernel) -> Accounting {
        delegate!(self, model => model.accounting(kernel))
    }

    fn reclaimable(&self, kernel: &Kernel) -> Bytes {
        delegate!(self, model => model.reclaimable(kernel))
    }

    fn reclaimable_cost(&self) -> u64 {
        delegate!(self, model => model.reclaimable_cost())
    }

    fn census(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        delegate!(self, model => model.census(kernel, visit));
    }

    fn decisions(&self) -> &DecisionLog {
        delegate!(self, model => model.decisions())
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        delegate!(self, model => model.decisions_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_name_at_version() {
        let choice: Choice = "glibc@2.36".parse().expect("it is modelled");
        assert_eq!(choice.to_string(), "glibc@2.36");
        assert_eq!("glibc".parse::<Choice>(), Ok(choice));
        let error = "glibc@2.99".parse::<Choice>().expect_err("it is not");
        assert!(error.to_string().contains("glibc@2.36"), "{error}");
    }
}
