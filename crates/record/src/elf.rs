//! What of a file with code must be read while it is there: which addresses its symbols have, and its build id. The file may be
//! anything; only its numbers are believed, and none leads further than it may.

use crate::system::File;
use crate::text::Text;

/// The build id of a file; empty where it has none.
#[derive(Clone, Copy, Default)]
pub(crate) struct BuildId {
    bytes: [u8; 20],
    length: usize,
}

impl BuildId {
    /// None.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 20],
            length: 0,
        }
    }

    /// Appends it in hexadecimal, or `-`.
    pub(crate) fn push_to<const N: usize>(&self, text: &mut Text<N>) {
        if self.length == 0 {
            text.push(b"-");
        }
        for byte in self.bytes.iter().take(self.length) {
            let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
            text.push(&[digit(byte >> 4), digit(*byte)]);
        }
    }
}

/// Program headers that are looked at.
const HEADERS: usize = 32;
const HEADER_BYTES: usize = 56;
/// Bytes of notes that are looked at.
const NOTES: usize = 1024;

/// Reads by how much the addresses of the symbols of the code at a place in the file differ from places in the file, and the build
/// id.
pub(crate) fn read(file: &File, offset: u64) -> (u64, BuildId) {
    const LOADED: u32 = 1;
    const NOTE: u32 = 4;
    const MAY_RUN: u32 = 1;
    const LARGEST_PAGE: u64 = 1 << 16;
    let mut start = [0; 64];
    let read = file.read_at(&mut start, 0);
    let mut found = (0, BuildId::new());
    if read < start.len()
        || !start.starts_with(b"\x7fELF\x02\x01")
        || start[54] != HEADER_BYTES as u8
    {
        return found;
    }
    let mut headers = [0; HEADERS * HEADER_BYTES];
    let count = usize::from(u16::from_le_bytes([start[56], start[57]])).min(HEADERS);
    let read = file.read_at(&mut headers[..count * HEADER_BYTES], number(&start, 32));
    let (headers, _) = headers[..read].as_chunks::<HEADER_BYTES>();
    for header in headers {
        let word = |at| number(header, at) as u32;
        let (kind, flags) = (word(0), word(4));
        let (place, address, length) = (number(header, 8), number(header, 16), number(header, 32));
        // A mapping begins with the page that the part of the file begins in.
        let is_here =
            offset < place.saturating_add(length) && place < offset.saturating_add(LARGEST_PAGE);
        if kind == LOADED && flags & MAY_RUN != 0 && is_here {
            found.0 = address.wrapping_sub(place);
        } else if kind == NOTE && found.1.length == 0 {
            let mut notes = [0; NOTES];
            let length = (length as usize).min(NOTES);
            let read = file.read_at(&mut notes[..length], place);
            found.1 = build_id(&notes[..read]);
        }
    }
    found
}

/// Finds the build id among notes.
fn build_id(mut notes: &[u8]) -> BuildId {
    const BUILD_ID: u32 = 3;
    let mut found = BuildId::new();
    while let Some((header, rest)) = notes.split_first_chunk::<12>() {
        let word = |at: usize| number(header, at) as u32;
        let padded = |length: u32| (length as usize).next_multiple_of(4);
        let (name, text) = rest.split_at_checked(padded(word(0))).unwrap_or_default();
        let (text, rest) = text.split_at_checked(padded(word(4))).unwrap_or_default();
        if word(8) == BUILD_ID && name == b"GNU\0" {
            let text = text.get(..word(4) as usize).unwrap_or_default();
            found.length = text.len().min(found.bytes.len());
            found.bytes[..found.length].copy_from_slice(&text[..found.length]);
            break;
        }
        notes = rest;
    }
    found
}

/// Returns the number of up to 8 bytes at a place.
fn number(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..).unwrap_or_default().iter().take(8).rev();
    bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_id_is_found_among_notes() {
        let mut notes = b"\x04\0\0\0\x05\0\0\0\x01\0\0\0GNU\0abcde\0\0\0".to_vec();
        assert_eq!(build_id(&notes).length, 0);
        notes.extend(b"\x04\0\0\0\x03\0\0\0\x03\0\0\0GNU\0\xab\x01\xff\0");
        let mut text = Text::<50>::new();
        build_id(&notes).push_to(&mut text);
        assert_eq!(text.bytes(), b"ab01ff");
        for cut in 0..notes.len() - 4 {
            assert_eq!(build_id(&notes[..cut]).length, 0, "{cut}");
        }
        let endless = [0xff; 40];
        assert_eq!(build_id(&endless).length, 0);
    }
}
