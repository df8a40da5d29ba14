//! Faults of the machine, injected into every kind of output: a limit of a file's size that is reached anywhere, full and
//! closed streams, readers that leave, and memory that cannot be had.
//!
//! Whatever fails, the old file is whole, no unfinished one stays, one line names it and the exit status is 2.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

/// A command with the one file that it writes, `%` in its arguments.
struct Kind {
    arguments: &'static str,
    file: &'static str,
}

const KINDS: [Kind; 8] = [
    kind("matrix s.toml --svg %", "out.svg"),
    kind("matrix s.toml --png %", "out.png"),
    kind("matrix s.toml --variant a --map %", "out.svg"),
    kind("matrix s.toml --variant a --map %", "out.png"),
    kind("matrix s.toml --markdown %", "out.md"),
    kind("run s.toml --decisions %", "out.ndjson"),
    kind("run s.toml --write %", "out.hwt"),
    kind("run s.toml --write %", "out.hwt.gz"),
];

/// Commands whose result is what they print.
const PRINTED: [&str; 13] = [
    "matrix s.toml",
    "matrix s.toml --csv",
    "matrix s.toml --json",
    "matrix s.toml --markdown -",
    "run s.toml",
    "run s.toml --json",
    "run s.toml --decisions -",
    "replay t.hwt",
    "settings t.env",
    "allocators",
    "scenarios",
    "--help",
    "--version",
];

const fn kind(arguments: &'static str, file: &'static str) -> Kind {
    Kind { arguments, file }
}

const SCENARIO: &str = "title = \"t\"\nshows = \"s\"\nsource = \"s\"\npattern = \"sync\"\n[parameters]\nevents = 3\n\
    cycles = 1\nsubscribers = 1\nmodules = 0\nstreams = 1\nrest = 1\n[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\n\
    allocator = \"jemalloc\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write("s.toml", SCENARIO).expect("written");
    write("t.env", "MALLOC_ARENA_MAX=2\n").expect("written");
    let trace = "highwater-trace 1\nm 1 0 0x10 64\nm 2 0 0x20 64\nf 3 0 0x10\n";
    write("t.hwt", trace).expect("written");
    folder
}

/// Runs the command in a shell, whose limits and redirections hold for it.
fn in_shell(folder: &Path, before: &str, arguments: &str, after: &str) -> Output {
    let script = format!("{before} exec \"$HIGHWATER\" {arguments} {after}");
    Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env("HIGHWATER", env!("CARGO_BIN_EXE_highwater"))
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("there is a shell")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asks for status 2 and one line that names `what`.
fn is_told(output: &Output, what: &str, case: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(2), "{case}: {said}");
    assert_eq!(said.lines().count(), 1, "{case}: {said}");
    assert!(said.contains(what), "{case}: {said}");
}

fn unfinished(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).expect("it can be read");
    let mut names = entries.map(|entry| entry.expect("an entry").file_name());
    names.any(|name| name.as_bytes().ends_with(b".part"))
}

#[test]
fn a_limit_of_file_size_that_is_reached_anywhere_leaves_the_old_file() {
    let folder = folder();
    for Kind { arguments, file } in KINDS {
        let path = folder.path().join(file);
        let arguments = arguments.replace('%', file);
        let whole = in_shell(folder.path(), "", &arguments, ">/dev/null");
        assert_eq!(
            whole.status.code(),
            Some(0),
            "{arguments}: {}",
            said(&whole)
        );
        let whole = fs::read(&path).expect("it is written");
        let blocks = whole.len() as u64 / 1024;
        let mut limits = vec![
            0,
            1,
            blocks / 3,
            blocks / 2,
            blocks.saturating_sub(1),
            blocks,
        ];
        limits.sort_unstable();
        limits.dedup();
        for limit in limits
            .into_iter()
            .filter(|limit| limit * 1024 < whole.len() as u64)
        {
            let case = format!("{arguments} within {limit} KiB of {}", whole.len());
            fs::write(&path, "old").expect("written");
            let limit = format!("ulimit -f {limit};");
            let output = in_shell(folder.path(), &limit, &arguments, ">/dev/null");
            is_told(&output, file, &case);
            assert_eq!(fs::read(&path).expect("there"), b"old", "{case}");
            assert!(!unfinished(folder.path()), "{case}");
        }
        let limit = format!("ulimit -f {};", blocks + 1);
        let output = in_shell(folder.path(), &limit, &arguments, ">/dev/null");
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments}: {}",
            said(&output)
        );
        assert_eq!(
            fs::read(&path).expect("there").len(),
            whole.len(),
            "{arguments}"
        );
        fs::remove_file(&path).expect("it is there");
    }
}

#[test]
fn streams_that_are_full_closed_or_left_are_told_by_the_status() {
    let folder = folder();
    for arguments in PRINTED {
        for (redirection, what) in [
            (">/dev/full", "standard output"),
            (">out.txt", "standard output"),
        ] {
            let case = format!("{arguments} {redirection}");
            let limit = if redirection == ">out.txt" {
                "ulimit -f 0;"
            } else {
                ""
            };
            is_told(
                &in_shell(folder.path(), limit, arguments, redirection),
                what,
                &case,
            );
        }
        let nobody_told = in_shell(folder.path(), "", arguments, ">/dev/full 2>/dev/full");
        assert_eq!(nobody_told.status.code(), Some(2), "{arguments}");
        // A stream that is closed from the beginning takes everything, as /dev/null does.
        for redirection in [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "2>/dev/full"] {
            let output = in_shell(folder.path(), "", arguments, redirection);
            let case = format!("{arguments} {redirection}: {}", said(&output));
            assert_eq!(output.status.code(), Some(0), "{case}");
            assert!(said(&output).is_empty(), "{case}");
        }
        let left = in_shell(
            folder.path(),
            "set -o pipefail; exec 3>&2; run() {",
            arguments,
            "; }; run 2>&3 | true",
        );
        assert_eq!(left.status.code(), Some(0), "{arguments}: {}", said(&left));
        assert!(said(&left).is_empty(), "{arguments}: {}", said(&left));
    }
}

#[test]
fn devices_that_are_full_and_pipes_that_are_left_are_told_for_every_option() {
    let folder = folder();
    for Kind { arguments, file } in KINDS {
        let full = arguments.replace('%', "full");
        let full = match arguments.contains("--map") {
            true => full.replace("full", file),
            false => full,
        };
        let name = if arguments.contains("--map") {
            file
        } else {
            "full"
        };
        std::os::unix::fs::symlink("/dev/full", folder.path().join(name)).expect("linked");
        let output = in_shell(folder.path(), "", &full, ">/dev/null");
        is_told(&output, name, arguments);
        fs::remove_file(folder.path().join(name)).expect("it is there");
        if !arguments.contains("--map") {
            let left = arguments.replace('%', "/dev/stdout");
            let script = "set -o pipefail; run() {";
            let output = in_shell(folder.path(), script, &left, "; }; run | true");
            assert_eq!(output.status.code(), Some(0), "{left}: {}", said(&output));
            assert!(said(&output).is_empty(), "{left}: {}", said(&output));
        }
    }
}

#[test]
fn memory_that_cannot_be_had_ends_the_command_with_its_own_status() {
    let folder = folder();
    let commands = [
        "run sync --write out.hwt",
        "run async_fanout --set events=300 --write out.hwt.gz",
        "matrix environment --jobs 1 --svg out.svg",
        "matrix environment --png out.png",
    ];
    // With less the kernel does not even begin the program.
    let begins = |mib: &u64| {
        let limit = format!("ulimit -v {}; ulimit -c 0;", mib << 10);
        let output = in_shell(folder.path(), &limit, "--version", ">/dev/null 2>&1");
        output.status.code() == Some(0)
    };
    let least = (8..512)
        .step_by(4)
        .find(begins)
        .expect("it begins somewhere");
    let mut refused = 0;
    for arguments in commands {
        let file = arguments.rsplit(' ').next().expect("it has words");
        // From what hardly starts to what is nearly enough.
        for more in [0, 4, 8, 16, 32, 48, 64, 80, 96] {
            let mib = least + more;
            fs::write(folder.path().join(file), "old").expect("written");
            let limit = format!("ulimit -v {}; ulimit -c 0;", mib << 10);
            let output = in_shell(folder.path(), &limit, arguments, ">/dev/null");
            let case = format!("{arguments} in {mib} MiB: {}", said(&output));
            let now = fs::read(folder.path().join(file)).expect("there");
            match output.status.code() {
                Some(0) => assert_ne!(now, b"old", "{case}"),
                Some(2) => {
                    // The standard library's own line, with a note on backtraces, where it is what ends the command.
                    let said = said(&output);
                    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
                    assert!(lines[0].contains("memory"), "{case}");
                    let is_note =
                        |line: &&str| line.starts_with("note: run with `RUST_BACKTRACE=1`");
                    assert!(lines[1..].iter().all(is_note), "{case}");
                    refused += 1;
                    assert!(now == b"old" || arguments.contains("--write"), "{case}");
                }
                // The loader itself finds no room.
                Some(127) => assert_eq!(now, b"old", "{case}"),
                other => panic!("{other:?} {case}"),
            }
        }
    }
    assert!(refused > 4, "{refused} were refused");
}
