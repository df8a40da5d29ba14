//! The probable meaning of what jemalloc refuses, and names that it does not read.

use super::pairs::{Fault, NAME, Pair};
use super::row::Kind;
use super::rows::{ROWS, rows};
use super::values::Wrong;
use crate::version::Version;
use highwater_allocator::{Reader, Tone, reader_of};
use std::borrow::Cow;

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

/// Returns a sentence on the probable meaning of a pair that is not taken, with a blank before it.
#[cold]
pub(super) fn of_pair(version: Version, pair: &Pair<'_>, wrong: &Wrong) -> Cow<'static, str> {
    match wrong.kind {
        None => of_unknown(version, pair.key).into(),
        Some(kind) => of_value(kind, pair, wrong),
    }
}

#[cold]
fn of_unknown(version: Version, key: &str) -> String {
    let is_in = |names: &[&str]| names.contains(&key);
    if let Some(row) = ROWS.iter().find(|row| row.name == key) {
        if row.since > version {
            format!(" It came with {}; this is {version}.", row.since)
        } else {
            format!(" It ended with {}; this is {version}.", row.until)
        }
    } else if is_in(EARLIER) {
        " It ended with 4.x.".to_owned()
    } else if is_in(UNBUILT) {
        " Only a library built with it has this option; Debian's is not.".to_owned()
    } else if let Some(name) = meant(version, key) {
        format!(" Did you mean {name}?")
    } else {
        " jemalloc has no such option.".to_owned()
    }
}

#[cold]
fn of_value(kind: Kind, pair: &Pair<'_>, wrong: &Wrong) -> Cow<'static, str> {
    let value = pair.value;
    let has = |signs: &[char]| value.contains(signs);
    let out_of_range = wrong.message.starts_with("Out");
    if has(&['"', '\'']) {
        return " Quotes inside the string are part of it: remove them.".into();
    }
    if has(&[':', ';', '=']) && !matches!(kind, Kind::Shards | Kind::Slabs | Kind::Counts) {
        return " Separate pairs with commas only.".into();
    }
    if value.ends_with(char::is_whitespace) {
        return " Trailing spaces are not allowed.".into();
    }
    match kind {
        Kind::Bool => " Write true or false, in small letters.".into(),
        Kind::Word(words) | Kind::Beginning(words) => {
            format!(" Allowed: {}.", words.join(", ")).into()
        }
        Kind::Signed(min, max) if out_of_range => format!(" Allowed: {min} to {max}.").into(),
        Kind::Unsigned(min, max, _) if out_of_range => format!(" Allowed: {min} to {max}.").into(),
        _ if pair.key.ends_with("_ms") => " Write milliseconds as a number without a unit.".into(),
        Kind::Signed(..) | Kind::Unsigned(..) => " Write a number without a unit.".into(),
        Kind::Ratio(most) => {
            let most = most.min((1 << 16) - 1);
            format!(" Allowed: 0 to {most}, such as 0.25.").into()
        }
        _ => " Write parts such as 1-64:2, separated by `|`.".into(),
    }
}

/// Returns a sentence on what is wrong where reading ended, with a blank before it.
#[cold]
pub(super) fn of_fault(fault: &Fault<'_>) -> &'static str {
    match fault.rest[fault.key.len()..].chars().next() {
        None => " A `:` and a value are missing.",
        Some('=') => " Separate name and value with `:`, not with `=`.",
        Some(c) if c.is_whitespace() => " Spaces before or in a name are not allowed.",
        Some('.') => " Write the name without `opt.`.",
        Some('-') => " Write `_` in names, not `-`.",
        Some('"' | '\'') => " Quotes inside the string are part of it: remove them.",
        Some(',') if fault.key.is_empty() => " Remove the extra comma.",
        Some(',' | ';') => " A `:` and a value are missing.",
        Some(_) => " Names consist of letters, digits and `_`.",
    }
}

/// Returns the option whose name is this but for case, or contains it, or is contained in it.
#[cold]
fn meant(version: Version, key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let like = |name: &&str| {
        (key.len() > 4 && name.contains(&key)) || (name.len() > 4 && key.contains(name))
    };
    let mut names = rows(version).map(|row| row.name);
    names
        .clone()
        .find(|name| *name == key)
        .or_else(|| names.find(like))
}

/// Returns the remark on a variable that jemalloc does not read.
#[cold]
pub(super) fn of_unread(name: &str) -> (Tone, Cow<'static, str>) {
    let capitals = name.to_ascii_uppercase();
    let starts = |start: &str| capitals.starts_with(start);
    if name == "_RJEM_MALLOC_CONF" {
        let text = format!(
            "No effect: only the jemalloc of a Rust program, built with that prefix, reads it. This library reads `{NAME}`."
        );
        (Tone::NoEffect, text.into())
    } else if name == "JE_MALLOC_CONF" {
        let text = format!(
            "No effect: only a library built with the prefix je_ reads it, such as Redis's. This one reads `{NAME}`."
        );
        (Tone::NoEffect, text.into())
    } else if capitals.ends_with(NAME) || starts(NAME) || starts("JEMALLOC") {
        let text = format!("Ignored: the name is `{NAME}`.");
        (Tone::NotRead, text.into())
    } else if reader_of(name) == Some(Reader::Glibc) {
        let text = "No effect: it is a setting of glibc's malloc, and jemalloc answers the program's calls.";
        (Tone::NoEffect, text.into())
    } else {
        let text = "Ignored: jemalloc reads no variable of this name.";
        (Tone::NotRead, text.into())
    }
}
