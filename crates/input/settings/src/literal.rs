//! Values without quotes, as programs and manifests write them.

use crate::names::PRELOAD;
use crate::near::within;
use crate::shape::{is_expression, is_value};
use crate::values::{Quoting, before_command, is_number_name, plain_number, quoted, shell_word};

/// How long the first line of a block may be, and the block.
const HEADER: usize = 800;
const LONGEST: usize = 2048;

/// A value without quotes.
pub(crate) enum Plain {
    Value(String),
    /// It stands elsewhere: an expression of a program.
    Elsewhere,
}

/// What a call makes a text of: `toString 2`, `str("2")`.
pub(crate) fn wrapped(text: &str) -> Option<&str> {
    let calls = ["toString ", "tostring(", "String(", "str("];
    let inside = calls.iter().find_map(|call| text.strip_prefix(call))?;
    let inside = inside.trim_start_matches(['(', '"', '\'', ' ']);
    let end = inside
        .find([')', '"', '\'', ' ', ';'])
        .unwrap_or(inside.len());
    Some(&inside[..end])
}

/// What an expression of a program or of Terraform begins with.
const EXPRESSIONS: [&str; 7] = [
    "var.",
    "local.",
    "data.",
    "process.env",
    "module.",
    "config.",
    "!",
];

/// What a program falls back on: `process.env.X || '2'`.
fn fallback(name: &str, line: &str) -> Option<Plain> {
    let mut signs = ["||", "??"].iter();
    let (_, default) = signs.find_map(|sign| line.split_once(sign))?;
    let default = default.trim();
    if let Some((value, _)) = quoted(default) {
        return Some(Plain::Value(value));
    }
    let word = shell_word(default, Quoting::Shell).0;
    let word = word.trim_end_matches([',', ')', '}']);
    Some(match !name.is_empty() && is_expression(name, word) {
        true => Plain::Elsewhere,
        false => Plain::Value(word.to_owned()),
    })
}

/// A plain value to the end of its line, and its length; no value where it is an expression of a program.
pub(crate) fn plain(name: &str, line: &str, is_in_brackets: bool) -> Option<(Plain, usize)> {
    let mut end = line.len();
    for sign in [" #", "\t#", " //", ";", "/>", "</"] {
        end = end.min(line.find(sign).unwrap_or(end));
    }
    let mut text = &line[..end];
    if is_in_brackets || is_number_name(name) {
        let templates = text.contains("${") || text.contains("{{");
        let cut = text.find([',', '}', ')']).filter(|_| !templates);
        text = &text[..cut.unwrap_or(text.len())];
    }
    let text = text.trim().trim_end_matches(',');
    let length = line.find(text).unwrap_or(0) + text.len();
    if let Some(value) = fallback(name, line) {
        return Some((value, line.len()));
    }
    if let Some(inside) = wrapped(text) {
        return Some(match name.is_empty() || is_value(name, inside) {
            true => (Plain::Value(inside.to_owned()), length),
            false => (Plain::Elsewhere, length),
        });
    }
    if matches!(text, "null" | "~" | "") || EXPRESSIONS.iter().any(|start| text.starts_with(start))
    {
        return Some((Plain::Elsewhere, length));
    }
    if let Some(number) = plain_number(text) {
        return Some((Plain::Value(number), length));
    }
    let has_words = text.contains([' ', '\t']) && !text.contains("{{") && !text.contains("${");
    if has_words && name != PRELOAD {
        // Prose about a setting, or a command after it.
        let first = before_command(name, text);
        let is_value = first.bytes().any(|b| b.is_ascii_digit() || b == b':');
        return is_value.then(|| (Plain::Value(first.trim_end_matches(',').to_owned()), length));
    }
    Some((Plain::Value(text.to_owned()), length))
}

/// A block of YAML after its `|` or `>`: the lines that are indented more than the key, folded.
pub(crate) fn block(text: &str, key_line: &str) -> Option<(String, usize)> {
    let (header, _) = within(text, HEADER).split_once('\n')?;
    if header.trim().len() > 3 {
        return None;
    }
    let indent = key_line.len() - key_line.trim_start().len();
    let mut value = String::new();
    let mut length = header.len() + 1;
    for line in within(&text[length..], LONGEST).split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && line.len() - line.trim_start().len() <= indent {
            break;
        }
        if !value.is_empty() && !content.is_empty() {
            value.push(' ');
        }
        value.push_str(content);
        length += line.len();
    }
    Some((value, length))
}
