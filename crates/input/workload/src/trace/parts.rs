//! A trace that is read as it is replayed, part by part, so that nothing holds it whole.
//!
//! It is read twice and more: once for what must be known before the first event is run, its phases above all, and once for each
//! replay.

use super::builder::Builder;
use super::gzip::Gunzip;
use super::recording::{Family, is_one, refused};
use super::slices::{Bytes, Open, Slices};
use super::source::{TextReader, Unpacked, is_gzip};
use super::{Limits, TraceError};
use crate::source::{GivesParts, Parts};
use crate::{Header, Workload};
use highwater_hwr::layout::MAGIC;
use highwater_hwr::read::Reader;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// Where a trace is read from, as often as it is asked for.
#[derive(Clone)]
pub struct TraceFile {
    files: usize,
    open: Arc<Open>,
    limits: Limits,
}

impl TraceFile {
    /// A trace that lies in so many files: those of a process's ancestors, the oldest first, and its own. `open` opens one of
    /// them behind so many of its bytes, the same ones every time.
    pub fn new(
        files: usize,
        open: impl Fn(usize, u64) -> io::Result<Bytes> + Send + Sync + 'static,
        limits: Limits,
    ) -> Self {
        Self {
            files,
            open: Arc::new(open),
            limits,
        }
    }

    /// Begins to read it.
    pub(super) fn reader(&self) -> Result<PartReader, TraceError> {
        let files = 0..self.files;
        let mut files: Vec<_> = files.map(|file| Slices::new(&self.open, file)).collect();
        let Some(file) = files.last_mut() else {
            return Err(TraceError::Empty { packed: false });
        };
        let start = file.fill_buf();
        let start = start.map_err(|error| TraceError::Unreadable(error.to_string()))?;
        let is_packed = is_gzip(start);
        let mut is_recording = is_one(start);
        if is_packed {
            let mut start = [0; MAGIC.len()];
            // What cannot be unpacked is said when it is read as text.
            is_recording =
                Gunzip::new(file.clone()).read_exact(&mut start).is_ok() && is_one(&start);
        }
        let mut builder = Builder::new(self.limits, 0);
        if !is_recording {
            let file = files.swap_remove(files.len() - 1);
            let text = TextReader::new(file, is_packed, self.limits, builder);
            return Ok(PartReader::Text(Box::new(text)));
        }
        let mut members = Vec::new();
        for file in files {
            let member = Reader::new(Unpacked::new(file, is_packed));
            members.push(member.map_err(|error| refused(&error))?);
        }
        let family = Family::new(members, self.limits, &mut builder)?;
        Ok(PartReader::Recording(Box::new((family, builder))))
    }
}

/// Reads a trace, part by part. A copy goes on from the same place, and opens the files anew.
#[derive(Clone)]
pub(super) enum PartReader {
    Text(Box<TextReader<Slices, Builder>>),
    Recording(Box<(Family<Unpacked<Slices>>, Builder)>),
}

impl PartReader {
    /// Reads a window of text, or as many events; `false` after the last.
    pub(super) fn go_on(&mut self) -> Result<bool, TraceError> {
        match self {
            Self::Text(text) => {
                let goes_on = text.window()?;
                if !goes_on {
                    text.parser.finish()?;
                }
                Ok(goes_on)
            }
            Self::Recording(recording) => {
                let (family, builder) = &mut **recording;
                // A call takes about 16 bytes where it is at hand as text.
                let most = (builder.limits.window as u64 / 16).max(1);
                let goes_on = family.go_on(most, builder, &mut |_| Ok(()))?;
                if !goes_on {
                    family.finish(builder.events())?;
                }
                Ok(goes_on)
            }
        }
    }

    fn builder(&mut self) -> &mut Builder {
        match self {
            Self::Text(text) => &mut text.parser.sink,
            Self::Recording(recording) => &mut recording.1,
        }
    }

    /// Takes what was read since the last part.
    pub(super) fn take(&mut self) -> Workload {
        self.builder().take_part()
    }

    /// Returns how many events were read since the last part.
    pub(super) fn at_hand(&mut self) -> u64 {
        self.builder().workload.events.len() as u64
    }

    /// Returns how many bytes of the last file were read.
    pub(super) fn position(&self) -> u64 {
        match self {
            Self::Text(text) => text.source().position(),
            Self::Recording(recording) => recording.0.own().source().position(),
        }
    }

    /// Returns about how many bytes a copy takes.
    fn footprint(&self) -> crate::Bytes {
        let (bytes, builder) = match self {
            Self::Text(text) => (text.footprint(), &text.parser.sink),
            Self::Recording(recording) => (recording.0.footprint(), &recording.1),
        };
        crate::Bytes(bytes as u64) + builder.footprint()
    }

    pub(super) fn header(&self) -> &Header {
        match self {
            Self::Text(text) => &text.parser.header.header,
            Self::Recording(recording) => &recording.0.header,
        }
    }

    /// What the sites of the parts that were read stand for, and the files with code that they name.
    pub(super) fn take_sites(&mut self) -> (Vec<Box<str>>, Vec<Box<str>>) {
        match self {
            Self::Text(text) => text.parser.sink.take_sites(),
            Self::Recording(recording) => recording.1.take_sites(),
        }
    }

    pub(super) fn is_unended(&self) -> bool {
        match self {
            Self::Text(text) => text.parser.unended,
            Self::Recording(_) => false,
        }
    }
}

/// The parts of a trace, one after another.
#[derive(Clone)]
pub(crate) struct TraceParts {
    file: TraceFile,
    reader: Option<PartReader>,
    is_done: bool,
}

impl TraceParts {
    /// Begins with the first part.
    pub(crate) fn new(file: TraceFile) -> Self {
        Self {
            file,
            reader: None,
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
            none => none.insert(self.file.reader()?),
        };
        let goes_on = loop {
            let goes_on = reader.go_on()?;
            if !goes_on || reader.at_hand() > 0 {
                break goes_on;
            }
        };
        self.is_done = !goes_on;
        Ok(Some(reader.take()))
    }

    fn footprint(&self) -> crate::Bytes {
        let reader = self.reader.as_ref().map(PartReader::footprint);
        crate::Bytes(size_of::<Self>() as u64) + reader.unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn copy(&self) -> Parts {
        Parts::of(self.clone())
    }
}
