//! A column of names in a table: as wide as the longest, within bounds, so that one long name moves no other column.

use std::borrow::Cow;

/// The widest a column becomes, in characters.
const WIDEST: usize = 40;

/// Returns the width of a column of names that is `least` wide, in characters.
pub(crate) fn width<'a>(names: impl Iterator<Item = &'a str>, least: usize) -> usize {
    let longest = names.map(|name| name.chars().count()).max();
    longest.unwrap_or_default().clamp(least, WIDEST.max(least))
}

/// Returns a name as a column of that width has it: cut where it is longer.
pub(crate) fn fitted(name: &str, width: usize) -> Cow<'_, str> {
    match name.char_indices().nth(width) {
        None => name.into(),
        Some(_) => {
            let kept: String = name.chars().take(width.saturating_sub(1)).collect();
            (kept + "…").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_longest_name_up_to_a_bound() {
        assert_eq!(width(["a", "burst 1"].into_iter(), 16), 16);
        let (long, longest) = ("é".repeat(25), "é".repeat(200));
        assert_eq!(width(["a", &long].into_iter(), 16), 25);
        assert_eq!(fitted(&long, 25), long.as_str());
        assert_eq!(width(["a", &longest].into_iter(), 16), WIDEST);
        let cut = fitted(&longest, WIDEST);
        assert_eq!(
            (cut.chars().count(), cut.chars().last()),
            (WIDEST, Some('…'))
        );
    }
}
