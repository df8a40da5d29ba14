//! Numbers as people read them.

pub use highwater_chart::figures::{
    mib, number, power_of_ten, seconds, tick, ticks, time, time_ticks,
};
use highwater_simulator::Decimal;

/// A number with its thousands set apart: `304,161`.
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

/// A duration of the page's own: `62 ms`, `1.4 s`.
pub fn took(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{} ms", Decimal::rounded(ms, 0))
    } else {
        format!("{} s", Decimal::rounded(ms / 1000.0, 1))
    }
}

/// A share as a CSS length in percent.
pub fn percent(share: f64) -> String {
    format!("{}%", Decimal::rounded(share * 100.0, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (304_161, "304,161"),
        ] {
            assert_eq!(count(number), text);
        }
    }
}
