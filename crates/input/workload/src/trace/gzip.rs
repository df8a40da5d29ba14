//! What gzip puts around compressed text: a header before each member and a checksum behind it (RFC 1952).
//!
//! flate2 has this too, but only with its own checksum, which is too large for the page (see `crc32`).

use super::crc32::{Crc32, checksum};
use flate2::bufread::DeflateDecoder;
use std::io::{Error, ErrorKind, Read, Result};

/// Unpacks gzip of any number of members.
pub(super) struct Gunzip<'a> {
    inflate: DeflateDecoder<&'a [u8]>,
    sum: Crc32,
    length: u32,
    is_done: bool,
}

impl<'a> Gunzip<'a> {
    /// Begins with the first member.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut rest = bytes;
        header(&mut rest)?;
        Ok(Self {
            inflate: DeflateDecoder::new(rest),
            sum: Crc32::new(),
            length: 0,
            is_done: false,
        })
    }

    /// How many bytes are not read yet.
    pub(super) fn left(&self) -> usize {
        self.inflate.get_ref().len()
    }

    /// Checks a member's end and begins the next, if there is one.
    fn next_member(&mut self) -> Result<()> {
        let mut rest = *self.inflate.get_ref();
        let sum = std::mem::replace(&mut self.sum, Crc32::new()).value();
        let length = std::mem::take(&mut self.length);
        if four(&mut rest)? != sum || four(&mut rest)? != length {
            return Err(damaged("the text is not the one its checksum was made of"));
        }
        // What fills the last block of a tape is none of it.
        self.is_done = rest.iter().all(|byte| *byte == 0);
        if self.is_done {
            rest = &[];
        }
        if !self.is_done {
            header(&mut rest)?;
        }
        self.inflate = DeflateDecoder::new(rest);
        Ok(())
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while !self.is_done && !buffer.is_empty() {
            // Where the bytes end too early it returns 0 as well: the checksum is missing then.
            let read = self.inflate.read(buffer)?;
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

/// Reads a member's header.
fn header(rest: &mut &[u8]) -> Result<()> {
    const SUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let whole = *rest;
    let fixed = take(rest, 10)?;
    let flags = fixed[3];
    // Deflate is the only method there is; flags above are reserved.
    if fixed[..3] != [0x1f, 0x8b, 8] || flags >= 32 {
        return Err(damaged("invalid gzip header"));
    }
    if flags & EXTRA != 0 {
        let length = take(rest, 2)?;
        take(
            rest,
            usize::from(u16::from_le_bytes([length[0], length[1]])),
        )?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = memchr::memchr(0, rest).ok_or(ErrorKind::UnexpectedEof)?;
            take(rest, end + 1)?;
        }
    }
    if flags & SUM != 0 {
        let sum = checksum(&whole[..whole.len() - rest.len()]);
        if take(rest, 2)? != &sum.to_le_bytes()[..2] {
            return Err(damaged("invalid gzip header"));
        }
    }
    Ok(())
}

fn four(rest: &mut &[u8]) -> Result<u32> {
    let bytes = take(rest, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (taken, after) = rest
        .split_at_checked(count)
        .ok_or(ErrorKind::UnexpectedEof)?;
    *rest = after;
    Ok(taken)
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
        Gunzip::new(bytes)?.read_to_end(&mut text)?;
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
