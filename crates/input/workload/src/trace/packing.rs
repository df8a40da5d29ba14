//! The binary form of a trace in text, and of a recording with those of its ancestors.

use super::TraceError;
use super::beside::{Beside, Completed, Naming};
use super::builder::Sink;
use super::convert::{ConvertError, Converted, LIMITS};
use super::end::PROMISE;
use super::error::Fault;
use super::header::Version;
use super::recording::{Family, stream};
use super::source;
use crate::unwatched;
use highwater_hwr::Placed;
use highwater_hwr::layout::Control;
use highwater_hwr::read::{Ending, Reader};
use highwater_hwr::write::Writer;
use std::io::{self, Read, Write};

/// Writes a trace in text, plain or gzip, in the binary form.
///
/// # Errors
/// What reading or writing reports.
pub fn pack(bytes: &[u8], out: impl Write) -> Result<Converted, ConvertError> {
    let mut packer = Packer::new(out);
    let read = source::read(bytes, LIMITS, &mut unwatched, &mut packer);
    let read = read.map(|_| None);
    packer.finish(read)
}

/// Writes a recording and those of its ancestors as one, without the room that a recorder leaves, and with `samples` among its
/// events. `names` names the places of sites.
///
/// # Errors
/// What reading or writing reports.
pub fn pack_recording<R: Read>(
    family: Vec<Reader<R>>,
    samples: &[Beside],
    names: &mut dyn Naming,
    out: impl Write,
) -> Result<Converted, ConvertError> {
    let mut packer = Packer::new(out);
    let mut sink = Completed {
        sink: &mut packer,
        samples,
        names,
    };
    let mut read = stream(family, LIMITS, &mut sink, &mut |_| Ok(()));
    if let (Ok(_), Err(_)) = (&read, sink.put_until(u64::MAX)) {
        read = Err(TraceError::Cancelled);
    }
    let read = read.map(Some);
    packer.finish(read)
}

/// What [`pack_recording`] does, in steps, into memory.
pub struct Packing<R> {
    family: Family<R>,
    samples: Vec<Beside>,
    /// The samples that are in the file.
    put: usize,
    packer: Packer<Vec<u8>>,
}

impl<R: Read> Packing<R> {
    /// Reads the headers. `family` and `samples` are as [`pack_recording`] takes them.
    ///
    /// # Errors
    /// A header that cannot be read, or a forked process whose parent's recording is missing.
    pub fn new(family: Vec<Reader<R>>, samples: Vec<Beside>) -> Result<Self, TraceError> {
        let mut packer = Packer::new(Vec::new());
        let family = Family::new(family, LIMITS, &mut &mut packer)?;
        Ok(Self {
            family,
            samples,
            put: 0,
            packer,
        })
    }

    /// Writes so many events more; `false` after the last.
    ///
    /// # Errors
    /// What reading reports.
    pub fn go_on(&mut self, events: u64) -> Result<bool, ConvertError> {
        let left = &self.samples[self.put..];
        let mut sink = Completed {
            sink: &mut self.packer,
            samples: left,
            names: &mut (),
        };
        let mut more = self.family.go_on(events, &mut sink, &mut |_| Ok(()));
        if let (Ok(false), Err(_)) = (&more, sink.put_until(u64::MAX)) {
            more = Err(TraceError::Cancelled);
        }
        self.put += left.len() - sink.samples.len();
        match self.packer.failed.take() {
            Some(error) => Err(error.into()),
            None => Ok(more?),
        }
    }

    /// Returns the bytes of the file so far.
    pub fn length(&mut self) -> usize {
        let writer = self.packer.writer.as_mut();
        writer.map_or(0, |writer| writer.out_mut().len())
    }

    /// Returns the file, after the last event.
    ///
    /// # Errors
    /// Text of a header that is too long for a file.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        self.packer.begin()?;
        (self.packer.writer).map_or(Ok(Vec::new()), Writer::finish)
    }
}

/// Writes events in the binary form, once all header lines are there.
struct Packer<W> {
    header: String,
    out: Option<W>,
    writer: Option<Writer<W>>,
    events: u64,
    failed: Option<io::Error>,
}

impl<W: Write> Packer<W> {
    fn new(out: W) -> Self {
        Self {
            header: Version::Two.first_line().to_owned() + "\n",
            out: Some(out),
            writer: None,
            events: 0,
            failed: None,
        }
    }

    /// Ends the file, after all was read.
    fn finish(
        mut self,
        read: Result<Option<Ending>, TraceError>,
    ) -> Result<Converted, ConvertError> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let ending = read?;
        self.begin()?;
        if let Some(writer) = self.writer {
            writer.finish()?;
        }
        Ok(Converted {
            events: self.events,
            ending,
        })
    }

    fn begin(&mut self) -> io::Result<()> {
        // glibc's blocks lie at multiples of 16, those of others at least at multiples of 8.
        let is_other =
            self.header.contains("\nallocator ") && !self.header.contains("\nallocator glibc ");
        if let Some(out) = self.out.take() {
            let granule = if is_other { 3 } else { 4 };
            self.writer = Some(Writer::new(
                out,
                &Control::default(),
                &self.header,
                granule,
            )?);
        }
        Ok(())
    }
}

impl<W: Write> Sink for &mut Packer<W> {
    fn header_line(&mut self, line: &[u8]) {
        if line != PROMISE.as_bytes() {
            self.header += &String::from_utf8_lossy(line);
            self.header.push('\n');
        }
    }

    fn event(&mut self, placed: &Placed) -> Result<(), Fault> {
        let mut written = self.begin();
        if let (Ok(()), Some(writer)) = (&written, &mut self.writer) {
            written = writer.placed(placed);
        }
        self.events += 1;
        written.map_err(|error| {
            self.failed = Some(error);
            Fault::Sink
        })
    }
}
