//! Numbers with decimals as text, written by whole numbers alone.
//!
//! The standard library writes any number exactly, with tables and long numbers that take 15 KiB of what is sent to a
//! browser. What is shown here has few decimals.

use std::fmt;

/// A number with some decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    is_negative: bool,
    /// In units of the last decimal.
    units: u64,
    decimals: u32,
    /// Whether zeros at the end are left out.
    is_short: bool,
}

impl Decimal {
    /// Decimals of [`Self::short`].
    const SHORT: u32 = 6;

    /// Returns `value` with exactly `decimals` decimals, 0 to 6. NaN becomes 0, and a value too large for 64 bits the largest
    /// that fits.
    pub fn rounded(value: f64, decimals: u32) -> Self {
        let units = value * 10_u32.pow(decimals) as f64;
        Self {
            is_negative: units < 0.0,
            units: units.abs().round_ties_even() as u64,
            decimals,
            is_short: false,
        }
    }

    /// Returns `value` with at most six decimals, without zeros at the end.
    pub fn short(value: f64) -> Self {
        Self {
            is_short: true,
            ..Self::rounded(value, Self::SHORT)
        }
    }

    /// Returns `parts` parts, of which 2 to the power of `shift` (at most 32) make a whole, with `decimals` decimals, 0 to 6.
    pub fn of_parts(parts: u64, shift: u32, decimals: u32) -> Self {
        let scale = u64::from(10_u32.pow(decimals));
        let rest = (parts & ((1 << shift) - 1)) * scale;
        let below = (parts >> shift) * scale + (rest >> shift);
        let (beyond, half) = (rest & ((1 << shift) - 1), (1 << shift) / 2);
        let is_up = beyond > half || beyond == half && shift > 0 && below % 2 == 1;
        Self {
            is_negative: false,
            units: below + u64::from(is_up),
            decimals,
            is_short: false,
        }
    }

    /// Returns `millionths` millionths, rounded to `decimals` decimals, 0 to 6.
    pub fn of_millionths(millionths: u64, decimals: u32) -> Self {
        let one = u64::from(10_u32.pow(6 - decimals));
        let (below, beyond) = (millionths / one, millionths % one);
        let is_up = beyond * 2 > one || beyond * 2 == one && below % 2 == 1;
        Self {
            is_negative: false,
            units: below + u64::from(is_up),
            decimals,
            is_short: false,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negative && self.units > 0 {
            f.write_str("-")?;
        }
        let scale = u64::from(10_u32.pow(self.decimals));
        write!(f, "{}", self.units / scale)?;
        let (mut fraction, mut width) = (self.units % scale, self.decimals as usize);
        while self.is_short && width > 0 && fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        match width {
            0 => Ok(()),
            _ => write!(f, ".{fraction:0width$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for value in [
            0.0, 0.1, 0.25, 0.5, 1.0, 2.5, 3.5, 4.75, 99.999, 1234.5678, 1e6, -0.75, -1.5,
        ] {
            assert_eq!(Decimal::short(value).to_string(), value.to_string());
            for decimals in 0..=3 {
                let expected = format!("{value:.0$}", decimals as usize);
                let written = Decimal::rounded(value, decimals).to_string();
                assert_eq!(written, expected, "{value} {decimals}");
            }
        }
        assert_eq!(Decimal::short(0.05).to_string(), "0.05");
        assert_eq!(Decimal::rounded(f64::NAN, 1).to_string(), "0.0");
    }

    #[test]
    fn parts_are_rounded_as_the_standard_library_rounds_them() {
        let mut number = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..100_000 {
            number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            // Often a half exactly, which goes to the even neighbour.
            let parts = (number >> 24)
                & if round % 2 == 0 {
                    u64::MAX
                } else {
                    u64::MAX << 17
                };
            let mib = parts as f64 / 1024.0 / 1024.0;
            for decimals in [0, 1] {
                let written = Decimal::of_parts(parts, 20, decimals).to_string();
                assert_eq!(written, format!("{mib:.0$}", decimals as usize));
            }
        }
    }

    #[test]
    fn millionths_are_rounded_to_the_nearest() {
        for (millionths, decimals, text) in [
            (10_136_250, 3, "10.136"),
            (10_136_750, 3, "10.137"),
            (10_135_500, 3, "10.136"),
            (1_999_999, 2, "2.00"),
            (7, 6, "0.000007"),
        ] {
            let written = Decimal::of_millionths(millionths, decimals).to_string();
            assert_eq!(written, text);
        }
    }
}
