//! A recording as text that other tools read: Android's memory_replay and Mozilla's logalloc-replay.

use super::builder::Sink;
use super::convert::{ConvertError, LIMITS};
use super::error::{Fault, TraceError};
use super::recording::stream;
use super::write::PIECE;
use highwater_hwr::read::Reader;
use highwater_hwr::{Event, Placed};
use std::io::{self, Read, Write};

/// The tools whose text can be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Foreign {
    /// Android's memory_replay, which reads what record_allocs writes, with times.
    Android,
    /// Mozilla's logalloc-replay.
    Logalloc,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exported {
    /// Calls.
    pub calls: u64,
    /// Events that the form has no line for.
    pub left_out: u64,
}

/// Writes a recording in the form of another tool. `family` is as [`super::read_recording`] takes it.
///
/// # Errors
/// What reading or writing reports.
pub fn export<R: Read>(
    family: Vec<Reader<R>>,
    form: Foreign,
    out: &mut (impl Write + ?Sized),
) -> Result<Exported, ConvertError> {
    let mut lines = Lines {
        form,
        buffer: Vec::with_capacity(PIECE + 4096),
        out,
        exported: Exported::default(),
        failed: None,
    };
    let read = stream(family, LIMITS, &mut lines, &mut |_| Ok(()));
    if let Some(error) = lines.failed {
        return Err(error.into());
    }
    if read?.is_cut && lines.exported.calls == 0 {
        let empty = "the recording has no whole call";
        return Err(TraceError::Recording(empty.into()).into());
    }
    lines.out.write_all(&lines.buffer)?;
    lines.out.flush()?;
    Ok(lines.exported)
}

/// Writes events as lines of a form.
struct Lines<'a, W: ?Sized> {
    form: Foreign,
    buffer: Vec<u8>,
    out: &'a mut W,
    exported: Exported,
    failed: Option<io::Error>,
}

impl<W: Write + ?Sized> Sink for Lines<'_, W> {
    fn event(&mut self, placed: &Placed) -> Result<(), Fault> {
        let written = match self.form {
            Foreign::Android => android(&mut self.buffer, placed),
            Foreign::Logalloc => logalloc(&mut self.buffer, placed),
        };
        let written = written.and_then(|is_line| {
            match is_line {
                true => self.exported.calls += 1,
                false => self.exported.left_out += 1,
            }
            if self.buffer.len() < PIECE {
                return Ok(());
            }
            let written = self.out.write_all(&self.buffer);
            self.buffer.clear();
            written
        });
        written.map_err(|error| {
            self.failed = Some(error);
            Fault::Sink
        })
    }
}

/// Writes a line of record_allocs: threads count from 1, and times are in nanoseconds. Returns whether there is one.
fn android(out: &mut Vec<u8>, placed: &Placed) -> io::Result<bool> {
    let before = out.len();
    write!(out, "{}: ", placed.thread + 1)?;
    match placed.event {
        Event::Malloc { address, size } => write!(out, "malloc {address:#x} {size}")?,
        Event::Calloc {
            address,
            count,
            size,
        } => write!(out, "calloc {address:#x} {count} {size}")?,
        Event::Aligned {
            address,
            alignment,
            size,
        } => write!(out, "memalign {address:#x} {alignment} {size}")?,
        Event::Realloc { address, old, size } => {
            write!(out, "realloc {address:#x} {old:#x} {size}")?;
        }
        Event::Free { address } => write!(out, "free {address:#x}")?,
        Event::ThreadEnd => write!(out, "thread_done 0x0")?,
        _ => {
            out.truncate(before);
            return Ok(false);
        }
    }
    let time = placed.time.saturating_mul(1000);
    writeln!(out, " {time} {time}")?;
    Ok(true)
}

/// Writes a line of logalloc, of process 1, whose threads count from 1. Returns whether there is one.
fn logalloc(out: &mut Vec<u8>, placed: &Placed) -> io::Result<bool> {
    let before = out.len();
    write!(out, "1 {} ", placed.thread + 1)?;
    match placed.event {
        Event::Malloc { address, size } => writeln!(out, "malloc({size})={address:#x}")?,
        Event::Calloc {
            address,
            count,
            size,
        } => writeln!(out, "calloc({count},{size})={address:#x}")?,
        Event::Aligned {
            address,
            alignment,
            size,
        } => writeln!(out, "memalign({alignment},{size})={address:#x}")?,
        Event::Realloc { address, old, size } => {
            writeln!(out, "realloc({old:#x},{size})={address:#x}")?;
        }
        Event::Free { address } => writeln!(out, "free({address:#x})")?,
        _ => {
            out.truncate(before);
            return Ok(false);
        }
    }
    Ok(true)
}
