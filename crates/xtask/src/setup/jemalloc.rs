//! jemalloc, for the test that compares its model with the real library.

use std::path::Path;

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

/// Whether it is there, or no test could use it: only that of Linux on x86-64 is modelled.
pub(crate) fn is_there() -> bool {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return true;
    }
    FOLDERS
        .iter()
        .any(|folder| Path::new(folder).join(LIBRARY).exists())
}
