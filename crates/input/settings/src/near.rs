//! Parts of a text that are short enough to look at for each name in it, so that reading stays linear.

/// How far from its name a value may be, where the two are keys of their own.
pub(crate) const NEAR: usize = 800;

/// The longest value that is read.
pub(crate) const LONGEST: usize = 2048;

/// The beginning of a text, no longer than this.
pub(crate) fn within(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The end of a text, no longer than this.
pub(crate) fn tail(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
