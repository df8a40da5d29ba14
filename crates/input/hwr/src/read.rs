//! Reads a file, one chunk at a time.

use crate::decode::State;
use crate::event::Placed;
use crate::layout::{
    CHUNK_HEADER, CHUNK_LONGEST, CONTROL_FIELDS, CONTROL_LONGEST, ChunkHeader, ChunkKind, Control,
    MAGIC, Stop, VERSION, chunk, chunk_checksum, control, control_checksum, u32_at,
};
use std::io::{self, Read};

/// A file that cannot be read, or not further.
#[derive(thiserror::Error, Debug)]
pub enum ReadError {
    /// The file cannot be read at all.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its first bytes are others.
    #[error("this is not a recording: it does not begin as a .hwr file does")]
    NotARecording,
    /// A later version of the format.
    #[error("the recording has version {0} of the format; this Highwater reads version {VERSION}")]
    Version(u32),
    /// The control block is damaged or incomplete.
    #[error("the recording is damaged in its first {CONTROL_LONGEST} bytes: {0}")]
    Control(&'static str),
    /// A chunk is damaged. The events before it have been returned.
    #[error("the recording is damaged in chunk {number}, after {events} events: {reason}")]
    Chunk {
        /// The chunk, counted from 0.
        number: u64,
        /// Events before it that were read.
        events: u64,
        /// What is wrong.
        reason: &'static str,
    },
}

/// How a file ends, once all events have been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ending {
    /// Why the recording ended; [`Stop::Running`] if the process was killed, or still runs.
    pub stop: Stop,
    /// The file was cut off: it lacks bytes that its writer had committed.
    pub is_cut: bool,
}

/// A recording that is read from its beginning.
pub struct Reader<R> {
    source: R,
    control: Control,
    stop: Stop,
    inner: u32,
    chunks: u32,
    text: String,
    /// The chunks that were read.
    read: u64,
    state: Option<State>,
    bytes: Vec<u8>,
    at: usize,
    is_last: bool,
    ending: Option<Ending>,
    events: u64,
}

impl<R: Clone> Clone for Reader<R> {
    /// Returns one that goes on from here. Of the chunk at hand it has what is not read yet.
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            text: self.text.clone(),
            state: self.state.clone(),
            bytes: self.bytes[self.at..].to_vec(),
            at: 0,
            ..*self
        }
    }
}

impl<R> Reader<R> {
    /// Returns about how many bytes a copy takes, besides its source.
    pub fn footprint(&self) -> usize {
        size_of::<State>() + self.text.len() + self.bytes.len() - self.at
    }
}

impl<R: Read> Reader<R> {
    /// Reads the control block.
    ///
    /// # Errors
    /// Any [`ReadError`] but that of a chunk.
    pub fn new(mut source: R) -> Result<Self, ReadError> {
        let mut fields = [0; CONTROL_FIELDS];
        let filled = fill(&mut source, &mut fields)?;
        if fields[..MAGIC.len()] != MAGIC {
            return Err(ReadError::NotARecording);
        }
        let version = u32_at(&fields, control::VERSION);
        if version != VERSION {
            return Err(ReadError::Version(version));
        }
        let length = u32_at(&fields, control::LENGTH) as usize;
        let text_length = u32_at(&fields, control::TEXT_LENGTH) as usize;
        if filled < CONTROL_FIELDS || !(CONTROL_FIELDS..=CONTROL_LONGEST).contains(&length) {
            return Err(ReadError::Control("it is cut off, or its length is wrong"));
        }
        let mut rest = vec![0; length - CONTROL_FIELDS];
        let filled = fill(&mut source, &mut rest)?;
        let Some(text) = rest.get(..text_length).filter(|_| filled >= text_length) else {
            return Err(ReadError::Control("its header text is cut off"));
        };
        if u32_at(&fields, control::CHECKSUM) != control_checksum(&fields, text) {
            return Err(ReadError::Control("its checksum is wrong"));
        }
        let text = String::from_utf8_lossy(text).into_owned();
        let stop = Stop::from_number(u32_at(&fields, control::STATE))
            .ok_or(ReadError::Control("its state is unknown"))?;
        Ok(Self {
            source,
            control: Control::read(&fields),
            stop,
            inner: u32_at(&fields, control::INNER),
            chunks: u32_at(&fields, control::CHUNKS),
            text,
            read: 0,
            state: None,
            bytes: Vec::new(),
            at: 0,
            is_last: false,
            ending: None,
            events: 0,
        })
    }

    /// Returns the process, its parent and the times of the beginning.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Returns the header's lines, from `highwater-trace 2` on.
    pub fn header_text(&self) -> &str {
        &self.text
    }

    /// Returns what the file is read from.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// Returns how many calls have no event, because they were made inside another call: by the allocator itself, or by a signal
    /// handler.
    pub fn inner_calls(&self) -> u32 {
        self.inner
    }

    /// Returns the events that were read so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Returns how the file ends, once [`Reader::next_event`] has returned `None`.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Returns the next event, `None` after the last one.
    ///
    /// # Errors
    /// A damaged chunk, or what the source reports. The reader then is at its end.
    pub fn next_event(&mut self) -> Result<Option<Placed<'_>>, ReadError> {
        while self.at == self.bytes.len() {
            if self.ending.is_some() || !self.next_chunk()? {
                return Ok(None);
            }
        }
        let Some(state) = &mut self.state else {
            return Ok(None);
        };
        let mut rest = &self.bytes[self.at..];
        let Some(placed) = state.take(&mut rest) else {
            self.at = self.bytes.len();
            // What is left of a chunk that was cut off may end within an event.
            if self.ending.is_some_and(|ending| ending.is_cut) {
                return Ok(None);
            }
            let (stop, is_cut) = (self.stop, true);
            self.ending = Some(Ending { stop, is_cut });
            return Err(ReadError::Chunk {
                number: self.read.saturating_sub(1),
                events: self.events,
                reason: "its bytes are no event",
            });
        };
        self.at = self.bytes.len() - rest.len();
        self.events += 1;
        Ok(Some(placed))
    }

    fn end(&mut self, is_cut: bool) {
        let stop = self.stop;
        self.ending = Some(Ending { stop, is_cut });
    }

    fn damaged(&mut self, reason: &'static str) -> ReadError {
        self.end(true);
        self.bytes.clear();
        self.at = 0;
        ReadError::Chunk {
            number: self.read.saturating_sub(1),
            events: self.events,
            reason,
        }
    }

    /// Reads the next chunk. `false` if there is none.
    fn next_chunk(&mut self) -> Result<bool, ReadError> {
        let mut header = [0; CHUNK_HEADER];
        let filled = fill(&mut self.source, &mut header)?;
        // A chunk that a killed writer had room for and did not begin is zero.
        if self.is_last || filled < CHUNK_HEADER || header == [0; CHUNK_HEADER] {
            let is_missing = match self.stop {
                Stop::Complete => true,
                _ => self.read < self.chunks.into(),
            };
            self.end(is_missing);
            return Ok(false);
        }
        self.read += 1;
        let Some(chunk) = ChunkHeader::read(&header) else {
            return Err(self.damaged("its header is none"));
        };
        let committed = u32_at(&header, chunk::COMMITTED) as usize;
        let stride = chunk.stride as usize;
        let is_sealed = u32_at(&header, chunk::SEALED) == 1;
        if !(CHUNK_HEADER..=CHUNK_LONGEST).contains(&stride) || committed > stride - CHUNK_HEADER {
            return Err(self.damaged("its lengths are impossible"));
        }
        if chunk.stream != 0 {
            return Err(self.damaged("it belongs to one of several streams, which are not read"));
        }
        if chunk.first_ticket != self.state.as_ref().map_or(0, State::ticket) {
            return Err(self.damaged("it does not follow the chunk before"));
        }
        self.bytes.resize(committed, 0);
        self.at = 0;
        let filled = fill(&mut self.source, &mut self.bytes)?;
        let mut is_cut = filled < committed;
        self.bytes.truncate(filled);
        if is_sealed && !is_cut {
            let sum = u32_at(&header, chunk::CHECKSUM);
            if sum != chunk_checksum(&header, &self.bytes) {
                return Err(self.damaged("its checksum is wrong"));
            }
        } else if is_sealed || self.stop == Stop::Complete {
            is_cut = true;
        }
        self.state = Some(State::new(&chunk));
        if chunk.kind == ChunkKind::End || is_cut {
            self.end(is_cut);
            return Ok(chunk.kind == ChunkKind::Events);
        }
        self.skip(stride - CHUNK_HEADER - committed)?;
        self.is_last = !is_sealed;
        Ok(true)
    }

    /// Leaves out the part of a chunk that holds nothing.
    fn skip(&mut self, bytes: usize) -> io::Result<()> {
        io::copy(&mut (&mut self.source).take(bytes as u64), &mut io::sink())?;
        Ok(())
    }
}

/// Reads until the bytes are full or the source is at its end, and returns how many were read.
fn fill(source: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
