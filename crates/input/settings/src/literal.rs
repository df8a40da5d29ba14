//! Values without quotes, as programs and manifests write them.

use crate::names::PRELOAD;
use crate::near::within;
use crate::product::product;
use crate::shape::{is_expression, is_value};
use crate::values::{
    Quoting, before_command, is_number_name, plain_number, quoted, shell_word, without_stop,
};

/// How long the first line of a block may be, and the block.
const HEADER: usize = 800;
const LONGEST: usize = 2048;

/// A value without quotes.
pub(crate) enum Plain {
    Value(String),
    /// It stands elsewhere: an expression of a program.
    Elsewhere,
}

/// What a call makes a text of: `toString 2`, `str("2")`, `String(64 * 1024)`. An expression of numbers is worked out.
pub(crate) fn wrapped(text: &str) -> Option<String> {
    const CALLS: [&str; 9] = [
        "toString ",
        "tostring(",
        "toString(",
        "String(",
        "string(",
        "str(",
        "Number(",
        "Itoa(",
        "valueOf(",
    ];
    let is_callee = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let start = text.find(|c| !is_callee(c))?;
    // With the bracket or blank that ends it.
    let callee = text.get(..=start)?;
    let rest = CALLS.iter().find_map(|call| {
        let (before, name) = callee.split_at_checked(callee.len().checked_sub(call.len())?)?;
        let is_it = name == *call && (before.is_empty() || before.ends_with('.'));
        is_it.then(|| &text[callee.len()..])
    })?;
    let inside = rest.trim_start_matches(['(', ' ']);
    if let Some((value, _)) = quoted(inside).filter(|_| inside.starts_with(['"', '\''])) {
        return Some(value);
    }
    let end = inside.find([')', ';', ',']).unwrap_or(inside.len());
    let inside = inside[..end].trim_matches(['"', '\'', ' ']);
    Some(product(inside).map_or_else(|| inside.to_owned(), |number| number.to_string()))
}

/// The number of a product or a shift, `64 * 1024`, up to what ends it in a program, and its length.
pub(crate) fn worked_out(line: &str) -> Option<(String, usize)> {
    let end = line.find([',', ';', '}', '#']).unwrap_or(line.len());
    let end = line[..end].find("//").unwrap_or(end);
    let text = line[..end].trim_end();
    let text = match text.strip_suffix(')') {
        Some(inside) if !text.contains('(') => inside.trim_end(),
        _ => text,
    };
    let is_product = text.contains('*') || text.contains("<<");
    let number = product(text).filter(|_| is_product)?;
    Some((number.to_string(), text.len()))
}

/// Whether a text without quotes in a call is a value rather than a name of the program.
fn is_plain_text(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-') || text.contains([':', '=', '/'])
}

/// Whether a text is a call, `max(2, cpus)`, or goes on after its first word with a sign of arithmetic or a question.
fn is_computed(text: &str) -> bool {
    let is_callee = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let callee = text.trim_start_matches(is_callee);
    let is_call = callee.starts_with('(') && callee.len() < text.len();
    let mut words = text.split_whitespace().skip(1);
    let operator = words.next().unwrap_or_default();
    let signs = ["*", "+", "<<", ">>", "%", "?"];
    is_call || signs.iter().any(|sign| operator.starts_with(sign))
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
        let has_template = |text: &str| text.contains("${") || text.contains("{{");
        let cut = text.find([',', '}', ')']);
        let cut = cut.filter(|at| !has_template(&text[..*at]));
        text = &text[..cut.unwrap_or(text.len())];
    }
    let text = text.trim().trim_end_matches(',');
    let length = line.find(text).unwrap_or(0) + text.len();
    if let Some(value) = fallback(name, line) {
        return Some((value, line.len()));
    }
    if let Some(inside) = wrapped(text) {
        let is_known = match name {
            "" => is_plain_text(&inside),
            name => is_value(name, &inside),
        };
        return Some(match is_known {
            true => (Plain::Value(inside), length),
            false => (Plain::Elsewhere, length),
        });
    }
    let is_expression = EXPRESSIONS.iter().any(|start| text.starts_with(start));
    if matches!(text, "null" | "~" | "") || is_expression || is_computed(text) {
        return Some((Plain::Elsewhere, length));
    }
    let bare = without_stop(text);
    if let Some(number) = plain_number(bare) {
        return Some((Plain::Value(number), length));
    }
    let has_words = text.contains([' ', '\t']) && !text.contains("{{") && !text.contains("${");
    if has_words && name != PRELOAD {
        // Prose about a setting, or a command after it.
        let first = before_command(name, text);
        let is_value = first.bytes().any(|b| b.is_ascii_digit() || b == b':');
        let value = without_stop(first);
        // The next sentence may set more.
        let length = match value.len() < first.len() {
            true => line.find(text).unwrap_or(0) + first.len(),
            false => length,
        };
        return is_value.then(|| (Plain::Value(value.trim_end_matches(',').to_owned()), length));
    }
    Some((Plain::Value(bare.to_owned()), length))
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
