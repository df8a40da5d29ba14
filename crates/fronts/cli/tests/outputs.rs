//! Files of the user's: whatever happens, the old one is there or the new one is there whole.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn highwater(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs it in a shell, so that the shell's limits and traps hold for it.
fn in_shell(folder: &Path, script: &str) -> Output {
    Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .env("HIGHWATER", env!("CARGO_BIN_EXE_highwater"))
        .output()
        .expect("there is a shell")
}

fn one_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().count(), 1, "{said:?}");
    said
}

fn trace(folder: &Path) {
    let text = "highwater-trace 1\nm 1 0 0x10 64\nm 2 0 0x20 64\nf 3 0 0x10\n";
    fs::write(folder.join("t.hwt"), text).expect("written");
}

fn names(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).expect("it can be read");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> = all
        .map(|entry| name(entry).to_string_lossy().into())
        .collect();
    names.sort();
    names
}

#[test]
fn an_output_that_is_the_input_or_another_output_is_refused_before_anything_is_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    trace(folder.path());
    let before = fs::read(folder.path().join("t.hwt")).expect("there");
    let scenario = highwater(folder.path())
        .args(["scenarios", "environment"])
        .output();
    let scenario = String::from_utf8(scenario.expect("it runs").stdout).expect("text");
    fs::write(folder.path().join("s.toml"), &scenario).expect("written");
    for arguments in [
        &["replay", "t.hwt", "--decisions", "t.hwt"][..],
        &["replay", "t.hwt", "--decisions", "./t.hwt"],
        &["run", "s.toml", "--write", "s.toml"],
        &["run", "sync", "--write", "w.hwt", "--decisions", "w.hwt"],
        &["matrix", "s.toml", "--svg", "s.toml"],
        &["matrix", "environment", "--svg", "a", "--png", "a"],
        &[
            "matrix",
            "environment",
            "--svg",
            "b.svg",
            "--map",
            "b.svg",
            "--variant",
            "no setting",
        ],
        &[
            "matrix",
            "environment",
            "--markdown",
            "a.md",
            "--svg",
            "a.md",
        ],
    ] {
        let output = highwater(folder.path())
            .args(arguments)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = one_line(&output);
        assert!(said.contains("is the same file"), "{arguments:?}: {said}");
        assert_eq!(names(folder.path()), ["s.toml", "t.hwt"], "{arguments:?}");
    }
    assert_eq!(
        fs::read(folder.path().join("t.hwt")).expect("there"),
        before
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("s.toml")).expect("there"),
        scenario
    );
}

#[test]
fn a_disk_that_is_full_at_any_block_leaves_the_old_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("w.hwt"), "old").expect("written");
    for blocks in [0, 1, 7, 130, 400] {
        let run = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"$HIGHWATER\" run sync --write w.hwt --json"
        );
        let output = in_shell(folder.path(), &run);
        assert_eq!(output.status.code(), Some(2), "{blocks} blocks");
        assert!(one_line(&output).contains("w.hwt"), "{blocks} blocks");
        let kept = fs::read_to_string(folder.path().join("w.hwt")).expect("there");
        assert_eq!(kept, "old", "{blocks} blocks");
        assert_eq!(names(folder.path()), ["w.hwt"], "{blocks} blocks");
    }
}

#[test]
fn an_allocator_that_there_is_not_is_said_before_a_trace_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let asked = ["run", "sync", "--write", "w.hwt", "--allocator", "hoard@9"];
    let output = highwater(folder.path())
        .args(asked)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn standard_output_and_error_that_are_closed_or_full_change_nothing_but_the_status() {
    let folder = tempfile::tempdir().expect("a folder");
    trace(folder.path());
    for (redirect, status) in [
        (">/dev/full", 2),
        (">/dev/full 2>/dev/full", 2),
        (">/dev/full 2>&-", 2),
        ("2>/dev/full", 0),
        ("2>&-", 0),
        ("| head -c 1 >/dev/null", 0),
    ] {
        let script = format!("\"$HIGHWATER\" replay t.hwt {redirect}");
        let output = in_shell(folder.path(), &script);
        assert_eq!(output.status.code(), Some(status), "{redirect}");
    }
    let nothing = in_shell(
        folder.path(),
        "\"$HIGHWATER\" replay nothing.hwt 2>/dev/full",
    );
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn names_of_others_reach_a_terminal_and_pictures_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = "title = \"t\\u202eq\"\nshows = \"s\"\nsource = \"s\"\npattern = \"sync\"\n[[variant]]\n\
        name = \"\\u001b]0;evil\\u0007\\u001b[31mred\\u202e\"\n";
    fs::write(folder.path().join("s.toml"), scenario).expect("written");
    for option in [&[][..], &["--json"], &["--csv"], &["--markdown", "-"]] {
        let asked = ["matrix", "s.toml", "--svg", "s.svg", "--set", "events=10"];
        let output = highwater(folder.path())
            .args(asked)
            .args(option)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", one_line(&output));
        let said = String::from_utf8(output.stdout).expect("text");
        let svg = fs::read_to_string(folder.path().join("s.svg")).expect("there");
        for text in [&said, &svg] {
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(steers), "{option:?}: {text:?}");
        }
        if option.contains(&"--json") {
            let read: serde_json::Value = serde_json::from_str(&said).expect("JSON");
            assert!(read.to_string().contains('\u{202e}'));
        }
    }
    let two_lines = scenario.replace("sync", "a\\nb");
    fs::write(folder.path().join("s.toml"), two_lines).expect("written");
    let output = highwater(folder.path())
        .args(["matrix", "s.toml"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(one_line(&output).contains("a\\nb"));
}

#[test]
fn a_signal_leaves_the_old_files_and_no_part_of_new_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    for signal in ["INT", "TERM", "HUP"] {
        for name in ["a.svg", "a.png"] {
            fs::write(folder.path().join(name), "old").expect("written");
        }
        let mut child = highwater(folder.path())
            .args([
                "matrix",
                "incident_full",
                "--svg",
                "a.svg",
                "--png",
                "a.png",
            ])
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        // Its unfinished files are there as soon as it has claimed them, long before the runs end.
        while names(folder.path()).len() < 4 {
            assert!(
                child.try_wait().expect("it can be asked").is_none(),
                "it ended by itself"
            );
            std::thread::yield_now();
        }
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.expect("there is kill").success());
        let status = child.wait().expect("it ends");
        assert!(!status.success(), "{signal}");
        for name in ["a.svg", "a.png"] {
            let kept = fs::read_to_string(folder.path().join(name)).expect("there");
            assert_eq!(kept, "old", "{signal}");
        }
        assert_eq!(names(folder.path()), ["a.png", "a.svg"], "{signal}");
    }
}
