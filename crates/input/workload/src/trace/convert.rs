//! From the binary form to text, event by event: neither loses anything of the other.

use super::Limits;
use super::beside::{Beside, Completed, Naming};
use super::builder::Sink;
use super::end::PROMISE;
use super::error::{Fault, TraceError};
use super::header::Version;
use super::recording::stream;
use super::write::{PIECE, Text};
use highwater_hwr::Placed;
use highwater_hwr::read::{Ending, Reader};
use std::io::{self, Read, Write};

/// What a conversion wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Converted {
    /// Calls and other events.
    pub events: u64,
    /// How the recording ends.
    pub ending: Option<Ending>,
}

/// Why a recording or a trace could not be converted.
#[derive(thiserror::Error, Debug)]
pub enum ConvertError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] TraceError),
    /// The result cannot be written.
    #[error("the result cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// How many events a conversion takes: it keeps none of them.
pub(super) const LIMITS: Limits = Limits {
    text: u64::MAX,
    events: u32::MAX,
    marks: u32::MAX,
    mark_text: u64::MAX,
    header: 1 << 20,
    window: 1 << 20,
};

/// Writes a recording as text of version 2, with the number of events at the end. `family` is as [`super::read_recording`] takes
/// it. Of a recording that is cut off what is whole is written. `samples` are put among the events, and `names` names
/// the places of sites; `()` leaves them as they are.
///
/// # Errors
/// What reading or writing reports. The text then lacks its end, which its header promises, and no reader takes it for whole.
pub fn unpack<R: Read>(
    family: Vec<Reader<R>>,
    samples: &[Beside],
    names: &mut dyn Naming,
    out: &mut (impl Write + ?Sized),
) -> Result<Converted, ConvertError> {
    let mut lines = Completed {
        sink: Lines {
            text: Text::new(Version::Two),
            out,
            events: 0,
            failed: None,
        },
        samples,
        names,
    };
    writeln!(
        lines.sink.text.buffer,
        "{}\n{PROMISE}",
        Version::Two.first_line()
    )?;
    let mut read = stream(family, LIMITS, &mut lines, &mut |_| Ok(()));
    if let (Ok(_), Err(_)) = (&read, lines.put_until(u64::MAX)) {
        read = Err(TraceError::Cancelled);
    }
    let Completed { sink: lines, .. } = lines;
    if let Some(error) = lines.failed {
        return Err(error.into());
    }
    let ending = read?;
    let (events, mut buffer, out) = (lines.events, lines.text.buffer, lines.out);
    writeln!(buffer, "end {events}")?;
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(Converted {
        events,
        ending: Some(ending),
    })
}

/// Writes events as lines.
struct Lines<'a, W: ?Sized> {
    text: Text,
    out: &'a mut W,
    events: u64,
    failed: Option<io::Error>,
}

impl<W: Write + ?Sized> Sink for Lines<'_, W> {
    fn header_line(&mut self, line: &[u8]) {
        // The promise of an end is made anew.
        if line != PROMISE.as_bytes() {
            self.text.buffer.extend_from_slice(line);
            self.text.buffer.push(b'\n');
        }
    }

    fn event(&mut self, placed: &Placed) -> Result<(), Fault> {
        self.text.placed(placed);
        self.events += 1;
        if self.text.buffer.len() >= PIECE {
            let written = self.out.write_all(&self.text.buffer);
            self.text.buffer.clear();
            return written.map_err(|error| {
                self.failed = Some(error);
                Fault::Sink
            });
        }
        Ok(())
    }
}
