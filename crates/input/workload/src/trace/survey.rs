//! The first reading of a trace: what must be known before an event of it is run.

use super::parts::{PartReader, TraceFile};
use super::{Limits, TraceError};
use crate::phases::PhaseReader;
use crate::{Counts, Micros, Phases, Sample, Workload};

/// What is known of a trace that was read once.
pub(crate) enum Surveyed {
    /// It has few events: all of them.
    Whole(Box<Workload>),
    /// Everything of it but its events, with its phases.
    Parts(Box<Known>),
}

/// A trace without its events.
pub(crate) struct Known {
    pub(crate) workload: Workload,
    pub(crate) phases: Phases,
    pub(crate) events: u64,
    pub(crate) begins: Micros,
    pub(crate) ends: Micros,
    pub(crate) counts: Counts,
}

/// A trace on its first reading, a part at a time.
pub struct Survey {
    pub(crate) file: TraceFile,
    reader: PartReader,
    /// Events of a trace that is kept, give or take a part.
    whole: u64,
    /// Whether it has more.
    is_long: bool,
    is_over: bool,
    /// What was taken of the process from outside: put where its time is.
    samples: Vec<Sample>,
    alive: Micros,
    phases: PhaseReader,
    events: u64,
    begins: Option<Micros>,
    ends: Micros,
    counts: Counts,
    /// The latest part, with what the parts before it said besides their events.
    part: Workload,
}

impl Survey {
    /// Begins to read a trace. One of at most `whole` events, give or take a part, is kept. `samples` were taken of the process
    /// from outside, in the order of their times; they are put where these are.
    ///
    /// # Errors
    /// A file that cannot be opened, or is no trace.
    pub fn new(file: TraceFile, whole: u64, mut samples: Vec<Sample>) -> Result<Self, TraceError> {
        samples.sort_by_key(|sample| sample.time);
        Ok(Self {
            reader: file.reader()?,
            file,
            whole,
            is_long: false,
            is_over: false,
            alive: samples.last().map_or(Micros(0), |sample| sample.time),
            samples,
            phases: PhaseReader::new(),
            events: 0,
            begins: None,
            ends: Micros(0),
            counts: Counts::default(),
            part: Workload::default(),
        })
    }

    /// Reads about 1 MiB of text, or as many events of the binary form; `false` after the last.
    ///
    /// # Errors
    /// As [`trace::read`](super::read).
    pub fn go_on(&mut self) -> Result<bool, TraceError> {
        if self.is_over {
            return Ok(false);
        }
        self.is_over = !self.reader.go_on()?;
        if !self.is_long && self.reader.at_hand() >= self.whole {
            self.is_long = !self.is_over;
        }
        if self.is_over || self.is_long {
            self.take();
        }
        Ok(!self.is_over)
    }

    /// Returns how many bytes of the last file were read.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Takes a part.
    fn take(&mut self) {
        let mut part = self.reader.take();
        self.events = place(&mut self.samples, self.events, &part);
        part.alive = part.alive.max(self.alive);
        if self.is_long {
            self.phases.part(&part);
            self.counts.add(&part);
            let times = |event: Option<&crate::Event>| event.map(|event| event.time);
            self.begins = self.begins.or(times(part.events.first()));
            self.ends = times(part.events.last()).unwrap_or(self.ends);
            part.events = Vec::new();
            part.recorded = Vec::new();
            part.marks = Vec::new();
        }
        let mut touched = std::mem::take(&mut self.part.touched);
        let mut measured = std::mem::take(&mut self.part.samples);
        touched.append(&mut part.touched);
        measured.append(&mut part.samples);
        self.part = Workload {
            touched,
            samples: measured,
            ..part
        };
    }

    /// Returns what is known once all was read.
    pub(crate) fn finish(self) -> (TraceFile, Surveyed) {
        let part = self.part;
        let workload = Workload {
            header: self.reader.header().clone(),
            unended: self.reader.is_unended(),
            samples: joined(part.samples, self.samples),
            ..part
        };
        let surveyed = match self.is_long {
            false => Surveyed::Whole(Box::new(workload)),
            true => Surveyed::Parts(Box::new(Known {
                phases: self.phases.finish(),
                events: self.events,
                begins: self.begins.unwrap_or_default(),
                ends: self.ends.max(workload.alive),
                counts: self.counts,
                workload,
            })),
        };
        (self.file, surveyed)
    }
}

/// Counts the events before each sample that lies before the end of a part, or behind all parts so far, and returns how many
/// there are up to the end of this one.
fn place(samples: &mut [Sample], before: u64, part: &Workload) -> u64 {
    let end = before + part.events.len() as u64;
    // Those that lie in a part before this one have fewer events before them.
    let open = samples.partition_point(|sample| u64::from(sample.event) < before);
    for sample in &mut samples[open..] {
        let events = &part.events;
        sample.event =
            (before + events.partition_point(|event| event.time <= sample.time) as u64) as u32;
    }
    end
}

/// Joins two lists that are in order.
fn joined(samples: Vec<Sample>, others: Vec<Sample>) -> Vec<Sample> {
    if others.is_empty() {
        return samples;
    }
    let mut all = Vec::with_capacity(samples.len() + others.len());
    let mut samples = samples.into_iter().peekable();
    for other in others {
        let is_before = |one: &Sample| (one.event, one.time) <= (other.event, other.time);
        while let Some(sample) = samples.next_if(is_before) {
            all.push(sample);
        }
        all.push(other);
    }
    all.extend(samples);
    all
}

impl Limits {
    /// Events of a trace that is kept in memory; a longer one is read again for each replay.
    pub const KEPT: u64 = 1 << 19;

    /// How much a trace may hold that is read as it is replayed.
    #[must_use]
    pub fn in_parts() -> Self {
        Self {
            text: u64::MAX,
            // Events are counted in 32 bits.
            events: u32::MAX - 1,
            ..Self::default()
        }
    }
}
