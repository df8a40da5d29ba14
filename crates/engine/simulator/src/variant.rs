//! What a workload is run through: an allocator of some version, with an environment.

use crate::error::SimulatorError;
use crate::image::systems_with;
use crate::model::Model;
use crate::settings::Parted;
use borsh::{BorshDeserialize, BorshSerialize};
pub use highwater_allocator::Difference as VersionDifference;
use highwater_allocator::{Address, Bytes, Remark, ThreadId, Tone, Variable};
use highwater_glibc::{Cores, Glibc, Host, Settings, Version};
use highwater_jemalloc::{Jemalloc, Settings as JemallocSettings, Version as JemallocVersion};
use highwater_kernel::{HugeMode, HugePages, Khugepaged, PageSize};
use highwater_pymalloc::Pymalloc;
pub use highwater_pymalloc::Version as PythonVersion;
use highwater_workload::{Header, Workload};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An allocator and its version, written `glibc@2.36`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(try_from = "String", into = "String")]
pub enum Choice {
    /// glibc's malloc.
    Glibc(Version),
    /// jemalloc.
    Jemalloc(JemallocVersion),
}

impl Default for Choice {
    fn default() -> Self {
        Self::Glibc(Version::default())
    }
}

impl Choice {
    /// Everything that is modelled.
    pub fn all() -> impl Iterator<Item = Self> {
        let glibc = Version::ALL.into_iter().map(Self::Glibc);
        glibc.chain(JemallocVersion::ALL.into_iter().map(Self::Jemalloc))
    }

    /// Where it is found.
    pub fn found_in(self) -> String {
        match self {
            Self::Glibc(Version::V2_34ByAffinity) => "RHEL 9 before 2.34-83.el9_3.12".to_owned(),
            Self::Glibc(Version::V2_36ByAffinity) => "Debian 12 before 2.36-9+deb12u8".to_owned(),
            Self::Glibc(version) => {
                let names: Vec<&str> = systems_with(version).map(|(name, _)| name).collect();
                names.join(", ")
            }
            Self::Jemalloc(version) => version.found_in().to_owned(),
        }
    }

    /// The images of distributions that have it, by which it can be asked for as well.
    pub fn images(self) -> Vec<String> {
        match self {
            Self::Glibc(version) => systems_with(version).map(|(_, image)| image).collect(),
            Self::Jemalloc(_) => Vec::new(),
        }
    }

    /// The real library with which the model was compared, where that is not the same for all versions.
    pub fn compared_with(self) -> Option<&'static str> {
        match self {
            Self::Glibc(version) => Some(version.compared_with()),
            Self::Jemalloc(_) => None,
        }
    }

    /// What distinguishes it from the other versions of the same allocator.
    pub fn differences(self) -> Vec<VersionDifference> {
        match self {
            Self::Glibc(version) => version.differences(),
            Self::Jemalloc(version) => version.differences(),
        }
    }

    /// The allocator's name and its version.
    pub fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Glibc(version) => ("glibc", version.name()),
            Self::Jemalloc(version) => ("jemalloc", version.name()),
        }
    }

    /// The allocator's name and version, as a trace names them.
    pub fn named(name: &str, version: &str) -> Option<Self> {
        match name {
            "glibc" => Version::parse(version).map(Self::Glibc),
            "jemalloc" => JemallocVersion::parse(version).map(Self::Jemalloc),
            _ => None,
        }
    }

    /// The version of an allocator that is meant where none is named.
    pub(crate) fn unversioned(name: &str) -> Option<Self> {
        match name {
            "glibc" => Some(Self::default()),
            "jemalloc" => Some(Self::Jemalloc(JemallocVersion::default())),
            _ => None,
        }
    }

    /// Below which address a process of this allocator finds its first mappings. Their places matter to jemalloc alone:
    /// its own structures lie in 2 MiB aligned mappings, and its pseudo-random states start from their addresses. This is
    /// where they are in a small program that is started without randomisation.
    pub(crate) fn mmap_top(self) -> Option<Address> {
        match self {
            Self::Glibc(_) => None,
            Self::Jemalloc(version) => Some(version.mappings_top()),
        }
    }

    /// Whether it matters how far apart mappings lie, so that they have to be where a kernel of today puts them.
    pub(crate) fn minds_distances(self) -> bool {
        match self {
            Self::Glibc(_) => false,
            Self::Jemalloc(version) => version.minds_distances(),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc(version) => write!(f, "glibc@{version}"),
            Self::Jemalloc(version) => write!(f, "jemalloc@{version}"),
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

    /// Reads `NAME@VERSION`, or a package's name and version; a name alone stands for the version most are taken to run.
    /// A release that is not modelled is refused with the nearest one named: [`Choice::nearest`] takes that.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let asked = Self::nearest(text)?;
        match asked.instead {
            None => Ok(asked.choice),
            Some(why) => Err(SimulatorError::NotModelled(why)),
        }
    }
}

/// One way to run a workload.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct Variant {
    /// The allocator.
    pub allocator: Choice,
    /// What its process finds in its environment.
    #[serde(default)]
    pub environment: Vec<Variable>,
    /// What may be charged for the allocator's mappings before the process is killed: resident memory and page tables.
    #[serde(default)]
    pub cap: Option<Bytes>,
    /// What may be charged before the kernel takes back what it can and slows the process down: `memory.high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Bytes>,
    /// The machine's cores, which bound the number of arenas; those of the workload's header if not said.
    #[serde(default)]
    pub cores: Option<Cores>,
    /// What pseudo-random states of the allocator start from (jemalloc: addresses, which differ from run to run); if not
    /// said, what they start from in a process whose addresses are not randomised. glibc's malloc has none.
    #[serde(default)]
    pub seed: Option<u64>,
    /// The program is run by this release of CPython: its calls go to Python's object allocator, which stands on the
    /// allocator above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PythonVersion>,
    /// The machine's pages.
    #[serde(default, skip_serializing_if = "Machine::is_usual")]
    pub machine: Machine,
}

/// The pages of a machine.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Machine {
    /// Who gets transparent huge pages; as a recording says, else `madvise`, if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thp: Option<HugeMode>,
    /// How far khugepaged adds to them.
    #[serde(default)]
    pub khugepaged: Khugepaged,
    /// Bytes of a page; those of the workload's header if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<PageSize>,
}

impl Machine {
    /// Whether nothing is said of it.
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The huge pages of a process that runs what a header describes.
    pub(crate) fn huge_pages(&self, header: &Header) -> HugePages {
        let recorded = || {
            let mut noted = header.noted.iter();
            let (_, mode) = noted.find(|(kind, _)| kind == "huge-pages")?;
            mode.parse().ok()
        };
        HugePages {
            mode: self.thp.or_else(recorded).unwrap_or_default(),
            khugepaged: self.khugepaged,
            ..HugePages::default()
        }
    }
}

/// The most cores a machine can have here: as many as a trace may name.
const MOST_CORES: u32 = 4096;

impl Variant {
    /// What the allocator says to this environment.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut parted = self.parted();
        let mut remarks = std::mem::take(&mut parted.remarks);
        remarks.extend(match self.python {
            Some(version) => {
                highwater_pymalloc::Settings::from_environment(version, &parted.pythons).remarks
            }
            None => parted.pythons.iter().map(needs_python).collect(),
        });
        let of_malloc = match self.allocator {
            Choice::Glibc(version) => Settings::from_environment(version, &parted.mallocs).remarks,
            Choice::Jemalloc(version) => {
                JemallocSettings::from_environment(version, &parted.mallocs).remarks
            }
        };
        remarks.extend(parted.renamed(of_malloc));
        remarks
    }

    /// The environment, parted by who reads it.
    fn parted(&self) -> Parted {
        Parted::of(self.allocator, &self.environment)
    }

    /// Below which address a process of it finds its first mappings: where the model of its allocator needs them, else
    /// where the workload had them.
    pub(crate) fn mmap_top(&self, workload: &Workload, default: Address) -> Address {
        let page = self.page_size(workload);
        let recorded = workload.header.mappings;
        let top = self.allocator.mmap_top().or(recorded).unwrap_or(default);
        let top = top.align_down(page);
        match (self.python, self.seed, self.allocator) {
            // Where a pool begins in the first arena is a matter of chance: mappings begin at any page.
            (Some(_), Some(seed), Choice::Glibc(_)) => {
                // A trace may say that its mappings began at the bottom of the address space: the kernel refuses that.
                Address(top.0.saturating_sub((page * (seed % PLACES_IN_POOL)).0))
            }
            _ => top,
        }
    }

    /// Bytes of a page of its machine.
    pub(crate) fn page_size(&self, workload: &Workload) -> Bytes {
        let own = self.machine.page_size;
        own.map_or(workload.header.page, PageSize::bytes)
    }

    /// Whether a machine can have these cores.
    ///
    /// # Errors
    /// None, more than a trace can name, or more allowed than there are.
    pub fn check_cores(cores: Cores) -> Result<(), SimulatorError> {
        let Cores { online, allowed } = cores;
        if allowed < 1 || allowed > online || online > MOST_CORES {
            return Err(SimulatorError::Cores {
                online,
                allowed,
                most: MOST_CORES,
            });
        }
        Ok(())
    }

    /// The allocator of a process that is about to run this workload.
    pub(crate) fn model(&self, workload: &Workload) -> Result<Model, SimulatorError> {
        let header = &workload.header;
        let cores = self.cores.unwrap_or(Cores {
            online: header.cpus,
            allowed: header.cpus_allowed.unwrap_or(header.cpus),
        });
        Self::check_cores(cores)?;
        let host = Host {
            cores,
            threaded: workload.last_thread > ThreadId::MAIN,
        };
        let Parted {
            pythons, mallocs, ..
        } = self.parted();
        match self.allocator {
            Choice::Glibc(version) => {
                let settings = Settings::from_environment(version, &mallocs);
                let glibc = Glibc::new(version, settings.params, host);
                Ok(self.in_python(&pythons, Model::Glibc(glibc)))
            }
            Choice::Jemalloc(version) => {
                let page = self.page_size(workload);
                if page != Bytes(4096) {
                    return Err(SimulatorError::PageSize(page));
                }
                let settings = JemallocSettings::from_environment(version, &mallocs);
                let mut options = settings.options;
                options.seed = self.seed.unwrap_or(options.seed);
                // Whoever recorded jemalloc's version or figures has asked it for them.
                let recorded = workload.header.allocator.as_ref();
                options.asks_for_figures = recorded.is_some_and(|(name, _)| name == "jemalloc");
                let counted = version.counted_cores(cores.online, cores.allowed);
                let jemalloc = Jemalloc::new(version, options, counted);
                Ok(self.in_python(&pythons, Model::Jemalloc(jemalloc)))
            }
        }
    }

    /// A malloc as the program has it: under Python's object allocator, where there is one.
    fn in_python(&self, environment: &[Variable], malloc: Model) -> Model {
        let Some(version) = self.python else {
            return malloc;
        };
        let settings = highwater_pymalloc::Settings::from_environment(version, environment);
        Model::Python(Box::new(Pymalloc::new(version, settings.options, malloc)))
    }
}

/// Pages of the usual size in a pool of 16 KiB.
const PLACES_IN_POOL: u64 = 4;

/// The remark on a variable of Python's where no Python runs.
fn needs_python(variable: &Variable) -> Remark {
    let text = "No effect: only CPython reads it, and this variant runs no version of CPython.";
    Remark::new(variable.name.clone(), Tone::NoEffect, text)
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
        assert!(error.to_string().contains("glibc@2.44"), "{error}");
    }
}
