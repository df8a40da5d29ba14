//! One line, field by field.

use super::error::Fault;

pub(super) const SIZE: &str = "SIZE in decimal bytes (below 2^47 for a call that succeeded)";
const PAD: &str = "PAD in decimal bytes, below 2^47,";
/// No user address of the machines in question reaches this.
pub(super) const ADDRESS_END: u64 = 1 << 48;
/// No block of them does.
pub(super) const SIZE_END: u64 = 1 << 47;

/// Where the reading of a line stands. Fields are parted by exactly one space.
pub(super) struct Fields<'a> {
    line: &'a [u8],
    /// What is not read yet.
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Stands at byte `at` of `line`.
    #[inline]
    pub(super) fn new(line: &'a [u8], at: usize) -> Self {
        Self {
            line,
            rest: line.get(at..).unwrap_or_default(),
        }
    }

    /// Where the next field begins.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.line.len() - self.rest.len()
    }

    /// The next field as a decimal number below 2^64.
    #[inline]
    pub(super) fn decimal(&mut self, expected: &'static str) -> Result<u64, Fault> {
        let field = self.rest;
        let mut value = 0u64;
        while let [byte, rest @ ..] = self.rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(digit.into());
            self.rest = rest;
        }
        let digits = field.len() - self.rest.len();
        // Nineteen digits always fit.
        if digits > 19 {
            value = read_again(&field[..digits], 10)
                .ok_or_else(|| self.fault(field.len(), expected))?;
        }
        self.close(field.len(), digits, expected)?;
        Ok(value)
    }

    /// The next field as a hexadecimal number below 2^64 with its `0x`.
    #[inline]
    pub(super) fn hex(&mut self, expected: &'static str) -> Result<u64, Fault> {
        let length = self.rest.len();
        let Some(field) = self.rest.strip_prefix(b"0x") else {
            return Err(self.fault(length, expected));
        };
        self.rest = field;
        let mut value = 0u64;
        while let [byte, rest @ ..] = self.rest {
            let digit = HEX[usize::from(*byte)];
            if digit > 15 {
                break;
            }
            value = value << 4 | u64::from(digit);
            self.rest = rest;
        }
        let digits = field.len() - self.rest.len();
        if digits > 16 {
            value = read_again(&field[..digits], 16).ok_or_else(|| self.fault(length, expected))?;
        }
        self.close(length, digits, expected)?;
        Ok(value)
    }

    /// Reads an address in hex.
    #[inline]
    pub(super) fn pointer(&mut self, expected: &'static str) -> Result<u64, Fault> {
        let at = self.position();
        match self.hex(expected)? {
            address if address < ADDRESS_END => Ok(address),
            _ => Err(Fault::Expected { at, expected }),
        }
    }

    /// Reads the size of the call that returned `pointer`: anything where it failed.
    #[inline]
    pub(super) fn size(&mut self, pointer: u64) -> Result<u64, Fault> {
        let (at, expected) = (self.position(), SIZE);
        let size = self.decimal(expected)?;
        if pointer != 0 && size >= SIZE_END {
            return Err(Fault::Expected { at, expected });
        }
        Ok(size)
    }

    /// Reads the padding of a trim.
    pub(super) fn pad(&mut self) -> Result<u64, Fault> {
        let (at, expected) = (self.position(), PAD);
        match self.decimal(expected)? {
            pad if pad < SIZE_END => Ok(pad),
            _ => Err(Fault::Expected { at, expected }),
        }
    }

    /// The bytes of the next field, which may be empty.
    pub(super) fn field(&mut self) -> &'a [u8] {
        let end = memchr::memchr(b' ', self.rest).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        field
    }

    /// The next field as text, not empty.
    pub(super) fn word(&mut self, expected: &'static str) -> Result<&'a str, Fault> {
        let (start, length) = (self.position(), self.rest.len());
        let end = memchr::memchr(b' ', self.rest).unwrap_or(length);
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.close(length, end, expected)?;
        text(field, start, expected)
    }

    /// All that is left of the line as text, not empty.
    pub(super) fn rest(&mut self, expected: &'static str) -> Result<&'a str, Fault> {
        let at = self.position();
        let field = std::mem::take(&mut self.rest);
        if field.is_empty() {
            return Err(Fault::Expected { at, expected });
        }
        text(field, at, expected)
    }

    /// Steps over the one space before a further field.
    #[inline]
    pub(super) fn space(&mut self, expected: &'static str) -> Result<(), Fault> {
        let [b' ', rest @ ..] = self.rest else {
            return Err(self.fault(self.rest.len(), expected));
        };
        self.rest = rest;
        Ok(())
    }

    /// Whether the line is over.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// The line must be over.
    #[inline]
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.is_over() {
            return Ok(());
        }
        Err(Fault::Expected {
            // The field itself rather than the space before it.
            at: (self.position() + 1).min(self.line.len()),
            expected: "the end of the line",
        })
    }

    /// A field that began where `length` bytes of the line were left has something in it, and ends where a field may end.
    #[inline]
    fn close(&self, length: usize, read: usize, expected: &'static str) -> Result<(), Fault> {
        if read == 0 || !matches!(self.rest, [] | [b' ', ..]) {
            return Err(self.fault(length, expected));
        }
        Ok(())
    }

    /// What is wrong where `length` bytes of the line were left.
    #[cold]
    fn fault(&self, length: usize, expected: &'static str) -> Fault {
        Fault::Expected {
            at: self.line.len() - length,
            expected,
        }
    }
}

/// The number that some digits are, if it is below 2^64: they may begin with zeros.
#[cold]
fn read_again(digits: &[u8], base: u32) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text, base).ok()
}

/// Whether a line cannot hold this character: any control character but the tab.
pub(super) fn breaks_line(character: char) -> bool {
    character.is_control() && character != '\t'
}

fn text<'a>(bytes: &'a [u8], at: usize, expected: &'static str) -> Result<&'a str, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(breaks_line) => Ok(text),
        _ => Err(Fault::Expected { at, expected }),
    }
}

/// The value of each hexadecimal digit, 255 for what is none.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stop_at_64_bits() {
        let decimal = |text: &str| Fields::new(text.as_bytes(), 0).decimal("n").ok();
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal("18446744073709551616"), None);
        assert_eq!(decimal("0000000000000000000000007"), Some(7));
        assert_eq!(decimal(""), None);
        assert_eq!(decimal("-1"), None);
        assert_eq!(decimal("12a"), None);
        let hex = |text: &str| Fields::new(text.as_bytes(), 0).hex("n").ok();
        assert_eq!(hex("0xffffffffffffffff"), Some(u64::MAX));
        assert_eq!(hex("0x10000000000000000"), None);
        assert_eq!(hex("0xAb"), Some(0xab));
        assert_eq!(hex("0x"), None);
        assert_eq!(hex("ab"), None);
        assert_eq!(hex("0x1g"), None);
    }
}
