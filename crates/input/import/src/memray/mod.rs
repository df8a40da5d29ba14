//! Files of memray, versions 11 to 13 of its format.
//!
//! A file is a header and records of one byte and more. A number is often the difference to the last one of its field, for all
//! threads together. Records are of the thread that the last switch named.

mod frames;
mod header;
mod record;
mod record_11;

use crate::calls::{Calls, Origin, guessed_alignment};
use crate::error::{Fault, ImportError};
use crate::input::Input;
use crate::losses::{Loss, Losses};
use frames::Frames;
pub(crate) use header::Header;
use highwater_hwr::{Domain, Event, Mapping, MappingCall};
use std::io::Read;

/// What files begin with.
pub(crate) const MAGIC: &[u8] = b"memray\0";

/// A call by the number that memray gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Malloc,
    Calloc,
    Realloc,
    Aligned,
    /// valloc and pvalloc, whose blocks begin at a page.
    Paged,
    Free,
    Map,
    Unmap,
}

impl Kind {
    /// Whether it has neither a size nor a stack.
    fn is_bare(self) -> bool {
        self == Self::Free
    }
}

/// Reads the records of a file.
pub(crate) struct Memray {
    header: Header,
    last: Last,
    frames: Frames,
    /// The thread of the records, as the file numbers it and as events do.
    thread: u32,
    /// A free that may be the first half of a realloc.
    freed: Option<(Origin, u64)>,
}

/// The last value of each field that is written as a difference.
#[derive(Default)]
struct Last {
    address: u64,
    native: u64,
    frame: u64,
    line: u64,
    instruction: u64,
    caller: u64,
    /// The last 15 addresses, the newest first.
    recent: [u64; 15],
}

/// Whether records go on.
#[derive(PartialEq, Eq)]
enum Next {
    Record,
    End,
}

impl Memray {
    /// Begins behind the header.
    pub(crate) fn new(header: Header, calls: &mut Calls) -> Self {
        let thread = calls.thread(header.main_thread);
        Self {
            header,
            last: Last::default(),
            frames: Frames::default(),
            thread,
            freed: None,
        }
    }

    /// Returns what every file of a version lacks.
    pub(crate) fn losses(header: &Header) -> Losses {
        let mut lost = vec![Loss::Start, Loss::Ticks, Loss::Failures, Loss::Upkeep];
        if !header.has_objects {
            lost.push(Loss::Objects);
        }
        Losses::of(header.format(), &lost)
    }

    /// Reads a record; `false` after the last.
    #[inline]
    pub(crate) fn step<R: Read>(
        &mut self,
        input: &mut Input<R>,
        calls: &mut Calls,
    ) -> Result<bool, Fault> {
        let token = match input.byte() {
            Err(Fault::End) => {
                calls.lose(Loss::End);
                self.flush(calls)?;
                return Ok(false);
            }
            token => token?,
        };
        let next = match self.header.version {
            11 => self.record_11(token, input, calls)?,
            _ => self.record(token, input, calls)?,
        };
        if next == Next::End {
            self.flush(calls)?;
        }
        Ok(next == Next::Record)
    }

    /// Hands on a free that was no half of a realloc.
    pub(crate) fn flush(&mut self, calls: &mut Calls) -> Result<(), Fault> {
        match self.freed.take() {
            Some((origin, address)) => calls.call(origin, Event::Free { address }),
            None => Ok(()),
        }
    }

    /// Hands on a call.
    #[inline]
    fn call(
        &mut self,
        kind: (Kind, bool),
        address: u64,
        size: u64,
        calls: &mut Calls,
    ) -> Result<(), Fault> {
        let (kind, is_object) = kind;
        let origin = self.origin(kind, is_object, calls)?;
        if kind == Kind::Realloc
            && let Some((_, old)) = self
                .freed
                .take_if(|(by, _)| (by.thread, by.domain) == (origin.thread, origin.domain))
        {
            return calls.call(origin, Event::Realloc { address, old, size });
        }
        self.flush(calls)?;
        let event = match kind {
            Kind::Free => {
                self.freed = (address != 0).then_some((origin, address));
                return Ok(());
            }
            Kind::Malloc => Event::Malloc { address, size },
            Kind::Calloc => Event::Calloc {
                address,
                count: 1,
                size,
            },
            Kind::Realloc => Event::Realloc {
                address,
                old: 0,
                size,
            },
            Kind::Aligned => {
                calls.lose(Loss::Alignment);
                let alignment = guessed_alignment(address);
                Event::Aligned {
                    address,
                    alignment,
                    size,
                }
            }
            Kind::Paged => Event::Aligned {
                address,
                alignment: 4096,
                size,
            },
            Kind::Map => return mapped(origin, MappingCall::Map, address, size, calls),
            Kind::Unmap => return mapped(origin, MappingCall::Unmap, address, size, calls),
        };
        calls.call(origin, event)
    }

    /// Returns whose call it is: the thread, the allocator, and the place in the program unless it is a free.
    #[inline]
    fn origin(&mut self, kind: Kind, is_object: bool, calls: &mut Calls) -> Result<Origin, Fault> {
        Ok(Origin {
            thread: self.thread,
            domain: if is_object {
                Domain::Object
            } else {
                Domain::Raw
            },
            site: match kind {
                Kind::Free => 0,
                _ => self.frames.site(calls)?,
            },
        })
    }

    /// Reads the resident size of the process, which has the time.
    fn resident<R: Read>(&mut self, input: &mut Input<R>, calls: &mut Calls) -> Result<(), Fault> {
        let bytes = input.varint()?;
        let milliseconds = input.varint()?;
        self.flush(calls)?;
        calls.time(milliseconds.saturating_mul(1000))?;
        calls.resident(bytes)
    }

    /// Reads the number of the thread that the records to come are of.
    fn switch<R: Read>(&mut self, input: &mut Input<R>, calls: &mut Calls) -> Result<(), Fault> {
        let thread = input.u64()?;
        self.flush(calls)?;
        self.thread = calls.thread(thread);
        self.frames.switch(self.thread);
        Ok(())
    }

    /// Passes over what belongs to native stacks: a frame, or a program's segments.
    fn native<R: Read>(&mut self, token: u8, input: &mut Input<R>) -> Result<(), Fault> {
        match token {
            NATIVE_FRAME => {
                input.delta(&mut self.last.instruction)?;
                input.delta(&mut self.last.caller)?;
            }
            MAP_START => {}
            SEGMENTS => {
                input.text(&mut self.frames.text)?;
                input.varint()?;
                input.u64()?;
            }
            _ => {
                input.u64()?;
                input.varint()?;
            }
        }
        Ok(())
    }
}

/// The kinds of records that all versions number alike.
const NATIVE_FRAME: u8 = 5;
const MAP_START: u8 = 6;
const SEGMENTS: u8 = 7;
const SEGMENT: u8 = 8;

fn mapped(
    origin: Origin,
    call: MappingCall,
    address: u64,
    length: u64,
    calls: &mut Calls,
) -> Result<(), Fault> {
    const END: u64 = 1 << 48;
    if address >= END || length >= END {
        return Err(Fault::Bad("a mapping at 2^48 or above"));
    }
    let mapping = Mapping {
        call,
        address,
        length,
        detail: 0,
        owner: b"",
    };
    calls.hand_on(origin, Event::Mapping(mapping))
}

/// Refuses a version that cannot be read.
pub(crate) fn refuse(version: i64) -> ImportError {
    ImportError::Version {
        tool: "memray",
        version,
        read: "11, 12 and 13 (memray 1.11 to 1.20)",
        remedy: "record again with one of these",
    }
}
