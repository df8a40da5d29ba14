//! Names that nobody reads, and those that were probably meant.

use super::Remarks;
use super::table::Tunable;
use crate::version::Version;
use highwater_allocator::{Tone, Variable};

/// Says why a variable is not read.
pub(super) fn unread(version: Version, remarks: &mut Remarks, variable: &Variable) {
    let name = variable.name.as_str();
    let (template, part) = if name == "LD_PRELOAD" {
        preloaded(&variable.value)
    } else if let Some(tunable) = meant(name) {
        match tunable.alias {
            Some(alias) => {
                let short = |long: &str, short: &str| long.strip_suffix('_') == Some(short);
                let template = if short(alias, name) {
                    "It is not read, for an underscore is missing at the end: the name is @."
                } else if short(name, alias) {
                    "It is not read, for there is an underscore too many at the end: the name is @."
                } else if alias.eq_ignore_ascii_case(name) {
                    "It is not read, for capitals count: the name is @."
                } else {
                    "It is not read: the name is @."
                };
                (template, alias)
            }
            None if tunable.is_in(version) => (
                "It is not read: this one is set by GLIBC_TUNABLES=glibc.malloc.@=... only.",
                tunable.name,
            ),
            None => (LATER, tunable.name),
        }
    } else if starts_like(name, "GLIBC_TUNABLE") {
        ("It is not read: the name is GLIBC_TUNABLES.", "")
    } else if name.ends_with("MALLOC_CONF") {
        (
            "It is not read: that is jemalloc's, and glibc has nothing of the kind.",
            "",
        )
    } else {
        ("It is not read by glibc's malloc.", "")
    };
    remarks.say(name, Tone::Ignored, template, &[part]);
}

/// Says why a name in GLIBC_TUNABLES is not read.
pub(super) fn unknown(version: Version, remarks: &mut Remarks, name: &str) {
    let short = name.trim().rsplit('.').next().unwrap_or_default();
    let (template, part) = match meant(short) {
        Some(t) if !t.is_in(version) => (LATER, t.name),
        Some(t) => ("It is not read: the name is glibc.malloc.@.", t.name),
        None if name.starts_with("glibc.") && !name.starts_with("glibc.malloc.") => {
            ("It is none of malloc's.", "")
        }
        None => ("There is no such tunable in glibc @.", version.name()),
    };
    remarks.say(name, Tone::Ignored, template, &[part]);
}

const LATER: &str = "This version has no @: it came with 2.35.";

/// The tunable whose name this is, but for case, underscores at the end, and a `MALLOC_` or mallopt's `M_` in front.
fn meant(name: &str) -> Option<&'static Tunable> {
    let bare = name.trim_end_matches('_');
    let start = ["MALLOC_", "M_"]
        .into_iter()
        .find(|start| starts_like(bare, start));
    let bare = bare.get(start.map_or(0, str::len)..)?;
    Tunable::ALL
        .iter()
        .find(|t| t.name.eq_ignore_ascii_case(bare))
}

fn starts_like(text: &str, start: &str) -> bool {
    let head = text.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn preloaded(libraries: &str) -> (&'static str, &'static str) {
    let loads = |name: &&str| {
        libraries
            .as_bytes()
            .windows(name.len())
            .any(|w| w == name.as_bytes())
    };
    match ["malloc_debug", "jemalloc", "tcmalloc", "mimalloc"]
        .iter()
        .find(|name| loads(name))
    {
        Some(&"malloc_debug") => (
            "It would switch to a checked heap, which is not modelled.",
            "",
        ),
        Some(other) => (
            "It would put @ in glibc's place. Here it changes nothing: the allocator is chosen beside the environment.",
            other,
        ),
        None => ("It loads nothing here.", ""),
    }
}
