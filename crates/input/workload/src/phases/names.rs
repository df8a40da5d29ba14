//! Names of marks that have a meaning.

/// What a mark's name says of the stretch that it bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stem {
    Start,
    Burst,
    Collect,
    Rest,
    Trim,
}

/// Which end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Begin,
    End,
}

const STEMS: [(&str, Stem); 6] = [
    ("start", Stem::Start),
    ("burst", Stem::Burst),
    ("gc", Stem::Collect),
    ("rest", Stem::Rest),
    ("trimmed", Stem::Trim),
    ("trim", Stem::Trim),
];

const SIDES: [(&str, Side); 5] = [
    ("begin", Side::Begin),
    ("start", Side::Begin),
    ("end", Side::End),
    ("stop", Side::End),
    ("done", Side::End),
];

/// Reads a name with a meaning: one of the words, then nothing, a number (`rest:2`, `burst0_211`), or a side (`burst_begin`).
/// A word that goes on otherwise, as in `rest_api` or `bursting`, is any other name.
pub(super) fn read(name: &str) -> Option<(Stem, Option<Side>)> {
    let name = name.to_ascii_lowercase();
    let mut stems = STEMS.iter();
    let (rest, stem) =
        stems.find_map(|(word, stem)| name.strip_prefix(word).map(|rest| (rest, *stem)))?;
    let (rest, number) = without_number(without_separator(rest));
    if number && (rest.is_empty() || without_separator(rest) != rest) {
        return Some((stem, side(without_separator(rest))));
    }
    if rest.is_empty() {
        return Some((stem, None));
    }
    side(rest).map(|side| (stem, Some(side)))
}

/// A side, with or without a number.
fn side(words: &str) -> Option<Side> {
    let mut sides = SIDES.iter();
    sides.find_map(|(word, side)| {
        let rest = words.strip_prefix(word)?;
        let (rest, _) = without_number(without_separator(rest));
        rest.is_empty().then_some(*side)
    })
}

fn without_separator(words: &str) -> &str {
    words
        .strip_prefix([':', '_', '-', '.', '#', '=', '/'])
        .unwrap_or(words)
}

fn without_number(words: &str) -> (&str, bool) {
    let rest = words.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (rest, rest.len() < words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_numbers_and_sides_have_a_meaning_and_other_words_have_none() {
        for (name, meaning) in [
            ("rest:0", Some((Stem::Rest, None))),
            ("rest0_211", Some((Stem::Rest, None))),
            ("Rest", Some((Stem::Rest, None))),
            ("start_53", Some((Stem::Start, None))),
            ("trimmed", Some((Stem::Trim, None))),
            ("trim_61", Some((Stem::Trim, None))),
            ("gc:12", Some((Stem::Collect, None))),
            ("burst_begin", Some((Stem::Burst, Some(Side::Begin)))),
            ("burst:3-end", Some((Stem::Burst, Some(Side::End)))),
            ("rest_done_4", Some((Stem::Rest, Some(Side::End)))),
            ("rest_call_17", None),
            ("restart", None),
            ("rest-api", None),
            ("starting", None),
            ("filled:0", None),
            ("пауза", None),
            ("", None),
        ] {
            assert_eq!(read(name), meaning, "{name}");
        }
    }
}
