//! Names that glibc does not read, and those that were probably meant.

use super::table::Tunable;
use super::{Remarks, shortened};
use crate::version::Version;
use highwater_allocator::{Tone, Variable};

/// Adds why a variable is not read.
pub(super) fn unread(version: Version, remarks: &mut Remarks, variable: &Variable) {
    let name = variable.name.as_str();
    let (tone, text) = if name == "MALLOC_TRACE" {
        let text = "It names the file that mtrace() writes to, where the program calls it. Allocation does not change.";
        (Tone::NoEffect, text.to_owned())
    } else if let Some(short) = name.strip_prefix("glibc.malloc.") {
        let variable = format!("GLIBC_TUNABLES=glibc.malloc.{}", shortened(short));
        let text = format!("Ignored: a tunable is not a variable. Write {variable}=...");
        (Tone::NotRead, text)
    } else if let Some(tunable) = meant(name) {
        (Tone::NotRead, of_misspelt(version, tunable, name))
    } else if starts_like(name, "GLIBC_TUNABLE") {
        let text = "Ignored: the name is `GLIBC_TUNABLES`.";
        (Tone::NotRead, text.to_owned())
    } else if name.starts_with("MALLOC_CONF") && name != "MALLOC_CONF"
        || name.starts_with("JEMALLOC_")
    {
        let text = "Ignored: the name is `MALLOC_CONF`, which only jemalloc reads.";
        (Tone::NotRead, text.to_owned())
    } else if name.ends_with("MALLOC_CONF") {
        let text = "No effect unless jemalloc is loaded: glibc's malloc does not read it.";
        (Tone::NoEffect, text.to_owned())
    } else {
        let text = "Ignored: glibc's malloc reads no variable of this name.";
        (Tone::NotRead, text.to_owned())
    };
    remarks.say(name, tone, text);
}

/// Returns why a variable is not read by whose name a tunable was meant.
fn of_misspelt(version: Version, tunable: &Tunable, name: &str) -> String {
    let Some(alias) = tunable.alias else {
        let variable = "it has no variable of its own. Write GLIBC_TUNABLES";
        return later(version, tunable)
            .or_else(|| gone(version, tunable))
            .unwrap_or_else(|| format!("Ignored: {variable}={}=...", tunable.name));
    };
    let is_short = |long: &str, short: &str| long.strip_suffix('_') == Some(short);
    if is_short(alias, name) {
        format!("Ignored: the name must end with an underscore (`{alias}`).")
    } else if is_short(name, alias) {
        format!("Ignored: the name must not end with an underscore (`{alias}`).")
    } else if alias.eq_ignore_ascii_case(name) {
        format!("Ignored: the name must be in capitals (`{alias}`).")
    } else {
        format!("Ignored: the name is `{alias}`.")
    }
}

/// Adds why a name in GLIBC_TUNABLES is not read.
pub(super) fn unknown(version: Version, remarks: &mut Remarks, name: &str) {
    let short = name.trim().rsplit('.').next().unwrap_or_default();
    let (tone, text) = match meant(short) {
        Some(tunable) => {
            let text = later(version, tunable)
                .or_else(|| gone(version, tunable))
                .unwrap_or_else(|| format!("Ignored: the name is `{}`.", tunable.name));
            (Tone::NotRead, text)
        }
        None if name.starts_with("glibc.") && !name.starts_with("glibc.malloc.") => {
            let text = "Not a malloc setting: allocation does not change.";
            (Tone::NoEffect, text.to_owned())
        }
        None => {
            let text = format!("Ignored: glibc {version} has no such tunable.");
            (Tone::NotRead, text)
        }
    };
    remarks.say(name, tone, text);
}

/// Returns the remark on a tunable that came after a release.
fn later(version: Version, tunable: &Tunable) -> Option<String> {
    let release = tunable.came_after(version)?;
    let name = tunable.short_name();
    Some(format!(
        "Ignored: this version has no {name}, which came with {release}."
    ))
}

/// Returns the remark on a tunable that an earlier release had.
fn gone(version: Version, tunable: &Tunable) -> Option<String> {
    let release = tunable.went_with(version)?;
    let name = tunable.short_name();
    Some(format!("Ignored: {name} was removed in {release}."))
}

/// Returns the tunable whose name this is, but for case, underscores at the end, and a `MALLOC_` or mallopt's `M_` in front.
fn meant(name: &str) -> Option<&'static Tunable> {
    let bare = name.trim_end_matches('_');
    let start = ["MALLOC_", "M_"]
        .into_iter()
        .find(|start| starts_like(bare, start));
    let bare = bare.get(start.map_or(0, str::len)..)?;
    Tunable::ALL
        .iter()
        .find(|t| t.short_name().eq_ignore_ascii_case(bare))
}

fn starts_like(text: &str, start: &str) -> bool {
    let head = text.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}
