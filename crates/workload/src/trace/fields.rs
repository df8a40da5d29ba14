//! One line, field by field.

use super::error::Fault;

/// Where the reading of a line stands. Fields are parted by exactly one space.
pub(super) struct Fields<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// Stands at byte `at` of `line`.
    #[inline]
    pub(super) fn new(line: &'a [u8], at: usize) -> Self {
        Self { line, at }
    }

    /// Where the next field begins.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next field as a decimal number below 2^64.
    #[inline]
    pub(super) fn decimal(&mut self, expected: &'static str) -> Result<u64, Fault> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit) = self.peek().map(|byte| byte.wrapping_sub(b'0')) {
            if digit > 9 {
                break;
            }
            // Nineteen digits always fit; beyond them each step is checked.
            value = if self.at - start < 19 {
                value * 10 + u64::from(digit)
            } else {
                value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add(u64::from(digit)))
                    .ok_or(Fault::Expected {
                        at: start,
                        expected,
                    })?
            };
            self.at += 1;
        }
        self.close(start, start, expected)?;
        Ok(value)
    }

    /// The next field as a hexadecimal number below 2^64 with its `0x`.
    #[inline]
    pub(super) fn hex(&mut self, expected: &'static str) -> Result<u64, Fault> {
        let start = self.at;
        let fault = Fault::Expected {
            at: start,
            expected,
        };
        if !self.line[start..].starts_with(b"0x") {
            return Err(fault);
        }
        self.at += 2;
        let mut value = 0u64;
        while let Some(byte) = self.peek() {
            let digit = HEX[usize::from(byte)];
            if digit > 15 {
                break;
            }
            if value >> 60 != 0 {
                return Err(fault);
            }
            value = value << 4 | u64::from(digit);
            self.at += 1;
        }
        self.close(start, start + 2, expected)?;
        Ok(value)
    }

    /// The next field as text, not empty.
    pub(super) fn word(&mut self, expected: &'static str) -> Result<&'a str, Fault> {
        let start = self.at;
        let rest = &self.line[start..];
        self.at += memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let field = &self.line[start..self.at];
        self.close(start, start, expected)?;
        text(field, start, expected)
    }

    /// All that is left of the line as text, not empty.
    pub(super) fn rest(&mut self, expected: &'static str) -> Result<&'a str, Fault> {
        let start = self.at;
        self.at = self.line.len();
        if start == self.at {
            return Err(Fault::Expected {
                at: start,
                expected,
            });
        }
        text(&self.line[start..], start, expected)
    }

    /// Steps over the one space before a further field.
    #[inline]
    pub(super) fn space(&mut self, expected: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(b' ') {
            return Err(Fault::Expected {
                at: self.at,
                expected,
            });
        }
        self.at += 1;
        Ok(())
    }

    /// Whether the line is over.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.at == self.line.len()
    }

    /// The line must be over.
    #[inline]
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.is_over() {
            return Ok(());
        }
        Err(Fault::Expected {
            // The field itself rather than the space before it.
            at: (self.at + 1).min(self.line.len()),
            expected: "the end of the line",
        })
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// A field that began at `start` has something in it from `content` on, and ends where a field may end.
    #[inline]
    fn close(&self, start: usize, content: usize, expected: &'static str) -> Result<(), Fault> {
        if self.at == content || !matches!(self.peek(), None | Some(b' ')) {
            return Err(Fault::Expected {
                at: start,
                expected,
            });
        }
        Ok(())
    }
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
