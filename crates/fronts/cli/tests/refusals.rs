//! What the command refuses: one line on standard error, exit status 2, and nothing half done.

mod common;

use common::{file, recording, refused};
use std::fs;

#[test]
fn a_trace_that_is_none_is_one_line_that_says_what_and_where() {
    refused(&["replay", "no-such-file"], &["no-such-file"]);
    refused(&["replay", &file("empty.hwt", "")], &["is empty"]);
    let text = "highwater-trace 1\nm 1 0 0x10 zzz\n";
    refused(
        &["replay", &file("bad.hwt", text)],
        &["bad.hwt", "line 2", "zzz"],
    );
    let text = "highwater-trace 1\nm 1 0 0x10 100\nf 2 0";
    refused(&["replay", &file("cut.hwt", text)], &["line 3"]);
    let whole = fs::read(recording()).expect("the recording is there");
    refused(
        &["replay", &file("cut.hwt.gz", &whole[..whole.len() / 2])],
        &["cut.hwt.gz"],
    );
    let text = "highwater-trace 1\nm 1 0 0x10 999999999999999999999999\n";
    refused(&["replay", &file("absurd.hwt", text)], &["line 2"]);
    refused(
        &["replay", &recording(), "--set", "cycles=1"],
        &["no parameters"],
    );
    let text = "highwater-trace 1\nm 1 0 0x10 100\n";
    refused(&["replay", &file("nobrk.hwt", text), "--check"], &["brk"]);
    let text =
        "highwater-trace 1\nallocator glibc 2.17\nbrk 0x555555555000\nm 1 0 0x5555555552a0 24\n";
    refused(&["replay", &file("old.hwt", text), "--check"], &["2.17"]);
}

#[test]
fn a_parameter_that_cannot_be_is_one_line_that_names_it() {
    refused(&["run", "nothing"], &["nothing", "async_fanout"]);
    refused(&["run", "sync", "--set", "speed=3"], &["speed"]);
    refused(&["run", "sync", "--set", "cycles"], &["cycles"]);
    refused(&["run", "sync", "--set", "cycles=0"], &["cycles"]);
    refused(&["run", "sync", "--set", "payload=1e30"], &["payload"]);
    refused(&["run", "sync", "--set", "rest=nan"], &["rest"]);
    refused(&["run", "sync", "--env", "MALLOC"], &["MALLOC", "="]);
    refused(
        &["run", "sync", "--set", "threads=3"],
        &["threads", "sync", "streams"],
    );
    refused(
        &["run", "threads", "--set", "streams=3"],
        &["streams", "handoff"],
    );
}

#[test]
fn an_option_that_cannot_be_is_one_line_that_names_it() {
    refused(
        &["run", "sync", "--allocator", "tcmalloc"],
        &["tcmalloc", "glibc@2.36"],
    );
    refused(&["run", "sync", "--allocator", "glibc@1.0"], &["glibc@1.0"]);
    refused(&["run", "sync", "--cap", "0"], &["--cap"]);
    refused(
        &["run", "sync", "--cores", "0"],
        &["--cores", "between 1 and 4096, not 0"],
    );
    refused(&["run", "sync", "--cores", "many"], &["--cores", "many"]);
    refused(
        &["run", "sync", "--cores", "2", "--allowed-cores", "3"],
        &["--allowed-cores", "allowed (3) ≤ cores (2)"],
    );
    refused(
        &["run", "sync", "--decisions", "/nowhere/at/all"],
        &["--decisions /nowhere/at/all"],
    );
    refused(&["run"], &["SCENARIO"]);
    refused(&["fly"], &["fly"]);
}

#[test]
fn an_empty_value_of_any_option_is_one_line_that_names_the_option() {
    let (trace, empty) = (recording(), ["", " "]);
    let of = |command: &[&str], options: &[&str]| {
        for option in options {
            for value in empty {
                let given = format!("{option}={value}");
                let mut arguments = command.to_vec();
                arguments.push(&given);
                refused(&arguments, &[option]);
            }
        }
    };
    let common = [
        "--allocator",
        "--env",
        "--python",
        "--cap",
        "--cores",
        "--allowed-cores",
        "--seed",
        "--seeds",
        "--at",
        "--set",
    ];
    of(&["replay", &trace], &common);
    of(&["run", "sync"], &common);
    of(&["run", "sync"], &["--variant"]);
    of(
        &["matrix", "decay"],
        &["--variant", "--set", "--jobs", "--at", "--date"],
    );
    refused(&["run", ""], &["empty"]);
    refused(&["matrix", " "], &["empty"]);
}
