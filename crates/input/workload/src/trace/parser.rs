//! Lines to events.

use super::Limits;
use super::builder::Sink;
use super::end::End;
use super::error::{Fault, TraceError, found};
use super::header::HeaderReader;
use super::line::{Lines, Order};

/// Takes the lines of a trace one after another and hands their events on.
#[derive(Clone)]
pub(super) struct Parser<S> {
    line: u64,
    limits: Limits,
    pub(super) header: HeaderReader,
    end: End,
    lines: Lines,
    order: Order,
    /// Whether a call was read: then the header is over.
    begun: bool,
    pub(super) sink: S,
    /// Whether the last line had no newline, and was not the one that tells the number of calls.
    pub(super) unended: bool,
}

impl<S: Sink> Parser<S> {
    /// Before the first line.
    pub(super) fn new(limits: Limits, sink: S) -> Self {
        Self {
            line: 0,
            limits,
            header: HeaderReader::new(limits.header),
            end: End::default(),
            lines: Lines::default(),
            order: Order::default(),
            begun: false,
            sink,
            unended: false,
        }
    }

    /// The line that is being read or comes next, from 1.
    pub(super) fn next_line(&self) -> u64 {
        self.line + 1
    }

    /// Whole lines, each with its newline.
    pub(super) fn lines(&mut self, text: &[u8]) -> Result<(), TraceError> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            let line = &text[start..end];
            self.one(line)
                .map_err(|fault| self.error(fault, line, false))?;
            start = end + 1;
        }
        Ok(())
    }

    /// A last line without its newline.
    pub(super) fn last_line(&mut self, line: &[u8]) -> Result<(), TraceError> {
        self.one(line)
            .map_err(|fault| self.error(fault, line, true))?;
        self.unended = !self.end.is_known();
        Ok(())
    }

    /// Calls and marks that have been read.
    pub(super) fn calls(&self) -> u64 {
        self.end.read
    }

    /// The end of the file.
    pub(super) fn finish(&self) -> Result<(), TraceError> {
        if self.end.read == 0 && !self.end.is_known() {
            return Err(TraceError::NoCalls { line: self.line });
        }
        if self.header.is_end_promised && !self.end.is_known() {
            return Err(TraceError::EndMissing {
                // The one that is missing, or in which the file ends.
                line: self.line + u64::from(!self.unended),
                calls: self.calls(),
            });
        }
        Ok(())
    }

    fn error(&self, fault: Fault, line: &[u8], last: bool) -> TraceError {
        match fault {
            Fault::Expected { at, expected } => {
                let (found, expected) = (found(line, at), expected.trim_end_matches(',').into());
                let line = self.line;
                if last {
                    TraceError::CutOff {
                        line,
                        found,
                        expected,
                        calls: self.calls(),
                        is_end_promised: self.header.is_end_promised,
                    }
                } else {
                    TraceError::Malformed {
                        line,
                        found,
                        expected,
                    }
                }
            }
            Fault::Incomplete { told, read } => TraceError::Incomplete {
                line: self.line,
                told,
                read,
            },
            Fault::TooManyEvents => TraceError::TooManyEvents {
                line: self.line,
                limit: self.limits.events,
            },
            Fault::TooMuch { what, limit } => TraceError::TooMuch {
                line: self.line,
                what,
                limit,
            },
            Fault::OutOfMemory => TraceError::OutOfMemory { line: self.line },
            Fault::Sink => TraceError::Cancelled,
        }
    }

    #[inline]
    fn one(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.line == 1 {
            self.header.first_line(line)?;
            self.lines.version = self.header.version;
            return Ok(());
        }
        match line {
            [] | [b'#', ..] => Ok(()),
            [op, b' ', ..] => self.event(*op, line),
            _ if End::is_one(line) => self.end.line(line),
            _ if !self.begun => {
                self.header.line(line)?;
                self.sink.header_line(line);
                Ok(())
            }
            _ => self.lines.no_event(),
        }
    }

    #[inline]
    fn event(&mut self, op: u8, line: &[u8]) -> Result<(), Fault> {
        let placed = self.lines.event(&self.order, op, line)?;
        self.end.nothing_after()?;
        self.sink.event(&placed)?;
        self.order.note(&placed);
        self.end.read += 1;
        self.begun = true;
        Ok(())
    }
}
