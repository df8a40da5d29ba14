//! jemalloc, for the test that holds its model against it: the distribution's package, where it can be installed. Without
//! it that test says that it is skipped.

use std::path::Path;

use super::{packages, progress};

/// Debian's package, and the library in it.
const PACKAGE: &str = "libjemalloc2";
const LIBRARY: &str = "libjemalloc.so.2";

/// Where systems keep it.
const FOLDERS: [&str; 6] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
];

/// Installs it where it is missing and can be installed; nothing depends on it, so whatever fails is only said.
pub(crate) fn set_up() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return; // No other is modelled.
    }
    let is_there = FOLDERS
        .iter()
        .any(|folder| Path::new(folder).join(LIBRARY).exists());
    if is_there || !packages::can_install() {
        return;
    }
    progress("jemalloc is missing; its model is tested against it");
    if let Err(error) = packages::install(&[PACKAGE]) {
        progress(&format!("{error:#}; continuing without it"));
    }
}
