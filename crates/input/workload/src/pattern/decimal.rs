//! Numbers as people type them.

/// A number in decimal digits, with a point or an exponent. The standard library reads any number to the last digit, with
/// tables of 10 KiB for it that the page would have to carry; up to 15 digits and an exponent of 22, this is as exact.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, exponent.parse::<i16>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let (mut number, mut shift) = (0_u64, i32::from(exponent));
    for (index, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
        if !digit.is_ascii_digit() {
            return None;
        }
        let is_kept = number < 1_000_000_000_000_000;
        if is_kept {
            number = number * 10 + u64::from(digit - b'0');
        }
        // What is not kept of the whole part counts as tens, what is kept of the fraction as tenths.
        shift += i32::from(!is_kept) - i32::from(index >= whole.len());
    }
    let scale = 10_f64.powi(shift.abs());
    let number = sign * number as f64;
    Some(if shift < 0 {
        number / scale
    } else {
        number * scale
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "4",
            "0.1",
            "-0.3",
            "+5.",
            ".25",
            "12.375",
            "1e3",
            "2.5E-3",
            "0.001",
            "30000",
            "1e-400",
            "1e400",
            "123456789012345",
            "0.123456789012345",
            "0.1000000000000000000000",
            "16777216",
            "9.999",
        ] {
            assert_eq!(decimal(text), text.parse().ok(), "{text}");
        }
        let many = decimal("1234567890123456789012").expect("it is a number");
        assert!((many / 1.234_567_890_123_456_8e21 - 1.0).abs() < 1e-15);
        for text in [
            "", ".", "-", "e3", "1e", "1e99999", "1,5", "0x10", "NaN", "inf", "1 2", "١",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
