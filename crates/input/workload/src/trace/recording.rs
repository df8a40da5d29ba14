//! Recordings in binary form, with those of a forked process's ancestors.

mod impossible;
mod words;

use super::Limits;
use super::builder::{Builder, Sink};
use super::error::{Fault, TraceError, found};
use super::gzip::Gunzip;
use super::header::HeaderReader;
use super::line::Order;
use super::source::{Unpacked, is_gzip};
use super::write::NOTHING;
use crate::{Header, Progress, Watch, Workload};
use highwater_hwr::layout::{MAGIC, Stop};
use highwater_hwr::read::{Ending, ReadError, Reader};
use highwater_hwr::{Event, Mapping, Placed};
use impossible::impossible;
use std::io::{BufRead, Read};
use words::{mark, sample, words};

/// After so many events the watch is told.
const TOLD: u64 = 1 << 16;

/// Whether a file that begins with these bytes is a recording in binary form.
pub fn is_one(start: &[u8]) -> bool {
    start.starts_with(&MAGIC)
}

/// Reads the recording of a process. A forked process's heap began as its parent's: `family` has the recordings of its
/// ancestors, the oldest first, and its own as the last. Of each ancestor's the events before the fork are read. Times count
/// from the beginning of the first.
///
/// # Errors
/// A recording that is damaged, cut off or too long, or whose parent's is missing.
pub fn read<R: Read>(family: Vec<Reader<R>>, limits: Limits) -> Result<Workload, TraceError> {
    workload(family, limits, 0, |_| Ok(()))
}

/// Whether the beginning of a gzip file is that of a recording in binary form.
pub fn is_packed(start: &[u8]) -> bool {
    if !is_gzip(start) {
        return false;
    }
    let mut unpacked = Vec::new();
    // What cannot be unpacked is said when it is read as text.
    let _ = Gunzip::new(start).take(16).read_to_end(&mut unpacked);
    is_one(&unpacked)
}

/// Unpacks a recording that gzip has packed; `None` if it is something else.
pub(super) fn unpacked(bytes: &[u8], limits: Limits) -> Option<Result<Vec<u8>, TraceError>> {
    if !is_gzip(bytes) {
        return None;
    }
    let mut gzip = Gunzip::new(bytes).take(limits.text);
    let mut recording = Vec::new();
    let begun = gzip
        .by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut recording);
    if begun.is_err() || !is_one(&recording) {
        return None;
    }
    Some(match gzip.read_to_end(&mut recording) {
        Ok(_) => Ok(recording),
        Err(error) => Err(TraceError::Recording(format!(
            "the gzip file that holds this recording is damaged or cut off: {error}"
        ))),
    })
}

/// Reads the recording of a process that was not forked from a file at hand.
pub(super) fn read_bytes(
    bytes: &[u8],
    limits: Limits,
    watch: &mut Watch,
) -> Result<Workload, TraceError> {
    let reader = Reader::new(bytes).map_err(|error| refused(&error))?;
    let total = bytes.len() as u64;
    // A call takes 4 or 5 bytes.
    workload(vec![reader], limits, bytes.len() / 4, |left| {
        let done = total - left.len() as u64;
        match watch(Progress { done, total }).is_break() {
            true => Err(TraceError::Cancelled),
            false => Ok(()),
        }
    })
}

fn workload<R: Read>(
    family: Vec<Reader<R>>,
    limits: Limits,
    events: usize,
    mut tell: impl FnMut(&R) -> Result<(), TraceError>,
) -> Result<Workload, TraceError> {
    let mut builder = Builder::new(limits, events);
    let mut family = Family::new(family, limits, &mut builder)?;
    while family.go_on(u64::MAX, &mut builder, &mut tell)? {}
    family.finish(builder.events())?;
    let mut workload = builder.finish();
    workload.header = family.header;
    Ok(workload)
}

/// Reads the header and the events of a family, hands them on, and returns how it ends.
pub(super) fn stream<R: Read>(
    family: Vec<Reader<R>>,
    limits: Limits,
    sink: &mut impl Sink,
    tell: &mut impl FnMut(&R) -> Result<(), TraceError>,
) -> Result<Ending, TraceError> {
    let mut family = Family::new(family, limits, sink)?;
    while family.go_on(u64::MAX, sink, tell)? {}
    Ok(family.ending)
}

/// The recording of a process and those of its ancestors, in the middle of being read.
#[derive(Clone)]
pub(super) struct Family<R> {
    members: Vec<Reader<R>>,
    /// The one at hand.
    at: usize,
    stream: Stream,
    /// When the first began.
    beginning: u64,
    pub(super) header: Header,
    pub(super) ending: Ending,
}

impl<R: Read> Family<R> {
    /// Reads the header.
    pub(super) fn new(
        members: Vec<Reader<R>>,
        limits: Limits,
        sink: &mut impl Sink,
    ) -> Result<Self, TraceError> {
        let text = members.last().map_or("", |last| last.header_text());
        let header = header(text, limits, sink)?;
        let first = members.first().map(|first| *first.control());
        if first.is_some_and(|first| first.parent_ticket.is_some()) {
            return Err(TraceError::Recording(
                "the recording is of a forked process, and its parent's is missing: open it with the command, from a folder that has both".into(),
            ));
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
    pub(super) fn go_on(
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
    pub(super) fn own(&self) -> &R {
        // There is one: the header was read of it.
        self.members[self.members.len() - 1].source()
    }

    /// Refuses a recording without its end, or without calls; so many were made of it.
    pub(super) fn finish(&self, events: u64) -> Result<(), TraceError> {
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
    pub(super) fn footprint(&self) -> usize {
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

pub(super) fn refused(error: &ReadError) -> TraceError {
    TraceError::Recording(error.to_string())
}
