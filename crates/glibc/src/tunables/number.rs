//! Numbers as the loader reads them.

/// glibc 2.36, elf/dl-misc.c, `_dl_strtoul`: the number at the start of a text, and what follows it. Octal after a 0,
/// hexadecimal after 0x; what is too large becomes the largest.
pub(super) fn strtoul(text: &str) -> (u64, &str) {
    let digits = text.trim_start_matches([' ', '\t']);
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return (0, text);
    }
    let (base, mut rest) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    let mut number: u64 = 0;
    while let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(base)) {
        if number >= (u64::MAX - u64::from(digit)) / u64::from(base) {
            return (u64::MAX, "");
        }
        number = number * u64::from(base) + u64::from(digit);
        rest = &rest[1..];
    }
    if negative {
        number = number.wrapping_neg();
    }
    (number, rest)
}
