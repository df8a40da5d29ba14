//! Names and values that are values of keys of their own: `name: NAME`, `value: x`.

use crate::collected::Place;
use crate::line::Line;
use crate::literal::{Plain, block, plain, worked_out};
use crate::near::{NEAR, within};
use crate::scan::Scanner;
use crate::values::{Quoting, quoted, shell_word};

/// Keys that hold a variable's name.
pub(crate) const NAME_KEYS: [&str; 6] = [
    "name",
    "key",
    "variable",
    "option_name",
    "optionname",
    "env",
];

/// Keys that hold a variable's value.
const VALUE_KEYS: [&str; 2] = ["value", "default"];

/// Keys that say that the value comes from elsewhere.
const ELSEWHERE_KEYS: [&str; 7] = [
    "valuefrom",
    "fromservice",
    "fromdatabase",
    "value_from",
    "sync",
    "generatevalue",
    "secret_key_ref",
];

/// Returns the word that begins at a position, in small letters, and where the sign after it is.
fn key(text: &str, at: usize) -> (String, usize) {
    let rest = &text[at..];
    let inside = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let length = rest.bytes().take_while(|b| inside(b)).count();
    let after = rest[length..].trim_start_matches(['"', '\'', ' ', '\t', '\\']);
    (
        rest[..length].to_ascii_lowercase(),
        text.len() - after.len(),
    )
}

impl Scanner<'_, '_> {
    /// `name: NAME` with `value: x` near it.
    pub(crate) fn paired(&mut self, name: &str, from: usize, after: usize, line: &Line) -> usize {
        let near = within(&self.text[after..], NEAR);
        let ahead = self.value_key(near, false);
        let Some((value, length)) = ahead.or_else(|| self.value_before(line).map(|v| (Some(v), 0)))
        else {
            return after;
        };
        let last = line.number + self.lines_between(after, after + length);
        self.found.hold(line.number, last);
        match value {
            Some(value) => {
                if let Some(value) = self.known(name, &value, from) {
                    self.found.set(name, &value, line.number, Place::Anywhere);
                }
            }
            None => self
                .found
                .elsewhere(name, "another place (`valueFrom` or the like)"),
        }
        after + length
    }

    /// The value in the line before a name, as an item `- value: x` may begin with it.
    fn value_before(&self, line: &Line) -> Option<String> {
        let before = self.text[..line.start].trim_end_matches(['\n', '\r']);
        let start = before.len()
            - before
                .bytes()
                .rev()
                .take(NEAR)
                .take_while(|b| *b != b'\n')
                .count();
        let previous = before.get(start..)?.trim_start();
        let is_first = |key: &str| previous.starts_with(key);
        if !is_first("- value:") && !is_first("- \"value\":") && !is_first("value =") {
            return None;
        }
        let (_, value) = previous.split_once([':', '='])?;
        Some(shell_word(value.trim(), Quoting::Words).0)
    }

    /// The value of the key `value` in what follows a name, and how far that reaches; no value where another key says
    /// that it comes from elsewhere. With `inside` the text begins with the bracket of a map.
    pub(crate) fn value_key(&self, near: &str, inside: bool) -> Option<(Option<String>, usize)> {
        let bytes = near.as_bytes();
        let mut depth = 0_i32;
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth < i32::from(inside) {
                        return inside.then_some((None, at + 1));
                    }
                }
                b'#' if at > 0 && bytes[at - 1].is_ascii_whitespace() => {
                    at += near[at..].find('\n').unwrap_or(near.len() - at);
                    continue;
                }
                byte if byte.is_ascii_alphabetic() && !is_inside_word(bytes, at) => {
                    let (key, sign) = key(near, at);
                    if !matches!(bytes.get(sign), Some(b':' | b'=')) {
                        at += key.len();
                        continue;
                    }
                    if VALUE_KEYS.contains(&key.as_str()) {
                        return self.value_at(near, at, sign + 1);
                    }
                    if ELSEWHERE_KEYS.contains(&key.as_str()) {
                        return Some((None, sign));
                    }
                    // The next item has begun.
                    if !inside && NAME_KEYS.contains(&key.as_str()) && depth == 0 {
                        return None;
                    }
                    at = sign;
                }
                b'"' | b'\'' => {
                    // Past a string that is no key.
                    if let Some((_, length)) = quoted(&near[at..])
                        && !matches!(
                            near[at + length..].trim_start().as_bytes().first(),
                            Some(b':' | b'=')
                        )
                    {
                        at += length;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// A value that begins after its key's sign.
    fn value_at(&self, near: &str, key: usize, at: usize) -> Option<(Option<String>, usize)> {
        let rest = near[at..].trim_start_matches([' ', '\t']);
        let begin = near.len() - rest.len();
        let ends = |value: String, length: usize| Some((Some(value), begin + length));
        let line_start = near[..key].rfind('\n').map_or(0, |at| at + 1);
        match rest.as_bytes().first()? {
            b'"' | b'\'' => {
                let (value, length) = quoted(rest)?;
                ends(value, length)
            }
            b'\\' => {
                let value = rest.strip_prefix("\\\"")?;
                let end = value.find("\\\"")?;
                ends(value[..end].to_owned(), end + 4)
            }
            b'|' | b'>' => {
                let (value, length) = block(rest, &near[line_start..key])?;
                ends(value, length)
            }
            _ => {
                let line = rest.lines().next().unwrap_or_default();
                if let Some((value, length)) = worked_out(line) {
                    return ends(value, length);
                }
                let (plain, length) = plain("", line, true)?;
                // The end of a string that all of it stands in.
                let value = match plain {
                    Plain::Value(value) => Some(value.trim_end_matches(['"', '\'']).to_owned()),
                    Plain::Elsewhere => None,
                };
                Some((value, begin + length))
            }
        }
    }
}

/// Whether a line up to a name ends in a key that holds a variable's name.
pub(crate) fn is_name_key(lead: &str) -> bool {
    let Some(before) = lead.strip_suffix([':', '=']) else {
        return false;
    };
    let key = before.trim_end().trim_end_matches(['"', '\'', '\\']);
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let key = key.rsplit(|c| !inside(c)).next().unwrap_or_default();
    let key = key.to_ascii_lowercase();
    NAME_KEYS.contains(&key.as_str())
}

fn is_inside_word(bytes: &[u8], at: usize) -> bool {
    at > 0
        && (bytes[at - 1].is_ascii_alphanumeric()
            || matches!(bytes[at - 1], b'_' | b'.' | b'-' | b'/'))
        && !matches!(bytes[at - 1], b'.')
}
