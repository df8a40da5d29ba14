//! Events to bytes.
//!
//! Behind an event's first byte come, each if the event has it: the microseconds since the event before; the address, as a
//! signed difference from the one named last, in units of the chunk's granule; the event's other numbers.

use crate::event::{Domain, Event, Mapping};
use crate::first_byte::{PLAIN_ALIGNMENT, TIMED, kind, rare};
use crate::recent::{Indexed, KEPT};
use crate::varint::{self, zigzag};

/// Room that suffices for any event without text or runs, in bytes. The last number's eight bytes included, none needs more than
/// 60: it is a power of two so that a place is checked by masking.
pub const CALL_BYTES: usize = 64;

/// There is no room for the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// When and by whom a call was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Microseconds since the recording began. A time before the last event's is written as the last event's.
    pub time: u64,
    /// The thread that called.
    pub thread: u32,
}

/// Encodes the events of one chunk.
#[derive(Clone)]
pub struct Encoder {
    recent: Indexed,
    sites: Indexed,
    last: u64,
    time: u64,
    thread: u32,
    granule: u32,
}

impl Encoder {
    /// Begins a chunk whose header has this time, thread and granule (the power of two that most addresses are multiples of: 4
    /// for 16 bytes).
    pub const fn new(time: u64, thread: u32, granule: u8) -> Self {
        Self {
            recent: Indexed::new(),
            sites: Indexed::new(),
            last: 0,
            time,
            thread,
            granule: granule as u32 & 15,
        }
    }

    /// Returns the time of the last event, in microseconds.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Returns the thread of the last event.
    pub fn thread(&self) -> u32 {
        self.thread
    }

    /// Writes the event at the front of `out` and returns the bytes it takes.
    ///
    /// # Errors
    /// [`Full`] if `out` is shorter than [`CALL_BYTES`] and the event's text or runs; nothing is changed then.
    #[inline(always)]
    pub fn encode(&mut self, stamp: Stamp, event: &Event, out: &mut [u8]) -> Result<usize, Full> {
        // The free of a null pointer is no event.
        if let Event::Free { address: 0 } = event {
            return Ok(0);
        }
        let tail = event.tail();
        if out.len() < CALL_BYTES + tail.len() {
            return Err(Full);
        }
        let Some((head, rest)) = out.split_first_chunk_mut::<CALL_BYTES>() else {
            return Err(Full);
        };
        let mut bytes = Bytes { head, at: 0 };
        if stamp.thread != self.thread {
            self.thread = stamp.thread;
            bytes.thread(stamp.thread);
        }
        self.event(stamp, event, tail.len(), &mut bytes);
        let at = bytes.at;
        if !tail.is_empty() {
            append(head, rest, at, tail);
        }
        Ok(at + tail.len())
    }

    /// Writes that the next event's ticket leaves `gap` tickets out, and that its call may have begun `width` tickets before.
    ///
    /// # Errors
    /// [`Full`] if `out` is shorter than [`CALL_BYTES`].
    pub fn jump(&mut self, gap: u64, width: u64, out: &mut [u8]) -> Result<usize, Full> {
        let head = out.first_chunk_mut::<CALL_BYTES>().ok_or(Full)?;
        let mut bytes = Bytes { head, at: 0 };
        bytes.byte(kind::RARE | rare::JUMP << 3);
        bytes.number(gap);
        bytes.number(width);
        Ok(bytes.at)
    }

    /// Writes that the next event is a call of an allocator of this domain, from the site with this number.
    ///
    /// # Errors
    /// [`Full`] if `out` is shorter than [`CALL_BYTES`].
    #[inline(always)]
    pub fn origin(&mut self, domain: Domain, site: u64, out: &mut [u8]) -> Result<usize, Full> {
        let head = out.first_chunk_mut::<CALL_BYTES>().ok_or(Full)?;
        let mut bytes = Bytes { head, at: 0 };
        if domain == Domain::Unknown && site != 0 {
            let age = self.sites.name(site);
            bytes.byte(kind::SITE | (age as u8) << 3);
            bytes.number_if(age == KEPT, site);
        } else {
            bytes.byte(kind::RARE | rare::ORIGIN << 3);
            bytes.number(domain as u64);
            bytes.number(site);
        }
        Ok(bytes.at)
    }

    #[inline(always)]
    fn event(&mut self, stamp: Stamp, event: &Event, tail: usize, out: &mut Bytes) {
        match *event {
            Event::Free { address } => self.block(kind::FREE, stamp, address, out),
            Event::Malloc { address, size } if address != 0 => {
                self.block(kind::MALLOC, stamp, address, out);
                out.number(size);
            }
            Event::Calloc {
                address,
                count,
                size,
            } if address != 0 => {
                self.block(kind::CALLOC, stamp, address, out);
                out.number(count);
                out.number(size);
            }
            Event::Aligned {
                address,
                alignment,
                size,
            } if address != 0 => {
                self.block(kind::ALIGNED, stamp, address, out);
                out.alignment(alignment);
                out.number(size);
            }
            Event::Realloc { address, old, size } if address != 0 && old != 0 => {
                self.realloc(stamp, address, old, size, out);
            }
            _ => self.rare(stamp, event, tail, out),
        }
    }

    /// A block that stays where it is costs one byte more than its size.
    #[inline(always)]
    fn realloc(&mut self, stamp: Stamp, address: u64, old: u64, size: u64, out: &mut Bytes) {
        self.block(kind::REALLOC, stamp, old, out);
        let difference = address.wrapping_sub(old) as i64;
        // The lowest bit tells whether the difference is in granules.
        if difference & ((1 << self.granule) - 1) == 0 {
            out.number(zigzag(difference >> self.granule) << 1);
        } else {
            out.number(zigzag(difference) << 1 | 1);
        }
        if difference != 0 {
            self.recent.keep(address);
        }
        out.number(size);
    }

    /// Writes the first byte, the time and the address of a call about a block.
    #[inline(always)]
    fn block(&mut self, kind: u8, stamp: Stamp, address: u64, out: &mut Bytes) {
        let age = self.recent.name(address);
        let odd = address & ((1 << self.granule) - 1);
        if odd != 0 && age == KEPT {
            out.byte(kind::RARE | rare::ODD << 3);
            out.number(odd);
        }
        out.begin(kind, age as u8, self.advance(stamp));
        let units = (address >> self.granule).wrapping_sub(self.last >> self.granule);
        out.number_if(age == KEPT, zigzag(units as i64));
        self.last = address;
    }

    /// Returns the microseconds that have passed since the event before.
    #[inline(always)]
    fn advance(&mut self, stamp: Stamp) -> u64 {
        let passed = stamp.time.saturating_sub(self.time);
        self.time += passed;
        passed
    }

    #[cold]
    fn rare(&mut self, stamp: Stamp, event: &Event, tail: usize, out: &mut Bytes) {
        let mut begin = |which: u8, out: &mut Bytes| {
            let passed = self.advance(stamp);
            out.begin(kind::RARE, which, passed);
        };
        match *event {
            Event::ThreadEnd => begin(rare::THREAD_END, out),
            Event::Fork => begin(rare::FORK, out),
            Event::Child => begin(rare::CHILD, out),
            Event::Mark(_) | Event::Sample(_) | Event::Module(_) => {
                let which = match event {
                    Event::Mark(_) => rare::MARK,
                    Event::Sample(_) => rare::SAMPLE,
                    _ => rare::MODULE,
                };
                begin(which, out);
                out.number(tail as u64);
            }
            Event::Trim { pad } => {
                begin(rare::TRIM, out);
                out.number(pad);
            }
            Event::Mallopt { parameter, value } => {
                begin(rare::MALLOPT, out);
                out.number(zigzag(parameter));
                out.number(zigzag(value));
            }
            Event::Touched { address, .. } => {
                begin(rare::TOUCHED, out);
                out.number(address);
                out.number(tail as u64);
            }
            Event::Site { number, .. } => {
                begin(rare::SITE, out);
                out.number(number);
                out.number(tail as u64);
            }
            Event::Mapping(mapping) => {
                begin(rare::MAPPING, out);
                out.mapping(&mapping);
                out.number(tail as u64);
            }
            Event::Realloc {
                address,
                old: 0,
                size,
            } if address != 0 => {
                begin(rare::FIRST_REALLOC, out);
                out.number(address);
                out.number(size);
            }
            _ => {
                begin(rare::FAILED, out);
                out.failed(event);
            }
        }
    }
}

/// Copies a tail to the place `at` of the room that was split in two.
#[cold]
fn append(head: &mut [u8; CALL_BYTES], rest: &mut [u8], at: usize, tail: &[u8]) {
    let in_head = tail.len().min(CALL_BYTES - at);
    head[at..at + in_head].copy_from_slice(&tail[..in_head]);
    rest[..tail.len() - in_head].copy_from_slice(&tail[in_head..]);
}

/// The bytes of one event.
struct Bytes<'a> {
    head: &'a mut [u8; CALL_BYTES],
    at: usize,
}

impl Bytes<'_> {
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        // No event is longer; the mask makes a check of the bound needless.
        self.head[self.at % CALL_BYTES] = byte;
        self.at += 1;
    }

    #[inline(always)]
    fn number(&mut self, value: u64) {
        self.number_if(true, value);
    }

    /// Writes a number on a condition. Neither that nor the number's length follows a pattern that a processor could foresee, so
    /// neither has a branch: eight bytes are written, and the next ones begin within or behind them.
    #[inline(always)]
    fn number_if(&mut self, condition: bool, value: u64) {
        if let Some((eight, length)) = varint::eight(value)
            && let Some(room) = self.head.get_mut(self.at..self.at + 8)
        {
            room.copy_from_slice(&eight.to_le_bytes());
            self.at += length & usize::from(condition).wrapping_neg();
        } else if condition {
            self.long(value);
        }
    }

    #[cold]
    fn long(&mut self, value: u64) {
        let room = self.head.get_mut(self.at..).unwrap_or_default();
        self.at += varint::put(value, room);
    }

    #[inline(always)]
    fn begin(&mut self, kind: u8, index: u8, passed: u64) {
        let timed = if passed != 0 { TIMED } else { 0 };
        self.byte(kind | index << 3 | timed);
        if passed != 0 {
            self.number(passed);
        }
    }

    #[cold]
    fn thread(&mut self, thread: u32) {
        if (thread as usize) < KEPT {
            self.byte(kind::THREAD | (thread as u8) << 3);
        } else {
            self.byte(kind::THREAD | (KEPT as u8) << 3);
            self.number(thread.into());
        }
    }

    fn alignment(&mut self, alignment: u64) {
        if alignment.is_power_of_two() {
            self.number(alignment.trailing_zeros().into());
        } else {
            // No alignment that a program can get is near the end of the numbers.
            self.number(alignment.saturating_add(PLAIN_ALIGNMENT));
        }
    }

    fn mapping(&mut self, mapping: &Mapping) {
        self.number(mapping.call as u64);
        self.number(mapping.address);
        self.number(mapping.length);
        self.number(mapping.detail);
    }

    fn failed(&mut self, event: &Event) {
        match *event {
            Event::Calloc { count, size, .. } => {
                self.byte(kind::CALLOC);
                self.number(count);
                self.number(size);
            }
            Event::Aligned {
                alignment, size, ..
            } => {
                self.byte(kind::ALIGNED);
                self.alignment(alignment);
                self.number(size);
            }
            Event::Realloc { old, size, .. } => {
                self.byte(kind::REALLOC);
                self.number(old);
                self.number(size);
            }
            Event::Malloc { size, .. } => {
                self.byte(kind::MALLOC);
                self.number(size);
            }
            // No other event fails.
            _ => self.byte(kind::FREE),
        }
    }
}
