//! Gzip of any number of members, as `gzip` itself reads it.

use flate2::bufread::GzDecoder;
use std::io::{Read, Result};

/// Unpacks gzip of any number of members, each with its checksum checked.
///
/// flate2's decoder of several members takes the zeros that fill the last block of a tape for a damaged member.
pub(super) struct Gunzip<'a> {
    member: GzDecoder<&'a [u8]>,
    is_done: bool,
}

impl<'a> Gunzip<'a> {
    /// Begins with the first member.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            member: GzDecoder::new(bytes),
            is_done: false,
        }
    }

    /// Returns how many packed bytes are not read yet.
    pub(super) fn left(&self) -> usize {
        self.member.get_ref().len()
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while !self.is_done && !buffer.is_empty() {
            let read = self.member.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            let rest = *self.member.get_ref();
            self.is_done = rest.iter().all(|byte| *byte == 0);
            self.member = GzDecoder::new(rest);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use std::io::{ErrorKind, Write};

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        Gunzip::new(bytes).read_to_end(&mut text)?;
        Ok(text)
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let builder = GzBuilder::new().filename("a.hwt").extra([1, 2, 3]);
        let mut writer = builder.write(Vec::new(), Compression::fast());
        writer.write_all(text).expect("there is room");
        writer.finish().expect("there is room")
    }

    #[test]
    fn a_member_that_is_cut_off_is_an_error() {
        let packed = packed(b"text");
        assert_eq!(unpacked(&packed).expect("it is whole"), b"text");
        for end in 0..packed.len() {
            let error = unpacked(&packed[..end]).expect_err("it is cut off");
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "after {end}");
        }
    }

    #[test]
    fn members_follow_each_other_and_zeros_end_them() {
        let mut both = [packed(b"one"), packed(b""), packed(b"two")].concat();
        both.extend([0; 700]);
        assert_eq!(unpacked(&both).expect("it is whole"), b"onetwo");
        both.push(1);
        assert!(unpacked(&both).is_err());
    }

    #[test]
    fn a_wrong_checksum_is_an_error() {
        let mut packed = packed(b"text");
        let sum = packed.len() - 8;
        packed[sum] ^= 1;
        assert!(unpacked(&packed).is_err());
    }
}
