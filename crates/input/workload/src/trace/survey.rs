//! The first reading of a trace: what must be known before an event of it is run.

use super::parts::{PartReader, TraceFile};
use super::{Limits, TraceError};
use crate::phases::PhaseReader;
use crate::{Counts, Micros, Phases, Workload};

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

/// What is shown a part.
type Shown = dyn FnMut(&mut Workload);

/// A trace on its first reading, a part at a time.
pub struct Survey {
    pub(crate) file: TraceFile,
    reader: PartReader,
    /// Events of a trace that is kept, give or take a part.
    whole: u64,
    /// Whether it has more.
    is_long: bool,
    is_over: bool,
    /// Is shown each part before its events are dropped.
    shown: Box<Shown>,
    phases: PhaseReader,
    events: u64,
    begins: Option<Micros>,
    ends: Micros,
    counts: Counts,
    /// The latest part, with what the parts before it said besides their events.
    part: Workload,
}

impl Survey {
    /// Begins to read a trace. One of at most `whole` events, give or take a part, is kept.
    ///
    /// # Errors
    /// A file that cannot be opened, or is no trace.
    pub fn new(file: TraceFile, whole: u64) -> Result<Self, TraceError> {
        Ok(Self {
            reader: file.reader()?,
            file,
            whole,
            is_long: false,
            is_over: false,
            shown: Box::new(|_| {}),
            phases: PhaseReader::new(),
            events: 0,
            begins: None,
            ends: Micros(0),
            counts: Counts::default(),
            part: Workload::default(),
        })
    }

    /// Has each part shown before its events are dropped.
    pub(crate) fn showing(mut self, shown: impl FnMut(&mut Workload) + 'static) -> Self {
        self.shown = Box::new(shown);
        self
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
        self.events += part.events.len() as u64;
        (self.shown)(&mut part);
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
    pub(crate) fn finish(mut self) -> (TraceFile, Surveyed) {
        let part = self.part;
        let (sites, modules) = self.reader.take_sites();
        let workload = Workload {
            header: self.reader.header().clone(),
            unended: self.reader.is_unended(),
            sites,
            modules,
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

impl Limits {
    /// Events of a trace that is kept in memory; a longer one is read again for each replay. With the part in which this is noticed
    /// they fill a table that grew by doubling, and do not double it once more.
    pub const KEPT: u64 = (1 << 19) - (1 << 16);

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
