//! What several tests of the command share: running it, and reading what it says.
#![allow(dead_code, reason = "each test uses some of it")]

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

pub(crate) fn highwater(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command
        .args(arguments)
        .output()
        .expect("the command was built")
}

/// The recording that comes with the page.
pub(crate) fn recording() -> String {
    let path = "../../../web/traces/asyncio_burst.hwt.gz";
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// The name of a file of a test's own.
pub(crate) fn path(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    folder.join(name).display().to_string()
}

/// A file of a test's own.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = path(name);
    fs::write(&path, content).expect("the folder for such files is writable");
    path
}

/// What a command printed that succeeded.
pub(crate) fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// Exit status 2 and one line that has all the parts.
pub(crate) fn refused(arguments: &[&str], parts: &[&str]) {
    let output = highwater(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}: nothing half done");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: {part:?} in {said}");
    }
}
