//! The text of a trace, window by window, from plain or gzip bytes.

use super::builder::Sink;
use super::foreign;
use super::gzip::Gunzip;
use super::parser::Parser;
use super::{Limits, TraceError};
use crate::{Progress, Watch};
use std::io::{ErrorKind, Read};

/// How much text is handed to the parser at a time, and so how long a line may be. Progress is told as often.
const WINDOW: usize = 1 << 20;

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
    match is_gzip(bytes) {
        true => read_gzip(bytes, limits, watch, sink),
        false => read_plain(bytes, limits, watch, sink),
    }
}

/// Reads text.
fn read_plain<S: Sink>(
    bytes: &[u8],
    limits: Limits,
    watch: &mut Watch,
    sink: S,
) -> Result<Parser<S>, TraceError> {
    foreign::refuse(bytes, false)?;
    let mut parser = Parser::new(limits, sink);
    let mut text = Text::new(limits);
    let mut at = 0;
    while bytes.len() - at > WINDOW {
        let window = &bytes[at..at + WINDOW];
        let used = text.lines(&mut parser, window)?;
        at += used;
        tell(watch, at, bytes.len())?;
    }
    text.last(&mut parser, &bytes[at..])?;
    tell(watch, bytes.len(), bytes.len())?;
    parser.finish()
}

/// Reads gzip of any number of members, unpacking one window at a time.
fn read_gzip<S: Sink>(
    bytes: &[u8],
    limits: Limits,
    watch: &mut Watch,
    sink: S,
) -> Result<Parser<S>, TraceError> {
    let mut parser = Parser::new(limits, sink);
    let mut text = Text::new(limits);
    let mut gzip = Gunzip::new(bytes);
    let mut window = vec![0; WINDOW];
    let mut filled = 0;
    loop {
        let unpacked = match &mut gzip {
            Ok(gzip) => gzip
                .read(&mut window[filled..])
                .map(|read| (read, gzip.left())),
            Err(error) => Err(std::mem::replace(error, ErrorKind::Other.into())),
        };
        let (read, left) = match unpacked {
            Ok(unpacked) => unpacked,
            Err(error) => {
                if parser.next_line() == 1 && filled > 0 {
                    foreign::refuse(&window[..filled], true)?;
                }
                // A line that is malformed before the damage is told first: it has the lower number.
                text.lines(&mut parser, &window[..filled])?;
                let line = parser.next_line();
                return Err(match error.kind() {
                    ErrorKind::UnexpectedEof => TraceError::GzipCutOff {
                        line,
                        calls: parser.calls(),
                    },
                    _ => TraceError::Gzip {
                        line,
                        reason: error.to_string(),
                    },
                });
            }
        };
        filled += read;
        if parser.next_line() == 1 && (read == 0 || filled == WINDOW) {
            foreign::refuse(&window[..filled], true)?;
        }
        if read == 0 {
            text.last(&mut parser, &window[..filled])?;
            tell(watch, bytes.len(), bytes.len())?;
            return parser.finish();
        }
        if filled == WINDOW {
            let used = text.lines(&mut parser, &window)?;
            window.copy_within(used.., 0);
            filled -= used;
            tell(watch, bytes.len() - left, bytes.len())?;
        }
    }
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

/// Counts the text that has been read.
struct Text {
    read: u64,
    limit: u64,
}

impl Text {
    fn new(limits: Limits) -> Self {
        Self {
            read: 0,
            limit: limits.text,
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
        if used == 0 && window.len() == WINDOW {
            return Err(TraceError::Malformed {
                line: parser.next_line(),
                found: format!("a line of more than {WINDOW} bytes"),
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
