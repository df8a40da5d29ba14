//! A trace that is read as it is replayed, part by part, so that nothing holds it whole.
//!
//! It is read twice and more: once for what must be known before the first event is run, its phases above all, and once for each
//! replay.

use super::builder::Builder;
use super::gzip::Gunzip;
use super::recording::{Family, is_one, is_packed as is_packed_recording, refused};
use super::source::{TextReader, is_gzip};
use super::{Limits, TraceError};
use crate::phases::PhaseReader;
use crate::source::{GivesParts, Parts};
use crate::{Header, Micros, Phases, Sample, Workload};
use highwater_hwr::read::Reader;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

/// Bytes that are read.
pub type Bytes = Box<dyn Read + Send + Sync>;

/// Opens the files of a trace at their beginnings: those of a process's ancestors, the oldest first, and its own.
type Open = dyn Fn() -> io::Result<Vec<Bytes>> + Send + Sync;

/// Where a trace is read from, as often as it is asked for.
#[derive(Clone)]
pub struct TraceFile {
    open: Arc<Open>,
    limits: Limits,
}

/// What is known of a trace that was read once.
pub(crate) enum Surveyed {
    /// It has few events: all of them.
    Whole(Box<Workload>),
    /// Everything of it but its events, with its phases.
    Parts(Box<Survey>),
}

/// A trace without its events.
pub(crate) struct Survey {
    pub(crate) workload: Workload,
    pub(crate) phases: Phases,
    pub(crate) events: u64,
    pub(crate) begins: Micros,
    pub(crate) ends: Micros,
}

impl TraceFile {
    /// A trace whose files `open` opens: the same bytes every time.
    pub fn new(
        open: impl Fn() -> io::Result<Vec<Bytes>> + Send + Sync + 'static,
        limits: Limits,
    ) -> Self {
        Self {
            open: Arc::new(open),
            limits,
        }
    }

    fn reader(&self) -> Result<PartReader, TraceError> {
        let unreadable = |error: io::Error| TraceError::Unreadable(error.to_string());
        let files = (self.open)().map_err(unreadable)?;
        let mut files: Vec<_> = files.into_iter().map(BufReader::new).collect();
        let Some(file) = files.last_mut() else {
            return Err(TraceError::Empty { packed: false });
        };
        let start = file.fill_buf().map_err(unreadable)?;
        let is_packed = is_gzip(start);
        let is_recording = match is_packed {
            true => is_packed_recording(start),
            false => is_one(start),
        };
        let mut builder = Builder::new(self.limits, 0);
        if !is_recording {
            let file = files.swap_remove(files.len() - 1);
            let text = TextReader::new(file, is_packed, self.limits, builder);
            return Ok(PartReader::Text(Box::new(text)));
        }
        if is_packed {
            let unpacked = |file| BufReader::new(Box::new(Gunzip::new(file)) as Bytes);
            files = files.into_iter().map(unpacked).collect();
        }
        let members: Result<Vec<_>, _> = files.into_iter().map(Reader::new).collect();
        let members = members.map_err(|error| refused(&error))?;
        let family = Family::new(members, self.limits, &mut builder)?;
        Ok(PartReader::Recording(Box::new((family, builder))))
    }

    /// Reads it once. One of at most `whole` events, give or take a part, is kept. `samples` were taken of the process from
    /// outside; they are put where their times are.
    pub(crate) fn survey(
        &self,
        whole: u64,
        mut samples: Vec<Sample>,
    ) -> Result<Surveyed, TraceError> {
        samples.sort_by_key(|sample| sample.time);
        let alive = samples.last().map_or(Micros(0), |sample| sample.time);
        let mut reader = self.reader()?;
        let (mut part, mut is_last) = reader.next(whole)?;
        let mut events = place(&mut samples, 0, &part);
        if is_last {
            part.header = reader.header().clone();
            part.unended = reader.is_unended();
            part.sites = reader.take_sites();
            part.alive = part.alive.max(alive);
            part.samples = joined(part.samples, samples);
            return Ok(Surveyed::Whole(Box::new(part)));
        }
        let mut phases = PhaseReader::new();
        let begins = part.events.first().map_or(Micros(0), |event| event.time);
        let (mut ends, mut touched, mut measured) = (begins, Vec::new(), Vec::new());
        loop {
            part.alive = part.alive.max(alive);
            phases.part(&part);
            ends = part.events.last().map_or(ends, |event| event.time);
            touched.append(&mut part.touched);
            measured.append(&mut part.samples);
            if is_last {
                break;
            }
            (part, is_last) = reader.next(1)?;
            events = place(&mut samples, events, &part);
        }
        let ends = ends.max(part.alive);
        let workload = Workload {
            header: reader.header().clone(),
            unended: reader.is_unended(),
            sites: reader.take_sites(),
            events: Vec::new(),
            marks: Vec::new(),
            recorded: Vec::new(),
            touched,
            samples: joined(measured, samples),
            ..part
        };
        Ok(Surveyed::Parts(Box::new(Survey {
            workload,
            phases: phases.finish(),
            events,
            begins,
            ends,
        })))
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

fn joined(mut samples: Vec<Sample>, others: Vec<Sample>) -> Vec<Sample> {
    samples.extend(others);
    samples.sort_by_key(|sample| (sample.event, sample.time));
    samples
}

/// Reads a trace, part by part.
enum PartReader {
    Text(Box<TextReader<BufReader<Bytes>, Builder>>),
    Recording(Box<(Family<BufReader<Bytes>>, Builder)>),
}

impl PartReader {
    /// Returns a part of at least so many events, or the last one, and whether it is that.
    fn next(&mut self, least: u64) -> Result<(Workload, bool), TraceError> {
        match self {
            Self::Text(text) => loop {
                let is_last = !text.window()?;
                let builder = &mut text.parser.sink;
                if !is_last && (builder.workload.events.len() as u64) < least {
                    continue;
                }
                let part = builder.take_part();
                if is_last {
                    text.parser.finish()?;
                }
                return Ok((part, is_last));
            },
            Self::Recording(recording) => loop {
                let (family, builder) = &mut **recording;
                // A call takes about 16 bytes where it is at hand as text.
                let most = (builder.limits.window as u64 / 16).max(1);
                let is_last = !family.go_on(most, builder, &mut |_| Ok(()))?;
                if !is_last && (builder.workload.events.len() as u64) < least {
                    continue;
                }
                let part = builder.take_part();
                if is_last {
                    family.finish(builder.events())?;
                }
                return Ok((part, is_last));
            },
        }
    }

    fn header(&self) -> &Header {
        match self {
            Self::Text(text) => &text.parser.header.header,
            Self::Recording(recording) => &recording.0.header,
        }
    }

    /// What the sites of the parts that were read stand for.
    fn take_sites(&mut self) -> Vec<Box<str>> {
        match self {
            Self::Text(text) => text.parser.sink.take_sites(),
            Self::Recording(recording) => recording.1.take_sites(),
        }
    }

    fn is_unended(&self) -> bool {
        match self {
            Self::Text(text) => text.parser.unended,
            Self::Recording(_) => false,
        }
    }
}

/// The parts of a trace, one after another. A copy opens the files anew.
pub(crate) struct TraceParts {
    file: TraceFile,
    reader: Option<PartReader>,
    taken: u64,
    is_done: bool,
}

impl TraceParts {
    /// Begins with the first part.
    pub(crate) fn new(file: TraceFile) -> Self {
        Self {
            file,
            reader: None,
            taken: 0,
            is_done: false,
        }
    }
}

impl GivesParts for TraceParts {
    fn next_part(&mut self) -> Result<Option<Workload>, TraceError> {
        if self.is_done {
            return Ok(None);
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            reader => {
                let mut new = self.file.reader()?;
                for _ in 0..self.taken {
                    new.next(1)?;
                }
                reader.insert(new)
            }
        };
        let (part, is_last) = reader.next(1)?;
        self.taken += 1;
        self.is_done = is_last;
        Ok(Some(part))
    }

    /// Nothing to speak of, for a copy reads the files again from their beginnings.
    fn footprint(&self) -> crate::Bytes {
        crate::Bytes(size_of::<Self>() as u64)
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn copy(&self) -> Parts {
        Parts::of(Self {
            file: self.file.clone(),
            reader: None,
            ..*self
        })
    }
}
