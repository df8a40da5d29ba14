//! Settings in any text, whatever it is: the names that count are looked for, and what stands around each says whether it
//! is set there, and to what.
//!
//! Looking for names instead of reading a language is what makes a whole Dockerfile, half a manifest and a page of a wiki
//! the same to it, and keeps every other key out. Two kinds of lines are read by their own rules, since what they set
//! hangs on the line as a whole: a Dockerfile's `ENV` and a unit's `Environment=` (`lines`). `around` reads what follows a
//! name, `conf` finds jemalloc's other sources.

use crate::collected::{Collected, says_enough};
use crate::comments::{self, Whole, is_fence, is_heading, is_ruler};
use crate::expand::Definitions;
use crate::instruction::Instruction;
use crate::line::Line;
use crate::near::{NEAR, within};
use crate::shape::{holds_open_part, is_placeholder};
use crate::values::without_stop;
use crate::{names, options};
use highwater_allocator::Tone;

/// What Singularity and Apptainer put before the name of a variable that is meant for the container.
const CONTAINERS: [&str; 2] = ["SINGULARITYENV_", "APPTAINERENV_"];

/// A text on its way.
pub(crate) struct Scanner<'a, 'c> {
    pub(crate) text: &'a str,
    /// Where the text begins in the one that was pasted, in lines.
    pub(crate) first_line: usize,
    pub(crate) definitions: &'c Definitions<'a>,
    pub(crate) found: &'c mut Collected,
    /// Names of a Dockerfile's stages.
    pub(crate) stage_names: Vec<&'a str>,
    /// The step of an image's build that this is in.
    pub(crate) step: Step<'a>,
    /// All before this has been read.
    pub(crate) done: usize,
    /// The head of the table that this is in.
    pub(crate) table: Option<&'a str>,
    /// The line before.
    pub(crate) previous: &'a str,
    pub(crate) is_markdown: bool,
    /// Whether this is a part of Markdown that is shown as it is.
    pub(crate) is_fenced: bool,
}

/// A step of an image's build.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    None,
    /// It ends with its line.
    Line,
    /// It ends with this word, and perhaps writes all before that to a file.
    Until(&'a str, bool),
}

impl<'a> Scanner<'a, '_> {
    /// Reads the whole text.
    pub(crate) fn read(&mut self) {
        let text = self.text;
        let (mut start, mut number) = (0, self.first_line);
        // What ends the comment of several lines that has begun.
        let mut comment = None;
        for whole in text.split_inclusive('\n') {
            let (line, from) = (whole.trim_end_matches(['\n', '\r']), start);
            start += whole.len();
            number += 1;
            let trimmed = line.trim_start();
            if let Some(end) = comment {
                if line.contains(end) {
                    comment = None;
                }
                continue;
            }
            if start <= self.done {
                continue;
            }
            self.table_row(line);
            self.is_fenced ^= is_fence(trimmed);
            let is_head = self.is_markdown && !self.is_fenced && is_heading(line);
            match comments::whole(trimmed) {
                Whole::Until(end) => {
                    comment = Some(end);
                    continue;
                }
                Whole::Comment if !is_head => continue,
                _ => {}
            }
            if self.found.has_stages() {
                self.build_step(line);
            }
            match Instruction::of(line).or_else(|| self.small_instruction(line)) {
                Some(instruction) => self.instruction(instruction, from, number - 1),
                None => self.line(from, from + line.len(), number - 1),
            }
        }
        self.found.builds = false;
    }

    /// Notes the head of a table, and where one ends.
    fn table_row(&mut self, line: &'a str) {
        let has_cells = line.contains('|');
        if is_ruler(line) {
            if has_cells || line.trim_start().starts_with('+') {
                let head = self.previous;
                self.table = self.table.or_else(|| head.contains('|').then_some(head));
            }
            return;
        }
        if !has_cells {
            self.table = None;
        }
        self.previous = within(line, NEAR);
    }

    /// Notes whether a Dockerfile's line belongs to a step of the build: what that sets is gone with it, unless it is
    /// written to a file.
    fn build_step(&mut self, line: &'a str) {
        let trimmed = line.trim();
        let begins = trimmed.starts_with("RUN ") || trimmed.starts_with("run ");
        if begins && matches!(self.step, Step::None) {
            self.step = match line.split_once("<<") {
                Some((_, rest)) => {
                    let word = rest.trim_start_matches('-').split([' ', '>']).next();
                    let end = word.unwrap_or_default().trim_matches(['"', '\'']);
                    Step::Until(end, is_writing(line))
                }
                None => Step::Line,
            };
        }
        self.found.builds = match self.step {
            Step::None => false,
            Step::Line => !is_writing(line),
            Step::Until(_, writes) => !writes && !is_writing(line),
        };
        let is_last = match self.step {
            Step::None => false,
            Step::Line => !trimmed.ends_with('\\'),
            Step::Until(end, _) => trimmed == end,
        };
        if is_last {
            self.step = Step::None;
        }
    }

    /// Reads a line by the names in it.
    fn line(&mut self, start: usize, end: usize, number: usize) {
        let bytes = self.text.as_bytes();
        if self.text[start..end].contains("--env-file") {
            let text = "Settings in that file are not known here. Paste its lines as well.";
            self.found.say("--env-file", Tone::NoEffect, text);
        }
        let mut line = None;
        let mut at = start.max(self.done);
        while at < end {
            if !is_name_byte(bytes[at]) {
                at += 1;
                continue;
            }
            let from = at;
            while at < end && is_name_byte(bytes[at]) {
                at += 1;
            }
            let Some((from, name)) = self.name(from, at) else {
                continue;
            };
            let line = line.get_or_insert_with(|| Line::of(self.text, start, end, number));
            if from >= line.code_end || line.is_comment(from) || self.is_within_reference(from) {
                continue;
            }
            let is_file = from > start && bytes[from - 1] == b'/';
            let after = match name {
                name if is_file => self.env_file(name, from, at, line).unwrap_or(at),
                "mallopt" => self.mallopt(at, number),
                name if name.ends_with("malloc_conf") => self.linked_conf(name, at, number),
                name => self.around(name, from, at, line),
            };
            at = at.max(after.min(self.text.len()));
            self.done = self.done.max(at);
        }
        if line.is_none() && self.done <= start {
            self.bare_conf(start, end, number);
        }
    }

    /// The name that counts in a run of letters, and where it begins.
    fn name(&self, from: usize, to: usize) -> Option<(usize, &'a str)> {
        let text = self.text;
        let word = text.get(from..to)?;
        let before = from.checked_sub(1).map_or(0, |at| text.as_bytes()[at]);
        if let (b'-', Some(rest)) = (before, word.strip_prefix(['e', 'E'])) {
            // An option and its name in one.
            return names::is_setting(rest).then_some((from + 1, rest));
        }
        if word == "glibc" {
            let rest = text.get(to..)?;
            let option = rest.strip_prefix(".malloc.")?;
            let length = option.bytes().take_while(|b| is_name_byte(*b)).count();
            let whole = text.get(from..to + ".malloc.".len() + length)?;
            let alone = matches!(before, 0 | b'\n' | b' ' | b'"' | b'\'');
            return alone.then_some((from, whole));
        }
        let contained = CONTAINERS.iter().find_map(|start| word.strip_prefix(start));
        if let Some(rest) = contained {
            let from = from + word.len() - rest.len();
            return names::is_setting(rest).then_some((from, rest));
        }
        if before == b'/' {
            return names::is_setting(word).then_some((from, word));
        }
        if matches!(before, b'-' | b'%') {
            return None;
        }
        let counts = word == "mallopt" || word.ends_with("malloc_conf") || names::is_setting(word);
        counts.then_some((from, word))
    }

    /// Whether a name is only referred to: `$NAME`, `${NAME}`.
    fn is_within_reference(&self, from: usize) -> bool {
        let before = &self.text.as_bytes()[..from];
        match before {
            [.., b'$'] => true,
            [rest @ .., b'$', b'{'] => !assigns_default(rest, &self.text[from..]),
            _ => before.ends_with(b"#{"),
        }
    }

    /// Takes a value as it is written; where it refers to what is not in the text it is left out, and that is said.
    pub(crate) fn take(&mut self, name: &str, value: &str, at: usize, line: usize) {
        self.found.hold(line, line);
        let place = crate::collected::Place::Anywhere;
        if let Some(value) = self.known(name, value, at) {
            self.found.set(name, &value, line, place);
        }
    }

    /// A value with everything put in that it refers to.
    pub(crate) fn known(&mut self, name: &str, value: &str, at: usize) -> Option<String> {
        if is_placeholder(name, value) {
            self.found.placeholder(name);
            return None;
        }
        let own = value.trim().strip_prefix('$').unwrap_or_default();
        let own = own.trim_start_matches('{').trim_end_matches('}');
        if own == name && self.definitions.value(name, at).is_none() {
            // A value that is handed on as it was.
            self.found.elsewhere(name, "the environment before");
            return None;
        }
        let expanded = self.definitions.expand(name, value, at);
        match expanded.open {
            None if holds_open_part(&expanded.text) && says_enough(name, &expanded.text) => {
                let text = "A part of its path is only known when the program starts.";
                self.found.say(name, Tone::Surprise, text);
                Some(expanded.text)
            }
            None => Some(expanded.text),
            Some(_) if says_enough(name, &expanded.text) => {
                let text = "A part of its path is only known when the program starts.";
                self.found.say(name, Tone::Surprise, text);
                Some(expanded.text)
            }
            Some(place) => {
                self.found.elsewhere(name, place);
                None
            }
        }
    }

    /// The line, counted from the text's first, in which a position is.
    pub(crate) fn lines_between(&self, from: usize, to: usize) -> usize {
        let between = self.text.as_bytes().get(from..to.max(from));
        between
            .unwrap_or_default()
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    }

    fn bare_conf(&mut self, start: usize, end: usize, number: usize) {
        let line = &self.text[start..end];
        if let Some(value) = options::bare(line) {
            self.found.hold(number, number);
            let place = crate::collected::Place::Anywhere;
            self.found
                .set("MALLOC_CONF", without_stop(value), number, place);
            let text = "Read as MALLOC_CONF: jemalloc takes the same options from the link /etc/malloc.conf.";
            self.found.say("MALLOC_CONF", Tone::Applied, text);
        }
    }
}

/// Whether a command writes to a file.
fn is_writing(line: &str) -> bool {
    [">", "tee ", "sed ", "ln -"]
        .iter()
        .any(|sign| line.contains(sign))
}

/// Whether `${NAME:=x}` is there to set NAME: only `:` before it does nothing else with the value.
fn assigns_default(before: &[u8], from: &str) -> bool {
    let name = from.bytes().take_while(|b| is_name_byte(*b)).count();
    let rest = from[name..].trim_start_matches(':');
    let near = &before[before.len().saturating_sub(80)..];
    let line = near.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let line = line
        .trim_ascii_end()
        .strip_suffix(b"\"")
        .unwrap_or(line.trim_ascii_end());
    let command = line.trim_ascii_end().rsplit(|b| b" \t;".contains(b)).next();
    rest.starts_with('=') && matches!(command, Some(b":" | b"true"))
}

pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
