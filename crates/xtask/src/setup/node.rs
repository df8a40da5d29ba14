//! Node, in which the package for JavaScript is tested beside the browser.

use std::path::PathBuf;

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
