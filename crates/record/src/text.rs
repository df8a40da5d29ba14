//! Text of bounded length, built without an allocator, and numbers in text.

/// Text that is cut off where it would exceed `N` bytes.
#[derive(Clone, Copy)]
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    /// Empty text.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
        }
    }

    /// Returns the bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Removes everything after the first `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Appends bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = byte;
                self.length += 1;
            }
        }
        self
    }

    /// Appends bytes of others, with a question mark for what would break a line.
    pub(crate) fn push_line(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes {
            self.push(&[if byte < 0x20 || byte == 0x7f {
                b'?'
            } else {
                byte
            }]);
        }
        self
    }

    /// Appends a number in decimal.
    pub(crate) fn push_number(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.push_number(number / 10);
        }
        self.push(&[b'0' + (number % 10) as u8])
    }

    /// Appends an address in hexadecimal.
    pub(crate) fn push_address(&mut self, address: u64) -> &mut Self {
        self.push(b"0x");
        let digits = (16 - address.leading_zeros() as usize / 4).max(1);
        for place in (0..digits).rev() {
            self.push(&[b"0123456789abcdef"[(address >> (4 * place)) as usize & 15]]);
        }
        self
    }
}

/// Returns a decimal number.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.is_ascii_digit().then_some(u64::from(byte & 15))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}
