//! What stands around a name: whether it is set there, and to what.

use crate::collected::Place;
use crate::conf::{tail, within};
use crate::literal::{block, plain};
use crate::scan::{Line, Scanner};
use crate::values::{Quoting, before_command, is_number_name, quoted, shell_word, unit_after};
use highwater_allocator::Tone;

/// How far from its name a value may be, where the two are keys of their own.
pub(crate) const NEAR: usize = 800;

/// The longest value that is read, the longest without quotes after a sign with blanks, and the longest number.
const LONGEST: usize = 2048;
const PLAIN: usize = 512;
const NUMBER: usize = 128;

/// Keys that hold a variable's name.
pub(crate) const NAME_KEYS: [&str; 6] = [
    "name",
    "key",
    "variable",
    "option_name",
    "optionname",
    "env",
];

/// Calls that set the variable that is their first argument.
const SETTERS: [&str; 11] = [
    "env.set(",
    ".put(",
    "setenv(",
    "setdefault(",
    "putenv(",
    "set_var(",
    ".env(",
    "with_env(",
    "withenv(",
    "setproperty(",
    ".environment(",
];

/// A value as it is written, and where it ends; none where it stands elsewhere.
struct Written {
    value: Option<String>,
    end: usize,
}

impl Scanner<'_, '_> {
    /// Reads what stands around a name. Where that ends.
    pub(crate) fn around(&mut self, name: &str, from: usize, to: usize, line: &Line) -> usize {
        if line.prints || self.is_printed(from, line) {
            return to;
        }
        let bytes = self.text.as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let before = from.checked_sub(1).map_or(0, byte);
        // A name in quotes of its own, perhaps in a string of another language.
        let mut after = to;
        let is_quoted = match before {
            b'"' | b'\'' if byte(to) == before => {
                after = to + 1;
                true
            }
            b'"' if byte(to) == b'\\' && byte(to + 1) == b'"' => {
                after = to + 2;
                true
            }
            b'[' if byte(to) == b']' && self.text[line.start..from].ends_with("env[") => {
                after = to + 1;
                true
            }
            _ => false,
        };
        let lead = tail(&self.text[line.start..from], NEAR);
        if is_quoted && byte(after) == b']' {
            after += 1;
        }
        let mut sign = after;
        while matches!(byte(sign), b' ' | b'\t') {
            sign += 1;
        }
        let spaced = sign > after || is_quoted;
        match (byte(sign), byte(sign + 1)) {
            (b'=', b'=' | b'~') | (b'!', b'=') => to,
            (b'=', b'>') => self.literal(name, sign + 2, from, line),
            (b'=', _) if spaced => self.spaced(name, sign + 1, from, line),
            (b'=', _) => self.assigned(name, from, sign + 1, line),
            (b'|', b'|') if byte(sign + 2) == b'=' => self.spaced(name, sign + 3, from, line),
            (b'+', b'=') => {
                self.found.appends = true;
                let end = match spaced {
                    true => self.spaced(name, sign + 2, from, line),
                    false => self.assigned(name, from, sign + 2, line),
                };
                self.found.appends = false;
                end
            }
            (b'?' | b':', b'=') => self.spaced(name, sign + 2, from, line),
            (b':', b':') => to,
            (b':', next) if is_quoted || matches!(next, b' ' | b'\t' | b'\r' | b'\n' | 0) => {
                self.mapped(name, sign + 1, from, line)
            }
            (b',', _) if is_quoted && is_set_by_call(lead) => {
                self.literal(name, sign + 1, from, line)
            }
            (b'-', b' ' | b'\n' | b'\r' | 0) if sign == to && lead.contains("set env") => {
                self.found.hold(line.number, line.number);
                self.found.unset(name, "Removed by the `-` after its name.");
                to
            }
            (b'<', b'/') if lead.ends_with("<key>") => self.tagged("string", name, to, line),
            (b'<', b'/') if lead.ends_with("<name>") => self.tagged("value", name, to, line),
            (b'|', _) | (b'`', b' ' | b'|') if lead.trim_start().starts_with('|') => {
                self.cell(name, sign, from, line)
            }
            _ => self.other(name, from, to, after, line),
        }
    }

    /// `NAME=value`, without blanks around the `=`.
    fn assigned(&mut self, name: &str, from: usize, at: usize, line: &Line) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR);
        if let Some((open, close)) = line.string(from).filter(|(_, close)| *close >= at) {
            let most = if is_number_name(name) {
                NUMBER
            } else {
                LONGEST
            };
            let inside = within(&self.text[at..close], most);
            let all = || match self.text.as_bytes()[open] {
                b'"' => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
                _ => inside.to_owned(),
            };
            let is_whole =
                open + 1 == from && !is_command(tail(&self.text[line.start..open], NEAR));
            if is_whole && !inside.starts_with(['"', '\'', '\\']) {
                let all = all();
                let value = before_command_or_all(name, &all, lead);
                self.take(name, value, from, line.number);
                // What follows in the string may set more.
                return if value.len() < all.len() {
                    at + value.len()
                } else {
                    close
                };
            }
            let (value, length) = shell_word(inside, Quoting::Shell);
            let (value, length) = self.cut(name, value, length, at);
            self.take(name, &value, from, line.number);
            return at + length;
        }
        // An item of a YAML list is its value to the end, quotes and all.
        if lead.trim_start().starts_with("- ") && lead.trim_start()[2..].trim().is_empty() {
            let whole = self.text[at..line.code_end].trim_end();
            let value = before_command(name, whole);
            self.take(name, value, from, line.number);
            return at + value.len();
        }
        let most = if is_number_name(name) {
            NUMBER
        } else {
            LONGEST
        };
        let (value, length) = shell_word(within(&self.text[at..], most), Quoting::Shell);
        let (value, length) = self.cut(name, value, length, at);
        if value.is_empty()
            && self.text[at + length..line.end]
                .trim_start()
                .starts_with(|c: char| c.is_ascii_digit())
        {
            let text = "Not set: a shell takes no blank after the `=`.";
            self.found.hold(line.number, line.number);
            let value = self.text[at + length..line.end].trim();
            self.found.refuse(name, value, text);
            return line.end;
        }
        let rest = within(&self.text[(at + length).min(line.end)..line.end], 40);
        if value.is_empty() && rest.starts_with('<') && !rest.starts_with("</") {
            self.found.hold(line.number, line.number);
            self.found.elsewhere(name, "a template");
            return at + length;
        }
        let (value, length) = match unit_after(name, rest) {
            Some(unit) => (format!("{value} {unit}"), length + rest.len()),
            None => (value, length),
        };
        let last = line.number + self.lines_between(at, at + length);
        self.found.hold(line.number, last);
        if let Some(value) = self.known(name, &value, from) {
            self.found.set(name, &value, line.number, Place::Anywhere);
            if lead.trim() == "set" {
                let text = "A shell's `set` exports nothing: use `export`.";
                self.found.say(name, Tone::Surprise, text);
            }
        }
        at + length
    }

    /// A word without what belongs to a list that it stands in: `A=1,B=2`, `[A=1, B=2]`, `{A=1}`.
    fn cut(&self, name: &str, value: String, length: usize, at: usize) -> (String, usize) {
        let written = &self.text[at..at + length];
        let is_quoted = written.starts_with(['"', '\'']);
        let mut end = length;
        // What is in quotes belongs together.
        let mut comma = match is_quoted {
            true => quoted(written).map_or(0, |(_, length)| length),
            false => 0,
        };
        while let Some(next) = written.get(comma..).and_then(|rest| rest.find(',')) {
            comma += next + 1;
            let rest = &written[comma..];
            let capitals = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
            let letters = rest.bytes().take_while(|b| capitals(*b)).count();
            let named = letters > 0 && rest[letters..].starts_with('=');
            if named || is_number_name(name) || (is_quoted && rest.is_empty()) {
                end = comma - 1;
                break;
            }
        }
        let listed = &written[..end];
        if !listed.contains(['{', '[', '(']) {
            end = listed.trim_end_matches(['}', ']', ')', ',']).len();
        }
        if end == length {
            return (value, length);
        }
        (shell_word(&written[..end], Quoting::Shell).0, end)
    }

    /// `NAME = value`.
    fn spaced(&mut self, name: &str, at: usize, from: usize, line: &Line) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR).trim();
        if matches!(lead, "export" | "$ export") {
            let value = self.text[at..line.code_end].trim();
            self.found.hold(line.number, line.number);
            self.found
                .refuse(name, value, "A shell allows no blanks around the `=`.");
            return line.end;
        }
        self.literal(name, at, from, line)
    }

    /// `NAME: value`.
    fn mapped(&mut self, name: &str, at: usize, from: usize, line: &Line) -> usize {
        self.literal(name, at, from, line)
    }

    /// A value as programs and manifests write it, which begins after a sign.
    fn literal(&mut self, name: &str, at: usize, from: usize, line: &Line) -> usize {
        let Some(written) = self.written(name, at, line) else {
            return at;
        };
        let last = line.number + self.lines_between(at, written.end);
        self.found.hold(line.number, last);
        match written.value {
            Some(value) => {
                if let Some(value) = self.known(name, &value, from) {
                    self.found.set(name, &value, line.number, Place::Anywhere);
                }
            }
            None => self.found.elsewhere(name, "another place"),
        }
        written.end
    }

    fn written(&self, name: &str, at: usize, line: &Line) -> Option<Written> {
        let rest = &self.text[at..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let begin = at + blank;
        let rest = &self.text[begin..];
        let rest_of_line = within(rest, PLAIN);
        let rest_of_line = rest_of_line.lines().next().unwrap_or_default();
        let known = |value: String, end: usize| {
            Some(Written {
                value: Some(value),
                end,
            })
        };
        if let Some(escaped) = rest.strip_prefix("\\\"") {
            let end = within(escaped, LONGEST).find("\\\"")?;
            return known(escaped[..end].to_owned(), begin + end + 4);
        }
        match rest.as_bytes().first().copied().unwrap_or(b'\n') {
            b'"' | b'\'' => {
                let (value, length) = quoted(rest)?;
                known(value, begin + length)
            }
            b'`' => {
                let end = within(&rest[1..], LONGEST).find('`')?;
                known(rest[1..=end].to_owned(), begin + end + 2)
            }
            b'|' | b'>' => {
                let (value, length) = block(rest, &self.text[line.start..line.end])?;
                known(value, begin + length)
            }
            b'\n' | b'\r' | b'#' => Some(Written {
                value: None,
                end: begin,
            }),
            b'{' if !rest.starts_with("{{") => {
                let (value, length) = self.value_key(within(rest, NEAR), true)?;
                Some(Written {
                    value,
                    end: begin + length,
                })
            }
            b'*' => {
                let alias = rest_of_line[1..].split([' ', ',', '}']).next()?;
                let value = self.definitions.anchor(alias)?;
                known(shell_word(value, Quoting::Words).0, begin + alias.len() + 1)
            }
            b'&' => {
                let (_, value) = rest_of_line.split_once(' ')?;
                known(
                    shell_word(value, Quoting::Words).0,
                    begin + rest_of_line.len(),
                )
            }
            _ => plain(
                name,
                rest_of_line,
                tail(&self.text[line.start..at], NEAR).contains(['{', '(']),
            )
            .map(|(value, length)| Written {
                value,
                end: begin + length,
            }),
        }
    }

    /// Whether a command before a name only prints it.
    fn is_printed(&self, from: usize, line: &Line) -> bool {
        let lead = tail(&self.text[line.start..from], NEAR);
        let command = lead.rsplit(['&', ';', '|']).next().unwrap_or_default();
        let first = command.split_whitespace().next();
        matches!(first, Some("echo" | "printf"))
            && !within(&self.text[from..line.end], NEAR).contains(['>', '|'])
    }

    /// `| NAME | value |` in a table, where what stands there is a value.
    fn cell(&mut self, name: &str, at: usize, from: usize, line: &Line) -> usize {
        let rest = within(&self.text[at..line.end], NEAR);
        let cell = rest.split('|').nth(1).unwrap_or_default();
        let value = cell.trim_matches(['`', ' ', '\t']);
        let is_value = !value.is_empty()
            && match is_number_name(name) {
                true => value.bytes().all(|b| b.is_ascii_digit()),
                false => !value.contains(' ') && value.contains([':', '/', '=']),
            };
        if !is_value {
            return at;
        }
        self.take(name, value, from, line.number);
        at + rest.find(value).unwrap_or(0) + value.len()
    }

    /// `<key>NAME</key><string>value</string>`.
    fn tagged(&mut self, tag: &str, name: &str, to: usize, line: &Line) -> usize {
        let near = within(&self.text[to..], NEAR);
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let value = near.split_once(&open).and_then(|(before, rest)| {
            let (value, _) = rest.split_once(&close)?;
            // Another name's value is not this one's.
            (!before.contains("<name>") && !before.contains("<key>")).then_some(value)
        });
        let Some(value) = value else { return to };
        let end = to + near.find(&close).unwrap_or(0);
        self.found
            .hold(line.number, line.number + self.lines_between(to, end));
        self.take(name, value, to, line.number);
        end
    }

    /// A name without a sign after it: the value of a key, the first of two words, or a name alone.
    fn other(&mut self, name: &str, from: usize, to: usize, after: usize, line: &Line) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR).trim_end_matches(['"', '\'', '\\']);
        let trimmed = lead.trim_end();
        if is_name_key(trimmed) {
            return self.paired(name, from, after, line);
        }
        let last = trimmed.rsplit([' ', '\t', ';']).next().unwrap_or_default();
        let rest = within(&self.text[to..line.end], NEAR);
        let exports = |flag: &str| flag.starts_with('-') && flag.contains('x');
        let takes_pair = ["setenv", "passenger_env_var", "fastcgi_param"]
            .iter()
            .any(|word| last.eq_ignore_ascii_case(word));
        let is_pair = takes_pair
            || last.ends_with("Env.")
            || trimmed.contains("set-env ")
            || matches!(trimmed, "(gdb) set env" | "(gdb) set environment")
            || (exports(last) && trimmed.contains("set"));
        if is_pair && rest.starts_with([' ', '\t']) {
            let blank = rest.len() - rest.trim_start().len();
            let (value, length) = shell_word(
                within(&self.text[to + blank..line.end], LONGEST),
                Quoting::Shell,
            );
            self.take(name, &value, from, line.number);
            return to + blank + length;
        }
        let is_alone =
            rest.trim().is_empty() || matches!(rest.as_bytes()[0], b' ' | b';' | b'"' | b'\'');
        if !is_alone {
            return to;
        }
        let removes = ["config:unset ", "secrets unset ", "unset-environment "];
        if removes.iter().any(|command| lead.contains(command)) {
            self.found.hold(line.number, line.number);
            self.found.unset(name, "Removed by `unset`.");
            return to;
        }
        let place = match last {
            "unset" if !self.text[line.start..].starts_with([' ', '\t']) => {
                self.found.hold(line.number, line.number);
                self.found.unset(name, "Removed by `unset`.");
                return to;
            }
            "export" => "the shell",
            "-e" | "--env" => "the shell that runs the command",
            "-" if rest.trim().is_empty() => "the shell that starts it",
            _ => return to,
        };
        self.found.hold(line.number, line.number);
        if !self.found.has(name) {
            self.found.elsewhere(name, place);
        }
        to
    }
}

/// Whether a line up to a name ends in a key that holds a variable's name.
fn is_name_key(lead: &str) -> bool {
    let Some(before) = lead.strip_suffix([':', '=']) else {
        return false;
    };
    let key = before.trim_end().trim_end_matches(['"', '\'', '\\']);
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let key = key.rsplit(|c| !inside(c)).next().unwrap_or_default();
    let key = key.to_ascii_lowercase();
    NAME_KEYS.contains(&key.as_str())
}

/// Whether a call before an argument sets a variable.
fn is_set_by_call(lead: &str) -> bool {
    let call = lead
        .trim_end_matches(['"', '\'', ' ', '\\'])
        .to_ascii_lowercase();
    SETTERS.iter().any(|setter| call.ends_with(setter))
}

/// Whether a string that follows this is a command.
fn is_command(lead: &str) -> bool {
    let lead = lead.trim_end();
    let last = lead.rsplit([' ', '\t']).next().unwrap_or_default();
    let is_flag = last.starts_with('-') && !last.starts_with("--") && last.ends_with('c');
    is_flag
        || lead.ends_with(':')
        || (lead.ends_with('=') && !lead.ends_with("Environment=") && !lead.contains("env"))
}

/// A value in a string of its own: all of it, but for numbers, which a command may follow.
fn before_command_or_all<'v>(name: &str, value: &'v str, lead: &str) -> &'v str {
    let lead = lead.trim_end_matches(['"', '\'']).trim_end();
    let whole = ["-e", "--env", "=", "--setenv", "-E"]
        .iter()
        .any(|end| lead.ends_with(end));
    if whole {
        value
    } else {
        before_command(name, value)
    }
}
