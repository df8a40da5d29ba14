//! Values as programs and manifests write them, after any sign but a shell's `=`.

use crate::collected::Place;
use crate::line::Line;
use crate::literal::{Plain, block, plain, worked_out};
use crate::near::{LONGEST, NEAR, tail, within};
use crate::scan::Scanner;
use crate::shape::{is_expression, is_value};
use crate::values::{Quoting, quoted, shell_word};

/// The longest value without quotes.
const PLAIN: usize = 512;

/// What follows a sign.
enum Written {
    Value(String),
    /// A name or an expression of a program.
    Expression(String),
    /// Nothing: the variable is taken away.
    Nothing,
    /// It stands elsewhere.
    Elsewhere,
}

/// Words of programs for no value.
const NOTHING: [&str; 6] = ["undefined", "null", "nil", "None", "$null", "NULL"];

impl Scanner<'_, '_> {
    /// `NAME = value`.
    pub(crate) fn spaced(&mut self, name: &str, at: usize, from: usize, line: &Line) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR).trim();
        if matches!(lead, "export" | "$ export") {
            let value = self.text[at..line.code_end.max(at)].trim();
            self.found.hold(line.number, line.number);
            self.found
                .refuse(name, value, "A shell allows no blanks around the `=`.");
            return line.end;
        }
        self.literal(name, at, from, line, true)
    }

    /// A value which begins after a sign; in code a word without quotes is a name of the program. Where that ends.
    pub(crate) fn literal(
        &mut self,
        name: &str,
        at: usize,
        from: usize,
        line: &Line,
        is_code: bool,
    ) -> usize {
        let Some((written, end)) = self.written(name, at, line, is_code) else {
            return at;
        };
        let last = line.number + self.lines_between(at, end);
        self.found.hold(line.number, last);
        match written {
            Written::Value(value) => {
                if let Some(value) = self.known(name, &value, from) {
                    self.found.set(name, &value, line.number, Place::Anywhere);
                }
            }
            Written::Expression(text) => {
                let known = self.definitions.value(&text, from);
                match known.filter(|value| is_value(name, value)) {
                    Some(value) => self.found.set(name, &value, line.number, Place::Anywhere),
                    None => self.found.expression(name),
                }
            }
            Written::Nothing if self.found.has(name) => {
                self.found
                    .unset(name, "Removed: the program gives it no value.");
            }
            Written::Nothing | Written::Elsewhere => self.found.elsewhere(name, "another place"),
        }
        end
    }

    fn written(
        &self,
        name: &str,
        at: usize,
        line: &Line,
        is_code: bool,
    ) -> Option<(Written, usize)> {
        let rest = &self.text[at..];
        let begin = at + rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let rest = &self.text[begin..];
        let first = rest.as_bytes().first().copied().unwrap_or(b'\n');
        match first {
            b'"' | b'\'' | b'`' | b'\\' => {
                let (value, length) = in_quotes(rest)?;
                Some((Written::Value(value), begin + length))
            }
            b'|' | b'>' => {
                let (value, length) = block(rest, &self.text[line.start..line.end])?;
                Some((Written::Value(value), begin + length))
            }
            b'\n' | b'\r' | b'#' => Some((Written::Elsewhere, begin)),
            b'{' if !rest.starts_with("{{") => {
                let (value, length) = self.value_key(within(rest, NEAR), true)?;
                let written = value.map_or(Written::Elsewhere, Written::Value);
                Some((written, begin + length))
            }
            b'*' | b'&' => self.anchored(rest, begin),
            _ => self.unquoted(name, begin, line, is_code),
        }
    }

    /// YAML's `*alias`, and the value after an `&anchor`.
    fn anchored(&self, rest: &str, begin: usize) -> Option<(Written, usize)> {
        let line = within(rest, PLAIN).lines().next().unwrap_or_default();
        let (value, length) = match line.strip_prefix('*') {
            Some(name) => {
                let name = name.split([' ', ',', '}']).next()?;
                (self.definitions.anchor(name)?, name.len() + 1)
            }
            None => (line.split_once(' ')?.1, line.len()),
        };
        let value = shell_word(value, Quoting::Words).0;
        Some((Written::Value(value), begin + length))
    }

    /// A value without quotes.
    fn unquoted(
        &self,
        name: &str,
        begin: usize,
        line: &Line,
        is_code: bool,
    ) -> Option<(Written, usize)> {
        let rest = within(&self.text[begin..], PLAIN);
        let rest = rest.lines().next().unwrap_or_default();
        let brackets =
            tail(&self.text[line.start..begin.max(line.start)], NEAR).contains(['{', '(']);
        let word = rest
            .split([',', ';', '}', ')', ' '])
            .next()
            .unwrap_or_default();
        if is_code && NOTHING.contains(&word) {
            return Some((Written::Nothing, begin + word.len()));
        }
        if is_code && let Some((value, length)) = worked_out(rest) {
            return Some((Written::Value(value), begin + length));
        }
        let whole = rest
            .split([',', ';', '}', '#'])
            .next()
            .unwrap_or_default()
            .trim();
        let has_default = rest.contains("||") || rest.contains("??");
        if is_code && !has_default && is_expression(name, whole) && !is_wrapped_value(name, rest) {
            return Some((Written::Expression(whole.to_owned()), begin + whole.len()));
        }
        let (plain, length) = plain(name, rest, brackets)?;
        let written = match plain {
            Plain::Value(value) => Written::Value(value),
            Plain::Elsewhere => Written::Elsewhere,
        };
        Some((written, begin + length))
    }
}

/// Whether a call makes a text of a value: `toString 2`, `str("2")`.
fn is_wrapped_value(name: &str, text: &str) -> bool {
    crate::literal::wrapped(text).is_some_and(|value| is_value(name, &value))
}

/// A value in quotes, in backticks, or in quotes of a string in a string.
fn in_quotes(rest: &str) -> Option<(String, usize)> {
    if let Some(escaped) = rest.strip_prefix("\\\"") {
        let end = within(escaped, LONGEST).find("\\\"")?;
        return Some((escaped[..end].to_owned(), end + 4));
    }
    if let Some(inside) = rest.strip_prefix('`') {
        let end = within(inside, LONGEST).find('`')?;
        return Some((inside[..end].to_owned(), end + 2));
    }
    quoted(rest)
}
