//! The recording of a process with those of its ancestors, event by event.

use super::impossible::impossible;
use super::refused;
use super::words::{mark, sample, words};
use crate::Header;
use crate::trace::Limits;
use crate::trace::builder::Sink;
use crate::trace::error::{Fault, TraceError, found};
use crate::trace::header::HeaderReader;
use crate::trace::line::Order;
use crate::trace::source::Unpacked;
use crate::trace::write::NOTHING;
use highwater_hwr::layout::Stop;
use highwater_hwr::read::{Ending, Reader};
use highwater_hwr::{Event, Mapping, Placed};
use std::io::{BufRead, Read};

/// The events between two calls of the watch.
const TOLD: u64 = 1 << 16;

/// The recording of a process and those of its ancestors, in the middle of being read.
#[derive(Clone)]
pub(in crate::trace) struct Family<R> {
    members: Vec<Reader<R>>,
    /// The one at hand.
    at: usize,
    stream: Stream,
    /// When the first began.
    beginning: u64,
    pub(in crate::trace) header: Header,
    pub(in crate::trace) ending: Ending,
}

impl<R: Read> Family<R> {
    /// Reads the header.
    pub(in crate::trace) fn new(
        members: Vec<Reader<R>>,
        limits: Limits,
        sink: &mut impl Sink,
    ) -> Result<Self, TraceError> {
        let text = members.last().map_or("", |last| last.header_text());
        let header = header(text, limits, sink)?;
        let first = members.first().map(|first| *first.control());
        if let Some(first) = first.filter(|first| first.parent_ticket.is_some()) {
            return Err(TraceError::Recording(format!(
                "the recording is of a forked process: open it together with its parent's, process {}; the command takes both from one folder",
                first.parent
            )));
        }
        Ok(Self {
            members,
            at: 0,
            stream: Stream {
                limits,
                order: Order::default(),
                base: 0,
                later: 0,
                events: 0,
            },
            beginning: first.map_or(0, |first| first.monotonic_time),
            header,
            ending: Ending {
                stop: Stop::Complete,
                is_cut: false,
            },
        })
    }

    /// Reads so many events more and hands them on; `false` after the last.
    pub(in crate::trace) fn go_on(
        &mut self,
        mut most: u64,
        sink: &mut impl Sink,
        tell: &mut impl FnMut(&R) -> Result<(), TraceError>,
    ) -> Result<bool, TraceError> {
        while self.at < self.members.len() {
            let child = self.members.get(self.at + 1);
            let child = child.map(|child| child.control().parent_ticket);
            let until = child.map_or(Some(u64::MAX), |ticket| ticket);
            let until = until.ok_or_else(|| {
                TraceError::Recording(
                    "a recording is not of a child of the process before it".into(),
                )
            })?;
            let recording = &mut self.members[self.at];
            let control = *recording.control();
            self.stream.later = control.monotonic_time.saturating_sub(self.beginning) / 1000;
            let reached = (self.stream).process(recording, until, sink, tell, &mut most)?;
            if reached == Reached::Most {
                return Ok(true);
            }
            if child.is_some() {
                let Reached::Fork(thread) = reached else {
                    return Err(TraceError::Recording(format!(
                        "the recording of the parent, process {}, ends before the fork; no later call can be placed without it",
                        control.process
                    )));
                };
                self.stream.child(thread, sink)?;
            }
            self.ending = recording.ending().unwrap_or(self.ending);
            self.at += 1;
        }
        Ok(false)
    }

    /// The recording of the process itself.
    pub(in crate::trace) fn own(&self) -> &R {
        // There is one: the header was read of it.
        self.members[self.members.len() - 1].source()
    }

    /// Refuses a recording without its end, or without calls; so many were made of it.
    pub(in crate::trace) fn finish(&self, events: u64) -> Result<(), TraceError> {
        if self.ending.is_cut {
            return Err(TraceError::Recording(format!(
                "the recording is cut off after {events} whole calls: copy the file again, or save these with `highwater convert`"
            )));
        }
        if events == 0 {
            let empty = "the recording has no calls: nothing was recorded; record again";
            return Err(TraceError::Recording(empty.into()));
        }
        Ok(())
    }
}

impl<R: BufRead> Family<Unpacked<R>> {
    /// Returns the bytes that a copy takes, besides those of the files.
    pub(in crate::trace) fn footprint(&self) -> usize {
        let members = self.members.iter();
        members
            .map(|member| member.footprint() + member.source().footprint())
            .sum()
    }
}

/// Reads the lines of a header.
fn header(text: &str, limits: Limits, sink: &mut impl Sink) -> Result<Header, TraceError> {
    let mut header = HeaderReader::new(limits.header);
    let mut lines = text.lines().enumerate();
    let wrong = |number: usize, line: &str, fault| {
        TraceError::Recording(match fault {
            Fault::Expected { at, expected } => {
                let (number, expected) = (number + 1, expected.trim_end_matches(','));
                let found = found(line.as_bytes(), at);
                format!("the recording's header, line {number}: expected {expected}, found {found}")
            }
            _ => format!(
                "the recording's header is longer than {} bytes",
                limits.header
            ),
        })
    };
    let first = lines.next().map_or("", |(_, line)| line);
    header
        .first_line(first.as_bytes())
        .map_err(|fault| wrong(0, first, fault))?;
    for (number, line) in lines {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = header.line(line.as_bytes());
        read.map_err(|fault| wrong(number, line, fault))?;
        sink.header_line(line.as_bytes());
    }
    Ok(header.header)
}

/// How far the reading of a process came.
#[derive(PartialEq, Eq)]
enum Reached {
    /// To as many events as were asked for.
    Most,
    /// To its end, or past the ticket.
    End,
    /// To the ticket, before which this thread made a call.
    Fork(u32),
}

/// Where the reading of a family's events is.
#[derive(Clone)]
struct Stream {
    limits: Limits,
    order: Order,
    /// The tickets of the recordings before.
    base: u64,
    /// Microseconds from the beginning of the first recording to that of the one at hand.
    later: u64,
    events: u64,
}

impl Stream {
    /// Reads the events of a process up to a ticket, so many at most.
    fn process<R: Read>(
        &mut self,
        recording: &mut Reader<R>,
        until: u64,
        sink: &mut impl Sink,
        tell: &mut impl FnMut(&R) -> Result<(), TraceError>,
        most: &mut u64,
    ) -> Result<Reached, TraceError> {
        loop {
            if *most == 0 {
                return Ok(Reached::Most);
            }
            if recording.events().is_multiple_of(TOLD) {
                tell(recording.source())?;
            }
            let placed = recording.next_event().map_err(|error| refused(&error))?;
            let Some(mut placed) = placed else {
                return Ok(Reached::End);
            };
            *most -= 1;
            let (ticket, thread) = (placed.ticket, placed.thread);
            if ticket >= until {
                return Ok(Reached::End);
            }
            placed.ticket = ticket.saturating_add(self.base);
            // Two processes read the clock that the order of their events does not follow.
            placed.time = placed.time.saturating_add(self.later).max(self.order.time);
            self.take(placed, sink)?;
            if ticket + 1 == until {
                return Ok(Reached::Fork(thread));
            }
        }
    }

    /// Goes on with the child that a thread has forked.
    fn child(&mut self, thread: u32, sink: &mut impl Sink) -> Result<(), TraceError> {
        let placed = Placed {
            ticket: self.order.ticket,
            time: self.order.time,
            thread,
            event: Event::Child,
            ..NOTHING
        };
        self.take(placed, sink)?;
        self.base = self.order.ticket;
        Ok(())
    }

    #[inline]
    fn take(&mut self, placed: Placed, sink: &mut impl Sink) -> Result<(), TraceError> {
        self.events += 1;
        if let Some(what) = impossible(&placed) {
            return Err(self.refused(what));
        }
        let is_of_none = matches!(
            placed.event,
            Event::Sample(_) | Event::Site { .. } | Event::Module(_)
        );
        if self.order.has_ended(placed.thread) && !is_of_none {
            return Err(self.refused("a thread that has ended"));
        }
        let text;
        let event = match placed.event {
            Event::Mark(bytes) => {
                text = mark(bytes);
                Event::Mark(&text)
            }
            Event::Sample(bytes) => {
                text = sample(bytes);
                Event::Sample(&text)
            }
            Event::Site { number, frames } => {
                text = words(frames);
                let frames = &text;
                Event::Site { number, frames }
            }
            Event::Module(bytes) => {
                text = words(bytes);
                Event::Module(&text)
            }
            Event::Mapping(mapping) => {
                text = words(mapping.owner);
                let owner = &text;
                Event::Mapping(Mapping { owner, ..mapping })
            }
            event => event,
        };
        let placed = Placed { event, ..placed };
        sink.event(&placed).map_err(|fault| self.fault(&fault))?;
        self.order.note(&placed);
        Ok(())
    }

    #[cold]
    fn refused(&self, what: &str) -> TraceError {
        let number = self.events;
        TraceError::Recording(format!(
            "event {number} of the recording has {what}: the file is damaged; record again"
        ))
    }

    #[cold]
    fn fault(&self, fault: &Fault) -> TraceError {
        TraceError::Recording(match fault {
            Fault::TooManyEvents => format!(
                "the recording has more than {} calls, the limit; record less",
                self.limits.events
            ),
            Fault::TooMuch { what, limit } => {
                format!("the recording has more than {limit} {what}, the limit; record less")
            }
            Fault::OutOfMemory => "out of memory while reading the recording".into(),
            Fault::Sink | Fault::Expected { .. } | Fault::Incomplete { .. } => {
                return TraceError::Cancelled;
            }
        })
    }
}
