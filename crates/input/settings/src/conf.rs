//! jemalloc's settings where no variable holds them, and glibc's where a program sets them itself: a string of options as
//! /etc/malloc.conf has it, a program's own `malloc_conf`, calls of `mallopt`.

use crate::collected::Place;
use crate::names::MALLOPT;
use crate::near::within;
use crate::scan::Scanner;
use crate::values::quoted;
use highwater_allocator::Tone;

/// How far a program's string may be from the name that it is given to.
const NEAR: usize = 600;

/// Options that a string of options may begin with.
const OPTIONS: &[&str] = &[
    "abort",
    "abort_conf",
    "background_thread",
    "bin_shards",
    "cache_oblivious",
    "confirm_conf",
    "dirty_decay_ms",
    "dss",
    "hpa",
    "junk",
    "lg_chunk",
    "lg_dirty_mult",
    "lg_extent_max_active_fit",
    "lg_prof_interval",
    "lg_prof_sample",
    "lg_tcache_max",
    "max_background_threads",
    "metadata_thp",
    "muzzy_decay_ms",
    "narenas",
    "oversize_threshold",
    "percpu_arena",
    "prof",
    "prof_active",
    "prof_final",
    "prof_leak",
    "prof_prefix",
    "retain",
    "stats_print",
    "stats_print_opts",
    "tcache",
    "tcache_max",
    "thp",
    "trust_madvise",
    "zero",
    "zero_realloc",
];

/// The string of options that a line consists of, as /etc/malloc.conf holds it, or as `ln -s` and `ls -l` show the link.
pub(crate) fn bare(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.len() > NEAR || !line.contains(':') {
        return None;
    }
    let text = match line.split_once("/etc/malloc.conf") {
        Some((before, after)) => match after.trim().strip_prefix("->") {
            Some(target) => target,
            None => before.trim().rsplit([' ', '\t']).next()?,
        },
        None => line,
    };
    let text = text.trim().trim_matches(['\'', '"', '`']);
    let is_option = |pair: &str| {
        let (name, value) = pair.split_once(':').unwrap_or_default();
        let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(inside) && !value.is_empty() && !value.contains(' ')
    };
    let first = text.split(':').next()?;
    let is_conf = OPTIONS.contains(&first) && text.split(',').all(is_option);
    is_conf.then_some(text)
}

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

/// The number of an expression of C made of numbers, `*`, `<<` and brackets around all of it.
pub(crate) fn product(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        return product(inside);
    }
    if let Some((number, places)) = text.split_once("<<") {
        let places = u32::try_from(product(places)?).ok()?;
        return product(number)?.checked_mul(1_i64.checked_shl(places).filter(|n| *n > 0)?);
    }
    let mut all = 1_i64;
    for factor in text.split('*') {
        let digits = factor.trim().trim_end_matches(['u', 'U', 'l', 'L']);
        let number = match digits.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16).ok()?,
            None => digits.parse().ok()?,
        };
        all = all.checked_mul(number)?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_options_is_known_and_others_are_not() {
        for (line, value) in [
            (
                "background_thread:true,dirty_decay_ms:1000",
                "background_thread:true,dirty_decay_ms:1000",
            ),
            (
                "ln -s 'dirty_decay_ms:1000' /etc/malloc.conf",
                "dirty_decay_ms:1000",
            ),
            (
                "lrwxrwxrwx 1 root root 19 Jan  1 10:00 /etc/malloc.conf -> dirty_decay_ms:1000",
                "dirty_decay_ms:1000",
            ),
        ] {
            assert_eq!(bare(line), Some(value), "{line}");
        }
        for line in [
            "tcache: 1",
            "retain: true",
            "a:b,c:d",
            "prof: prof",
            "zero:",
            "http://x:80",
            "",
        ] {
            assert_eq!(bare(line), None, "{line}");
        }
    }

    #[test]
    fn products_and_shifts_are_worked_out() {
        for (text, number) in [
            ("65536", 65536),
            ("64 * 1024", 65536),
            ("(1 << 20)", 1 << 20),
            ("-1", -1),
            ("0x10", 16),
            ("128UL*1024", 131_072),
        ] {
            assert_eq!(product(text), Some(number), "{text}");
        }
        for text in ["threshold", "", "1 << 90", "9223372036854775807 * 2"] {
            assert_eq!(product(text), None, "{text}");
        }
    }
}
