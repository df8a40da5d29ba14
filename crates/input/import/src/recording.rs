//! A file of another tool as the bytes of a recording, which every reader of recordings takes.

use crate::error::ImportError;
use crate::import::Import;
use crate::losses::Losses;
use highwater_hwr::layout::Control;
use highwater_hwr::write::Writer;
use std::io::{self, Read};

/// Most blocks lie at multiples of two to this power.
const GRANULE: u8 = 4;

/// Takes what a file lacks, once it has been read to its end.
pub type Told = Box<dyn FnMut(&Losses) + Send + Sync>;

/// Reads a file of another tool as a recording in binary form, a chunk at a time.
pub struct Recording<R: Read> {
    import: Import<R>,
    /// Writes into a buffer; `None` after the end.
    writer: Option<Writer<Vec<u8>>>,
    bytes: Vec<u8>,
    at: usize,
    told: Option<Told>,
}

impl<R: Read> Recording<R> {
    /// Begins with the header.
    ///
    /// # Errors
    /// As [`Import::open`].
    pub fn open(source: R) -> Result<Self, ImportError> {
        let import = Import::open(source)?;
        let writer = Writer::new(
            Vec::new(),
            &Control::default(),
            import.header_text(),
            GRANULE,
        )?;
        Ok(Self {
            import,
            writer: Some(writer),
            bytes: Vec::new(),
            at: 0,
            told: None,
        })
    }

    /// Tells what the file lacks as well, to somebody who has no way to this reader any more.
    #[must_use]
    pub fn telling(mut self, told: Told) -> Self {
        self.told = Some(told);
        self
    }

    /// What the file lacks; some of it is known only once it has been read to its end.
    pub fn losses(&self) -> &Losses {
        self.import.losses()
    }

    /// Fills the buffer with what is next; it stays empty at the end.
    fn fill(&mut self) -> io::Result<()> {
        self.bytes.clear();
        self.at = 0;
        while self.bytes.is_empty()
            && let Some(mut writer) = self.writer.take()
        {
            if self.import.step(&mut writer).map_err(io::Error::other)? {
                std::mem::swap(&mut self.bytes, writer.out_mut());
                self.writer = Some(writer);
            } else {
                self.bytes = writer.finish()?;
                if let Some(told) = &mut self.told {
                    told(self.import.losses());
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Recording<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.bytes.len() {
            self.fill()?;
        }
        let left = &self.bytes[self.at..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}
