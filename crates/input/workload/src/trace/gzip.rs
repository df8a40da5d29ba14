//! What gzip puts around compressed text: a header before each member and a checksum behind it (RFC 1952).
//!
//! flate2 has this too, but only with its own checksum, which is too large for the page (see `crc32`), and not so that a copy
//! goes on from the middle. The stream itself is unpacked by miniz_oxide, as flate2 does it.

use super::crc32::{Crc32, checksum};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// Unpacks gzip of any number of members.
#[derive(Clone)]
pub(super) struct Gunzip<R> {
    source: R,
    inflate: Box<InflateState>,
    sum: Crc32,
    length: u32,
    /// Whether the first member's header was read.
    is_begun: bool,
    /// Whether the text of the member at hand is over.
    is_member_over: bool,
    is_done: bool,
}

impl<R: BufRead> Gunzip<R> {
    /// Begins before the first member.
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            inflate: InflateState::new_boxed(DataFormat::Raw),
            sum: Crc32::default(),
            length: 0,
            is_begun: false,
            is_member_over: false,
            is_done: false,
        }
    }

    /// What it reads.
    pub(super) fn source(&self) -> &R {
        &self.source
    }

    /// Returns the bytes that a copy takes besides those of the source.
    pub(super) fn footprint(&self) -> usize {
        size_of::<InflateState>()
    }

    /// Unpacks some of the member at hand; nothing at its end, and where the bytes end too early: the checksum is missing then.
    fn member(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while !self.is_member_over {
            let packed = self.source.fill_buf()?;
            let is_end = packed.is_empty();
            let flush = match is_end {
                true => MZFlush::Finish,
                false => MZFlush::None,
            };
            let done = inflate(&mut self.inflate, packed, buffer, flush);
            self.source.consume(done.bytes_consumed);
            let is_over = match done.status {
                Ok(status) => status == MZStatus::StreamEnd,
                // There is no room, or there are no more bytes.
                Err(MZError::Buf) => false,
                Err(_) => return Err(damaged("corrupt deflate stream")),
            };
            self.is_member_over = is_over || is_end;
            let written = done.bytes_written;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }

    /// Checks a member's end and begins the next, if there is one.
    fn next_member(&mut self) -> Result<()> {
        let sum = std::mem::take(&mut self.sum).value();
        let length = std::mem::take(&mut self.length);
        if four(&mut self.source)? != sum || four(&mut self.source)? != length {
            return Err(damaged("the text is not the one its checksum was made of"));
        }
        // What fills the last block of a tape is none of it.
        self.is_done = loop {
            let left = self.source.fill_buf()?;
            if left.is_empty() {
                break true;
            }
            if left[0] != 0 {
                break false;
            }
            let zeros = left.iter().take_while(|byte| **byte == 0).count();
            let is_other = left.get(zeros).is_some();
            self.source.consume(zeros);
            if is_other {
                return Err(damaged(NO_HEADER));
            }
        };
        if !self.is_done {
            header(&mut self.source)?;
            self.inflate.reset(DataFormat::Raw);
            self.is_member_over = false;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if !self.is_begun {
            header(&mut self.source)?;
            self.is_begun = true;
        }
        while !self.is_done && !buffer.is_empty() {
            let read = self.member(buffer)?;
            if read > 0 {
                self.sum.update(&buffer[..read]);
                self.length = self.length.wrapping_add(read as u32);
                return Ok(read);
            }
            self.next_member()?;
        }
        Ok(0)
    }
}

const NO_HEADER: &str = "invalid gzip header";

/// Reads a member's header.
fn header(source: &mut impl BufRead) -> Result<()> {
    const SUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let mut whole = Vec::new();
    take(source, 10, &mut whole)?;
    let flags = whole[3];
    // Deflate is the only method there is; flags above are reserved.
    if whole[..3] != [0x1f, 0x8b, 8] || flags >= 32 {
        return Err(damaged(NO_HEADER));
    }
    if flags & EXTRA != 0 {
        take(source, 2, &mut whole)?;
        let length = u16::from_le_bytes([whole[10], whole[11]]);
        take(source, length.into(), &mut whole)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            source.read_until(0, &mut whole)?;
            if whole.last() != Some(&0) {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
    if flags & SUM != 0 {
        let sum = checksum(&whole);
        let end = whole.len();
        take(source, 2, &mut whole)?;
        if whole[end..] != sum.to_le_bytes()[..2] {
            return Err(damaged(NO_HEADER));
        }
    }
    Ok(())
}

fn four(source: &mut impl Read) -> Result<u32> {
    let mut bytes = [0; 4];
    source.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Reads so many bytes more.
fn take(source: &mut impl Read, count: usize, whole: &mut Vec<u8>) -> Result<()> {
    let end = whole.len();
    whole.resize(end + count, 0);
    source.read_exact(&mut whole[end..])
}

fn damaged(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use std::io::Write;

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        Gunzip::new(bytes).read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn whatever_stands_in_a_header_is_passed_over() {
        let builder = GzBuilder::new()
            .filename("a.hwt")
            .comment("none")
            .extra([1, 2, 3]);
        let mut writer = builder.write(Vec::new(), Compression::fast());
        writer.write_all(b"text").expect("there is room");
        let packed = writer.finish().expect("there is room");
        assert_eq!(unpacked(&packed).expect("it is whole"), b"text");
        for end in 0..packed.len() {
            let error = unpacked(&packed[..end]).expect_err("it is cut off");
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "after {end}");
        }
    }

    #[test]
    fn a_header_may_have_a_checksum() {
        let mut packed = vec![0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3];
        let sum = checksum(&packed);
        packed.extend(&sum.to_le_bytes()[..2]);
        // An empty block of stored bytes, the checksum and the length of nothing.
        packed.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(unpacked(&packed).expect("it is whole"), b"");
        packed[10] ^= 1;
        assert!(unpacked(&packed).is_err());
    }
}
