//! Scenarios from the command: the catalogue, files, and the comparison of variants.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn highwater(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(arguments)
        .output()
        .expect("the command was built")
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn path(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    folder.join(name).display().to_string()
}

/// A file of this test's own.
fn file(name: &str, content: &str) -> String {
    let path = path(name);
    fs::write(&path, content).expect("the folder for such files is writable");
    path
}

const SMALL: &str = r#"
title = "A small one"
shows = "Little."
source = "This test."
pattern = "async_fanout"
[parameters]
events = 5
streams = 1
cycles = 2
modules = 5
[[variant]]
name = "plain, no setting"
[[variant]]
name = "two"
workers = 2
cap = 200
[[variant]]
name = "one after the other"
[[variant.stage]]
name = "first"
[[variant.stage]]
name = "then"
allocator = "jemalloc"
"#;

#[test]
fn a_scenario_is_compared_as_table_json_csv_and_picture() {
    let file = file("small.toml", SMALL);
    let table = text(&highwater(&["matrix", &file]));
    for part in [
        "A small one",
        "after rest",
        "reclaimable",
        "two",
        "one after the other",
    ] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
    let svg = path("small.svg");
    let arguments = ["matrix", &file, "--json", "--svg", &svg, "--jobs", "1"];
    let report: Value = serde_json::from_str(&text(&highwater(&arguments))).expect("JSON");
    let variants = report["variants"].as_array().expect("a list");
    assert_eq!(variants.len(), 3);
    for variant in variants {
        for key in [
            "peak",
            "after_burst",
            "after_rest",
            "live",
            "reclaimable",
            "trimmed",
            "faults",
            "syscalls",
        ] {
            assert!(variant[key].is_u64(), "{key}: {variant}");
        }
        assert!(variant["after_rest"].as_u64() > Some(100_000));
        assert!(
            variant["curve"]
                .as_array()
                .is_some_and(|curve| curve.len() > 10)
        );
    }
    let peak = |index: usize| variants[index]["peak"].as_u64().expect("a number");
    assert!(
        peak(1) > peak(0) * 3 / 2,
        "two processes have more resident than one"
    );
    let picture = fs::read_to_string(&svg).expect("it was written");
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    assert!(picture.contains("plain, no setting") && picture.contains("class=\"curve\""));
    let csv = text(&highwater(&[
        "matrix",
        &file,
        "--csv",
        "--variant",
        "two",
        "--variant",
        "plain, no setting",
    ]));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with(
        "variant,allocator,settings,after_burst_at,moment,peak,after_burst,after_rest,live,free"
    ));
    assert!(lines[1].starts_with("\"plain, no setting\","), "{csv}");
    // The name and both moments have a comma within their quotes.
    assert_eq!(
        lines[1].matches(',').count(),
        lines[0].matches(',').count() + 3
    );
}

#[test]
fn a_variant_is_run_with_what_is_asked_for_over_it() {
    let file = file("run.toml", SMALL);
    let first = text(&highwater(&["run", &file, "--env", "MALLOC_ARENA_MAX=1"]));
    assert!(first.contains("A small one: plain, no setting"), "{first}");
    assert!(first.contains("python@3.11 on glibc@2.36") && first.contains("MALLOC_ARENA_MAX=1"));
    let two = text(&highwater(&[
        "run",
        &file,
        "--variant",
        "two",
        "--allocator",
        "jemalloc",
    ]));
    assert!(
        two.contains("two from 0.000 s: 2 × python@3.11 on jemalloc@5.3.0"),
        "{two}"
    );
    let stages = highwater(&["run", &file, "--variant", "one after the other", "--json"]);
    let report: Value = serde_json::from_str(&text(&stages)).expect("JSON");
    assert_eq!(report["stages"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["stages"][1]["name"], "then");
    assert!(report["stages"][1]["begins_us"].as_u64() > Some(8_000_000));
    let killed = text(&highwater(&[
        "run",
        &file,
        "--variant",
        "two",
        "--cap",
        "1",
    ]));
    assert!(killed.contains("killed after"), "{killed}");
    let single = highwater(&["run", "incident", "--set", "events=3", "--json"]);
    let report: Value = serde_json::from_str(&text(&single)).expect("JSON");
    assert!(report["events"].as_u64() > Some(1000));
}

#[test]
fn a_run_gives_what_the_comparison_gives() {
    let set = ["--set", "events=10", "--variant", "no setting"];
    let run = highwater(&[&["run", "incident", "--json"], &set[..]].concat());
    let run: Value = serde_json::from_str(&text(&run)).expect("JSON");
    let matrix = highwater(&[&["matrix", "incident", "--json"], &set[..]].concat());
    let matrix: Value = serde_json::from_str(&text(&matrix)).expect("JSON");
    assert_eq!(run["peak_rss"], matrix["variants"][0]["peak"]);
    assert_eq!(run["faults"], matrix["variants"][0]["faults"]);
}

#[test]
fn the_catalogue_is_listed_and_its_files_can_be_copied() {
    let list = text(&highwater(&["scenarios"]));
    for part in ["incident", "four_weeks", "dask", "async_fanout"] {
        assert!(list.contains(part), "{part} in\n{list}");
    }
    let json: Value =
        serde_json::from_str(&text(&highwater(&["scenarios", "--json"]))).expect("JSON");
    for scenario in json.as_array().expect("a list") {
        let name = scenario["name"].as_str().expect("a text");
        let copy = file(
            &format!("copy_{name}.toml"),
            &text(&highwater(&["scenarios", name])),
        );
        assert!(
            scenario["variants"]
                .as_array()
                .is_some_and(|all| all.len() > 1)
        );
        let refused = highwater(&["matrix", &copy, "--variant", "no such"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            said.contains("no such variant"),
            "{name} reads as a file: {said}"
        );
    }
}

#[test]
fn what_is_wrong_is_one_line_with_file_line_and_range() {
    let bad = |name: &str, from: &str, to: &str| file(name, &SMALL.replace(from, to));
    let range = bad("range.toml", "events = 5", "events = 0");
    let key = bad("key.toml", "[parameters]", "colour = 1\n[parameters]");
    let allocator = bad("allocator.toml", "\"jemalloc\"", "\"tcmalloc\"");
    let small = file("fine.toml", SMALL);
    let map = path("fine-map.svg");
    for (arguments, parts) in [
        (
            &["matrix", &range][..],
            &["range.toml: line 7", "events=0", "between 1 and 20000"][..],
        ),
        (&["run", &key], &["key.toml: line 6", "colour"]),
        (
            &["matrix", &allocator],
            &["allocator.toml: line 23", "tcmalloc", "jemalloc@5.3.0"],
        ),
        (
            &["matrix", "nosuch"],
            &["nosuch", "incident", "async_fanout"],
        ),
        (&["run", "nosuch.toml"], &["nosuch.toml"]),
        (&["run", &small, "--variant", "three"], &["three", "two"]),
        (
            &["run", "sync", "--variant", "three"],
            &["three", "no variants"],
        ),
        (
            &["matrix", &small, "--set", "events=x"],
            &["events=x", "between 1 and 20000"],
        ),
        (&["matrix", &small, "--set", "event=1"], &["event"]),
        (
            &["matrix", &small, "--svg", "/no/such/folder/x.svg"],
            &["/no/such/folder"],
        ),
        (
            &["matrix", &small, "--png", "/no/such/folder/x.png"],
            &["/no/such/folder"],
        ),
        (
            &["matrix", &small, "--map", "/no/such/folder/x.svg"],
            &["/no/such/folder"],
        ),
        (
            &["matrix", &small, "--map", "map.gif"],
            &["map.gif", ".svg", ".png"],
        ),
        (
            &["matrix", &small, "--map", &map, "--at", "1000000"],
            &["plain, no setting", "--at 1000000", "from 0 s to"],
        ),
        (
            &["matrix", &small, "--map", &map, "--at", "NaN"],
            &["--at NaN"],
        ),
        (
            &["matrix", &small, "--at", "nowhere"],
            &["plain, no setting", "--at nowhere", "nearest", "rest:"],
        ),
        (
            &["matrix", &small, "--date", "yesterday"],
            &["--date", "yesterday"],
        ),
        (
            &["matrix", &small, "--markdown", "-", "--csv"],
            &["--markdown", "--csv"],
        ),
        (
            &["run", &small, "--variant", "two", "--seeds", "2"],
            &["--seeds"],
        ),
        (
            &["run", &small, "--variant", "two", "--decisions", "-"],
            &["--decisions"],
        ),
        (
            &["run", &small, "--variant", "two", "--write", "x.hwt"],
            &["--write"],
        ),
        (&["scenarios", "nosuch"], &["nosuch", "incident"]),
    ] {
        let output = highwater(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{arguments:?}: {part:?} in {said}");
        }
    }
}

#[test]
fn a_run_is_described_in_json_too_from_a_file_or_standard_input() {
    let json = r#"{"scenario": "decay", "variant": "jemalloc, 1000 ms", "parameters": {"events": 5}, "seed": 3}"#;
    let file = file("run.json", json);
    let of_file = text(&highwater(&["run", &file, "--json"]));
    let arguments = [
        "run",
        "decay",
        "--variant",
        "jemalloc, 1000 ms",
        "--set",
        "events=5",
        "--seed",
        "3",
        "--json",
    ];
    let same = text(&highwater(&arguments));
    let marks = |report: &str| -> Value {
        let report: Value = serde_json::from_str(report).expect("JSON");
        report["marks"].clone()
    };
    assert_eq!(marks(&of_file), marks(&same));
    for (text, parts) in [
        (
            r#"{"scenario": "decay", "cap": 0}"#,
            &["cap: ", "between 1 and 1048576, not 0"][..],
        ),
        (
            r#"{"scenario": "decay", "variant": [{}, {"cores": "x"}]}"#,
            &["variant 2: cores: ", "between 1 and 4096"],
        ),
        (
            r#"{"scenario": "decay", "colour": 1}"#,
            &["colour: unknown key", "scenario, trace"],
        ),
        (
            r#"{"scenario": "decay", "python": [3]}"#,
            &["python: expected a number or a text, not a list"],
        ),
        ("{\n\"scenario\":\n", &["line 3", "no JSON"]),
    ] {
        let file = self::file("wrong.json", text);
        let output = highwater(&["matrix", &file]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.lines().count(), 1, "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} in {said}");
        }
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["run", "-", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the command was built");
    let mut input = child.stdin.take().expect("it is piped");
    std::io::Write::write_all(&mut input, json.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(marks(&text_of(&output)), marks(&of_file));
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
