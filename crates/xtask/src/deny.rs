//! The dependencies: their licences, where they come from, and what is known against them.

use anyhow::{Context, Result, bail};

use crate::{process, setup};

/// What `cargo deny` says where it cannot reach the list of known faults.
const UNREACHED: [&str; 2] = [
    "failed to fetch advisory database",
    "failed to open advisory database",
];

/// Checks licences, sources and duplicates by `deny.toml`, and known faults where their list can be reached. Returns what
/// was not checked.
///
/// # Errors
/// A dependency that `deny.toml` does not allow, or one with a known fault.
pub(crate) fn run() -> Result<Option<&'static str>> {
    let deny = setup::cargo_deny()?;
    process::run(
        process::command(&deny)
            .args(["--log-level", "error", "check", "--hide-inclusion-graph"])
            .args(["licenses", "bans", "sources"]),
    )?;
    let output = process::command(&deny)
        .args(["--log-level", "error", "check", "advisories"])
        .output()
        .context("cannot start cargo-deny")?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if UNREACHED.iter().any(|words| said.contains(words)) {
        return Ok(Some(
            "known faults of the dependencies: their list cannot be reached from here. Repeat with a network: \
             cargo deny check advisories",
        ));
    }
    bail!("cargo deny check advisories failed:\n{said}");
}
