//! Numbers in few bytes: seven bits to a byte, the low ones first.

use highwater_kernel::{Bytes, table_bytes};

/// Numbers written one after another.
#[derive(Clone, Debug, Default)]
pub struct Packed(Vec<u8>);

impl Packed {
    /// Returns an empty one, with room for a number of bytes.
    #[inline]
    pub fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Writes a number. A small one takes few bytes.
    #[inline]
    pub fn put(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Writes a number by what it differs from another. A small difference in either direction takes few bytes.
    #[inline]
    pub fn put_beside(&mut self, number: u64, other: u64) {
        let signed = number.wrapping_sub(other) as i64;
        self.put(((signed << 1) ^ (signed >> 63)) as u64);
    }

    /// Gives back the room that is not used.
    #[inline]
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Reads the numbers from the first on.
    #[inline]
    pub fn reader(&self) -> Unpacker<'_> {
        Unpacker(self.0.iter())
    }

    /// Returns the bytes that it takes.
    #[inline]
    pub fn footprint(&self) -> Bytes {
        table_bytes(&self.0)
    }
}

/// Reads numbers in the order in which they were written. After the last there are zeros.
pub struct Unpacker<'a>(std::slice::Iter<'a, u8>);

impl Unpacker<'_> {
    /// Reads a number.
    #[inline]
    pub fn take(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        for byte in &mut self.0 {
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if *byte < 0x80 {
                break;
            }
        }
        number
    }

    /// Reads a number that was written by what it differs from another.
    #[inline]
    pub fn take_beside(&mut self, other: u64) -> u64 {
        let folded = self.take();
        other.wrapping_add((folded >> 1) ^ (folded & 1).wrapping_neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 1 << 40, u64::MAX, u64::MAX / 2];
        let mut packed = Packed::with_room(8);
        for number in numbers {
            packed.put(number);
            packed.put_beside(number, 1 << 40);
        }
        packed.shrink();
        let mut reader = packed.reader();
        for number in numbers {
            assert_eq!(reader.take(), number);
            assert_eq!(reader.take_beside(1 << 40), number);
        }
        assert_eq!(reader.take(), 0);
    }

    #[test]
    fn what_differs_little_takes_one_byte() {
        let mut packed = Packed::default();
        for number in [1_000_000, 1_000_063, 999_936] {
            packed.put_beside(number, 1_000_000);
        }
        packed.shrink();
        assert_eq!(packed.footprint(), Bytes(3));
    }
}
