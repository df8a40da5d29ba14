//! Parts of lines that several tools write alike.

use super::What;
use highwater_hwr::Event;

/// Reads a number: decimal, or hexadecimal with `0x`; the null pointer by any of its names.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    match text {
        b"nil" | b"(nil)" | b"NULL" | b"(null)" => Some(0),
        [b'0', b'x' | b'X', digits @ ..] => hex(digits),
        digits => decimal(digits),
    }
}

/// Reads a hexadecimal number without `0x`.
pub(super) fn hex(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| is_plain)
}

/// Reads a decimal number.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let is_plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits)
        .ok()?
        .parse()
        .ok()
        .filter(|_| is_plain)
}

/// Reads seconds, or hours, minutes and seconds, with a fraction, as nanoseconds.
pub(super) fn clock(text: &[u8]) -> Option<u64> {
    let mut nanoseconds = 0_u64;
    let (whole, fraction) = split(text, b'.')?;
    for part in whole.split(|byte| *byte == b':') {
        nanoseconds = nanoseconds.checked_mul(60)?.checked_add(decimal(part)?)?;
    }
    if fraction.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(9 - fraction.len() as u32);
    nanoseconds
        .checked_mul(1_000_000_000)?
        .checked_add(decimal(fraction)? * scale)
}

/// Splits at the first place of a byte.
pub(super) fn split(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(byte, text)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Returns the words of a text.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// Makes a call of its name, its arguments and what it returned. `posix_memalign` has the block in the place of its result.
pub(super) fn call(name: &[u8], arguments: &[u64], result: u64) -> Option<What> {
    const PAGE: u64 = 4096;
    let address = result;
    Some(What::Event(match (name, arguments) {
        (b"malloc", [size]) => Event::Malloc {
            address,
            size: *size,
        },
        (b"calloc", [count, size]) => Event::Calloc {
            address,
            count: *count,
            size: *size,
        },
        (b"realloc", [old, size]) => Event::Realloc {
            address,
            old: *old,
            size: *size,
        },
        (b"posix_memalign" | b"memalign" | b"aligned_alloc", [alignment, size]) => Event::Aligned {
            address,
            alignment: *alignment,
            size: *size,
        },
        (b"valloc", [size]) => Event::Aligned {
            address,
            alignment: PAGE,
            size: *size,
        },
        (b"pvalloc", [size]) => Event::Aligned {
            address,
            alignment: PAGE,
            size: size.checked_next_multiple_of(PAGE)?,
        },
        (b"free" | b"cfree", [address]) => Event::Free { address: *address },
        _ => return None,
    }))
}
