//! What stands around a name: whether it is set there, and by which sign.
//!
//! `assigned` reads `NAME=value`, `written` a value after any other sign, `couple` a name and a value that only stand side
//! by side, `table` those in a table, `pairs` those that are values of keys, `unset` what takes a variable away.

use crate::line::Line;
use crate::near::{NEAR, tail, within};
use crate::scan::Scanner;
use crate::unset::removal;

/// How far before a name the command may be that takes it away.
const COMMAND: usize = 240;

/// Where a name ends with what belongs to it: quotes, brackets, marks.
struct Ended {
    /// After its quote and its bracket.
    after: usize,
    /// Whether it is in quotes or brackets of its own.
    is_quoted: bool,
}

impl Scanner<'_, '_> {
    /// Reads what stands around a name. Where that ends.
    pub(crate) fn around(&mut self, name: &str, from: usize, to: usize, line: &Line) -> usize {
        if line.prints || self.is_printed(from, line) {
            return to;
        }
        if line.may_edit && self.is_edited(from, line) {
            self.found.hold(line.number, line.number);
            self.found.edited(name);
            return line.end;
        }
        let lead = tail(&self.text[line.start..from], NEAR);
        let ended = self.ended(from, to, lead);
        if let Some(end) = self.taken_away(name, lead, ended.after, line) {
            return end;
        }
        self.sign(name, from, to, &ended, line)
            .or_else(|| self.cell(name, to, from, line))
            .or_else(|| self.marked_up(name, to, from, line))
            .or_else(|| self.columns(name, to, from, line))
            .or_else(|| self.next_item(name, to, from, line))
            .unwrap_or_else(|| self.other(name, from, to, ended.after, line))
    }

    /// A name in quotes or brackets of its own, perhaps in a string of another language.
    fn ended(&self, from: usize, to: usize, lead: &str) -> Ended {
        let bytes = self.text.as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let before = from.checked_sub(1).map_or(0, byte);
        let mut after = to;
        match before {
            b'"' | b'\'' if byte(to) == before => after = to + 1,
            b'"' if byte(to) == b'\\' && byte(to + 1) == b'"' => after = to + 2,
            b'[' if byte(to) == b']' && lead.ends_with("env[") => after = to + 1,
            b'{' if byte(to) == b'}' && lead.ends_with("ENV{") => after = to + 1,
            b'(' if byte(to) == b')' && lead.ends_with("env(") => after = to + 1,
            // Markdown's marks around a name alone: `NAME`: 2.
            b'`' | b'*' if byte(to) == before => {
                while byte(after) == before {
                    after += 1;
                }
                let is_quoted = false;
                return Ended { after, is_quoted };
            }
            _ => {}
        }
        let is_quoted = after > to;
        if is_quoted && matches!(byte(after), b']' | b'}') && byte(after - 1) != byte(after) {
            // Perl's and JavaScript's element of a map. A brace may also end a list.
            let is_element =
                byte(after) == b']' || lead.trim_end_matches(['"', '\'']).ends_with("ENV{");
            after += usize::from(is_element);
        }
        // A value of Rust's own type: `"NAME".into()`.
        if is_quoted && byte(after) == b'.' {
            let call = within(&self.text[after..], 16);
            let made = [".into()", ".to_string()", ".to_owned()"];
            let made = made.iter().find(|made| call.starts_with(**made));
            after += made.map_or(0, |made| made.len());
        }
        Ended { after, is_quoted }
    }

    /// Reads the value after a sign, if one follows. Where that ends.
    fn sign(
        &mut self,
        name: &str,
        from: usize,
        to: usize,
        ended: &Ended,
        line: &Line,
    ) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let (after, is_quoted) = (ended.after, ended.is_quoted);
        let mut sign = after;
        while matches!(byte(sign), b' ' | b'\t') {
            sign += 1;
        }
        let spaced = sign > after || is_quoted;
        let end = match (byte(sign), byte(sign + 1)) {
            (b'=', b'=' | b'~') | (b'!', b'=') | (b':', b':') => to,
            (b'=', b'>') | (b'-', b'>') if is_quoted || byte(sign) == b'=' => {
                self.literal(name, sign + 2, from, line, true)
            }
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
            (b':', next) if is_quoted || matches!(next, b' ' | b'\t' | b'\r' | b'\n' | 0) => {
                let is_code = is_quoted || self.is_in_code(from, line);
                self.literal(name, sign + 1, from, line, is_code)
            }
            (b',', _) if is_quoted => return self.argument(name, sign + 1, from, line),
            _ => return None,
        };
        Some(end)
    }

    /// Whether a name stands in a map of a program, where a word is a name of that program: in braces or with a comma
    /// after its value.
    fn is_in_code(&self, from: usize, line: &Line) -> bool {
        let lead = tail(&self.text[line.start..from], NEAR);
        let end = tail(&self.text[from..line.code_end.max(from)], NEAR).trim_end();
        lead.contains(['{', '(']) || end.ends_with([',', ';'])
    }

    /// Takes a name away where a command or a call before it does. Where that ends.
    fn taken_away(&mut self, name: &str, lead: &str, after: usize, line: &Line) -> Option<usize> {
        let rest = within(&self.text[after..line.end.max(after)], NEAR);
        let is_minus = lead.contains("set env") && rest.starts_with('-');
        let is_minus = is_minus && matches!(rest.as_bytes().get(1), None | Some(b' '));
        let why = match is_minus {
            true => Some("Removed by the `-` after its name."),
            false if line.may_remove => removal(tail(lead, COMMAND)),
            false => None,
        }?;
        let is_set = rest.starts_with(['=', ':']);
        // What a branch of a script takes away may still be there.
        let is_branch = why.contains("`unset`") && self.text[line.start..].starts_with([' ', '\t']);
        if is_set || is_branch {
            return is_branch.then_some(after);
        }
        self.found.hold(line.number, line.number);
        self.found.unset(name, why);
        Some(after)
    }

    /// Whether a command before a name only prints it.
    fn is_printed(&self, from: usize, line: &Line) -> bool {
        let lead = tail(&self.text[line.start..from], NEAR);
        let command = lead.rsplit(['&', ';', '|']).next().unwrap_or_default();
        let first = command.split_whitespace().next();
        matches!(first, Some("echo" | "printf"))
            && !within(&self.text[from..line.end], NEAR).contains(['>', '|'])
    }

    /// Whether a name is part of a command that edits a file: what it finds there is not in this text.
    fn is_edited(&self, from: usize, line: &Line) -> bool {
        let open = line.string(from).map_or(from, |(open, _)| open);
        let lead = tail(&self.text[line.start..open], NEAR);
        let command = lead.rsplit(['&', ';', '|', '(']).next().unwrap_or_default();
        let words: Vec<&str> = command.split_whitespace().take(6).collect();
        let is_editor = |word: &&str| matches!(*word, "sed" | "gsed" | "awk" | "gawk" | "ed");
        let replaces = |word: &&str| word.starts_with('-') && word.contains(['p', 'i']);
        words.iter().any(is_editor) || (words.contains(&"perl") && words.iter().any(replaces))
    }

    /// A name without a sign after it: the value of a key, the first of two words, or a name alone.
    fn other(&mut self, name: &str, from: usize, to: usize, after: usize, line: &Line) -> usize {
        let lead = tail(&self.text[line.start..from], NEAR);
        let bare = lead.trim_end_matches(['"', '\'', '\\']).trim_end();
        if crate::pairs::is_name_key(bare) {
            return self.paired(name, from, after, line);
        }
        if let Some(end) = self.two_words(name, bare, after, from, line) {
            return end;
        }
        self.alone(name, bare, to, line);
        to
    }

    /// A name alone, whose value comes from where it is passed on.
    fn alone(&mut self, name: &str, lead: &str, to: usize, line: &Line) {
        let rest = within(&self.text[to..line.end.max(to)], NEAR);
        let first = rest.as_bytes().first().copied().unwrap_or(b' ');
        let is_alone = rest.trim().is_empty() || matches!(first, b' ' | b';' | b'"' | b'\'');
        let last = lead.rsplit([' ', '\t', ';']).next().unwrap_or_default();
        let place = match last {
            "export" => "the shell",
            "-e" | "--env" => "the shell that runs the command",
            "-" if rest.trim().is_empty() => "the shell that starts it",
            _ => return,
        };
        if is_alone {
            self.found.hold(line.number, line.number);
            if !self.found.has(name) {
                self.found.elsewhere(name, place);
            }
        }
    }
}
