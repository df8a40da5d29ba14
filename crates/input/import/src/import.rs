//! One file of another tool, from its beginning to its end.

use crate::calls::{Calls, Sink, State};
use crate::error::{Fault, ImportError, Place};
use crate::heaptrack::{self, Heaptrack};
use crate::input::Input;
use crate::kind::{self, FormatOf, Kind};
use crate::losses::{Loss, Losses};
use crate::memray::{self, Memray};
use crate::refused::Refused;
use crate::sites::append_word;
use crate::text::Text;
use std::io::{self, Read};

/// Reads the events of a file, in whatever format it is.
pub struct Import<R: Read> {
    input: Input<R>,
    state: State,
    format: FormatOf,
    reader: Option<Reader>,
    header: String,
}

/// The readers of the formats.
enum Reader {
    Memray(Box<Memray>),
    Heaptrack(Box<Heaptrack>),
    Text(Box<Text>),
}

/// Returns what a file is; `None` if it is not of another tool.
///
/// # Errors
/// What reading its beginning reports.
pub fn recognise(source: impl Read) -> io::Result<Option<Kind>> {
    let mut input = Input::new(source)?;
    match input.peek().map(kind::of) {
        Ok(Some(Kind::Calls(format))) if format.0 == FormatOf::Memray => {
            let is_aggregated = memray::Header::read(&mut input).is_ok_and(|it| it.is_aggregated);
            let refused = Kind::Refused(Refused::MemrayAggregated);
            Ok(Some(if is_aggregated {
                refused
            } else {
                Kind::Calls(format)
            }))
        }
        Ok(kind) => Ok(kind),
        Err(Fault::Io(error)) => Err(error),
        // What cannot be unpacked is nothing that is known.
        Err(_) => Ok(None),
    }
}

impl<R: Read> Import<R> {
    /// Reads a file's header.
    ///
    /// # Errors
    /// A file that is of no tool, cannot be replayed, or is damaged in its header.
    pub fn open(source: R) -> Result<Self, ImportError> {
        let mut input = Input::new(source)?;
        let start = match input.peek() {
            Ok(start) => start,
            Err(Fault::Io(error)) => return Err(error.into()),
            Err(_) => return Err(ImportError::Unknown),
        };
        let format = match kind::of(start) {
            Some(Kind::Calls(format)) => format.0,
            Some(Kind::Refused(refused)) => return Err(ImportError::Refused(refused)),
            None => return Err(ImportError::Unknown),
        };
        let mut state = State::default();
        let mut calls = Calls {
            state: &mut state,
            sink: &mut Nowhere,
        };
        let mut command = Vec::new();
        let reader = match format {
            FormatOf::Memray => {
                let header = match memray::Header::read(&mut input) {
                    Ok(header) => header,
                    Err(fault) => return Err(damaged(format, &input, 0, fault)),
                };
                if !header.is_readable() {
                    return Err(memray::refuse(header.version.into()));
                }
                if header.is_aggregated {
                    return Err(ImportError::Refused(Refused::MemrayAggregated));
                }
                calls.state.losses = Memray::losses(&header);
                command.clone_from(&header.command);
                Reader::Memray(Box::new(Memray::new(header, &mut calls)))
            }
            FormatOf::Heaptrack => {
                let (form, header) = heaptrack::header(start);
                calls.state.losses = Heaptrack::losses(form, &header);
                command.clone_from(&header.command);
                Reader::Heaptrack(Box::new(Heaptrack::new(form)))
            }
            FormatOf::Text(tool) => {
                calls.state.losses = Text::losses(tool, start);
                Reader::Text(Box::new(Text::new(tool)))
            }
        };
        let header = header_text(&state.losses, &command);
        Ok(Self {
            input,
            state,
            format,
            reader: Some(reader),
            header,
        })
    }

    /// Returns the header's lines, as a trace in text has them.
    pub fn header_text(&self) -> &str {
        &self.header
    }

    /// Returns what the file lacks; all of it is known once it has been read.
    pub fn losses(&self) -> &Losses {
        &self.state.losses
    }

    /// Reads some more, and hands its events on; `false` after the last.
    ///
    /// # Errors
    /// A damaged file, one with more of something than is kept in memory, or what the sink reports.
    pub fn step(&mut self, sink: &mut dyn Sink) -> Result<bool, ImportError> {
        /// Records that are read at a time.
        const RECORDS: u32 = 1024;
        let mut calls = Calls {
            state: &mut self.state,
            sink,
        };
        let input = &mut self.input;
        let mut read = Ok(true);
        for _ in 0..RECORDS {
            read = match &mut self.reader {
                Some(Reader::Memray(reader)) => reader.step(input, &mut calls),
                Some(Reader::Heaptrack(reader)) => reader.step(input, &mut calls),
                Some(Reader::Text(reader)) => reader.step(input, &mut calls),
                None => Ok(false),
            };
            if !matches!(read, Ok(true)) {
                break;
            }
        }
        match read {
            Ok(true) => return Ok(true),
            Ok(false) | Err(Fault::End) => {}
            Err(fault) => {
                self.reader = None;
                return Err(damaged(self.format, &self.input, self.state.events, fault));
            }
        }
        self.end(read.is_err(), sink)?;
        Ok(false)
    }

    /// Ends the file, within a record or not.
    fn end(&mut self, is_within: bool, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let Some(reader) = self.reader.take() else {
            return Ok(());
        };
        let mut calls = Calls {
            state: &mut self.state,
            sink,
        };
        if is_within || self.input.is_cut {
            calls.lose(Loss::End);
        }
        let ended = match reader {
            Reader::Memray(mut reader) => reader.flush(&mut calls),
            _ => Ok(()),
        };
        let ended = ended.and_then(|()| calls.finish());
        ended.map_err(|fault| damaged(self.format, &self.input, self.state.events, fault))?;
        match self.state.losses.calls {
            0 => Err(ImportError::NoCalls {
                tool: self.format.tool(),
            }),
            _ => Ok(()),
        }
    }
}

/// Takes no event: a header has none.
struct Nowhere;

impl Sink for Nowhere {
    fn event(&mut self, _: &highwater_hwr::Placed) -> io::Result<()> {
        Ok(())
    }
}

fn header_text(losses: &Losses, command: &[u8]) -> String {
    /// Bytes of a command line that are kept.
    const COMMAND: usize = 4096;
    let mut header = String::from("highwater-trace 2\n");
    let mut words = Vec::new();
    for word in command[..command.len().min(COMMAND)].split(u8::is_ascii_whitespace) {
        if !words.is_empty() && !word.is_empty() {
            words.push(b' ');
        }
        append_word(&mut words, word);
    }
    if !words.is_empty() {
        header += &format!("program {}\n", String::from_utf8_lossy(&words));
    }
    header + &format!("imported {}\n", losses.header_line())
}

#[cold]
fn damaged<R: Read>(format: FormatOf, input: &Input<R>, events: u64, fault: Fault) -> ImportError {
    let tool = format.tool();
    let reason = match fault {
        Fault::End => "its header is cut off".to_owned(),
        Fault::Bad(reason) => reason.to_owned(),
        Fault::Packed(reason) => format!("it cannot be unpacked ({reason})"),
        Fault::TooMuch { what, limit } => return ImportError::TooMuch { tool, what, limit },
        Fault::Io(error) => return error.into(),
    };
    let place = match format.has_lines() {
        true => Place::Line(input.lines),
        false => Place::Byte(input.position()),
    };
    ImportError::Damaged {
        tool,
        place,
        events,
        reason,
    }
}
