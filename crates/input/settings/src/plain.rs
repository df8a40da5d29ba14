//! Lines `NAME=VALUE` and nothing else: what most boxes hold, read without any of the other forms. A program that is sent to
//! its user reads these itself and leaves all others to a part that is sent on demand.

use crate::{Environment, is_setting, shape::is_placeholder};
use highwater_allocator::Variable;

/// Characters of a text at most: a longer one is hardly typed.
const MOST: usize = 4096;

impl Environment {
    /// Reads a text that holds nothing but lines `NAME=VALUE` with settings, each once, in characters that mean nothing else
    /// anywhere, and perhaps the beginning of a name that is being typed. Where it returns something, that is what
    /// [`Environment::parse`] returns; of all other texts it returns none.
    pub fn plain(text: &str) -> Option<Self> {
        if text.len() > MOST {
            return None;
        }
        let mut read = Self::default();
        let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            match line.split_once('=') {
                Some((name, value)) => {
                    let variable = variable(name, value)?;
                    if read.variables.iter().any(|known| known.name == name) {
                        return None;
                    }
                    read.variables.push(variable);
                }
                // Of a name alone the next line may be the value.
                None if lines.peek().is_none() && is_begun(line) => read.other_lines += 1,
                None => return None,
            }
        }
        Some(read)
    }
}

/// A setting whose name and value can be meant in one way only.
fn variable(name: &str, value: &str) -> Option<Variable> {
    let is_of_name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let is_setting = name.bytes().all(is_of_name) && !name.starts_with("M_") && is_setting(name);
    let is_value = match name {
        "GLIBC_TUNABLES" => value.split(':').all(|part| is_pair(part, '=')),
        _ if name.ends_with("MALLOC_CONF") => value.split(',').all(|part| is_pair(part, ':')),
        _ => is_word(value) && !is_placeholder(name, value),
    };
    let (name, value) = (name.to_owned(), value.to_owned());
    (is_setting && is_value).then_some(Variable { name, value })
}

/// Whether a part of a list sets one of its options.
fn is_pair(part: &str, between: char) -> bool {
    let pair = part.split_once(between);
    pair.is_some_and(|(key, value)| is_word(&key.replace('.', "_")) && is_word(value))
}

fn is_word(text: &str) -> bool {
    let is_of_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(is_of_word)
}

/// Whether a line is a word that may become the name of a setting, and is none yet.
fn is_begun(line: &str) -> bool {
    let is_of_name = |b: u8| b.is_ascii_uppercase() || b == b'_';
    line.bytes().all(is_of_name) && !is_setting(line)
}
