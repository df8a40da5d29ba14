//! Values: jemalloc 5.3.0, the `CONF_HANDLE_*` of src/jemalloc.c; src/malloc_io.c, `malloc_strtoumax`;
//! src/fxp.c, `fxp_parse`.

use super::row::{Kind, Row};

/// Why a pair is not taken.
#[derive(Clone, Copy)]
pub(super) struct Wrong {
    /// jemalloc's words.
    pub(super) message: &'static str,
    /// The kind of the option, if there is such an option.
    pub(super) kind: Option<Kind>,
}

impl Wrong {
    pub(super) const UNKNOWN: Self = Self {
        message: "Invalid conf pair",
        kind: None,
    };
}

/// Returns the number that an option is set to. Of words it is the place in their list, of ratios 65536 times the
/// ratio; signed ones wrap.
pub(super) fn read(row: &Row, value: &str) -> Result<u64, Wrong> {
    let kind = row.kind;
    let wrong = |message| Wrong {
        message,
        kind: Some(kind),
    };
    let out_of_range = Err(wrong("Out-of-range conf value"));
    let place = |words: &[&str], fits: &dyn Fn(&&str) -> bool| {
        words.iter().position(fits).map(|place| place as u64)
    };
    let read = match kind {
        Kind::Bool => place(&["false", "true"], &|word| *word == value),
        Kind::Word(words) => place(words, &|word| *word == value),
        // Only as much of the word is compared as was typed (`strncmp`), which may be nothing.
        Kind::Beginning(words) => place(words, &|word| word.starts_with(value)),
        Kind::Unsigned(..) if row.name == "narenas" && value == "default" => return Ok(0),
        Kind::Unsigned(min, max, clips) => match number(value) {
            Some(number) if clips => Some(number.clamp(min, max)),
            Some(number) if !(min..=max).contains(&number) => return out_of_range,
            // It is kept in 32 bits, and they are not checked.
            Some(number) if row.name == "narenas" => Some(u64::from(number as u32)),
            number => number,
        },
        Kind::Signed(min, max) => match number(value) {
            Some(number) if !(min..=max).contains(&(number as i64)) => return out_of_range,
            number => number,
        },
        Kind::Ratio(_) if row.name == "hpa_dirty_mult" && value == "-1" => return Ok(u64::MAX),
        Kind::Ratio(most) => ratio(value).filter(|ratio| *ratio <= most << 16),
        Kind::Shards if sizes(value, 1..=64) => return Ok(1),
        Kind::Shards => return Err(wrong("Invalid settings for bin_shards")),
        Kind::Slabs if value == "default" => return Ok(0),
        Kind::Slabs if sizes(value, 0..=u64::MAX) => return Ok(1),
        Kind::Slabs => return Err(wrong("Invalid settings for slab_sizes")),
        Kind::Counts if sizes(value, 0..=u64::MAX) => return Ok(1),
        Kind::Counts => return Err(wrong("Invalid settings for tcache_ncached_max")),
        Kind::Text => return Ok(0),
    };
    read.ok_or(wrong("Invalid conf value"))
}

/// Returns the number that fills the whole value.
fn number(value: &str) -> Option<u64> {
    let (number, rest) = leading_number(value)?;
    rest.is_empty().then_some(number)
}

/// Returns the number at the start of a text, and what follows it (`malloc_strtoumax` with base 0): blanks before, a
/// sign, `0x` for 16, `0` for 8. A minus wraps, and so does what is too large, unless it comes out smaller than a digit
/// earlier: an overflow that comes out larger is not noticed.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let blank = |c: char| matches!(c, '\t'..='\r' | ' ');
    let text = text.trim_start_matches(blank);
    let (negative, text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let (base, skipped) = match (at(0), at(1)) {
        (b'0', b'0'..=b'7') => (8, 1),
        (b'0', b'x' | b'X') if at(2).is_ascii_hexdigit() => (16, 2),
        (b'0', b'x' | b'X') => (10, 0),
        (b'0', _) => return Some((0, &text[1..])),
        _ => (10, 0),
    };
    let mut number = 0_u64;
    let mut end = skipped;
    while let Some(digit) = char::from(at(end)).to_digit(base) {
        let next = number
            .wrapping_mul(u64::from(base))
            .wrapping_add(u64::from(digit));
        if next < number {
            return None;
        }
        number = next;
        end += 1;
    }
    if negative {
        number = number.wrapping_neg();
    }
    (end > 0).then(|| (number, &text[end..]))
}

/// Returns a decimal fraction (`fxp_parse`): digits, with a fraction or without, below 65536; in units of 1/65536.
fn ratio(value: &str) -> Option<u64> {
    let (whole, fraction) = match value.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None if value.is_empty() => return None,
        None => (value, ""),
    };
    if !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut units = 0_u64;
    for digit in whole.bytes() {
        units = units * 10 + u64::from(digit - b'0');
        if units >= 1 << 16 {
            return None;
        }
    }
    // Digits beyond the fourteenth do not count.
    let (mut part, mut of) = (0_u64, 1_u64);
    for digit in fraction.bytes().take(14) {
        part = part * 10 + u64::from(digit - b'0');
        of *= 10;
    }
    Some((units << 16) + (part << 16) / of)
}

/// Returns whether a value consists of `from-to:count` with `|` between (`malloc_conf_multi_sizes_next`).
fn sizes(value: &str, counts: std::ops::RangeInclusive<u64>) -> bool {
    let mut rest = value;
    loop {
        let segment = leading_number(rest)
            .and_then(|(_, rest)| leading_number(rest.strip_prefix('-')?))
            .and_then(|(_, rest)| leading_number(rest.strip_prefix(':')?));
        let Some((_, after)) = segment.filter(|(count, _)| counts.contains(count)) else {
            return false;
        };
        rest = after.strip_prefix('|').unwrap_or(after);
        if rest.is_empty() {
            return true;
        }
    }
}
