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
    /// The text cannot be written.
    #[error("the text cannot be written: {0}")]
    Write(io::Error),
}

/// Writes the events of `recording` as text, with the number of lines at the end.
///
/// # Errors
/// What reading or writing reports. The text then lacks its end, which its header promises, and no reader takes it for whole.
pub fn convert<R: Read>(
    mut recording: Reader<R>,
    out: &mut impl Write,
) -> Result<Converted, ConvertError> {
    let mut text = String::from("highwater-trace 1\nend counted\n");
    for line in recording.header_text().lines() {
        if line
            .split_once(' ')
            .is_some_and(|(kind, _)| KNOWN.contains(&kind))
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    out.write_all(text.as_bytes())
        .map_err(ConvertError::Write)?;
    let mut converted = Converted::default();
    while let Some(placed) = recording.next_event()? {
        if write_line(&placed, out).map_err(ConvertError::Write)? {
            converted.lines += 1;
        } else {
            converted.left_out += 1;
        }
    }
    writeln!(out, "end {}", converted.lines)
        .and_then(|()| out.flush())
        .map_err(ConvertError::Write)?;
    converted.ending = recording.ending();
    Ok(converted)
}

/// Writes an event's line; `false` if version 1 has none for it.
fn write_line(placed: &Placed, out: &mut impl Write) -> io::Result<bool> {
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
