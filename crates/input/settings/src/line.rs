//! One line of a text: its comments, its strings, and what kinds of command may be in it.

use crate::near::{NEAR, within};

/// Parts of a line that edits files, and of one that takes variables away: all others need no closer look.
const EDITORS: [&str; 4] = ["sed", "awk", "perl", "ed "];
const REMOVERS: [&str; 13] = [
    "unset",
    "Unset",
    "UNSET",
    "emove",
    "lear-",
    "elete",
    "DELETE",
    ".pop(",
    "del ",
    " -u",
    "set -",
    "rm ",
    "setting-names",
];

/// A line, and what of it is to be looked at.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Where a comment begins, or the end.
    pub(crate) code_end: usize,
    /// Comments within it: where each begins and ends.
    pub(crate) comments: Vec<(usize, usize)>,
    /// Strings in quotes: where each begins and ends.
    pub(crate) strings: Vec<(usize, usize)>,
    /// Whether it prints what it says, to nowhere that counts.
    pub(crate) prints: bool,
    /// Whether a command that edits files may be in it, or one that takes variables away.
    pub(crate) may_edit: bool,
    pub(crate) may_remove: bool,
}

impl Line {
    pub(crate) fn of(text: &str, start: usize, end: usize, number: usize) -> Self {
        let bytes = &text.as_bytes()[..end];
        let mut strings = Vec::new();
        let mut code_end = end;
        let blanks = text[start..end].len() - text[start..end].trim_start().len();
        let first = start + blanks;
        let mut comments = Vec::new();
        let mut is_unclosed = false;
        let mut never = [false; 256];
        let mut at = start;
        while at < end {
            let byte = bytes[at];
            let after_blank = at == start || matches!(bytes[at - 1], b' ' | b'\t');
            match byte {
                b'\\' => at += 1,
                b'"' | b'\'' if !never[usize::from(byte)] => match string_end(bytes, at) {
                    Some(close) => {
                        strings.push((at, close));
                        at = close;
                    }
                    None => never[usize::from(byte)] = true,
                },
                // Lines that are comments as a whole do not come here.
                b'#' if after_blank && at > first && !matches!(bytes.get(at + 1), Some(b'[')) => {
                    code_end = at;
                    break;
                }
                b'/' if after_blank && bytes.get(at + 1) == Some(&b'/') => {
                    code_end = at;
                    break;
                }
                b'/' if after_blank && bytes.get(at + 1) == Some(&b'*') && !is_unclosed => {
                    let close = text[at..end].find("*/");
                    is_unclosed = close.is_none();
                    let close = close.map_or(end, |close| at + close + 1);
                    comments.push((at, close));
                    at = close;
                }
                _ => {}
            }
            at += 1;
        }
        let line = &text[start..end];
        let prints = is_printing(line);
        Self {
            number,
            start,
            end,
            code_end,
            comments,
            strings,
            prints,
            may_edit: EDITORS.iter().any(|editor| line.contains(editor)),
            may_remove: REMOVERS.iter().any(|part| line.contains(part)),
        }
    }

    /// Whether a position is in a comment within the line.
    pub(crate) fn is_comment(&self, at: usize) -> bool {
        let after = self.comments.partition_point(|(open, _)| *open <= at);
        let before = after
            .checked_sub(1)
            .and_then(|before| self.comments.get(before));
        before.is_some_and(|(_, close)| at < *close)
    }

    /// The innermost string that a position is in.
    pub(crate) fn string(&self, at: usize) -> Option<(usize, usize)> {
        let after = self.strings.partition_point(|(open, _)| *open < at);
        let found = self.strings.get(after.checked_sub(1)?)?;
        (at < found.1).then_some(*found)
    }
}

/// Where the string ends that begins here, in its line.
fn string_end(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = bytes[open];
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether a line prints what it says, to nowhere that counts.
fn is_printing(line: &str) -> bool {
    const CALLS: [&str; 22] = [
        "print(",
        "print!(",
        "println!(",
        "eprintln!(",
        "printf(",
        "fprintf(",
        "panic!(",
        "die(",
        "warn(",
        "console.log(",
        "console.error(",
        "console.warn(",
        "console.info(",
        "fmt.print",
        "logging.",
        "logger.",
        "log.",
        "system.out.print",
        "assert",
        "raise ",
        "throw ",
        "write-",
    ];
    let start = within(line.trim_start(), NEAR);
    let first = start.split([' ', '\t']).next().unwrap_or_default();
    let is_command = matches!(
        first,
        "echo" | "printf" | "print" | "log" | "logger" | "grep" | "puts"
    );
    let lower = within(start, 24).to_ascii_lowercase();
    CALLS.iter().any(|call| lower.starts_with(call)) || (is_command && !line.contains(['>', '|']))
}
