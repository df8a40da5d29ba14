//! The unpacked bytes of a file: numbers, texts and lines, each of bounded length.

use crate::error::Fault;
use crate::unpack::Unpacked;
use std::io::Read;

/// Bytes that are read at a time.
const WINDOW: usize = 1 << 16;
/// The longest text and the longest line that is kept whole, in bytes; what is behind is passed over.
pub(crate) const TEXT_LONGEST: usize = 1 << 16;

const TOO_LONG: &str = "a number of more than 64 bits";

/// Reads a file's bytes from the beginning to the end.
pub(crate) struct Input<R: Read> {
    source: Unpacked<R>,
    window: Box<[u8]>,
    at: usize,
    end: usize,
    /// Bytes before the window.
    before: u64,
    line: Vec<u8>,
    /// Lines that were read.
    pub(crate) lines: u64,
    /// Whether the packed bytes end within a packing's block.
    pub(crate) is_cut: bool,
    is_over: bool,
    /// What is wrong behind the window.
    put_off: Option<Fault>,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(source: R) -> Result<Self, std::io::Error> {
        Ok(Self {
            source: Unpacked::new(source)?,
            window: vec![0; WINDOW].into(),
            at: 0,
            end: 0,
            before: 0,
            line: Vec::new(),
            lines: 0,
            is_cut: false,
            is_over: false,
            put_off: None,
        })
    }

    /// Returns the bytes that were read.
    pub(crate) fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Returns what comes next, as much of it as fits the window, without taking it.
    pub(crate) fn peek(&mut self) -> Result<&[u8], Fault> {
        self.window.copy_within(self.at..self.end, 0);
        self.before += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        while self.end < self.window.len() {
            match self.more() {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) if self.end == 0 => return Err(fault),
                Err(fault) => {
                    // It is told when what lies before it has been read.
                    self.put_off = Some(fault);
                    break;
                }
            }
        }
        Ok(&self.window[..self.end])
    }

    /// Reads more into the window; `false` at the end.
    #[cold]
    fn more(&mut self) -> Result<bool, Fault> {
        if let Some(fault) = self.put_off.take() {
            return Err(fault);
        }
        if self.is_over {
            return Ok(false);
        }
        if self.at == self.end {
            self.before += self.end as u64;
            self.at = 0;
            self.end = 0;
        }
        loop {
            match self.source.read(&mut self.window[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    self.is_over = read == 0;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.is_over = true;
                    if !self.source.is_packed() {
                        return Err(error.into());
                    }
                    self.is_cut = self.source.is_over();
                    if self.is_cut {
                        return Ok(false);
                    }
                    return Err(Fault::Packed(error.to_string()));
                }
            }
        }
    }

    /// Returns the next byte.
    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Fault> {
        if self.at == self.end && !self.more()? {
            return Err(Fault::End);
        }
        let byte = self.window[self.at];
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    /// Returns a number of seven bits a byte, the lowest first.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Fault> {
        /// Bytes of the longest number.
        const LONGEST: usize = 10;
        let window = &self.window[self.at..self.end];
        let Some(bytes) = window.first_chunk::<LONGEST>() else {
            return self.varint_at_end();
        };
        let mut value = 0;
        for (place, byte) in bytes.iter().enumerate() {
            let bits = u64::from(byte & 0x7f);
            if place == LONGEST - 1 && *byte > 1 {
                break;
            }
            value |= bits << (7 * place);
            if *byte < 0x80 {
                self.at += place + 1;
                return Ok(value);
            }
        }
        Err(Fault::Bad(TOO_LONG))
    }

    /// Returns a number that may reach over the end of the window.
    #[cold]
    fn varint_at_end(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Bad(TOO_LONG))
    }

    /// Returns a number whose lowest bit is its sign.
    #[inline]
    pub(crate) fn signed(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Adds a signed difference to the last value of a field, and returns the sum.
    #[inline]
    pub(crate) fn delta(&mut self, last: &mut u64) -> Result<u64, Fault> {
        *last = last.wrapping_add_signed(self.signed()?);
        Ok(*last)
    }

    /// Reads a text that ends with a zero byte.
    pub(crate) fn text(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        text.clear();
        self.until(0, text)
    }

    /// Reads up to a byte, which is taken and not kept.
    fn until(&mut self, byte: u8, kept: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            if self.at == self.end && !self.more()? {
                return Err(Fault::End);
            }
            let window = &self.window[self.at..self.end];
            let found = memchr::memchr(byte, window);
            let length = found.unwrap_or(window.len());
            let room = TEXT_LONGEST.saturating_sub(kept.len());
            kept.extend_from_slice(&window[..length.min(room)]);
            self.at += length + usize::from(found.is_some());
            if found.is_some() {
                return Ok(());
            }
        }
    }

    /// Passes over bytes.
    pub(crate) fn skip(&mut self, mut count: u64) -> Result<(), Fault> {
        while count > 0 {
            if self.at == self.end && !self.more()? {
                return Err(Fault::End);
            }
            let step = (self.end - self.at).min(usize::try_from(count).unwrap_or(usize::MAX));
            self.at += step;
            count -= step as u64;
        }
        Ok(())
    }

    /// Reads a line without its end; `None` where the file ends before it. A last line without an end may be cut, and is none.
    pub(crate) fn line(&mut self) -> Result<Option<&[u8]>, Fault> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let result = self.until(b'\n', &mut line);
        self.line = line;
        match result {
            Ok(()) => {
                self.lines += 1;
                let line = &self.line[..];
                Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
            }
            Err(Fault::End) => {
                self.is_cut |= !self.line.is_empty();
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}
