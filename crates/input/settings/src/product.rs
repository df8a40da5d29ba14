//! Whole numbers as a program in C writes them.

/// The number of an expression of C made of numbers, `*`, `<<` and brackets around all of it.
pub(crate) fn product(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        return product(inside);
    }
    if let Some((number, places)) = text.split_once("<<") {
        let places = u32::try_from(product(places)?).ok()?;
        return product(number)?.checked_mul(1_i64.checked_shl(places).filter(|n| *n > 0)?);
    }
    let mut all = 1_i64;
    for factor in text.split('*') {
        let digits = factor.trim().trim_end_matches(['u', 'U', 'l', 'L']);
        let number = match digits.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16).ok()?,
            None => digits.parse().ok()?,
        };
        all = all.checked_mul(number)?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_shifts_are_worked_out() {
        for (text, number) in [
            ("65536", 65536),
            ("64 * 1024", 65536),
            ("(1 << 20)", 1 << 20),
            ("-1", -1),
            ("0x10", 16),
            ("128UL*1024", 131_072),
        ] {
            assert_eq!(product(text), Some(number), "{text}");
        }
        for text in ["threshold", "", "1 << 90", "9223372036854775807 * 2"] {
            assert_eq!(product(text), None, "{text}");
        }
    }
}
