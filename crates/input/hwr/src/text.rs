//! Writes a recording as a trace in text (`.hwt`), version 1.

use crate::event::{Event, Placed};
use crate::read::{Ending, ReadError, Reader};
use std::io::{self, Read, Write};

/// Header lines that version 1 of the text knows.
const KNOWN: [&str; 8] = [
    "allocator",
    "env",
    "page",
    "cpus",
    "brk",
    "mappings",
    "touch",
    "program",
];

/// What a conversion wrote and left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Converted {
    /// Lines with calls and marks.
    pub lines: u64,
    /// Events that version 1 has no line for: samples, touched pages, mappings beside the allocator, mallopt and fork.
    pub left_out: u64,
    /// How the recording ends.
    pub ending: Option<Ending>,
}

/// A recording that cannot be converted.
#[derive(thiserror::Error, Debug)]
pub enum ConvertError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A recording that is not of a forked process has an ancestor.
    #[error("the recording is not of a child of the process before it")]
    NoFamily,
    /// The text cannot be written.
    #[error("the text cannot be written: {0}")]
    Write(io::Error),
}

/// Writes a recording as text, with the number of lines at the end.
///
/// A forked process's heap began as its parent's, so its recording alone lacks what came before: `family` holds the
/// recordings of its ancestors, the oldest first, and its own as the last. Of each ancestor's the events before the fork are
/// written. Times count from the beginning of the first.
///
/// # Errors
/// What reading or writing reports. The text then lacks its end, which its header promises, and no reader takes it for whole.
pub fn convert<R: Read>(
    family: Vec<Reader<R>>,
    out: &mut (impl Write + ?Sized),
) -> Result<Converted, ConvertError> {
    let mut converted = Converted::default();
    let beginning = family
        .first()
        .map_or(0, |first| first.control().monotonic_time);
    if let Some(last) = family.last() {
        write_header(last.header_text(), out).map_err(ConvertError::Write)?;
    }
    let mut family = family.into_iter().peekable();
    while let Some(mut recording) = family.next() {
        let child = family.peek().map(|child| child.control().parent_ticket);
        let until = match child {
            Some(ticket) => ticket.ok_or(ConvertError::NoFamily)?,
            None => u64::MAX,
        };
        let later = recording.control().monotonic_time.saturating_sub(beginning) / 1000;
        while recording.events() < until
            && let Some(mut placed) = recording.next_event()?
        {
            placed.time += later;
            if write_line(&placed, out).map_err(ConvertError::Write)? {
                converted.lines += 1;
            } else {
                converted.left_out += 1;
            }
        }
        converted.ending = recording.ending();
    }
    writeln!(out, "end {}", converted.lines)
        .and_then(|()| out.flush())
        .map_err(ConvertError::Write)?;
    Ok(converted)
}

fn write_header(text: &str, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    out.write_all(b"highwater-trace 1\nend counted\n")?;
    for line in text.lines() {
        let kind = line.split_once(' ').map(|(kind, _)| kind);
        if kind.is_some_and(|kind| KNOWN.contains(&kind)) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Writes an event's line; `false` if version 1 has none for it.
fn write_line(placed: &Placed, out: &mut (impl Write + ?Sized)) -> io::Result<bool> {
    let Placed { time, thread, .. } = placed;
    match placed.event {
        Event::Malloc { address, size } => {
            writeln!(out, "m {time} {thread} {address:#x} {size}")?;
        }
        Event::Calloc {
            address,
            count,
            size,
        } => writeln!(out, "c {time} {thread} {address:#x} {count} {size}")?,
        Event::Aligned {
            address,
            alignment,
            size,
        } => writeln!(out, "a {time} {thread} {address:#x} {alignment} {size}")?,
        Event::Realloc { address, old, size } => {
            writeln!(out, "r {time} {thread} {address:#x} {old:#x} {size}")?;
        }
        Event::Free { address } => writeln!(out, "f {time} {thread} {address:#x}")?,
        Event::Trim { pad } => writeln!(out, "t {time} {thread} {pad}")?,
        Event::ThreadEnd => writeln!(out, "e {time} {thread}")?,
        Event::Mark(text) => {
            writeln!(out, "k {time} {thread} {}", String::from_utf8_lossy(text))?;
        }
        Event::Mallopt { .. }
        | Event::Fork
        | Event::Sample(_)
        | Event::Touched { .. }
        | Event::Mapping(_) => return Ok(false),
    }
    Ok(true)
}
