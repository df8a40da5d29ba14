//! The bytes of a file that is read on the way: a slice of it is at hand, and a copy of what reads it goes on at the same place.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// Bytes that are read.
pub type Bytes = Box<dyn Read + Send + Sync>;

/// Opens a file of a trace, by its number, behind a number of its bytes.
pub(super) type Open = dyn Fn(usize, u64) -> io::Result<Bytes> + Send + Sync;

/// Bytes that are at hand at one time.
const SLICE: usize = 1 << 18;

/// Reads a file, slice by slice.
pub(super) struct Slices {
    open: Arc<Open>,
    file: usize,
    /// What is read; a copy has none until it is read on.
    bytes: Option<Bytes>,
    slice: Box<[u8]>,
    /// Bytes of the slice that were read and taken.
    filled: usize,
    taken: usize,
    /// Bytes of the file before the slice.
    before: u64,
}

impl Slices {
    /// Begins at the beginning of a file.
    pub(super) fn new(open: &Arc<Open>, file: usize) -> Self {
        Self::at(open, file, 0)
    }

    fn at(open: &Arc<Open>, file: usize, before: u64) -> Self {
        Self {
            open: Arc::clone(open),
            file,
            bytes: None,
            slice: Box::default(),
            filled: 0,
            taken: 0,
            before,
        }
    }

    /// Returns how many bytes of the file were taken.
    pub(super) fn position(&self) -> u64 {
        self.before + self.taken as u64
    }
}

impl Clone for Slices {
    /// Returns one that goes on from here. It opens the file again, and holds nothing until then.
    fn clone(&self) -> Self {
        Self::at(&self.open, self.file, self.position())
    }
}

impl BufRead for Slices {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.filled {
            self.before += self.filled as u64;
            (self.filled, self.taken) = (0, 0);
            if self.slice.is_empty() {
                self.slice = vec![0; SLICE].into();
            }
            let bytes = match &mut self.bytes {
                Some(bytes) => bytes,
                none => none.insert((self.open)(self.file, self.before)?),
            };
            while self.filled < self.slice.len() {
                match bytes.read(&mut self.slice[self.filled..]) {
                    Ok(0) => break,
                    Ok(read) => self.filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if self.filled == 0 => return Err(error),
                    // What was read comes first; the next slice meets the error again.
                    Err(_) => break,
                }
            }
        }
        Ok(&self.slice[self.taken..self.filled])
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

impl Read for Slices {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let slice = self.fill_buf()?;
        let count = slice.len().min(buffer.len());
        buffer[..count].copy_from_slice(&slice[..count]);
        self.consume(count);
        Ok(count)
    }
}
