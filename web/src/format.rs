//! Numbers as people read them.

use highwater_simulator::{Bytes, Micros};

/// A size in MiB with one decimal, without its unit: `207.6`.
pub fn mib(bytes: Bytes) -> String {
    format!("{:.1}", bytes.as_mib())
}

/// A time in seconds with two decimals: `10.08 s`.
pub fn seconds(time: Micros) -> String {
    format!("{:.2} s", time.as_seconds())
}

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
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// A share as a CSS length in percent.
pub fn percent(share: f64) -> String {
    format!("{:.3}%", share * 100.0)
}

/// Round values from 0 to at least `most`, about `wanted` of them, in steps of 1, 2 or 5 times a power of ten.
pub fn ticks(most: f64, wanted: f64) -> Vec<f64> {
    if most <= 0.0 || !most.is_finite() {
        return vec![0.0];
    }
    let rough = most / wanted.max(1.0);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    let count = (most / step).floor() as u32;
    (0..=count).map(|n| f64::from(n) * step).collect()
}

/// A tick's value, without decimals that say nothing.
pub fn tick(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(315.3, 4.0), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!(ticks(10.136, 6.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(0.0, 4.0), [0.0]);
        assert_eq!(tick(0.5), "0.5");
        assert_eq!(tick(100.0), "100");
    }
}
