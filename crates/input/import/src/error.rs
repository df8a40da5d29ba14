//! Why a file cannot be imported.

use crate::refused::Refused;
use std::io;
use thiserror::Error;

/// Why a file of another tool cannot be read, or not further.
#[derive(Error, Debug)]
pub enum ImportError {
    /// It is none of the files that can be imported.
    #[error(
        "this is no recording of a tool that can be imported; `highwater import --help` lists them"
    )]
    Unknown,
    /// It holds no calls.
    #[error("{0}")]
    Refused(Refused),
    /// A later or an older version of a format.
    #[error(
        "this {tool} file has version {version} of its format; the versions {read} can be read: {remedy}"
    )]
    Version {
        /// The tool.
        tool: &'static str,
        /// The version that the file names.
        version: i64,
        /// Those that can be read.
        read: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// Bytes that the tool cannot have written.
    #[error(
        "the {tool} file is damaged {place}, after {events} events: {reason}; copy the file again, or record again"
    )]
    Damaged {
        /// The tool.
        tool: &'static str,
        /// Where it is.
        place: Place,
        /// Events before it that were read.
        events: u64,
        /// What is wrong.
        reason: String,
    },
    /// More of something than is kept in memory.
    #[error("the {tool} file has more than {limit} {what}, the limit; record for a shorter time")]
    TooMuch {
        /// The tool.
        tool: &'static str,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// It is whole, and no call is in it.
    #[error("the {tool} file has no allocator calls: nothing was recorded; record again")]
    NoCalls {
        /// The tool.
        tool: &'static str,
    },
    /// The file cannot be read, or the events cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where in a file something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a text, at this line.
    Line(u64),
    /// In a binary file, at this byte of what was unpacked.
    Byte(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "in line {line}"),
            Self::Byte(byte) => write!(f, "at byte {byte}"),
        }
    }
}

/// Why a record cannot be read; where it is is known further out.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The file ends.
    End,
    /// The tool cannot have written this.
    Bad(&'static str),
    /// There is more of something than is kept in memory.
    TooMuch { what: &'static str, limit: u64 },
    /// The packed bytes are damaged, in the words of the unpacking library.
    Packed(String),
    /// The file cannot be read, or the events cannot be written.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
