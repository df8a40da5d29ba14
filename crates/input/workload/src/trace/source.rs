//! The text of a trace, window by window, from plain or gzip bytes.

use super::builder::Sink;
use super::foreign;
use super::gzip::Gunzip;
use super::parser::Parser;
use super::{Limits, TraceError};
use crate::{Progress, Watch};
use std::io::{self, BufRead, ErrorKind, Read};

/// Whether this is gzip: RFC 1952, the first two bytes of a member.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Reads a trace, plain or gzip.
pub(super) fn read<S: Sink>(
    bytes: &[u8],
    limits: Limits,
    watch: &mut Watch,
    sink: S,
) -> Result<Parser<S>, TraceError> {
    let mut text = TextReader::new(bytes, is_gzip(bytes), limits, sink);
    while text.window()? {
        tell(watch, bytes.len() - text.source().len(), bytes.len())?;
    }
    tell(watch, bytes.len(), bytes.len())?;
    text.parser.finish()?;
    Ok(text.parser)
}

fn tell(watch: &mut Watch, done: usize, total: usize) -> Result<(), TraceError> {
    let progress = Progress {
        done: done as u64,
        total: total.max(1) as u64,
    };
    if watch(progress).is_break() {
        return Err(TraceError::Cancelled);
    }
    Ok(())
}

/// Bytes that may be packed.
#[derive(Clone)]
pub(super) enum Unpacked<R> {
    Plain(R),
    Gzip(Gunzip<R>),
}

impl<R: BufRead> Unpacked<R> {
    /// Begins with nothing read.
    pub(super) fn new(source: R, is_gzip: bool) -> Self {
        match is_gzip {
            false => Self::Plain(source),
            true => Self::Gzip(Gunzip::new(source)),
        }
    }

    /// What it reads.
    pub(super) fn source(&self) -> &R {
        match self {
            Self::Plain(source) => source,
            Self::Gzip(gzip) => gzip.source(),
        }
    }

    /// Returns the bytes that a copy takes besides those of what it reads.
    pub(super) fn footprint(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Gzip(gzip) => gzip.footprint(),
        }
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
        }
    }
}

/// Reads text window by window.
pub(super) struct TextReader<R, S> {
    bytes: Unpacked<R>,
    text: Text,
    pub(super) parser: Parser<S>,
    window: Vec<u8>,
    filled: usize,
}

impl<R: BufRead, S: Sink> TextReader<R, S> {
    /// Begins with nothing read.
    pub(super) fn new(source: R, is_gzip: bool, limits: Limits, sink: S) -> Self {
        Self {
            bytes: Unpacked::new(source, is_gzip),
            text: Text::new(limits),
            parser: Parser::new(limits, sink),
            window: Vec::new(),
            filled: 0,
        }
    }

    /// What it reads.
    pub(super) fn source(&self) -> &R {
        self.bytes.source()
    }

    /// Returns the bytes that a copy takes besides those of the source and the sink.
    pub(super) fn footprint(&self) -> usize {
        self.bytes.footprint() + self.filled
    }

    fn is_packed(&self) -> bool {
        !matches!(self.bytes, Unpacked::Plain(_))
    }

    fn fill(&mut self) -> io::Result<usize> {
        // A copy has none until it is read on.
        self.window.resize(self.text.window, 0);
        self.bytes.read(&mut self.window[self.filled..])
    }

    /// Has the lines of the next window parsed; `false` after the last.
    pub(super) fn window(&mut self) -> Result<bool, TraceError> {
        loop {
            let read = match self.fill() {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(&error)),
            };
            self.filled += read;
            let is_full = self.filled == self.window.len();
            if self.parser.next_line() == 1 && (read == 0 || is_full) {
                foreign::refuse(&self.window[..self.filled], self.is_packed())?;
            }
            let window = &self.window[..self.filled];
            if read == 0 {
                self.text.last(&mut self.parser, window)?;
                return Ok(false);
            }
            if is_full {
                let used = self.text.lines(&mut self.parser, window)?;
                self.window.copy_within(used.., 0);
                self.filled -= used;
                return Ok(true);
            }
        }
    }

    /// What is said of bytes that cannot be read or unpacked.
    #[cold]
    fn broken(&mut self, error: &io::Error) -> TraceError {
        let window = &self.window[..self.filled];
        if self.parser.next_line() == 1
            && self.filled > 0
            && let Err(foreign) = foreign::refuse(window, self.is_packed())
        {
            return foreign;
        }
        // A line that is malformed before the damage is told first: it has the lower number.
        if let Err(malformed) = self.text.lines(&mut self.parser, window) {
            return malformed;
        }
        let line = self.parser.next_line();
        match (error.kind(), self.is_packed()) {
            (_, false) => TraceError::Unreadable(error.to_string()),
            (ErrorKind::UnexpectedEof, true) => TraceError::GzipCutOff {
                line,
                calls: self.parser.calls(),
            },
            _ => TraceError::Gzip {
                line,
                reason: error.to_string(),
            },
        }
    }
}

impl<R: Clone, S: Clone> Clone for TextReader<R, S> {
    /// Returns one that goes on from here. Of the window it has only what is not parsed yet.
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            text: self.text,
            parser: self.parser.clone(),
            window: self.window[..self.filled].to_vec(),
            filled: self.filled,
        }
    }
}

/// Counts the text that has been read.
#[derive(Clone, Copy)]
struct Text {
    read: u64,
    limit: u64,
    window: usize,
}

impl Text {
    fn new(limits: Limits) -> Self {
        Self {
            read: 0,
            limit: limits.text,
            window: limits.window,
        }
    }

    /// Has the whole lines of `window` parsed and returns how many bytes they take. A full window without the end of a
    /// line is an error.
    fn lines<S: Sink>(
        &mut self,
        parser: &mut Parser<S>,
        window: &[u8],
    ) -> Result<usize, TraceError> {
        let used = memchr::memrchr(b'\n', window).map_or(0, |last| last + 1);
        if used == 0 && window.len() == self.window {
            return Err(TraceError::Malformed {
                line: parser.next_line(),
                found: format!("a line of more than {} bytes", self.window),
                expected: "a line of a trace".into(),
            });
        }
        parser.lines(&window[..used])?;
        self.count(parser, used)?;
        Ok(used)
    }

    /// Has the last window parsed, whose last line may lack its newline.
    fn last<S: Sink>(&mut self, parser: &mut Parser<S>, window: &[u8]) -> Result<(), TraceError> {
        let used = memchr::memrchr(b'\n', window).map_or(0, |last| last + 1);
        parser.lines(&window[..used])?;
        self.count(parser, window.len())?;
        if used < window.len() {
            parser.last_line(&window[used..])?;
        }
        Ok(())
    }

    fn count<S: Sink>(&mut self, parser: &Parser<S>, bytes: usize) -> Result<(), TraceError> {
        self.read += bytes as u64;
        if self.read > self.limit {
            return Err(TraceError::TooLong {
                line: parser.next_line(),
                limit: self.limit,
            });
        }
        Ok(())
    }
}
