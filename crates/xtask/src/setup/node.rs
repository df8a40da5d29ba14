//! Node, in which the package for JavaScript is tested beside the browser: the distribution's, where it can be installed.

use std::path::PathBuf;

use super::{packages, progress};
use crate::process;

/// The first release that runs the tests.
const LEAST: u32 = 18;

/// Node, if it is here and new enough.
pub(crate) fn node() -> Option<PathBuf> {
    let program = process::find("node")?;
    let said = process::output(process::command(&program).arg("--version")).ok()?;
    let major: u32 = said.strip_prefix('v')?.split('.').next()?.parse().ok()?;
    (major >= LEAST).then_some(program)
}

/// Installs it where it is missing and can be installed; only a test needs it, so whatever fails is only said.
pub(crate) fn set_up() {
    if node().is_some() || !packages::can_install() {
        return;
    }
    progress("Node is missing; the JavaScript package is tested in it");
    if let Err(error) = packages::install(&["nodejs"]) {
        progress(&format!("{error:#}; continuing without it"));
    }
}
