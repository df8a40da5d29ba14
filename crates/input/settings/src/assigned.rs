//! `NAME=value` without blanks around the sign, as shells and most lists of variables have it.

use crate::collected::Place;
use crate::line::Line;
use crate::near::{LONGEST, NEAR, tail, within};
use crate::scan::Scanner;
use crate::values::{
    Quoting, before_command, before_wide, is_number_name, is_unclosed, quoted, shell_word,
    unit_after, without_stop,
};
use highwater_allocator::Tone;

/// The longest number.
const NUMBER: usize = 128;

impl Scanner<'_, '_> {
    /// Reads the value after the sign. Where it ends.
    pub(crate) fn assigned(&mut self, name: &str, from: usize, at: usize, line: &Line) -> usize {
        if let Some(end) = self.delimited(name, from, at, line) {
            return end;
        }
        if let Some((open, close)) = line.string(from).filter(|(_, close)| *close >= at) {
            return self.in_string(name, from, at, (open, close), line);
        }
        let before = from.checked_sub(1).and_then(|quote| self.text.get(quote..));
        if is_unclosed(&self.text[at..]) || before.is_some_and(is_unclosed) {
            self.found.hold(line.number, line.number);
            self.found.unclosed(name);
            return line.end;
        }
        let lead = tail(&self.text[line.start..from], NEAR);
        // An item of a YAML list is its value to the end, quotes and all.
        if lead.trim_start().starts_with("- ") && lead.trim_start()[2..].trim().is_empty() {
            let whole = self.text[at..line.code_end.max(at)].trim_end();
            let value = before_command(name, whole).to_owned();
            self.take(name, &value, from, line.number);
            return at + value.len();
        }
        self.word(name, from, at, line)
    }

    /// A value in a list whose words a delimiter parts that the list itself names, as gcloud has it: `^@^A=1@B=2`.
    fn delimited(&mut self, name: &str, from: usize, at: usize, line: &Line) -> Option<usize> {
        let lead = tail(&self.text[line.start..from], NEAR);
        let word = lead
            .rsplit([' ', '\t', '"', '\''])
            .next()
            .unwrap_or_default();
        let list = &word[word.find('^')? + 1..];
        let (delimiter, _) = list.split_once('^')?;
        let signs = |c: char| !c.is_alphanumeric() && c != '^';
        if delimiter.is_empty() || delimiter.len() > 4 || !delimiter.chars().all(signs) {
            return None;
        }
        let rest = within(&self.text[at..line.end], LONGEST);
        let ends = rest.find([' ', '\t', '"', '\'']).unwrap_or(rest.len());
        let end = rest[..ends].find(delimiter).unwrap_or(ends);
        let value = rest[..end].to_owned();
        self.take(name, &value, from, line.number);
        Some(at + end)
    }

    /// A value in a string that began before its name.
    fn in_string(
        &mut self,
        name: &str,
        from: usize,
        at: usize,
        (open, close): (usize, usize),
        line: &Line,
    ) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR);
        // A shell's way to write the quote itself: the word goes on after it.
        if open + 1 == from && self.text[close..].starts_with("'\\''") {
            let (word, length) =
                shell_word(within(&self.text[open..], longest(name)), Quoting::Shell);
            if let Some((_, value)) = word.split_once('=') {
                self.take(name, value, from, line.number);
                return open + length;
            }
        }
        let inside = within(&self.text[at..close], longest(name));
        let is_whole = open + 1 == from && !is_command(tail(&self.text[line.start..open], NEAR));
        if is_whole && !inside.starts_with(['"', '\'', '\\']) {
            let all = match self.text.as_bytes()[open] {
                b'"' => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
                _ => inside.to_owned(),
            };
            let value = before_command_or_all(name, &all, lead).to_owned();
            self.take(name, &value, from, line.number);
            // What follows in the string may set more.
            return match value.len() < all.len() {
                true => at + value.len(),
                false => close,
            };
        }
        let (value, length) = shell_word(inside, Quoting::Shell);
        let (value, length) = self.cut(name, value, length, at);
        let value = without_marks(name, lead, value);
        self.take(name, &value, from, line.number);
        at + length
    }

    /// A value that is a word of a shell.
    fn word(&mut self, name: &str, from: usize, at: usize, line: &Line) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR);
        let (value, length) = shell_word(within(&self.text[at..], longest(name)), Quoting::Shell);
        let (value, length) = self.cut(name, value, length, at);
        let is_quoted = self.text[at..].starts_with(['"', '\'']);
        let value = match is_quoted {
            true => value,
            false => without_marks(name, lead, value),
        };
        let after = (at + length).min(line.end);
        let rest = &self.text[after..line.end];
        // Where a line begins with the assignment, words that follow a full stop make it a sentence.
        let value = match !is_quoted && is_sentence(rest) {
            true => without_stop(&value).to_owned(),
            false => value,
        };
        if value.is_empty()
            && !is_quoted
            && let Some(end) = self.nothing(name, rest, lead, after, line)
        {
            return end;
        }
        let (value, length) = match unit_after(name, within(rest, 40)) {
            Some(unit) if rest.len() <= 40 && !is_quoted => {
                (format!("{value} {unit}"), length + rest.len())
            }
            _ => (value, length),
        };
        let last = line.number + self.lines_between(at, at + length);
        self.found.hold(line.number, last);
        if let Some(value) = self.known(name, &value, from) {
            self.found.set(name, &value, line.number, Place::Anywhere);
            if lead.trim() == "set" {
                let text = "A POSIX shell's `set` exports nothing: use `export`. In a batch file of Windows it is right.";
                self.found.say(name, Tone::Surprise, text);
            }
        }
        at + length
    }

    /// No value right after the sign, where that is not an empty value. Where it ends.
    fn nothing(
        &mut self,
        name: &str,
        rest: &str,
        lead: &str,
        after: usize,
        line: &Line,
    ) -> Option<usize> {
        let value = rest.trim();
        if value.starts_with(|c: char| c.is_ascii_digit()) {
            let text = "Not set: a shell takes no blank after the `=`.";
            self.found.hold(line.number, line.number);
            self.found.refuse(name, value, text);
            return Some(line.end);
        }
        if rest.starts_with('<') && !rest.starts_with("</") {
            self.found.hold(line.number, line.number);
            self.found.placeholder(name);
            return Some(after);
        }
        if value.is_empty() && lead.trim().eq_ignore_ascii_case("set") {
            self.found.hold(line.number, line.number);
            self.found.unset(name, "Removed by `set` without a value.");
            return Some(after);
        }
        None
    }

    /// A word without what belongs to a list that it stands in: `A=1,B=2`, `[A=1, B=2]`, `{A=1}`.
    fn cut(&self, name: &str, value: String, length: usize, at: usize) -> (String, usize) {
        let written = &self.text[at..at + length];
        let is_quoted = written.starts_with(['"', '\'']);
        let mut end = length;
        // What is in quotes belongs together.
        let quotes = if is_quoted { in_quotes(written) } else { 0 };
        let mut comma = quotes;
        while let Some(next) = written.get(comma..).and_then(|rest| rest.find(',')) {
            comma += next + 1;
            let rest = &written[comma..];
            // `--set env[0].name=A,env[0].value=2` goes on with a key in small letters.
            let inside = |b: u8| b.is_ascii_alphanumeric() || b"_.[]".contains(&b);
            let letters = rest.bytes().take_while(|b| inside(*b)).count();
            let named = letters > 0 && rest[letters..].starts_with('=');
            let ends_quotes = is_quoted && comma == quotes + 1;
            if named || is_number_name(name) || ends_quotes {
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
}

/// How long the quoted parts are that a word begins with, and the quotes between them that a backslash escapes.
fn in_quotes(word: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &word[at..];
        at += match quoted(rest) {
            Some((_, length)) if rest.starts_with(['"', '\'']) => length,
            _ if rest.starts_with("\\'") || rest.starts_with("\\\"") => 2,
            _ => return at,
        };
    }
}

fn longest(name: &str) -> usize {
    match is_number_name(name) {
        true => NUMBER,
        false => LONGEST,
    }
}

/// A value in a sentence without the sentence's own signs.
fn without_marks(name: &str, lead: &str, value: String) -> String {
    let wide = before_wide(&value).len();
    let mut end = wide;
    if !lead.trim().is_empty() {
        end = value[..end]
            .trim_end_matches(['.', '*', '`', '!', '?'])
            .len();
        if is_number_name(name) && value.starts_with(|c: char| c.is_ascii_digit()) {
            let bare = value[..end].trim_end_matches([':', '*', '`', '.', '"']);
            end = bare.len();
        }
        // A path may end in dots of its own.
        if value[..end].ends_with('/') || end == 0 {
            end = wide;
        }
    }
    value[..end].to_owned()
}

/// Whether what follows a word is a sentence, by the capital that it begins with.
fn is_sentence(rest: &str) -> bool {
    let mut letters = rest.trim_start().chars();
    rest.starts_with(' ')
        && letters.next().is_some_and(char::is_uppercase)
        && letters
            .next()
            .is_none_or(|second| second.is_lowercase() || second == ' ')
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
    match whole {
        true => value,
        false => before_command(name, value),
    }
}
