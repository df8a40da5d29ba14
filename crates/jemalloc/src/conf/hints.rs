//! The probable meaning of what jemalloc refuses, and names that it does not read.

use super::pairs::{Fault, Pair};
use super::rows::ROWS;
use super::table::Kind;
use super::table::rows;
use super::values::Wrong;
use super::{NAME, Remarks};
use crate::version::Version;
use highwater_allocator::{Tone, Variable, holds};

/// Options of 4.x and before, gone with 5.0 (3.6.0, 4.0.0 and 4.5.0, src/jemalloc.c).
const EARLIER: &[&str] = &[
    "decay_time",
    "lg_chunk",
    "lg_dirty_mult",
    "purge",
    "quarantine",
    "redzone",
    "valgrind",
];

/// Options that a build has to ask for, and Debian's does not.
const UNBUILT: &[&str] = &["lg_san_uaf_align", "log", "utrace", "xmalloc"];

/// Adds what a pair that is not taken was probably meant to be.
pub(super) fn add(version: Version, remarks: &mut Remarks, pair: &Pair<'_>, wrong: &Wrong) {
    let key = pair.key;
    let Some(kind) = wrong.kind else {
        let is_in = |names: &[&str]| names.contains(&key);
        return if let Some(row) = ROWS.iter().find(|row| row.name == key) {
            let name = version.name();
            if row.since > version {
                remarks.add(" It came with @; this is @.", &[row.since.name(), name]);
            } else {
                remarks.add(" It ended with @; this is @.", &[row.until.name(), name]);
            }
        } else if is_in(EARLIER) {
            remarks.add(" It ended with 4.x.", &[]);
        } else if is_in(UNBUILT) {
            remarks.add(
                " Only a library built with it has this option; Debian's is not.",
                &[],
            );
        } else if let Some(name) = meant(version, key) {
            remarks.add(" Did you mean @?", &[name]);
        } else {
            remarks.add(" jemalloc has no such option.", &[]);
        };
    };
    let value = pair.value;
    let has = |signs: &[char]| value.contains(signs);
    if has(&['"', '\'']) {
        remarks.add(
            " Quotes inside the string are part of it: remove them.",
            &[],
        );
    } else if has(&[':', ';', '=']) && !matches!(kind, Kind::Shards | Kind::Slabs | Kind::Counts) {
        remarks.add(" Separate pairs with commas only.", &[]);
    } else if value.ends_with(char::is_whitespace) {
        remarks.add(" Trailing spaces are not allowed.", &[]);
    } else {
        match kind {
            Kind::Bool => remarks.add(" Write true or false, in small letters.", &[]),
            Kind::Word(words) | Kind::Beginning(words) => {
                remarks.add(" Allowed: @.", &[&words.join(", ")]);
            }
            Kind::Signed(min, max) if wrong.message.starts_with("Out") => {
                remarks.add(" Allowed: @ to @.", &[&min.to_string(), &max.to_string()]);
            }
            Kind::Unsigned(min, max, _) if wrong.message.starts_with("Out") => {
                remarks.add(" Allowed: @ to @.", &[&min.to_string(), &max.to_string()]);
            }
            _ if key.ends_with("_ms") => {
                remarks.add(" Write milliseconds as a number without a unit.", &[]);
            }
            Kind::Signed(..) | Kind::Unsigned(..) => {
                remarks.add(" Write a number without a unit.", &[]);
            }
            Kind::Ratio(most) => {
                let most = most.min((1 << 16) - 1).to_string();
                remarks.add(" Allowed: 0 to @, such as 0.25.", &[&most]);
            }
            _ => remarks.add(" Write parts such as 1-64:2, separated by `|`.", &[]),
        }
    }
}

/// Adds what is wrong where reading ended.
pub(super) fn add_to_fault(remarks: &mut Remarks, fault: &Fault<'_>) {
    let text = match fault.rest[fault.key.len()..].chars().next() {
        None => " A `:` and a value are missing.",
        Some('=') => " Separate name and value with `:`, not with `=`.",
        Some(c) if c.is_whitespace() => " Spaces before or in a name are not allowed.",
        Some('.') => " Write the name without `opt.`.",
        Some('-') => " Write `_` in names, not `-`.",
        Some('"' | '\'') => " Quotes inside the string are part of it: remove them.",
        Some(',') if fault.key.is_empty() => " Remove the extra comma.",
        Some(',' | ';') => " A `:` and a value are missing.",
        Some(_) => " Names consist of letters, digits and `_`.",
    };
    remarks.add(text, &[]);
}

/// The option whose name is this but for case, or has this in it, or this it.
fn meant(version: Version, key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let like =
        |name: &&str| (key.len() > 4 && holds(name, &key)) || (name.len() > 4 && holds(&key, name));
    let mut names = rows(version).map(|row| row.name);
    names
        .clone()
        .find(|name| *name == key)
        .or_else(|| names.find(like))
}

/// Adds why a variable is not read.
pub(super) fn unread(remarks: &mut Remarks, variable: &Variable) {
    let name = variable.name.as_str();
    let capitals = name.to_ascii_uppercase();
    let starts = |start: &str| capitals.starts_with(start);
    let (tone, text) = if name == "_RJEM_MALLOC_CONF" {
        let text = "No effect: only the jemalloc of a Rust program, built with that prefix, reads it. This library reads `@`.";
        (Tone::NoEffect, text)
    } else if name == "JE_MALLOC_CONF" {
        let text = "No effect: only a library built with the prefix je_ reads it, such as Redis's. This one reads `@`.";
        (Tone::NoEffect, text)
    } else if capitals.ends_with(NAME) || starts(NAME) || starts("JEMALLOC") {
        (Tone::NotRead, "Ignored: the name is `@`.")
    } else if name == "GLIBC_TUNABLES" || GLIBCS.contains(&name) {
        let text = "No effect: it is a setting of glibc's malloc, and jemalloc answers the program's calls.";
        (Tone::NoEffect, text)
    } else {
        (
            Tone::NotRead,
            "Ignored: jemalloc reads no variable of this name.",
        )
    };
    remarks.say(name, tone, text, &[NAME]);
}

/// The variables of glibc's malloc (elf/dl-tunables.list, malloc/mtrace.c).
const GLIBCS: [&str; 9] = [
    "MALLOC_ARENA_MAX",
    "MALLOC_ARENA_TEST",
    "MALLOC_CHECK_",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_PERTURB_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRACE",
    "MALLOC_TRIM_THRESHOLD_",
];
