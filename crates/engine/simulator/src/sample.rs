//! What is measured of a run: at moments along the way, and at every mark.

use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Bytes, Figures, Micros};
use highwater_workload::{Call, Event};
use serde::{Deserialize, Serialize};

/// One moment of a run. Peaks are those since the moment before, so that none is missed between two.
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
pub struct Sample {
    /// How many events have been run.
    pub event: u64,
    /// When.
    pub time: Micros,
    /// Resident bytes of the allocator's mappings.
    pub rss: Bytes,
    /// The highest that was since the sample before.
    pub rss_peak: Bytes,
    /// Bytes the program holds.
    pub live: Bytes,
    /// The most it held since the sample before.
    pub live_peak: Bytes,
    /// Bytes the program has freed and a cache keeps.
    pub parked: Bytes,
    /// Bytes free in the allocator, the top included.
    pub free: Bytes,
    /// Size of the top.
    pub top: Bytes,
    /// The trim threshold in force.
    pub trim_threshold: Bytes,
    /// Resident bytes that `malloc_trim(0)` would give back, where that was found out: at every mark, and in between as
    /// often as it costs little beside the run itself.
    pub reclaimable: Option<Bytes>,
    /// What the allocator reports of its pages, where it decides over whole pages.
    #[serde(default)]
    pub figures: Option<Figures>,
    /// Page faults since the beginning.
    pub faults: u64,
    /// System calls since the beginning.
    pub syscalls: u64,
    /// Page tables of the process: no part of resident memory, but of what a control group is charged for.
    #[serde(default)]
    pub page_tables: Bytes,
    /// Resident memory in huge pages.
    #[serde(default)]
    pub huge: Bytes,
    /// Resident memory that only huge pages brought in: nobody has written it since.
    #[serde(default)]
    pub unwritten: Bytes,
    /// Resident memory marked with MADV_FREE, which the kernel takes under pressure.
    #[serde(default)]
    pub lazy_free: Bytes,
    /// The most of [`Sample::charged`] since the sample before.
    #[serde(default)]
    pub charged_peak: Bytes,
    /// The most of [`Sample::working_set`] since the sample before.
    #[serde(default)]
    pub working_set_peak: Bytes,
}

impl Sample {
    /// What a control group is charged for as far as it is known here (`memory.current`): resident memory and page tables. Stacks,
    /// code, files and the kernel's other memory come on top.
    pub fn charged(&self) -> Bytes {
        self.rss + self.page_tables
    }

    /// The working set as orchestrators quote it, as far as it is known here: what is charged, less `inactive_file`, where the kernel
    /// lists the memory marked with MADV_FREE.
    pub fn working_set(&self) -> Bytes {
        self.charged().saturating_sub(self.lazy_free)
    }
}

/// The figures that people quote of the same memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub enum Quoted {
    /// Resident memory, as `top` has it.
    #[default]
    Resident,
    /// `memory.current` of the control group, as far as it is known here: [`Sample::charged`].
    Current,
    /// The working set, as orchestrators have it: [`Sample::working_set`].
    WorkingSet,
}

impl Quoted {
    /// All of them, each with its name in links.
    pub const NAMES: [(Self, &str); 3] = [
        (Self::Resident, "rss"),
        (Self::Current, "memory_current"),
        (Self::WorkingSet, "working_set"),
    ];

    /// The figure at a sample.
    pub fn of(self, sample: &Sample) -> Bytes {
        match self {
            Self::Resident => sample.rss,
            Self::Current => sample.charged(),
            Self::WorkingSet => sample.working_set(),
        }
    }

    /// The most of it since the sample before.
    pub fn peak(self, sample: &Sample) -> Bytes {
        match self {
            Self::Resident => sample.rss_peak,
            Self::Current => sample.charged_peak,
            Self::WorkingSet => sample.working_set_peak,
        }
    }
}

impl Sample {
    /// Returns it with the time and the events of what was run before counted too.
    pub(crate) fn moved(&self, before: &Self) -> Self {
        Self {
            time: Micros(self.time.0 + before.time.0),
            event: self.event + before.event,
            ..*self
        }
    }
}

impl Simulation {
    /// Measures now, and begins the peaks anew. What `malloc_trim(0)` would give back is found out only if asked for.
    pub fn sample(&mut self, reclaimable: bool) -> Sample {
        let accounting = self.accounting();
        let counts = *self.kernel.counts();
        let (live_peak, peaks) = self.take_peaks();
        Sample {
            event: self.position(),
            time: self.now(),
            rss: self.rss(),
            rss_peak: peaks.resident,
            live: self.live(),
            live_peak,
            parked: accounting.parked,
            free: accounting.free,
            top: accounting.top,
            trim_threshold: accounting.trim_threshold,
            reclaimable: reclaimable.then(|| self.reclaimable()),
            figures: self.figures(),
            faults: counts.faults,
            syscalls: counts.syscalls.total(),
            page_tables: self.kernel.page_tables(),
            huge: self.kernel.huge(),
            unwritten: self.kernel.unwritten(),
            lazy_free: self.kernel.lazy(),
            charged_peak: peaks.charged,
            working_set_peak: peaks.working_set,
        }
    }
}

/// What was measured at a mark of the workload.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MarkSample {
    /// The mark's name.
    pub name: String,
    /// What the model measured there.
    pub sample: Sample,
    /// What the trace says of the allocator's resident bytes there, if it does.
    pub measured: Option<Bytes>,
    /// Everything the trace says there, in bytes.
    pub recorded: Vec<(String, u64)>,
}

/// At which events to measure: evenly over the events, at both ends of every long rest, and at every mark.
pub(crate) struct Schedule {
    every: u64,
    /// Events run when the next even measure is due.
    due: u64,
    /// A pause of this length is a rest, whose beginning gets a sample of its own.
    pub(crate) rest: Micros,
}

impl Schedule {
    pub(crate) fn new(events: u64, duration: Micros, samples: u32) -> Self {
        let every = events.div_ceil(u64::from(samples.max(1))).max(1);
        Self {
            every,
            due: every,
            rest: Micros(duration.0 / 200 + 1),
        }
    }

    /// Whether the program rests in a pause between two calls.
    #[inline]
    pub(crate) fn is_rest(&self, pause: Micros) -> bool {
        pause >= self.rest
    }

    /// How many events there are up to the next even measure.
    #[inline]
    pub(crate) fn until_even(&self, position: u64) -> usize {
        usize::try_from(self.due - position).unwrap_or(usize::MAX)
    }

    /// Whether to measure after event number `position`, with a pause to follow.
    #[inline]
    pub(crate) fn is_due(&mut self, position: u64, event: &Event, pause: Micros) -> bool {
        let even = position == self.due;
        if even {
            self.due += self.every;
        }
        even || matches!(event.call, Call::Mark(_)) || self.is_rest(pause)
    }
}
