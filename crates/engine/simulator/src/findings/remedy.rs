//! What changes a finding: a setting that this release reads or a call, what it gives, and what that costs.

use crate::simulation::Simulation;
use crate::variant::Variant;
use highwater_allocator::{Bytes, Variable};
use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remedy {
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
    /// What it gives.
    pub gives: Gain,
    /// What it costs.
    pub cost: Cost,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Start the process with these variables, each in place of any value it had.
    Set {
        /// The variables.
        variables: Vec<Variable>,
    },
    /// Have the program call `malloc_trim(0)`.
    MallocTrim {},
}

/// What a remedy gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Gain {
    /// Resident bytes that go back at once.
    Now {
        /// How many.
        bytes: Bytes,
    },
    /// Resident bytes that are not kept, at least, in a run with it, reckoned from the heap as it lies now.
    AtLeast {
        /// How many.
        bytes: Bytes,
    },
    /// It ends what the finding is about; no bytes are reckoned.
    Ends {},
}

/// What a remedy costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Pages that went back are faulted in anew when they are needed again.
    FaultsAgain,
    /// Every free() merges its chunk with the neighbours, and every malloc() searches the bins.
    SlowerCalls,
    /// Every block from the threshold on takes two system calls and its page faults anew.
    MappingForEachBlock,
    /// As much memory stays resident at the top.
    StaysResident,
    /// Threads wait for each other where they call at the same time.
    WaitsForTheArena,
    /// Nobody can ask later who allocated a block.
    NoTraces,
    /// A thread that wakes by itself.
    BackgroundThread,
    /// A page fault for each small page, and more misses of the processor's address cache (TLB).
    SmallPages,
}

impl Remedy {
    /// Returns a variant that has it; `None` where it is a call of the program.
    pub fn applied_to(&self, variant: &Variant) -> Option<Variant> {
        let Action::Set { variables } = &self.action else {
            return None;
        };
        let mut changed = variant.clone();
        for set in variables {
            changed.environment.retain(|known| known.name != set.name);
            changed.environment.push(set.clone());
        }
        Some(changed)
    }

    pub(super) fn malloc_trim(bytes: Bytes) -> Self {
        Self {
            action: Action::MallocTrim {},
            gives: Gain::Now { bytes },
            cost: Cost::FaultsAgain,
        }
    }

    pub(super) fn set(variables: Vec<Variable>, gives: Gain, cost: Cost) -> Self {
        Self {
            action: Action::Set { variables },
            gives,
            cost,
        }
    }
}

pub(super) fn variable(name: &str, value: impl ToString) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.to_string(),
    }
}

impl Simulation {
    fn variable_now(&self, name: &str) -> Option<&str> {
        let mut found = self.environment.iter().rev();
        let found = found.find(|variable| variable.name == name)?;
        Some(&found.value)
    }

    /// Returns `GLIBC_TUNABLES` with some of malloc's tunables set, and the others as they are.
    pub(super) fn tunables(&self, set: &[(&str, u64)]) -> Variable {
        let mut pairs: Vec<String> = Vec::new();
        for pair in self
            .variable_now("GLIBC_TUNABLES")
            .unwrap_or_default()
            .split(':')
        {
            let name = pair.split('=').next().unwrap_or_default();
            let short = name.strip_prefix("glibc.malloc.").unwrap_or(name);
            let is_set = set.iter().any(|(other, _)| *other == short);
            if !pair.is_empty() && !is_set {
                pairs.push(pair.to_owned());
            }
        }
        let set = set.iter();
        pairs.extend(set.map(|(name, value)| format!("glibc.malloc.{name}={value}")));
        variable("GLIBC_TUNABLES", pairs.join(":"))
    }

    /// Returns `MALLOC_CONF` with some options set, and the others as they are.
    pub(super) fn malloc_conf(&self, set: &[(&str, &str)]) -> Variable {
        let mut pairs: Vec<String> = Vec::new();
        for pair in self
            .variable_now("MALLOC_CONF")
            .unwrap_or_default()
            .split(',')
        {
            let name = pair.split(':').next().unwrap_or_default();
            let is_set = set.iter().any(|(other, _)| *other == name.trim());
            if !pair.is_empty() && !is_set {
                pairs.push(pair.to_owned());
            }
        }
        let set = set.iter();
        pairs.extend(set.map(|(name, value)| format!("{name}:{value}")));
        variable("MALLOC_CONF", pairs.join(","))
    }
}
