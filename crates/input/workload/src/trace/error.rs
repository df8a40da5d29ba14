//! What is wrong with a trace, and where.

use thiserror::Error;

/// Why a trace could not be read. Lines count from 1, comments and blank lines included.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TraceError {
    /// The file cannot be read, or not again.
    #[error("{0}")]
    Unreadable(String),
    /// There is nothing in the file.
    #[error(
        "{} is empty, so nothing was recorded; a trace begins with the line `highwater-trace 2`, or 1",
        if *packed { "the text in this gzip file" } else { "this file" }
    )]
    Empty {
        /// Whether it was in a gzip file.
        packed: bool,
    },
    /// The file is something else than a trace. Nothing that stands in it is repeated: it may be anything.
    #[error(
        "this {}{what}, not a trace: open a recording (.hwr) or a trace (.hwt or .hwt.gz), whose text begins with the line `highwater-trace 2`, or 1",
        if *packed { "gzip file holds " } else { "is " }
    )]
    NotATrace {
        /// What it is.
        what: &'static str,
        /// Whether it was in a gzip file.
        packed: bool,
    },
    /// Something else stands where the format wants a certain thing.
    #[error("line {line}: expected {expected}, found {found}")]
    Malformed {
        /// The line.
        line: u64,
        /// The text that stands there, shortened and quoted, or a word for its absence.
        found: String,
        /// What the format wants there.
        expected: String,
    },
    /// The last line has no newline and does not parse.
    #[error(
        "line {line}: the trace is cut off here, after {calls} whole call{}: expected {expected}, found {found}; {}record again",
        if *calls == 1 { "" } else { "s" },
        match (*calls, *is_end_promised) {
            (0, _) => "",
            (_, false) => "delete this line to read the calls before it, or ",
            (_, true) => "delete this line and the header's line `end counted` to read the calls before it, or ",
        }
    )]
    CutOff {
        /// The line.
        line: u64,
        /// The text that stands there, shortened and quoted, or a word for its absence.
        found: String,
        /// What the format wants there.
        expected: String,
        /// Calls and marks before it.
        calls: u64,
        /// Whether the header promises a last line that tells the number of calls.
        is_end_promised: bool,
    },
    /// The file ends before any call, and no last line says that there is none.
    #[error(
        "line {line}: the trace has no calls and ends here: it was cut off, or nothing was recorded; record again (a whole trace without calls ends with the line `end 0`)"
    )]
    NoCalls {
        /// The line in which the file ends.
        line: u64,
    },
    /// The file ends at the end of a line, without the last line that its header promises.
    #[error(
        "line {line}: the trace is cut off here, after {calls} whole call{}: its last line `end COUNT` is missing; delete the header's line `end counted` to read these calls, or record again",
        if *calls == 1 { "" } else { "s" }
    )]
    EndMissing {
        /// The line that is missing, or in which the file ends.
        line: u64,
        /// Calls and marks before it.
        calls: u64,
    },
    /// The last line tells of another number of calls than there are.
    #[error(
        "line {line}: the trace has {read} call{} up to here, but {told} were written: copy the file again, or record again; if you removed some, delete the lines that begin with `end`",
        if *read == 1 { "" } else { "s" }
    )]
    Incomplete {
        /// The last line.
        line: u64,
        /// Calls and marks that it tells of.
        told: u64,
        /// Calls and marks before it.
        read: u64,
    },
    /// The gzip data end before their time.
    #[error(
        "line {line}: the gzip file is cut off here, after {calls} whole call{}: {}record again",
        if *calls == 1 { "" } else { "s" },
        if *calls == 0 { "" } else { "`gzip -dc FILE | sed '/^end /d;$d'` saves its complete lines; or " }
    )]
    GzipCutOff {
        /// The line that was being unpacked.
        line: u64,
        /// Calls and marks before it.
        calls: u64,
    },
    /// The gzip data are damaged.
    #[error("line {line}: the gzip file is damaged here: {reason}")]
    Gzip {
        /// The line that was being unpacked.
        line: u64,
        /// In the words of the unpacking library.
        reason: String,
    },
    /// The text is longer than allowed.
    #[error(
        "line {line}: the trace is longer than the limit of {limit} bytes of text; record less, or cut the file"
    )]
    TooLong {
        /// The line at which the limit was passed.
        line: u64,
        /// [`Limits::text`](super::Limits::text).
        limit: u64,
    },
    /// There are more calls than allowed.
    #[error(
        "line {line}: the trace has more than {limit} calls, the limit; record less, or cut the file"
    )]
    TooManyEvents {
        /// The line of the first call too many.
        line: u64,
        /// [`Limits::events`](super::Limits::events).
        limit: u32,
    },
    /// There is more of one part of it than allowed.
    #[error("line {line}: the trace has more than {limit} {what}, the limit; leave some out")]
    TooMuch {
        /// The line at which the limit was passed.
        line: u64,
        /// What there is too much of.
        what: &'static str,
        /// The member of [`Limits`](super::Limits) that bounds it.
        limit: u64,
    },
    /// The machine has no memory for the trace.
    #[error("line {line}: out of memory while reading the trace")]
    OutOfMemory {
        /// The line that found no room.
        line: u64,
    },
    /// A recording in binary form cannot be read.
    #[error("{0}")]
    Recording(String),
    /// The watch broke off.
    #[error("reading was cancelled")]
    Cancelled,
}

impl TraceError {
    /// The line it is about, from 1; `None` where it is about none.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Malformed { line, .. }
            | Self::CutOff { line, .. }
            | Self::NoCalls { line }
            | Self::EndMissing { line, .. }
            | Self::Incomplete { line, .. }
            | Self::GzipCutOff { line, .. }
            | Self::Gzip { line, .. }
            | Self::TooLong { line, .. }
            | Self::TooManyEvents { line, .. }
            | Self::TooMuch { line, .. }
            | Self::OutOfMemory { line } => Some(*line),
            Self::Empty { .. } | Self::NotATrace { .. } => Some(1),
            Self::Recording(_) | Self::Unreadable(_) | Self::Cancelled => None,
        }
    }
}

/// What a line does wrong; the line's number is known further out.
#[derive(Debug)]
pub(super) enum Fault {
    /// `expected` does not stand at this byte of the line.
    Expected { at: usize, expected: &'static str },
    /// The last line tells of another number of calls.
    Incomplete { told: u64, read: u64 },
    /// The events allowed are used up.
    TooManyEvents,
    /// There is more of something than allowed.
    TooMuch { what: &'static str, limit: u64 },
    /// No room for another event.
    OutOfMemory,
    /// What takes the events has broken off, and knows why.
    Sink,
}

/// Longest piece of a trace that an error quotes, in characters.
const QUOTED: usize = 40;

/// What stands at byte `at` of a line, for a person: the field there, shortened, control characters escaped. Nothing of a variable's
/// value.
pub(super) fn found(line: &[u8], at: usize) -> String {
    if line.starts_with(b"env ") && at < line.len() {
        return "a line without it".into();
    }
    let rest = line.get(at..).unwrap_or_default();
    match rest.first() {
        None => return "the end of the line".into(),
        Some(b' ') => return "a space".into(),
        Some(_) => {}
    }
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    // Four bytes a character at most: the cut may fall inside one, which then reads as a replacement character.
    let text = String::from_utf8_lossy(&rest[..end.min(QUOTED * 4)]);
    let mut quoted = String::new();
    for character in text.chars().take(QUOTED) {
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    if text.chars().count() > QUOTED || end > QUOTED * 4 {
        quoted.push('…');
    }
    // What is set to something may be a password.
    if let Some((name, _)) = quoted.split_once('=') {
        quoted = format!("{name}=…");
    }
    format!("`{quoted}`")
}
