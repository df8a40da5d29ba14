//! Variables as YAML has them: compose's `environment:`, Kubernetes' `env:`, JSON where it looks like these.
//!
//! Not YAML as such, for which a library would be several times as large as everything else that reads settings: keys
//! with scalars, lists of them, and brackets that close in the line in which they open.

use super::{Reader, Reason, Tone};

/// Whether a line is an item, a bracket, or a key with its colon.
pub(super) fn is_yaml(line: &str) -> bool {
    line == "-" || line.starts_with("- ") || line.starts_with(['{', '[']) || key(line).is_some()
}

/// A key and what stands behind its colon. Keys hold nothing that would need care in quotes.
fn key(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let text = &text[usize::from(quote.is_some())..];
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let end = text.bytes().position(|b| !inside(b))?;
    let (key, rest) = text.split_at(end);
    let rest = match quote {
        Some(quote) => {
            return Some((
                key,
                rest.strip_prefix(quote)?.trim_start().strip_prefix(':')?,
            ));
        }
        None => rest.strip_prefix(':')?,
    };
    let ends = end > 0 && (rest.is_empty() || rest.starts_with([' ', '\t']));
    ends.then_some((key, rest))
}

impl Reader {
    pub(super) fn yaml(&mut self, line: &str) -> Result<(), Reason> {
        let mut text = line.trim_start();
        while text.trim_end() == "-" || text.starts_with("- ") {
            self.finish_name();
            text = text[1..].trim_start();
        }
        let column = line.len() - text.len();
        let text = text.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        if text.starts_with(['{', '[']) {
            return self.brackets(text);
        }
        match key(text) {
            Some((key, value)) => self.entry(key, value.trim(), column),
            None => self.item(text),
        }
    }

    /// A name that no value followed: Kubernetes gives it the empty one.
    pub(super) fn finish_name(&mut self) {
        if let Some(name) = self.named.take() {
            let text = "It has no `value:`, which makes it empty.";
            self.remark(&name, Tone::Surprise, text);
            // Its name was checked when it was read.
            let _ = self.set(&name, "", false);
        }
    }

    /// `NAME=value`, or a name alone, as an item of a list.
    fn item(&mut self, text: &str) -> Result<(), Reason> {
        let scalar = Scalar::read(text)?;
        match scalar.text.split_once('=') {
            Some((name, value)) => self.set(name, value, scalar.is_open()),
            None => self.set_elsewhere(&scalar.text, "the shell that starts it"),
        }
    }

    /// One key with its value; `column` is where the key begins.
    fn entry(&mut self, key: &str, value: &str, column: usize) -> Result<(), Reason> {
        match key {
            "env" | "environment" | "variables" => {
                return match value.chars().next() {
                    Some('{' | '[') => self.brackets(value),
                    None | Some('#') => Ok(()),
                    Some(_) => Err("a list or a map must follow it".into()),
                };
            }
            "envFrom" | "env_file" => {
                self.nested = Some(column);
                let text = "What it holds is not known here: write its variables out to try them.";
                self.remark(key, Tone::Ignored, text);
                return Ok(());
            }
            "name" => {
                self.finish_name();
                let name = Scalar::read(value)?.text;
                super::check_name(&name)?;
                self.named = Some(name);
                return Ok(());
            }
            "valueFrom" => {
                self.nested = Some(column);
                let name = self.named.take().ok_or(NAMELESS)?;
                return self.set_elsewhere(&name, "`valueFrom`");
            }
            _ => {}
        }
        let scalar = Scalar::read(value)?;
        if key == "value" {
            let name = self.named.take().ok_or(NAMELESS)?;
            if !scalar.quoted && scalar.is_no_text() {
                let text = "Kubernetes refuses a value that is no text: put it in quotes.";
                self.remark(&name, Tone::Surprise, text);
            }
            return self.set(&name, &scalar.text, scalar.is_open());
        }
        if !key.contains(|c: char| c.is_ascii_uppercase() || c == '_') {
            let text = format!(
                "`{key}` is no variable, and only what stands under `env:` or `environment:` belongs here"
            );
            return Err(text.into());
        }
        if !scalar.quoted && matches!(scalar.text.as_str(), "" | "~" | "null") {
            return self.set_elsewhere(key, "the shell that starts it");
        }
        self.set(key, &scalar.text, scalar.is_open())
    }

    /// `{NAME: value}`, `{name: NAME, value: "1"}`, `[NAME=value]` and lists of these.
    fn brackets(&mut self, text: &str) -> Result<(), Reason> {
        let text = text.strip_suffix(',').unwrap_or(text).trim_end();
        let close = if text.starts_with('{') { '}' } else { ']' };
        let inner = text[1..].strip_suffix(close);
        let inner = inner.ok_or("its bracket must close in the same line")?;
        let pieces = pieces(inner)?;
        if close == ']' {
            for piece in pieces {
                // A list within a list has no meaning here, and depth must not grow with the text.
                if piece.starts_with('{') {
                    self.brackets(piece)?;
                } else {
                    self.item(piece)?;
                }
            }
            return Ok(());
        }
        for piece in pieces {
            let (key, value) = key(piece).ok_or("a key and its `:` are missing in it")?;
            if value.trim_start().starts_with(['{', '[']) && key != "valueFrom" {
                return Err("brackets within brackets are no value".into());
            }
            self.entry(key, value.trim(), 0)?;
            self.nested = None;
        }
        self.finish_name();
        Ok(())
    }
}

const NAMELESS: &str = "no `name:` stands before it";

/// What stands between the commas outside of quotes and inner brackets.
fn pieces(text: &str) -> Result<Vec<&str>, Reason> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quote, mut escaped) = (0, 0, 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\\' if quote == b'"' && !escaped => {
                escaped = true;
                continue;
            }
            _ if quote != 0 && byte == quote && !escaped => quote = 0,
            _ if quote != 0 => {}
            b'"' | b'\'' => quote = byte,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                pieces.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        escaped = false;
    }
    if quote != 0 || depth != 0 {
        return Err("its quotes or brackets do not close".into());
    }
    pieces.push(text[start..].trim());
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}

/// A value in one line.
struct Scalar {
    text: String,
    quoted: bool,
}

impl Scalar {
    fn read(raw: &str) -> Result<Self, Reason> {
        let raw = raw.trim();
        let bytes = raw.as_bytes();
        let first = bytes.first().copied().unwrap_or(b'#');
        let quoted = matches!(first, b'"' | b'\'');
        if !quoted {
            if b"|>&*!%@`{[".contains(&first) {
                return Err("write its value as text in the same line".into());
            }
            // A comment begins at a `#` behind a blank.
            let comment = |at: &usize| bytes[*at] == b'#' && (*at == 0 || bytes[*at - 1] == b' ');
            let end = (0..bytes.len()).find(comment).unwrap_or(bytes.len());
            let text = raw[..end].trim_end().to_owned();
            return Ok(Self { text, quoted });
        }
        let mut text = Vec::new();
        let mut at = 1;
        loop {
            let Some(&byte) = bytes.get(at) else {
                return Err("its quote is never closed".into());
            };
            at += 1;
            let next = bytes.get(at).copied();
            if byte == b'\\' && first == b'"' {
                text.push(match next {
                    Some(b'n') => b'\n',
                    Some(b't') => b'\t',
                    Some(c @ (b'"' | b'\\' | b'/' | b' ')) => c,
                    _ => return Err("write that character without a backslash".into()),
                });
                at += 1;
                continue;
            }
            if byte == first {
                // Two single quotes within single quotes are one.
                if first == b'"' || next != Some(b'\'') {
                    break;
                }
                at += 1;
            }
            text.push(byte);
        }
        let rest = raw[at..].trim_start();
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        if !rest.is_empty() && !rest.starts_with('#') {
            return Err("something follows its closing quote".into());
        }
        // Whole runs of UTF-8 were copied, cut at ASCII only.
        let text = String::from_utf8(text).unwrap_or_default();
        Ok(Self { text, quoted })
    }

    /// Whether compose or Kubernetes would put something in for a `$`.
    fn is_open(&self) -> bool {
        self.text.contains('$')
    }

    /// Whether YAML reads it as a number or a truth.
    fn is_no_text(&self) -> bool {
        let number = |b: u8| b.is_ascii_digit() || b"+-.e".contains(&b);
        self.text
            .starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && self.text.bytes().all(number)
            || matches!(self.text.as_str(), "true" | "false")
    }
}
