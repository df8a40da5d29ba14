//! What was probably meant where jemalloc refuses, and names that it does not read.

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

/// Says what a pair that is not taken was probably meant to be.
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
            remarks.add(" Only a library built for it has it; Debian's is not.", &[]);
        } else if let Some(name) = meant(version, key) {
            remarks.add(" Perhaps @ is meant.", &[name]);
        } else {
            remarks.add(" There is no such option.", &[]);
        };
    };
    let value = pair.value;
    let has = |signs: &[char]| value.contains(signs);
    if has(&['"', '\'']) {
        remarks.add(" Quotes within it are not taken off.", &[]);
    } else if has(&[':', ';', '=']) && !matches!(kind, Kind::Shards | Kind::Slabs | Kind::Counts) {
        remarks.add(" Pairs are parted by commas, and only by these.", &[]);
    } else if value.ends_with(char::is_whitespace) {
        remarks.add(" A blank behind it is not forgiven.", &[]);
    } else {
        match kind {
            Kind::Bool => remarks.add(" It takes true or false, in these letters.", &[]),
            Kind::Word(words) | Kind::Beginning(words) => {
                remarks.add(" It takes @.", &[&words.join(", ")]);
            }
            Kind::Signed(min, max) if wrong.message.starts_with("Out") => {
                remarks.add(" It takes @ to @.", &[&min.to_string(), &max.to_string()]);
            }
            Kind::Unsigned(min, max, _) if wrong.message.starts_with("Out") => {
                remarks.add(" It takes @ to @.", &[&min.to_string(), &max.to_string()]);
            }
            _ if key.ends_with("_ms") => {
                remarks.add(" It takes milliseconds, as a number without a unit.", &[]);
            }
            Kind::Signed(..) | Kind::Unsigned(..) => {
                remarks.add(" It takes a number without a unit.", &[]);
            }
            Kind::Ratio(most) => {
                let most = most.min((1 << 16) - 1).to_string();
                remarks.add(" It takes 0 to @, like 0.25.", &[&most]);
            }
            _ => remarks.add(" It takes parts like 1-64:2, with `|` between.", &[]),
        }
    }
}

/// Says what is wrong where reading ended.
pub(super) fn add_to_fault(remarks: &mut Remarks, fault: &Fault<'_>) {
    let text = match fault.rest[fault.key.len()..].chars().next() {
        None => " A `:` and a value are missing.",
        Some('=') => " Names and values are parted by `:`, not by `=`.",
        Some(c) if c.is_whitespace() => " There must be no blanks before or in a name.",
        Some('.') => " Names stand alone, without `opt.` before.",
        Some('-') => " Names have `_`, not `-`.",
        Some('"' | '\'') => " Quotes within it are not taken off.",
        Some(',') if fault.key.is_empty() => " There is a comma too many.",
        Some(',' | ';') => " A `:` and a value are missing.",
        Some(_) => " Names have letters, digits and `_` only.",
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

/// Says why a variable is not read.
pub(super) fn unread(remarks: &mut Remarks, variable: &Variable) {
    let name = variable.name.as_str();
    let capitals = name.to_ascii_uppercase();
    let starts = |start: &str| capitals.starts_with(start);
    let text = if name.starts_with("_RJEM_MALLOC_CONF") {
        "It is not read here: Rust's jemallocator reads it, built with that prefix. This library reads @."
    } else if name == "JE_MALLOC_CONF" {
        "It is not read here: a library built with the prefix je_ reads it, like the one in Redis. This one reads @."
    } else if capitals.ends_with(NAME) || starts(NAME) || starts("JEMALLOC") {
        "It is not read: the name is @."
    } else if starts("MALLOC_") || starts("GLIBC_TUNABLES") {
        "It is not read: that is glibc's, and jemalloc stands in its place. jemalloc reads @ only."
    } else if name == "LD_PRELOAD" {
        "Here it changes nothing: the allocator is chosen beside the environment."
    } else {
        "It is not read by jemalloc."
    };
    remarks.say(name, Tone::Ignored, text, &[NAME]);
}
