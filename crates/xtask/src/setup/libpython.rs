//! libpython, for the test that compares the model of CPython's object allocator with the real one. It is not installed: newer
//! distributions only have releases whose allocator cannot be called without an interpreter.

use std::{fs, path::Path};

/// Where systems keep it.
const FOLDERS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/usr/local/lib",
];

/// Whether one that can be called is there, or no test could use it.
pub(crate) fn has_libpython() -> bool {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return true;
    }
    FOLDERS.iter().any(|folder| holds_one(Path::new(folder)))
}

fn holds_one(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| can_be_called(&entry.file_name().to_string_lossy()))
    })
}

/// Whether a file is, by its name, a modelled release that needs no interpreter: 3.9 to 3.11.
fn can_be_called(file: &str) -> bool {
    let minor = file
        .strip_prefix("libpython3.")
        .and_then(|rest| rest.strip_suffix(".so.1.0"));
    minor
        .and_then(|minor| minor.parse().ok())
        .is_some_and(|minor: u32| (9..=11).contains(&minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_releases_that_need_no_interpreter_count() {
        assert!(can_be_called("libpython3.9.so.1.0"));
        assert!(can_be_called("libpython3.11.so.1.0"));
        for file in [
            "libpython3.8.so.1.0",
            "libpython3.13.so.1.0",
            "libpython3.so",
            "libpython3.11.a",
        ] {
            assert!(!can_be_called(file), "{file}");
        }
    }
}
