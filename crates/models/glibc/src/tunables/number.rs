//! Numbers as the loader reads them, and remarks on those that are not plain.

use super::{Remarks, shortened};
use crate::version::Version;
use highwater_allocator::Tone;

/// Whether a release takes a value only if all of it is a number: elf/dl-tunables.c, `tunable_initialize`, since 2.39.
pub(super) fn is_strict(version: Version) -> bool {
    version >= Version::V2_39
}

/// The number at the start of a text, and what follows it: elf/dl-misc.c, `_dl_strtoul`. Octal after a 0, hexadecimal
/// after 0x. What is too large becomes the largest number, with the digit at which that was found still following; before
/// 2.39 the test for it was too careful, so that some of the largest numbers fell to it.
pub(super) fn strtoul(version: Version, text: &str) -> (u64, &str) {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut at = 0;
    while matches!(byte(at), b' ' | b'\t') {
        at += 1;
    }
    let negative = byte(at) == b'-';
    if negative || byte(at) == b'+' {
        at += 1;
    }
    let mut base = 10;
    if byte(at) == b'0' {
        let is_hexadecimal = byte(at + 1) | 0x20 == b'x';
        base = if is_hexadecimal { 16 } else { 8 };
        at += if is_hexadecimal { 2 } else { 0 };
    }
    let mut number: u64 = 0;
    while let Some(digit) = char::from(byte(at)).to_digit(base) {
        let (digit, base) = (u64::from(digit), u64::from(base));
        let most = (u64::MAX - digit) / base;
        if number > most || (number == most && !is_strict(version)) {
            return (u64::MAX, rest(text, at));
        }
        number = number * base + digit;
        at += 1;
    }
    if negative {
        number = number.wrapping_neg();
    }
    (number, rest(text, at))
}

/// What stands from a byte on, which is no part of a longer character: all before it is ASCII.
fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// Adds a remark on a value that was read as this number with something left over. Returns whether it is taken.
pub(super) fn explain(
    version: Version,
    remarks: &mut Remarks,
    name: &str,
    text: &str,
    (number, rest): (u64, &str),
) -> bool {
    let digits = text.trim_start();
    let mut bytes = digits.bytes();
    let (first, second) = (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
    let taken = rest.is_empty() || !is_strict(version);
    let text = shortened(text);
    let said = if rest.is_empty() {
        match first {
            0 => "Empty, which glibc reads as 0.".to_owned(),
            b'-' => format!("glibc reads {text} as {number}."),
            b'0' if second.is_ascii_digit() => {
                format!("A leading 0 makes a number octal: glibc reads {text} as {number}.")
            }
            _ => return true,
        }
    } else if !taken {
        format!(
            "`{text}` is not a plain number: this version ignores it, with a warning when the program starts."
        )
    } else if number == u64::MAX {
        format!("{text} is too large: glibc reads it as {number}.")
    } else if number == 0 && !first.is_ascii_digit() {
        format!("`{text}` is not a number: glibc reads it as 0.")
    } else {
        format!("glibc reads only the digits of `{text}`: {number}.")
    };
    let tone = if taken { Tone::Surprise } else { Tone::Invalid };
    remarks.say(name, tone, said);
    if !rest.is_empty() {
        hint(remarks, digits, number, rest);
    }
    taken
}

/// Adds the probable meaning of what follows the digits.
fn hint(remarks: &mut Remarks, digits: &str, number: u64, rest: &str) {
    let unit = rest.trim_start().as_bytes();
    let multiple = match unit.first().map(|b| b | 0x20) {
        _ if unit.len() > 3 => 0,
        Some(b'b') => 1,
        Some(b'k') => 1 << 10,
        Some(b'm') => 1 << 20,
        Some(b'g') => 1 << 30,
        _ => 0,
    };
    let first = digits.as_bytes().first();
    if matches!(first, Some(b'"' | b'\'')) {
        remarks.add(" The quotes are part of the value: remove one pair.");
    } else if matches!(rest.as_bytes(), [b',' | b';' | b' ', b'g', b'l', ..]) {
        remarks.add(" Separate tunables with `:`.");
    } else if multiple > 0 {
        let bytes = number.saturating_mul(multiple);
        remarks.add(&format!(" Units are not allowed: write {bytes}."));
    }
}
