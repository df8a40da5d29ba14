//! The texts that a program may have written, as the lines of a trace can hold them.

use std::borrow::Cow;

use crate::trace::fields::breaks_line;
use crate::trace::line::split_pair;
use crate::trace::write::is_word;

/// Whether these are words that a line can hold, one space between each.
fn are_words(text: &str) -> bool {
    text.split(' ').all(is_word)
}

/// Returns the words of a text that a program may have written, as a line can hold them.
fn split_words(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text).replace(breaks_line, " ");
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns the text of a mark: its name, and pairs. Other words belong to the name.
pub(super) fn mark(text: &[u8]) -> Cow<'_, [u8]> {
    let is_plain = |text: &str| {
        are_words(text)
            && text
                .split(' ')
                .skip(1)
                .all(|word| split_pair(word).is_some())
    };
    if std::str::from_utf8(text).is_ok_and(is_plain) {
        return text.into();
    }
    let words = split_words(text);
    let mut words = words.iter();
    let mut name = words.next().map_or("mark", |name| name).to_owned();
    let mut pairs = String::new();
    for word in words {
        match split_pair(word) {
            Some(_) => pairs += &format!(" {word}"),
            None => name += &format!("_{word}"),
        }
    }
    (name + &pairs).into_bytes().into()
}

/// Returns the pairs of a sample; what is none is no figure.
pub(super) fn sample(text: &[u8]) -> Cow<'_, [u8]> {
    let is_plain = |text: &str| text.split(' ').all(|word| split_pair(word).is_some());
    if text.is_empty()
        || std::str::from_utf8(text).is_ok_and(|text| are_words(text) && is_plain(text))
    {
        return text.into();
    }
    let mut words = split_words(text);
    words.retain(|word| split_pair(word).is_some());
    words.join(" ").into_bytes().into()
}

/// Returns the words of a text.
pub(super) fn words(text: &[u8]) -> Cow<'_, [u8]> {
    match text.is_empty() || std::str::from_utf8(text).is_ok_and(are_words) {
        true => text.into(),
        false => split_words(text).join(" ").into_bytes().into(),
    }
}
