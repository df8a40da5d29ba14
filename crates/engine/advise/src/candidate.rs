//! A change that may help: settings, another allocator, calls of the program, or several of these.

use crate::family::Family;
use highwater_simulator::{Choice, Plan, Variable};
use highwater_workload::{Trims, TrimsError};
use serde::Serialize;

/// Who makes a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doer {
    /// Whoever starts the process: settings in its environment.
    Settings,
    /// Whoever builds its image: another library, and settings.
    Library,
    /// Whoever writes the program.
    Program,
}

impl Doer {
    /// All of them, in the order of what they cost people.
    pub const ALL: [Self; 3] = [Self::Settings, Self::Library, Self::Program];
}

/// A change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Candidate {
    /// What it changes; nothing in the run as it is.
    pub families: Vec<Family>,
    /// The allocator that runs instead, where it is another.
    pub allocator: Option<Choice>,
    /// Variables, each in place of the value it had. `GLIBC_TUNABLES` and `MALLOC_CONF` keep what else they hold.
    pub variables: Vec<Variable>,
    /// Whether the settings that the run has now are removed.
    pub removes: bool,
    /// When the program also calls `malloc_trim(0)`.
    pub trims: Option<Trims>,
    /// Whether it is what people are usually told.
    pub is_usual: bool,
}

/// A variable that holds several options: its name, what parts them, and what parts a name from its value.
const LISTS: [(&str, char, char); 2] = [("GLIBC_TUNABLES", ':', '='), ("MALLOC_CONF", ',', ':')];

impl Candidate {
    /// A variable set to a value.
    pub(crate) fn set(family: Family, name: &str, value: impl ToString) -> Self {
        Self {
            families: vec![family],
            variables: vec![Variable {
                name: name.to_owned(),
                value: value.to_string(),
            }],
            ..Self::default()
        }
    }

    /// A tunable of malloc that has no variable of its own.
    pub(crate) fn tunable(family: Family, name: &str, value: u64) -> Self {
        Self::set(
            family,
            "GLIBC_TUNABLES",
            format!("glibc.malloc.{name}={value}"),
        )
    }

    /// The same, as what people are usually told.
    pub(crate) fn usual(mut self) -> Self {
        self.is_usual = true;
        self
    }

    /// Both changes.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.is_usual = false;
        both.families.extend_from_slice(&other.families);
        both.families.sort_unstable();
        both.allocator = other.allocator.or(both.allocator);
        both.trims = other.trims.or(both.trims);
        both.removes |= other.removes;
        for variable in &other.variables {
            put(&mut both.variables, variable);
        }
        both
    }

    /// Whether it makes every change of another.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        let has = |set: &Variable| {
            let mut whole = self.variables.clone();
            put(&mut whole, set);
            let sorted = |all: &[Variable]| {
                let options = |set: &Variable| {
                    let mut all: Vec<&str> = set.value.split([':', ',']).collect();
                    all.sort_unstable();
                    all.join(",")
                };
                all.iter().map(options).collect::<Vec<_>>()
            };
            sorted(&whole) == sorted(&self.variables)
        };
        other.variables.iter().all(has)
            && (other.allocator.is_none() || other.allocator == self.allocator)
            && (other.trims.is_none() || other.trims == self.trims)
            && (!other.removes || self.removes)
    }

    /// Who makes the change.
    pub fn doer(&self) -> Doer {
        match (self.trims, self.allocator) {
            (Some(_), _) => Doer::Program,
            (None, Some(_)) => Doer::Library,
            (None, None) => Doer::Settings,
        }
    }

    /// Whether it changes nothing: the run as it is.
    pub fn is_baseline(&self) -> bool {
        self.families.is_empty()
    }

    /// Its parts in words, with plus signs between them.
    pub fn name(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.allocator.map(|choice| choice.to_string()));
        if self.removes {
            parts.push("no settings".to_owned());
        }
        let set = self.variables.iter();
        parts.extend(set.map(|set| format!("{}={}", set.name, set.value)));
        parts.extend(self.trims.map(|trims| format!("malloc_trim(0) {trims}")));
        match parts.is_empty() {
            true => "as it is".to_owned(),
            false => parts.join(" + "),
        }
    }

    /// A plan with the change in all of its stages.
    ///
    /// # Errors
    /// The program cannot make the calls.
    pub fn applied(&self, plan: &Plan) -> Result<Plan, TrimsError> {
        let mut plan = plan.clone();
        plan.name = self.name();
        for stage in &mut plan.stages {
            let variant = &mut stage.variant;
            variant.allocator = self.allocator.unwrap_or(variant.allocator);
            if self.removes {
                let is_setting = |set: &Variable| highwater_settings::is_read(&set.name);
                variant.environment.retain(|set| !is_setting(set));
            }
            for set in &self.variables {
                put(&mut variant.environment, set);
            }
            if let Some(trims) = self.trims {
                let changed = stage.sources.iter().map(|source| source.with_trims(trims));
                stage.sources = changed.collect::<Result<_, _>>()?;
            }
        }
        Ok(plan)
    }
}

/// Sets a variable among others.
pub(crate) fn put(all: &mut Vec<Variable>, set: &Variable) {
    let Some(known) = all.iter_mut().find(|known| known.name == set.name) else {
        all.push(set.clone());
        return;
    };
    known.value = match LISTS.iter().find(|(name, ..)| *name == set.name) {
        Some((_, between, is)) => joined(&known.value, &set.value, *between, *is),
        None => set.value.clone(),
    };
}

/// The options of one list with those of another in their place.
fn joined(old: &str, new: &str, between: char, is: char) -> String {
    let name = |option: &str| {
        option
            .split(is)
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let replaced: Vec<String> = new.split(between).map(name).collect();
    let kept = old.split(between).filter(|option| {
        let is_there = !option.trim().is_empty();
        is_there && !replaced.contains(&name(option))
    });
    let all: Vec<&str> = kept.chain(new.split(between)).collect();
    all.join(&between.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_other_options() {
        let a = Candidate::tunable(Family::Fastbins, "mxfast", 0);
        let b = Candidate::tunable(Family::ThreadCache, "tcache_count", 0);
        assert_eq!(
            a.and(&b)
                .and(&Candidate::tunable(Family::Fastbins, "mxfast", 64))
                .name(),
            "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=64"
        );
        let joined = joined("narenas:2,dirty_decay_ms:5", "dirty_decay_ms:0", ',', ':');
        assert_eq!(joined, "narenas:2,dirty_decay_ms:0");
    }

    #[test]
    fn a_combination_includes_its_parts() {
        let a = Candidate::tunable(Family::Fastbins, "mxfast", 0);
        let b = Candidate::tunable(Family::ThreadCache, "tcache_count", 0);
        let c = Candidate::set(Family::MmapThreshold, "MALLOC_MMAP_THRESHOLD_", 4096);
        let all = a.and(&b).and(&c);
        for part in [&a, &b, &c, &c.and(&a), &b.and(&a)] {
            assert!(all.includes(part), "{}", part.name());
        }
        let other = Candidate::tunable(Family::Fastbins, "mxfast", 64);
        assert!(!all.includes(&other) && !a.includes(&all));
    }

    #[test]
    fn the_run_as_it_is_changes_nothing() {
        let plan = Plan {
            name: String::new(),
            stages: Vec::new(),
        };
        let baseline = Candidate::default();
        assert!(baseline.is_baseline());
        assert_eq!(
            baseline.applied(&plan).map(|plan| plan.name),
            Ok("as it is".to_owned())
        );
    }
}
