//! Writes a file in one go, from events that are at hand: the packed form of a trace.

use crate::layout::{
    CHUNK_HEADER, CONTROL_FIELDS, ChunkHeader, ChunkKind, Control, Stop, chunk, control, seal,
};
use crate::{CALL_BYTES, Domain, Encoder, Event, Placed, Stamp};
use std::io::{self, Write};

/// Bytes of a chunk with its header, as a recorder's. A reader can begin at any chunk.
pub const CHUNK_BYTES: usize = 256 << 10;

/// Writes events to `out`, a chunk at a time.
pub struct Writer<W> {
    out: W,
    encoder: Encoder,
    granule: u8,
    /// The chunk being filled: room for the header, then events.
    chunk: Vec<u8>,
    header: ChunkHeader,
    /// The events of the chunk, and the ticket of the next one.
    events: u32,
    ticket: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the control block with the header text: the same lines as a trace in text begins with, from `highwater-trace 2`
    /// on. `granule` is the power of two that most addresses are multiples of (4 for 16 bytes).
    ///
    /// # Errors
    /// Those of `out`, and [`io::ErrorKind::InvalidInput`] if the text is longer than a file may hold.
    pub fn new(mut out: W, header: &Control, text: &str, granule: u8) -> io::Result<Self> {
        if text.len() > crate::layout::CONTROL_LONGEST - CONTROL_FIELDS {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the header text has {} bytes, more than 1 MiB", text.len()),
            ));
        }
        let mut block = vec![0; (CONTROL_FIELDS + text.len()).next_multiple_of(8)];
        // The block is made to hold the text.
        header.write(text.as_bytes(), &mut block);
        block[control::STATE..control::STATE + 4]
            .copy_from_slice(&(Stop::Complete as u32).to_le_bytes());
        out.write_all(&block)?;
        let mut writer = Self {
            out,
            encoder: Encoder::new(0, 0, granule),
            granule,
            chunk: Vec::with_capacity(CHUNK_BYTES),
            header: ChunkHeader {
                kind: ChunkKind::Events,
                granule,
                stride: 0,
                thread: 0,
                first_ticket: 0,
                first_time: 0,
                stream: 0,
            },
            events: 0,
            ticket: 0,
        };
        writer.begin(0, 0);
        Ok(writer)
    }

    /// Appends an event. A time before the last event's is written as the last event's.
    ///
    /// # Errors
    /// Those of `out`, and [`io::ErrorKind::InvalidInput`] for a text or runs of pages that exceed a chunk.
    pub fn event(&mut self, stamp: Stamp, event: &Event) -> io::Result<()> {
        self.placed(&Placed {
            ticket: self.ticket,
            width: 0,
            time: stamp.time,
            thread: stamp.thread,
            domain: Domain::Unknown,
            site: 0,
            event: *event,
        })
    }

    /// Appends an event with all that is known of it. Its ticket is at least the number of events before it.
    ///
    /// # Errors
    /// As [`Writer::event`].
    pub fn placed(&mut self, placed: &Placed) -> io::Result<()> {
        if self.try_placed(placed) {
            return Ok(());
        }
        self.flush_chunk()?;
        if self.try_placed(placed) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the text of one event exceeds 256 KiB",
        ))
    }

    /// Returns where the file is written, for a caller that takes away what has been.
    pub fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes what is left and the end of the file, and returns `out`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_chunk()?;
        self.header.kind = ChunkKind::End;
        self.seal_and_write()?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn try_placed(&mut self, placed: &Placed) -> bool {
        const PREFIXES: usize = 2 * CALL_BYTES;
        let at = self.chunk.len();
        if let Event::Free { address: 0 } = placed.event {
            return true;
        }
        let text = placed.event.tail().len();
        if at + PREFIXES + CALL_BYTES + text > CHUNK_BYTES {
            return false;
        }
        self.chunk.resize(at + PREFIXES + CALL_BYTES + text, 0);
        let gap = placed.ticket.saturating_sub(self.ticket);
        let mut end = at;
        if gap > 0 || placed.width > 0 {
            let jump = (self.encoder).jump(gap, placed.width, &mut self.chunk[end..]);
            end += jump.unwrap_or(0);
        }
        if placed.domain != Domain::Unknown || placed.site > 0 {
            let origin = (self.encoder).origin(placed.domain, placed.site, &mut self.chunk[end..]);
            end += origin.unwrap_or(0);
        }
        let (time, thread) = (placed.time, placed.thread);
        let stamp = Stamp { time, thread };
        let taken = (self.encoder).encode(stamp, &placed.event, &mut self.chunk[end..]);
        let taken = taken.unwrap_or(0);
        self.chunk
            .truncate(if taken > 0 { end + taken } else { at });
        if taken > 0 {
            self.events += 1;
            self.ticket += gap + 1;
        }
        taken > 0
    }

    fn begin(&mut self, time: u64, thread: u32) {
        self.encoder = Encoder::new(time, thread, self.granule);
        self.header.first_ticket = self.ticket;
        self.header.first_time = time;
        self.header.thread = thread;
        self.events = 0;
        self.chunk.clear();
        self.chunk.resize(CHUNK_HEADER, 0);
    }

    fn flush_chunk(&mut self) -> io::Result<()> {
        if self.events > 0 {
            self.seal_and_write()?;
        }
        self.begin(self.encoder.time(), self.encoder.thread());
        Ok(())
    }

    fn seal_and_write(&mut self) -> io::Result<()> {
        self.header.stride = self.chunk.len() as u32;
        let committed = self.chunk.len() - CHUNK_HEADER;
        if let Some((header, events)) = self.chunk.split_first_chunk_mut() {
            self.header.write(header);
            header[chunk::COMMITTED..chunk::COMMITTED + 4]
                .copy_from_slice(&(committed as u32).to_le_bytes());
            seal(header, self.events, events);
        }
        self.out.write_all(&self.chunk)
    }
}
