//! What a workload is run through: an allocator of some version, with an environment.

use crate::choice::Choice;
use crate::error::SimulatorError;
use crate::settings_by_reader::SettingsByReader;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Bytes, Remark, ThreadId, Tone, Variable};
use highwater_glibc::{Cores, Glibc, Host, Settings};
use highwater_jemalloc::{Jemalloc, Settings as JemallocSettings};
use highwater_kernel::{HugeMode, HugePages, Khugepaged, PageSize};
use highwater_process::Model;
use highwater_pymalloc::Pymalloc;
pub use highwater_pymalloc::Version as PythonVersion;
use highwater_workload::{Header, Workload};
use serde::{Deserialize, Serialize};

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
        let mut settings = self.by_reader();
        let mut remarks = std::mem::take(&mut settings.remarks);
        remarks.extend(match self.python {
            Some(version) => {
                highwater_pymalloc::Settings::from_environment(version, &settings.pythons).remarks
            }
            None => settings.pythons.iter().map(needs_python).collect(),
        });
        let of_malloc = match self.allocator {
            Choice::Glibc(version) => {
                Settings::from_environment(version, &settings.mallocs).remarks
            }
            Choice::Jemalloc(version) => {
                JemallocSettings::from_environment(version, &settings.mallocs).remarks
            }
        };
        remarks.extend(settings.renamed(of_malloc));
        remarks
    }

    /// The environment, by who reads it.
    fn by_reader(&self) -> SettingsByReader {
        SettingsByReader::of(self.allocator, &self.environment)
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
        let SettingsByReader {
            pythons, mallocs, ..
        } = self.by_reader();
        match self.allocator {
            Choice::Glibc(version) => {
                let settings = Settings::from_environment(version, &mallocs);
                let mut glibc = Glibc::new(version, settings.params, host);
                if self.python.is_none() {
                    glibc = glibc.expecting(workload.blocks as usize);
                }
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
