//! The real process's resident memory beside the model's, at each moment at which a trace says what was measured.
//!
//! Of the allocator's mappings, the heap of the program break and the heaps of other arenas can always be compared. Blocks with
//! mappings of their own lie among other anonymous mappings of the process: they count where the trace says how much of them is
//! resident, and neither in the process nor in the model where it does not.

use crate::choice::Choice;
use crate::simulation::Simulation;
use crate::variant::Variant;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Bytes, Micros};
use highwater_settings::is_read;
use highwater_workload::{Header, Mark, Sample, Workload};
use serde::{Deserialize, Serialize};

/// Where glibc's heaps of thread arenas begin: at multiples of their address space.
const ARENA: u64 = 64 << 20;

/// A moment at which the real process was measured.
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
pub struct Measured {
    /// When.
    pub time: Micros,
    /// Resident bytes of the allocator's mappings in the real process, as far as they were told from others.
    pub process: Bytes,
    /// Resident bytes of the same mappings in the model.
    pub model: Bytes,
    /// Resident bytes of the model's blocks with mappings of their own, where these were not told from others in the process.
    pub not_compared: Bytes,
    /// The rest of the real process.
    pub rest: Rest,
}

/// Resident bytes of a process beside its allocator's, and its page tables; 0 where they were not measured.
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
pub struct Rest {
    /// Code and other files.
    pub files: Bytes,
    /// Stacks.
    pub stacks: Bytes,
    /// Arenas of Python's allocator of objects.
    pub python: Bytes,
    /// Other mappings.
    pub others: Bytes,
    /// Page tables, which do not count as resident.
    pub page_tables: Bytes,
}

/// The real process beside a run.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct RealProcess {
    /// Whether it had the run's allocator and settings, so that the model's memory should be its own.
    pub as_recorded: bool,
    /// The moments at which it was measured, in order of time.
    pub moments: Vec<Measured>,
    /// How many moments these are, or are a selection of.
    pub count: u64,
    /// The most by which process and model are apart at any of them.
    pub apart: Bytes,
}

impl RealProcess {
    fn new(as_recorded: bool, moments: Vec<Measured>) -> Self {
        Self {
            as_recorded,
            count: moments.len() as u64,
            apart: moments
                .iter()
                .map(Measured::apart)
                .max()
                .unwrap_or_default(),
            moments,
        }
    }

    /// Returns the same with about `most` of its moments, evenly, the last among them.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Self {
        let every = self.moments.len().div_ceil(most.max(1)).max(1);
        let mut moments: Vec<_> = self.moments.iter().rev().step_by(every).copied().collect();
        moments.reverse();
        Self { moments, ..*self }
    }

    /// Returns what was measured last up to a time.
    pub fn at(&self, time: Micros) -> Option<&Measured> {
        let after = self
            .moments
            .partition_point(|measured| measured.time <= time);
        self.moments.get(after.checked_sub(1)?)
    }

    /// Returns the points of a chart: when, and what was resident of the allocator's mappings.
    pub fn points(&self) -> impl Iterator<Item = (Micros, Bytes)> {
        let moments = self.moments.iter();
        moments.map(|measured| (measured.time, measured.process))
    }
}

impl Variant {
    /// Whether a trace was recorded with this allocator and these settings.
    fn is_as_recorded(&self, header: &Header) -> bool {
        let choice = header.allocator.as_ref();
        let choice = choice.and_then(|(name, version)| Choice::named(name, version));
        let recorded = header.env.iter().filter(|(name, _)| is_read(name));
        let own = self.environment.iter().filter(|own| is_read(&own.name));
        choice == Some(self.allocator)
            && self.cap.is_none()
            && self.python.is_none()
            && recorded
                .map(|(name, value)| (name, value))
                .eq(own.map(|own| (&own.name, &own.value)))
    }
}

impl Measured {
    /// How far process and model are apart.
    pub fn apart(&self) -> Bytes {
        Bytes(self.process.0.abs_diff(self.model.0))
    }

    /// Compares a sample; `None` where it does not tell the allocator's mappings from others.
    fn of_sample(
        sample: &Sample,
        known: &mut Option<Mapped>,
        python: &mut Option<Bytes>,
        simulation: &Simulation,
    ) -> Option<Self> {
        let value = |key: &str| sample.value(key).unwrap_or_default();
        let heaps = Bytes(sample.value("heap")?.saturating_add(value("arenas")));
        let kernel = simulation.kernel();
        let brk = kernel.config().brk;
        let is_heap = |start: Address| start == brk || start.0.is_multiple_of(ARENA);
        let model = kernel.mappings().filter(|mapping| is_heap(mapping.start));
        let model = model.map(|mapping| kernel.resident_in(mapping.start, mapping.end));
        let model = model.fold(Bytes::ZERO, |sum, bytes| sum + bytes);
        let others = kernel.rss().saturating_sub(model);
        let own = sample.value("mapped").map(Bytes);
        *known = own
            .map(|process| Mapped {
                process,
                model: others,
            })
            .or(known.filter(|known| known.model == others));
        let mapped = known.map(|known| known.process);
        // A process that measures itself knows the sum of all that is no file, one that is measured from outside its kinds.
        let all = || value("anon").saturating_sub(heaps.0.saturating_add(value("stack")));
        let anonymous = sample.value("anonymous").unwrap_or_else(all);
        let beside = Bytes(anonymous).saturating_sub(mapped.unwrap_or_default());
        // Only the process itself knows which are Python's; from outside they are as it said last.
        *python = sample.value("python").map(Bytes).or(*python);
        let python = python.unwrap_or_default().min(beside);
        Some(Self {
            time: sample.time,
            process: Bytes(heaps.0.saturating_add(mapped.unwrap_or_default().0)),
            model: if mapped.is_some() {
                kernel.rss()
            } else {
                model
            },
            not_compared: if mapped.is_some() {
                Bytes::ZERO
            } else {
                others
            },
            rest: Rest {
                files: Bytes(value("files")),
                stacks: Bytes(value("stack")),
                python,
                others: beside - python,
                page_tables: Bytes(value("tables")),
            },
        })
    }

    /// Compares a mark of which the trace says how much of all the allocator's mappings is resident.
    fn of_mark(mark: &Mark, simulation: &Simulation) -> Option<Self> {
        Some(Self {
            time: simulation.now(),
            process: Bytes(mark.value("heap_rss")?),
            model: simulation.rss(),
            ..Self::default()
        })
    }
}

/// What is resident of blocks with mappings of their own. What a sample says of the process is so until it changes in the model.
#[derive(Clone, Copy)]
struct Mapped {
    process: Bytes,
    model: Bytes,
}

/// Compares on the way through a run.
pub(crate) struct Comparing {
    /// The sample that is next; none where the run cannot be compared.
    next: Option<usize>,
    as_recorded: bool,
    mapped: Option<Mapped>,
    python: Option<Bytes>,
    found: Vec<Measured>,
}

impl Comparing {
    /// Compares glibc's alone: mappings of other allocators have no places by which they are told from others.
    pub(crate) fn new(simulation: &Simulation, variant: &Variant) -> Self {
        let is_comparable =
            matches!(variant.allocator, Choice::Glibc(_)) && !simulation.feed.is_made_on_the_way();
        Self {
            next: is_comparable.then_some(0),
            as_recorded: variant.is_as_recorded(&simulation.feed.first().header),
            mapped: None,
            python: None,
            found: Vec::new(),
        }
    }

    fn next<'a>(&self, workload: &'a Workload) -> Option<&'a Sample> {
        workload.samples.get(self.next?)
    }

    /// Returns how many events there are before the next sample.
    #[inline]
    pub(crate) fn events_left(&self, workload: &Workload, position: u64) -> usize {
        let next = self.next(workload);
        next.map_or(usize::MAX, |sample| {
            usize::try_from(u64::from(sample.event).saturating_sub(position)).unwrap_or(usize::MAX)
        })
    }

    /// Compares the samples of this moment.
    #[cold]
    pub(crate) fn compare(&mut self, simulation: &Simulation) {
        let workload = simulation.feed.first();
        while let Some(sample) = self.next(workload)
            && u64::from(sample.event) <= simulation.position()
        {
            let (mapped, python) = (&mut self.mapped, &mut self.python);
            let measured = Measured::of_sample(sample, mapped, python, simulation);
            self.found.extend(measured);
            self.next = self.next.map(|next| next + 1);
        }
    }

    /// Compares a mark.
    pub(crate) fn mark(&mut self, mark: &Mark, simulation: &Simulation) {
        self.found.extend(Measured::of_mark(mark, simulation));
    }

    /// Returns what was compared.
    pub(crate) fn finish(self) -> RealProcess {
        RealProcess::new(self.as_recorded, self.found)
    }
}
