//! Names that glibc does not read, and those that were probably meant.

use super::Remarks;
use super::table::Tunable;
use crate::version::Version;
use highwater_allocator::{Tone, Variable};

/// Adds why a variable is not read.
pub(super) fn unread(version: Version, remarks: &mut Remarks, variable: &Variable) {
    let name = variable.name.as_str();
    if name == "MALLOC_TRACE" {
        let text = "It names the file that mtrace() writes to, where the program calls it. Allocation does not change.";
        return remarks.say(name, Tone::NoEffect, text, &[]);
    }
    let (template, part) = if let Some(tunable) = name.strip_prefix("glibc.malloc.") {
        (
            "Ignored: a tunable is not a variable. Write GLIBC_TUNABLES=glibc.malloc.@=...",
            tunable,
        )
    } else if let Some(tunable) = meant(name) {
        match tunable.alias {
            Some(alias) => {
                let short = |long: &str, short: &str| long.strip_suffix('_') == Some(short);
                let template = if short(alias, name) {
                    "Ignored: the name must end with an underscore (`@`)."
                } else if short(name, alias) {
                    "Ignored: the name must not end with an underscore (`@`)."
                } else if alias.eq_ignore_ascii_case(name) {
                    "Ignored: the name must be in capitals (`@`)."
                } else {
                    "Ignored: the name is `@`."
                };
                (template, alias)
            }
            None => match tunable.came_after(version) {
                Some(release) => {
                    return remarks.say(name, Tone::NotRead, LATER, &[tunable.name, release]);
                }
                None => (
                    "Ignored: it has no variable of its own. Write GLIBC_TUNABLES=glibc.malloc.@=...",
                    tunable.name,
                ),
            },
        }
    } else if starts_like(name, "GLIBC_TUNABLE") {
        ("Ignored: the name is `GLIBC_TUNABLES`.", "")
    } else if name.starts_with("MALLOC_CONF") && name != "MALLOC_CONF"
        || name.starts_with("JEMALLOC_")
    {
        (
            "Ignored: the name is `MALLOC_CONF`, which only jemalloc reads.",
            "",
        )
    } else if name.ends_with("MALLOC_CONF") {
        let text = "No effect unless jemalloc is loaded: glibc's malloc does not read it.";
        return remarks.say(name, Tone::NoEffect, text, &[]);
    } else {
        (
            "Ignored: glibc's malloc reads no variable of this name.",
            "",
        )
    };
    remarks.say(name, Tone::NotRead, template, &[part]);
}

/// Adds why a name in GLIBC_TUNABLES is not read.
pub(super) fn unknown(version: Version, remarks: &mut Remarks, name: &str) {
    let short = name.trim().rsplit('.').next().unwrap_or_default();
    let (template, part) = match meant(short) {
        Some(t) => match t.came_after(version) {
            Some(release) => return remarks.say(name, Tone::NotRead, LATER, &[t.name, release]),
            None => ("Ignored: the name is `glibc.malloc.@`.", t.name),
        },
        None if name.starts_with("glibc.") && !name.starts_with("glibc.malloc.") => {
            let text = "Not a malloc setting: allocation does not change.";
            return remarks.say(name, Tone::NoEffect, text, &[]);
        }
        None => ("Ignored: glibc @ has no such tunable.", version.name()),
    };
    remarks.say(name, Tone::NotRead, template, &[part]);
}

const LATER: &str = "Ignored: this version has no @, which came with @.";

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
