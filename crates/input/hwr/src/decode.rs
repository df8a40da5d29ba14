//! Bytes to events.

use crate::event::{Domain, Event, Mapping, MappingCall, Placed, Runs};
use crate::first_byte::{PLAIN_ALIGNMENT, TIMED, kind, rare};
use crate::layout::ChunkHeader;
use crate::recent::{KEPT, Recent};
use crate::varint::{self, unzigzag};

/// The bytes at this place of a chunk are no event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Bytes from the beginning of the chunk's events to the malformed one.
    pub at: usize,
}

/// The state that decoding goes on from; everything but the bytes.
#[derive(Clone)]
pub struct State {
    recent: Recent,
    sites: Recent,
    last: u64,
    time: u64,
    thread: u32,
    ticket: u64,
    granule: u32,
}

impl State {
    /// Begins at the first event of a chunk.
    pub fn new(header: &ChunkHeader) -> Self {
        Self {
            recent: Recent::new(),
            sites: Recent::new(),
            last: 0,
            time: header.first_time,
            thread: header.thread,
            ticket: header.first_ticket,
            granule: u32::from(header.granule) & 15,
        }
    }

    /// Returns the ticket that the next event has if no jump precedes it: the number of events up to now.
    pub fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Takes the event at the front of `bytes`; `None` if the bytes are no event or an event that is cut off.
    #[inline]
    pub fn take<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Placed<'a>> {
        let mut odd = 0;
        let mut width = 0;
        let (mut domain, mut site) = (Domain::Unknown, 0);
        loop {
            let (&first, rest) = bytes.split_first()?;
            *bytes = rest;
            let index = first >> 3 & 15;
            match first & 7 {
                kind::THREAD => self.thread = thread(first, bytes)?,
                kind::SITE if first & TIMED == 0 => {
                    site = match usize::from(index) {
                        KEPT => {
                            let number = varint::take(bytes)?;
                            self.sites.keep(number);
                            number
                        }
                        age => self.sites.at(age),
                    };
                    if site == 0 {
                        return None;
                    }
                }
                kind::RARE if index == rare::ODD => odd = varint::take(bytes)?,
                kind::RARE if index == rare::JUMP => {
                    self.ticket = self.ticket.checked_add(varint::take(bytes)?)?;
                    width = varint::take(bytes)?;
                }
                kind::RARE if index == rare::ORIGIN => {
                    domain = match varint::take(bytes)? {
                        0 => Domain::Unknown,
                        1 => Domain::Object,
                        2 => Domain::Raw,
                        _ => return None,
                    };
                    site = varint::take(bytes)?;
                }
                kind => {
                    if first & TIMED != 0 {
                        self.time = self.time.checked_add(varint::take(bytes)?)?;
                    }
                    let event = match kind {
                        kind::RARE => self.rare(index, bytes)?,
                        _ => self.call(kind, index, odd, bytes)?,
                    };
                    let ticket = self.ticket;
                    self.ticket = ticket.checked_add(1)?;
                    return Some(Placed {
                        ticket,
                        width,
                        time: self.time,
                        thread: self.thread,
                        domain,
                        site,
                        event,
                    });
                }
            }
        }
    }

    #[inline]
    fn call<'a>(&mut self, kind: u8, age: u8, odd: u64, bytes: &mut &[u8]) -> Option<Event<'a>> {
        let address = match usize::from(age) {
            KEPT => {
                let units = unzigzag(varint::take(bytes)?) as u64;
                let units = (self.last >> self.granule).wrapping_add(units);
                let address = (units << self.granule) | odd;
                self.recent.keep(address);
                address
            }
            age => self.recent.at(age),
        };
        if address == 0 || odd >> self.granule != 0 {
            return None;
        }
        self.last = address;
        match kind {
            kind::FREE => Some(Event::Free { address }),
            kind::REALLOC => self.realloc(address, bytes),
            _ => allocated(kind, address, bytes),
        }
    }

    fn realloc<'a>(&mut self, old: u64, bytes: &mut &[u8]) -> Option<Event<'a>> {
        let coded = varint::take(bytes)?;
        let difference = unzigzag(coded >> 1);
        let difference = match coded & 1 {
            0 => difference << self.granule,
            _ => difference,
        };
        let address = old.wrapping_add(difference as u64);
        if address == 0 {
            return None;
        }
        if difference != 0 {
            self.recent.keep(address);
        }
        let size = varint::take(bytes)?;
        Some(Event::Realloc { address, old, size })
    }

    #[cold]
    fn rare<'a>(&mut self, which: u8, bytes: &mut &'a [u8]) -> Option<Event<'a>> {
        Some(match which {
            rare::THREAD_END => Event::ThreadEnd,
            rare::FORK => Event::Fork,
            rare::CHILD => Event::Child,
            rare::MARK => Event::Mark(tail(bytes)?),
            rare::SAMPLE => Event::Sample(tail(bytes)?),
            rare::MODULE => Event::Module(tail(bytes)?),
            rare::TRIM => Event::Trim {
                pad: varint::take(bytes)?,
            },
            rare::MALLOPT => Event::Mallopt {
                parameter: unzigzag(varint::take(bytes)?),
                value: unzigzag(varint::take(bytes)?),
            },
            rare::FIRST_REALLOC => Event::Realloc {
                address: varint::take(bytes).filter(|&address| address != 0)?,
                old: 0,
                size: varint::take(bytes)?,
            },
            rare::FAILED => failed(bytes)?,
            rare::TOUCHED => Event::Touched {
                address: varint::take(bytes)?,
                runs: Runs::from_bytes(tail(bytes)?)?,
            },
            rare::SITE => Event::Site {
                number: varint::take(bytes)?,
                frames: tail(bytes)?,
            },
            rare::MAPPING => Event::Mapping(Mapping {
                call: MappingCall::from_number(varint::take(bytes)?)?,
                address: varint::take(bytes)?,
                length: varint::take(bytes)?,
                detail: varint::take(bytes)?,
                owner: tail(bytes)?,
            }),
            _ => return None,
        })
    }
}

fn thread(first: u8, bytes: &mut &[u8]) -> Option<u32> {
    if first & TIMED != 0 {
        return None;
    }
    match usize::from(first >> 3 & 15) {
        KEPT => varint::take(bytes)?.try_into().ok(),
        thread => Some(thread as u32),
    }
}

fn alignment(bytes: &mut &[u8]) -> Option<u64> {
    let coded = varint::take(bytes)?;
    Some(match coded.checked_sub(PLAIN_ALIGNMENT) {
        Some(alignment) => alignment,
        None => 1 << coded,
    })
}

fn failed<'a>(bytes: &mut &[u8]) -> Option<Event<'a>> {
    let (&kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let address = 0;
    match kind {
        kind::REALLOC => Some(Event::Realloc {
            address,
            old: varint::take(bytes)?,
            size: varint::take(bytes)?,
        }),
        _ => allocated(kind, address, bytes),
    }
}

/// A call that asked for a block, with the address that it got: 0 where it failed.
#[inline]
fn allocated<'a>(kind: u8, address: u64, bytes: &mut &[u8]) -> Option<Event<'a>> {
    Some(match kind {
        kind::MALLOC => Event::Malloc {
            address,
            size: varint::take(bytes)?,
        },
        kind::CALLOC => Event::Calloc {
            address,
            count: varint::take(bytes)?,
            size: varint::take(bytes)?,
        },
        kind::ALIGNED => Event::Aligned {
            address,
            alignment: alignment(bytes)?,
            size: varint::take(bytes)?,
        },
        _ => return None,
    })
}

/// Takes a number and as many bytes.
fn tail<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = varint::take(bytes)?.try_into().ok()?;
    let (tail, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(tail)
}

/// The events of one chunk, in their order.
pub struct Events<'a> {
    state: State,
    bytes: &'a [u8],
    length: usize,
    is_over: bool,
}

impl<'a> Events<'a> {
    /// Begins with the first of a chunk's committed bytes.
    pub fn new(header: &ChunkHeader, bytes: &'a [u8]) -> Self {
        Self {
            state: State::new(header),
            bytes,
            length: bytes.len(),
            is_over: false,
        }
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<Placed<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over || self.bytes.is_empty() {
            return None;
        }
        let at = self.length - self.bytes.len();
        let taken = self.state.take(&mut self.bytes);
        self.is_over = taken.is_none();
        Some(taken.ok_or(Malformed { at }))
    }
}
