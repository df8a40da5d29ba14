//! A name and a value that only stand side by side: arguments of a call, items of a pair, two words of a command, a file
//! named for a variable.

use crate::line::Line;
use crate::near::{LONGEST, NEAR, tail, within};
use crate::scan::Scanner;
use crate::shape::is_value;
use crate::values::{Quoting, is_unclosed, quoted, shell_word};

/// Calls that set the variable that is their first argument.
const SETTERS: [&str; 6] = [
    ".put(",
    "setdefault(",
    "set_var(",
    ".env(",
    "setproperty(",
    ".environment(",
];

/// Parts of the names of calls that do so.
const SETS: [&str; 9] = [
    "setenv",
    "putenv",
    "put_env",
    "addenv",
    "withenv",
    "with_env",
    "environment",
    "insert",
    "env.set",
];

/// Commands whose two words are a name and a value.
const COMMANDS: [&str; 6] = [
    "setenv",
    "setx",
    "passenger_env_var",
    "fastcgi_param",
    "FcgidInitialEnv",
    "proxy_set_env",
];

/// Whether a text is a script of execline, as s6 runs them, whose `export` takes two words.
fn is_execline(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#!") && first.contains("execlineb")
}

impl Scanner<'_, '_> {
    /// `("NAME", "value")`: arguments of a call that sets, or a pair. Where that ends.
    pub(crate) fn argument(
        &mut self,
        name: &str,
        at: usize,
        from: usize,
        line: &Line,
    ) -> Option<usize> {
        let lead = tail(&self.text[line.start..from], NEAR);
        let lead = lead
            .trim_end_matches(['"', '\'', ' ', '\\'])
            .to_ascii_lowercase();
        let call = lead.strip_suffix('(').map(|lead| {
            let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '>');
            lead.rsplit(|c| !inside(c)).next().unwrap_or_default()
        });
        let sets = SETTERS.iter().any(|setter| lead.ends_with(setter))
            || call.is_some_and(|call| {
                SETS.iter().any(|part| call.contains(part)) && !call.contains("get")
            });
        if sets {
            return Some(self.literal(name, at, from, line, true));
        }
        // Any other call may only ask for it.
        if call.is_some_and(|call| !call.is_empty()) {
            return None;
        }
        self.pair(name, at, from, line)
    }

    /// The second of two items: in quotes or a number, and the last. Where that ends.
    fn pair(&mut self, name: &str, at: usize, from: usize, line: &Line) -> Option<usize> {
        let rest = within(&self.text[at..], NEAR);
        let begin = rest.len() - rest.trim_start().len();
        let rest = &rest[begin..];
        let (value, length) = match rest.starts_with(['"', '\'']) {
            true => quoted(rest)?,
            false => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                (rest[..digits].to_owned(), digits)
            }
        };
        let after = rest[length..].trim_start_matches([' ', '\t']);
        let is_last = after.is_empty() || after.starts_with([')', '}', ']', '\n', '\r', ';', '.']);
        if !is_last || !is_value(name, &value) {
            return None;
        }
        let end = at + begin + length;
        let last = line.number + self.lines_between(at, end);
        self.found.hold(line.number, last);
        self.take(name, &value, from, line.number);
        Some(end)
    }

    /// `setenv NAME value`, `set -x NAME value`, `"NAME" "value"`, `"NAME" to "value"`. Where that ends.
    pub(crate) fn two_words(
        &mut self,
        name: &str,
        lead: &str,
        to: usize,
        from: usize,
        line: &Line,
    ) -> Option<usize> {
        let rest = within(&self.text[to.min(line.end)..line.end], LONGEST);
        if !rest.starts_with([' ', '\t']) {
            return None;
        }
        let blank = rest.len() - rest.trim_start().len();
        let word = &rest[blank..];
        let last = lead
            .rsplit([' ', '\t', ';', '('])
            .next()
            .unwrap_or_default();
        let exports = last.starts_with("--export") || (last.starts_with('-') && last.contains('x'));
        let is_command = COMMANDS.iter().any(|word| last.eq_ignore_ascii_case(word))
            || last.ends_with("Env.")
            || lead.contains("set-env ")
            || matches!(lead, "(gdb) set env" | "(gdb) set environment")
            || (exports && lead.contains("set"))
            || (last == "export" && is_execline(self.text));
        let is_element = lead.ends_with("ENV{") || lead.ends_with("env(");
        if (is_command || is_element) && is_unclosed(word) {
            self.found.unclosed(name);
            return Some(line.end);
        }
        if is_command || is_element {
            let (value, length) = shell_word(word, Quoting::Shell);
            let value = value.trim_end_matches(')');
            self.take(name, value, from, line.number);
            return Some(to + blank + length);
        }
        let is_quoted = matches!(self.text.as_bytes()[to - 1], b'"' | b'\'');
        let second = word.strip_prefix("to ").unwrap_or(word);
        let (value, length) =
            quoted(second).filter(|_| is_quoted && second.starts_with(['"', '\'']))?;
        if !is_value(name, &value) {
            return None;
        }
        self.take(name, &value, from, line.number);
        Some(to + blank + (word.len() - second.len()) + length)
    }

    /// A file named for a variable, as runit, s6 and daemontools have them: `echo 2 > env/NAME`, and what `head` and
    /// `tail` print of several files. Where that ends.
    pub(crate) fn env_file(
        &mut self,
        name: &str,
        from: usize,
        to: usize,
        line: &Line,
    ) -> Option<usize> {
        let lead = tail(&self.text[line.start..from], NEAR);
        let rest = within(&self.text[to..line.end], NEAR).trim();
        if lead.trim_start().starts_with("==> ") && rest == "<==" {
            let next = self.text.get(line.end + 1..)?.lines().next()?;
            let value = next.trim();
            self.take(name, value, from, line.number);
            self.found.hold(line.number + 1, line.number + 1);
            return Some((line.end + 1 + next.len()).min(self.text.len()));
        }
        if !rest.is_empty() && !rest.starts_with(['"', '\'', ';', '&']) {
            return None;
        }
        let (command, _) = lead.rsplit_once('>')?;
        let command = command.rsplit(['&', ';', '|']).next()?;
        let words = command
            .split_once("echo ")
            .or_else(|| command.split_once("printf "));
        let mut words = words?.1.trim();
        while let Some(flag) = words
            .strip_prefix('-')
            .filter(|rest| rest.starts_with(['n', 'e', 'E']))
        {
            words = flag
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .trim_start();
        }
        let words = words
            .strip_prefix("'%s' ")
            .or_else(|| words.strip_prefix("%s "))
            .unwrap_or(words);
        let (value, _) = shell_word(words, Quoting::Shell);
        let value = value.trim_end_matches("\\n");
        if !is_value(name, value) {
            return None;
        }
        self.take(name, value, from, line.number);
        Some(to)
    }
}
