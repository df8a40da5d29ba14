//! Numbers and times in sentences.

use highwater_simulator::Micros;

/// Writes a number with its thousands set apart: `304,161`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a short span: `62 ms`, `1.4 s`, `10 s`.
pub(crate) fn span(time: Micros) -> String {
    if time.0 < 1_000_000 {
        return format!("{} ms", time.0.div_ceil(1000));
    }
    let tenths = (time.0 + 50_000) / 100_000;
    match tenths % 10 {
        0 => format!("{} s", tenths / 10),
        tenth => format!("{}.{tenth} s", tenths / 10),
    }
}

/// Writes a number with what is counted.
pub fn of(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        n => format!("{} {many}", count(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let written = [0, 999, 1000, 304_161].map(count);
        assert_eq!(written, ["0", "999", "1,000", "304,161"]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(of(1, "arena", "arenas"), "1 arena");
        assert_eq!(of(1200, "arena", "arenas"), "1,200 arenas");
    }

    #[test]
    fn spans_are_short() {
        let written = [Micros(61_500), Micros(1_440_000), Micros(10_000_000)].map(span);
        assert_eq!(written, ["62 ms", "1.4 s", "10 s"]);
    }
}
