//! Numbers as people read them.

pub use highwater_chart::figures::{mib, number, power_of_ten, ticks, time, time_ticks};
pub use highwater_report::{count, of};
use highwater_simulator::Decimal;

/// A duration of the page's own: `62 ms`, `1.4 s`.
pub fn took(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{} ms", Decimal::rounded(ms, 0))
    } else {
        format!("{} s", Decimal::rounded(ms / 1000.0, 1))
    }
}

/// A number moved between two others; what is no number stays that. `f64::clamp` panics with both bounds in its message where they are not constant, and
/// brings all of the standard library's writing of such numbers into the module.
#[inline]
pub fn within(number: f64, least: f64, most: f64) -> f64 {
    match number {
        number if number < least => least,
        number if number > most => most.max(least),
        number => number,
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
