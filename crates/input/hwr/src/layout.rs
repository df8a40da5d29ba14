//! Where things lie in a file: the control block in front and the header of each chunk. All numbers are little-endian.

use crate::checksum;
use core::sync::atomic::{Ordering, fence};

/// The first bytes of every file. The first is no text, and the line ends show a transfer that changed them.
pub const MAGIC: [u8; 8] = *b"\x89HWR\r\n\x1a\n";

/// The version of the format that this crate writes and reads.
pub const VERSION: u32 = 2;

/// Bytes of the control block's fields. The header text follows at once.
pub const CONTROL_FIELDS: usize = 512;

/// The longest control block that is read, in bytes.
pub const CONTROL_LONGEST: usize = 1 << 20;

/// Bytes of a chunk's header. Its events follow at once.
pub const CHUNK_HEADER: usize = 64;

/// The longest chunk that is read, with its header, in bytes: what a reader keeps in memory.
pub const CHUNK_LONGEST: usize = 4 << 20;

/// Bytes of a mark's name that a command asks for.
pub const REQUEST_BYTES: usize = 128;

/// Places in the control block, in bytes from its beginning.
pub mod control {
    /// [`super::MAGIC`]
    pub const MAGIC: usize = 0;
    /// 32 bits: [`super::VERSION`].
    pub const VERSION: usize = 8;
    /// 32 bits: bytes of the control block; the first chunk follows.
    pub const LENGTH: usize = 12;
    /// 32 bits: bytes of the header text.
    pub const TEXT_LENGTH: usize = 16;
    /// 32 bits: the CRC-32 of the bytes before this, of those from [`PROCESS`] to before [`STATE`], and of the text.
    pub const CHECKSUM: usize = 20;
    /// 32 bits: the process.
    pub const PROCESS: usize = 24;
    /// 32 bits: its parent.
    pub const PARENT: usize = 28;
    /// 64 bits: the events of the parent's recording that come before the fork; all ones if the parent was not recorded.
    pub const PARENT_TICKET: usize = 32;
    /// 64 bits: nanoseconds since 1970 at the beginning.
    pub const REAL_TIME: usize = 40;
    /// 64 bits: nanoseconds of the monotonic clock at the beginning.
    pub const MONOTONIC_TIME: usize = 48;
    /// 32 bits, changes: 0 while the process is recorded, then a [`super::Stop`].
    pub const STATE: usize = 64;
    /// 32 bits, changes: chunks that were begun; 0 in a file that was written in one go, which ends with an end chunk.
    pub const CHUNKS: usize = 68;
    /// 32 bits, changes: calls without an event, because they were made inside another call: by the allocator itself, or by a
    /// signal handler.
    pub const INNER: usize = 72;
    /// 32 bits, set from outside: 1 asks the recorder to stop.
    pub const STOP_REQUEST: usize = 128;
    /// 32 bits, set from outside: one more than before asks for a mark.
    pub const MARK_REQUEST: usize = 132;
    /// 32 bits, changes: the number of the last mark that was asked for and written.
    pub const MARK_ANSWER: usize = 136;
    /// 32 bits, set from outside: bytes of the mark's text.
    pub const MARK_LENGTH: usize = 140;
    /// The mark's text, at most [`super::REQUEST_BYTES`].
    pub const MARK_TEXT: usize = 144;
}

/// Places in a chunk's header, in bytes from its beginning.
pub mod chunk {
    /// 32 bits: [`super::CHUNK_MAGIC`].
    pub const MAGIC: usize = 0;
    /// 8 bits: the [`super::ChunkKind`].
    pub const KIND: usize = 4;
    /// 8 bits: the power of two that most addresses are multiples of.
    pub const GRANULE: usize = 5;
    /// 32 bits: bytes to the next chunk's header.
    pub const STRIDE: usize = 8;
    /// 32 bits: the thread of the first event.
    pub const THREAD: usize = 12;
    /// 64 bits: the events before the first one.
    pub const FIRST_TICKET: usize = 16;
    /// 64 bits: microseconds from the beginning of the recording to the event before the first one.
    pub const FIRST_TIME: usize = 24;
    /// 32 bits, changes: bytes of whole events.
    pub const COMMITTED: usize = 32;
    /// 32 bits, changes: 1 once the chunk is complete and its checksum holds.
    pub const SEALED: usize = 36;
    /// 32 bits: the CRC-32 of the bytes before [`COMMITTED`], of those from [`EVENTS`] on, and of the committed events.
    pub const CHECKSUM: usize = 40;
    /// 32 bits: events, once sealed.
    pub const EVENTS: usize = 44;
    /// 32 bits: the stream. Where each thread writes chunks of its own, its number plus 1; 0 for one stream of all threads.
    pub const STREAM: usize = 48;
}

/// The first bytes of every chunk.
pub const CHUNK_MAGIC: [u8; 4] = *b"HWch";

/// What a chunk holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ChunkKind {
    /// Events.
    Events = 1,
    /// Nothing: the file ends here. Its first ticket is the number of all events.
    End = 2,
}

/// Why a recording ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Stop {
    /// It did not: the process is still recorded, or it was killed.
    Running = 0,
    /// The process ended.
    Exit = 1,
    /// `highwater stop` was asked to.
    Asked = 2,
    /// The file system is full.
    NoSpace = 3,
    /// The file can be neither opened again nor extended.
    NoFile = 4,
    /// The file cannot be mapped into memory.
    NoMapping = 5,
    /// The file reached its largest permitted size.
    Largest = 6,
    /// The file was written in one go by a program that had all events.
    Complete = 7,
    /// It goes on in another file, which begins with the blocks that live: only the newest part of the recording is kept.
    Continued = 8,
}

impl Stop {
    /// Returns the reason with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Running,
            1 => Self::Exit,
            2 => Self::Asked,
            3 => Self::NoSpace,
            4 => Self::NoFile,
            5 => Self::NoMapping,
            6 => Self::Largest,
            7 => Self::Complete,
            8 => Self::Continued,
            _ => return None,
        })
    }
}

/// The fields of the control block that a writer sets at the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Control {
    /// The process.
    pub process: u32,
    /// Its parent.
    pub parent: u32,
    /// The events of the parent's recording before the fork, if the parent was recorded.
    pub parent_ticket: Option<u64>,
    /// Nanoseconds since 1970 at the beginning.
    pub real_time: u64,
    /// Nanoseconds of the monotonic clock at the beginning.
    pub monotonic_time: u64,
}

impl Control {
    /// Writes a control block of `block.len()` bytes with the header text, which must fit behind the fields. The rest of the
    /// block must be zero.
    pub fn write(&self, text: &[u8], block: &mut [u8]) -> Option<()> {
        let room = block.get_mut(CONTROL_FIELDS..CONTROL_FIELDS + text.len())?;
        room.copy_from_slice(text);
        let length = block.len() as u32;
        put(block, control::MAGIC, &MAGIC);
        put(block, control::VERSION, &VERSION.to_le_bytes());
        put(block, control::LENGTH, &length.to_le_bytes());
        put(
            block,
            control::TEXT_LENGTH,
            &(text.len() as u32).to_le_bytes(),
        );
        put(block, control::PROCESS, &self.process.to_le_bytes());
        put(block, control::PARENT, &self.parent.to_le_bytes());
        let ticket = self.parent_ticket.unwrap_or(u64::MAX);
        put(block, control::PARENT_TICKET, &ticket.to_le_bytes());
        put(block, control::REAL_TIME, &self.real_time.to_le_bytes());
        put(
            block,
            control::MONOTONIC_TIME,
            &self.monotonic_time.to_le_bytes(),
        );
        let sum = control_checksum(block, text);
        put(block, control::CHECKSUM, &sum.to_le_bytes());
        Some(())
    }

    /// Reads the fields of a control block.
    pub fn read(block: &[u8; CONTROL_FIELDS]) -> Self {
        let ticket = u64_at(block, control::PARENT_TICKET);
        Self {
            process: u32_at(block, control::PROCESS),
            parent: u32_at(block, control::PARENT),
            parent_ticket: (ticket != u64::MAX).then_some(ticket),
            real_time: u64_at(block, control::REAL_TIME),
            monotonic_time: u64_at(block, control::MONOTONIC_TIME),
        }
    }
}

/// Returns the checksum that belongs into a control block with this header text.
pub fn control_checksum(block: &[u8], text: &[u8]) -> u32 {
    let sum = checksum(0, block.get(..control::CHECKSUM).unwrap_or_default());
    let fields = block.get(control::PROCESS..control::STATE);
    checksum(checksum(sum, fields.unwrap_or_default()), text)
}

/// The header of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkHeader {
    /// What it holds.
    pub kind: ChunkKind,
    /// The power of two that most addresses are multiples of.
    pub granule: u8,
    /// Bytes to the next chunk's header.
    pub stride: u32,
    /// The thread of the first event.
    pub thread: u32,
    /// The events before the first one.
    pub first_ticket: u64,
    /// Microseconds from the beginning of the recording to the event before the first one.
    pub first_time: u64,
    /// The stream: 0 for that of all threads.
    pub stream: u32,
}

impl ChunkHeader {
    /// Writes the header of an open chunk: nothing is committed yet.
    pub fn write(&self, bytes: &mut [u8; CHUNK_HEADER]) {
        bytes.fill(0);
        bytes[chunk::KIND] = self.kind as u8;
        bytes[chunk::GRANULE] = self.granule;
        put(bytes, chunk::STRIDE, &self.stride.to_le_bytes());
        put(bytes, chunk::THREAD, &self.thread.to_le_bytes());
        put(bytes, chunk::FIRST_TICKET, &self.first_ticket.to_le_bytes());
        put(bytes, chunk::FIRST_TIME, &self.first_time.to_le_bytes());
        put(bytes, chunk::STREAM, &self.stream.to_le_bytes());
        // Who reads the file while it is written sees a whole header or none.
        fence(Ordering::Release);
        put(bytes, chunk::MAGIC, &CHUNK_MAGIC);
    }

    /// Reads a header; `None` if this version does not know it.
    pub fn read(bytes: &[u8; CHUNK_HEADER]) -> Option<Self> {
        let kind = match bytes[chunk::KIND] {
            1 => ChunkKind::Events,
            2 => ChunkKind::End,
            _ => return None,
        };
        if bytes[..CHUNK_MAGIC.len()] != CHUNK_MAGIC {
            return None;
        }
        Some(Self {
            kind,
            granule: bytes[chunk::GRANULE],
            stride: u32_at(bytes, chunk::STRIDE),
            thread: u32_at(bytes, chunk::THREAD),
            first_ticket: u64_at(bytes, chunk::FIRST_TICKET),
            first_time: u64_at(bytes, chunk::FIRST_TIME),
            stream: u32_at(bytes, chunk::STREAM),
        })
    }
}

/// Seals a chunk whose events are complete: notes their number and the checksum.
pub fn seal(header: &mut [u8; CHUNK_HEADER], events: u32, committed: &[u8]) {
    put(header, chunk::EVENTS, &events.to_le_bytes());
    let sum = chunk_checksum(header, committed);
    put(header, chunk::CHECKSUM, &sum.to_le_bytes());
    fence(Ordering::Release);
    put(header, chunk::SEALED, &1_u32.to_le_bytes());
}

/// Returns the checksum that belongs into the header of a sealed chunk.
pub fn chunk_checksum(header: &[u8; CHUNK_HEADER], committed: &[u8]) -> u32 {
    let sum = checksum(0, &header[..chunk::COMMITTED]);
    checksum(checksum(sum, &header[chunk::EVENTS..]), committed)
}

/// Returns the 32-bit number at a place of a header; 0 outside of it.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    number.copied().map_or(0, u32::from_le_bytes)
}

/// Returns the 64-bit number at a place of a header; 0 outside of it.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let number = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    number.copied().map_or(0, u64::from_le_bytes)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}
