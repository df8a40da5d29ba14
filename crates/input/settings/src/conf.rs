//! jemalloc's settings where no variable holds them, and glibc's where a program sets them itself: a string of options as
//! /etc/malloc.conf has it, a program's own `malloc_conf`, calls of `mallopt`.

use crate::collected::Place;
use crate::names::MALLOPT;
use crate::near::within;
use crate::product::product;
use crate::scan::Scanner;
use crate::values::quoted;
use highwater_allocator::Tone;

/// How far a program's string may be from the name that it is given to.
const NEAR: usize = 600;

impl Scanner<'_, '_> {
    /// A program's own `malloc_conf`: the string that a C or Rust static of this name holds. Where it ends.
    pub(crate) fn linked_conf(&mut self, name: &str, at: usize, number: usize) -> usize {
        let rest = &self.text[at..];
        let near = within(rest, NEAR);
        // What Rust's attribute gives as the name for the linker is closed by a quote of its own.
        let is_attribute = near.starts_with("\")]") || near.starts_with("\"]");
        let skipped = if is_attribute { 1 } else { 0 };
        let begins = |c: char| matches!(c, ' ' | ':' | '=' | '[' | '"');
        let opening = near[skipped..].find('"').map(|open| open + skipped);
        let Some(mut open) = opening.filter(|open| {
            let before = &near[..*open];
            let (sign, call) = (before.find('='), before.find('('));
            near.starts_with(begins) && sign.is_some_and(|sign| call.is_none_or(|call| sign < call))
                || is_attribute
        }) else {
            return at;
        };
        let mut value = String::new();
        while let Some((part, length)) = quoted(&rest[open..]) {
            value.push_str(part.trim_end_matches('\0'));
            open += length;
            // C joins strings that follow each other.
            let blank = rest[open..].len() - rest[open..].trim_start().len();
            if !rest[open + blank..].starts_with('"') {
                break;
            }
            open += blank;
        }
        let variable = match name {
            "_rjem_malloc_conf" => "_RJEM_MALLOC_CONF",
            "je_malloc_conf" => "JE_MALLOC_CONF",
            _ => "MALLOC_CONF",
        };
        let last = number + self.lines_between(at, at + open);
        self.found.hold(number, last);
        self.found.set(variable, &value, number, Place::Anywhere);
        self.found.link();
        let text = format!("Read from the program's own `{name}`: jemalloc is linked into it.");
        self.found.say(variable, Tone::Applied, &text);
        at + open
    }

    /// `mallopt(M_MMAP_THRESHOLD, 65536)`. Where it ends.
    pub(crate) fn mallopt(&mut self, at: usize, number: usize) -> usize {
        let rest = &self.text[at..];
        let line = within(rest, NEAR).lines().next().unwrap_or_default();
        let call = line.trim_start().strip_prefix('(').and_then(|call| {
            let end = matching(call)?;
            let (option, value) = call[..end].split_once(',')?;
            Some((option.trim().strip_prefix("M_")?, value.trim()))
        });
        let Some((option, value)) = call else {
            return at;
        };
        let end = at + line.find(value).map_or(0, |from| from + value.len());
        let Some((_, variable)) = MALLOPT.iter().find(|(known, _)| *known == option) else {
            let text = "Left out: no variable does what this option does.";
            self.found.hold(number, number);
            self.found
                .say(&format!("mallopt(M_{option})"), Tone::NoEffect, text);
            return end;
        };
        self.found.hold(number, number);
        match product(value) {
            Some(number_set) => {
                let value = number_set.to_string();
                self.found.set(variable, &value, number, Place::Anywhere);
                let text = format!(
                    "Read from mallopt(M_{option}), which a program calls while it runs: here it counts from the start."
                );
                self.found.say(variable, Tone::Surprise, &text);
            }
            None => self
                .found
                .elsewhere(variable, "an expression of the program"),
        }
        end
    }
}

/// Where the bracket closes that was opened before a text.
fn matching(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}
