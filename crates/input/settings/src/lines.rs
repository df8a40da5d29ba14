//! Lines that are read by their own rules: a Dockerfile's `FROM` and `ENV`, and what a unit of systemd says of its
//! environment.

use crate::collected::{Place, says_enough};
use crate::instruction::Instruction;
use crate::names::is_setting;
use crate::near::within;
use crate::scan::Scanner;
use crate::values::{Quoting, is_unclosed, shell_word};
use highwater_allocator::{Tone, repeated};

/// Stages beyond this many of a Dockerfile are not looked up by name.
const MOST_STAGES: usize = 100;

/// Returns a unit's value with each `%%` as `%`, and whether a specifier, such as `%i`, stands in it, for which systemd puts something in
/// when it starts the unit.
fn without_specifiers(value: &str) -> (String, bool) {
    let mut parts = value.split("%%");
    let begins = |after: &str| after.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_open = parts.any(|part| part.split('%').skip(1).any(begins));
    (value.replace("%%", "%"), is_open)
}

/// A word of a line, and where it begins and ends.
struct Word {
    text: String,
    at: usize,
    end: usize,
}

impl<'a> Scanner<'a, '_> {
    /// Reads the line that begins here, with those that continue it.
    pub(crate) fn instruction(&mut self, instruction: Instruction, start: usize, number: usize) {
        let end = self.logical_end(start, instruction == Instruction::Env);
        let line = &self.text[start..end];
        self.done = end;
        match instruction {
            Instruction::From => self.docker_from(line),
            Instruction::Arg => {
                let words = line.split_whitespace().skip(1);
                for word in words.map(|word| word.split('=').next().unwrap_or_default()) {
                    if is_setting(word) {
                        self.found.hold(number, number);
                        self.found.build_only(word);
                    }
                }
            }
            Instruction::Env => self.docker_env(start, end, number),
            Instruction::Environment => self.unit_environment(start, end, number),
            Instruction::UnsetEnvironment => {
                let from = line.find('=').map_or(end, |at| start + at + 1);
                self.unit_unset(from, end, number);
            }
            Instruction::PassEnvironment => {
                let names = line.split_once('=').map_or("", |(_, names)| names);
                for name in names.split_whitespace().filter(|name| is_setting(name)) {
                    self.found.elsewhere(name, "the service manager");
                }
            }
            Instruction::EnvironmentFile => {
                let text = "Settings in that file are not known here. Paste its lines as well.";
                self.found.say("EnvironmentFile", Tone::NoEffect, text);
            }
        }
    }

    /// Where the line ends that begins here, with all lines that continue it. Docker leaves out comments between them.
    fn logical_end(&self, start: usize, comments: bool) -> usize {
        let mut at = start;
        let mut continues = false;
        for whole in self.text[start..].split_inclusive('\n') {
            let line = whole.trim();
            at += whole.len();
            if continues && comments && (line.starts_with('#') || line.is_empty()) {
                continue;
            }
            continues = line.ends_with('\\');
            if !continues {
                return at - (whole.len() - whole.trim_end_matches(['\n', '\r']).len());
            }
        }
        at
    }

    fn docker_from(&mut self, line: &'a str) {
        let mut words = line
            .split_whitespace()
            .skip(1)
            .filter(|w| !w.starts_with("--"));
        let image = words.next().unwrap_or_default();
        let named = words.next().is_some_and(|w| w.eq_ignore_ascii_case("as"));
        let name = if named { words.next() } else { None };
        let names = &self.stage_names;
        let is_it = |known: &&str| !known.is_empty() && known.eq_ignore_ascii_case(image);
        self.found.stage(names.iter().rposition(is_it));
        if self.stage_names.len() < MOST_STAGES {
            self.stage_names.push(name.unwrap_or_default());
        }
    }

    /// `ENV NAME=value ...`, each word of which must hold a `=`, and the old `ENV NAME value`, whose value is the rest.
    fn docker_env(&mut self, start: usize, end: usize, number: usize) {
        let place = self.found.place_in_stage();
        let words = self.words(
            end - self.text[start..end].trim_start().len() + 3,
            end,
            true,
        );
        let Some(first) = words.first() else {
            return;
        };
        if !first.text.contains('=') {
            let rest = self.text[first.end.min(end)..end].trim();
            if is_setting(&first.text) && !rest.is_empty() {
                let value = match words.len() {
                    2 => words[1].text.as_str(),
                    _ => rest,
                };
                self.found
                    .hold(number, number + self.lines_between(start, end));
                if let Some(value) = self.known(&first.text, value, start) {
                    self.found.set(&first.text, &value, number, place);
                }
            }
            return;
        }
        let odd = words.iter().find(|word| !word.text.contains('='));
        let (mut line, mut counted) = (number, start);
        for word in &words {
            let Some((name, value)) = word.text.split_once('=') else {
                continue;
            };
            if !is_setting(name) {
                continue;
            }
            line += self.lines_between(counted, word.at);
            counted = word.at;
            self.found.hold(line, line);
            if let Some(odd) = odd {
                let why = refusal(&odd.text, value);
                let written = within(&self.text[word.at..end], 200)
                    .split_once('=')
                    .map_or("", |(_, v)| v);
                let value = if value.contains('`') || value.contains("$(") {
                    written.trim()
                } else {
                    value
                };
                self.found.refuse(name, value, &why);
            } else if value.contains('`') || value.contains("$(") {
                self.found.refuse(name, value, &refusal("", value));
            } else if let Some(value) = self.known(name, value, word.at) {
                self.found.set(name, &value, line, place);
            }
        }
    }

    /// `Environment=` with words that each set a variable; with none it clears all that were set so.
    fn unit_environment(&mut self, start: usize, end: usize, number: usize) {
        let from = self.text[start..end]
            .find('=')
            .map_or(end, |at| start + at + 1);
        let words = self.words(from, end, false);
        if words.is_empty() {
            self.found.reset_unit();
            self.found.hold(number, number);
        }
        let (mut line, mut counted) = (number, start);
        for word in words {
            let Some((name, value)) = word.text.split_once('=') else {
                continue;
            };
            if is_setting(name) {
                line += self.lines_between(counted, word.at);
                counted = word.at;
                self.found.hold(line, line);
                let (value, is_open) = without_specifiers(value);
                if is_open && says_enough(name, &value) {
                    let text = "A part of its path is only known when the program starts.";
                    self.found.say(name, Tone::Surprise, text);
                } else if is_open {
                    self.found.elsewhere(name, "a specifier of the unit");
                    continue;
                }
                self.found.set(name, &value, line, Place::Unit);
            }
        }
    }

    /// `UnsetEnvironment=` with names, or names and the values that they must have; with none it clears what others say.
    fn unit_unset(&mut self, from: usize, end: usize, number: usize) {
        let words = self.words(from, end, false);
        if words.is_empty() {
            self.found.unset_nothing();
        }
        for word in words {
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.text.as_str(), None),
            };
            if is_setting(name) {
                self.found.hold(number, number);
                self.found.unset_at_the_end(name, value);
            }
        }
    }

    /// Whether a Dockerfile's line is an instruction that is written in small letters.
    pub(crate) fn small_instruction(&self, line: &str) -> Option<Instruction> {
        if !self.found.has_stages() {
            return None;
        }
        let (word, rest) = line.trim_start().split_once([' ', '\t'])?;
        if word.eq_ignore_ascii_case("ARG") {
            return Some(Instruction::Arg);
        }
        // A command's `env` is followed by the command.
        let mut words = rest.split_whitespace();
        let is_old = rest.split_whitespace().next().is_some_and(is_setting);
        let is_env = word.eq_ignore_ascii_case("ENV")
            && (is_old || words.all(|word| word.contains('=') || word == "\\"));
        is_env.then_some(Instruction::Env)
    }

    /// The words between two places.
    fn words(&mut self, from: usize, end: usize, comments: bool) -> Vec<Word> {
        let text = self.text;
        let mut words = Vec::new();
        let mut at = from.min(end);
        let mut fresh = false;
        while at < end {
            let rest = &text[at..end];
            let bytes = rest.as_bytes();
            match bytes[0] {
                b'\n' => {
                    fresh = true;
                    at += 1;
                }
                b' ' | b'\t' | b'\r' => at += 1,
                b'\\' if matches!(bytes.get(1), None | Some(b'\n' | b'\r')) => at += 1,
                // A comment between lines that continue each other.
                b'#' if fresh && comments => at += rest.find('\n').unwrap_or(rest.len()),
                _ => {
                    fresh = false;
                    let (word, length) = shell_word(rest, Quoting::Words);
                    if is_unclosed(&rest[length..]) {
                        // Docker and systemd take no line with such a word.
                        let start = rest.trim_start_matches(['"', '\'']);
                        let name = start.split('=').next().unwrap_or_default();
                        if is_setting(name) {
                            self.found.unclosed(name);
                        }
                        return words;
                    }
                    if length == 0 {
                        at += rest.chars().next().map_or(1, char::len_utf8);
                        continue;
                    }
                    let end = at + length;
                    words.push(Word {
                        text: word,
                        at,
                        end,
                    });
                    at += length;
                }
            }
        }
        words
    }
}

/// Why Docker builds no image with such a line.
fn refusal(odd: &str, value: &str) -> String {
    if value.contains('`') || value.contains("$(") {
        "Docker does not take this line: ENV runs no command. Write the value itself.".to_owned()
    } else if odd.starts_with('#') {
        "Docker refuses this line: a `#` after a value begins no comment. Put the comment on a line of its own."
            .to_owned()
    } else {
        let odd = repeated(odd);
        format!("Docker refuses this line: `{odd}` has no `=`. Quote a value that has spaces.")
    }
}
