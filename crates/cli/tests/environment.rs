//! `--env` takes settings as they are pasted, and the report says what became of them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A short run with these arguments: what it printed, or what it said was wrong.
fn run(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["run", "sync", "--set", "cycles=1", "--set", "events=5"])
        .args(arguments)
        .output()
        .expect("the command was built");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

const MANIFEST: &str = "env:\n- name: MALLOC_ARENA_MAX\n  value: \"2\"\n- name: MALLOC_TRIM_THRESHOLD_\n  value: \"64K\"\n- name: MALLOC_TOP_PAD_\n  valueFrom:\n    configMapKeyRef: {name: x, key: y}\n";

fn shows_the_manifest(text: &str) {
    for part in [
        "MALLOC_ARENA_MAX=2",
        "✓ MALLOC_ARENA_MAX:",
        "! MALLOC_TRIM_THRESHOLD_:",
        "write 65536",
        "stays at 128 KiB instead of rising",
        "✗ MALLOC_TOP_PAD_: Its value comes from `valueFrom`",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn a_manifest_is_taken_as_text_and_as_a_file() {
    shows_the_manifest(&run(&["--env", MANIFEST]).expect("it runs"));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("settings.yaml");
    fs::write(&path, MANIFEST).expect("the folder for such files is writable");
    let path = path.display().to_string();
    shows_the_manifest(&run(&["--env", &path]).expect("it runs"));
}

#[test]
fn versions_differ_in_what_they_take() {
    let unit = |allocator: &str| {
        run(&[
            "--allocator",
            allocator,
            "--env",
            "MALLOC_TRIM_THRESHOLD_=64K",
        ])
        .expect("it runs")
    };
    assert!(unit("glibc@2.36").contains("read as 64."));
    assert!(unit("glibc@2.41").contains("drops it"));
}

#[test]
fn a_line_that_sets_nothing_is_named_with_the_file_it_is_in() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wrong.env");
    fs::write(&path, "A=1\nFROM debian\n").expect("the folder for such files is writable");
    let path = path.display().to_string();
    for (text, parts) in [
        ("A=1\nimage: redis", ["line 2", "image"]),
        ("no-such-file", ["no-such-file", "="]),
        (path.as_str(), ["wrong.env", "line 2"]),
    ] {
        let said = run(&["--env", text]).expect_err(text);
        assert_eq!(said.lines().count(), 1, "{said}");
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
