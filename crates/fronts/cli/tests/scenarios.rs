//! Scenarios from the command: the catalogue, files, and the comparison of variants.

mod common;

use common::{file, highwater, json, path, refused, text};
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};

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
}

#[test]
fn a_comparison_as_csv_has_a_line_for_each_variant_asked_for() {
    let file = file("csv.toml", SMALL);
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
            text(&highwater(&["scenarios", name])),
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
fn what_is_wrong_in_a_file_is_one_line_with_file_line_and_range() {
    let bad = |name: &str, from: &str, to: &str| file(name, SMALL.replace(from, to));
    let range = bad("range.toml", "events = 5", "events = 0");
    refused(
        &["matrix", &range],
        &["range.toml: line 7", "events=0", "between 1 and 20000"],
    );
    let key = bad("key.toml", "[parameters]", "colour = 1\n[parameters]");
    refused(&["run", &key], &["key.toml: line 6", "colour"]);
    let allocator = bad("allocator.toml", "\"jemalloc\"", "\"tcmalloc\"");
    refused(
        &["matrix", &allocator],
        &["allocator.toml: line 23", "tcmalloc", "jemalloc@5.3.0"],
    );
    let known = &["nosuch", "incident", "async_fanout"];
    refused(&["matrix", "nosuch"], known);
    refused(&["scenarios", "nosuch"], &known[..2]);
    refused(&["run", "nosuch.toml"], &["nosuch.toml"]);
}

#[test]
fn what_a_comparison_cannot_do_is_one_line() {
    let small = file("fine.toml", SMALL);
    let map = path("fine-map.svg");
    let wrong = |options: &[&str], parts: &[&str]| {
        refused(&[&["matrix", &small], options].concat(), parts);
    };
    wrong(&["--set", "events=x"], &["events=x", "between 1 and 20000"]);
    wrong(&["--set", "event=1"], &["event"]);
    for option in ["--svg", "--png", "--map"] {
        wrong(&[option, "/no/such/folder/x.svg"], &["/no/such/folder"]);
    }
    wrong(&["--map", "map.gif"], &["map.gif", ".svg", ".png"]);
    wrong(
        &["--map", &map, "--at", "1000000"],
        &["plain, no setting", "--at 1000000", "from 0 s to"],
    );
    wrong(&["--map", &map, "--at", "NaN"], &["--at NaN"]);
    wrong(
        &["--at", "nowhere"],
        &["plain, no setting", "--at nowhere", "nearest", "rest:"],
    );
    wrong(&["--date", "yesterday"], &["--date", "yesterday"]);
    wrong(&["--markdown", "-", "--csv"], &["--markdown", "--csv"]);
}

#[test]
fn what_a_variant_of_several_processes_cannot_do_is_one_line() {
    let small = file("two.toml", SMALL);
    refused(&["run", &small, "--variant", "three"], &["three", "two"]);
    refused(
        &["run", "sync", "--variant", "three"],
        &["three", "no variants"],
    );
    for [option, value] in [["--seeds", "2"], ["--decisions", "-"], ["--write", "x.hwt"]] {
        refused(
            &["run", &small, "--variant", "two", option, value],
            &[option],
        );
    }
}

#[test]
fn a_run_is_described_in_json_too_from_a_file_or_standard_input() {
    let described = r#"{"scenario": "decay", "variant": "jemalloc, 1000 ms", "parameters": {"events": 5}, "seed": 3}"#;
    let file = file("run.json", described);
    let of_file = highwater(&["run", &file, "--json"]);
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
    let same = highwater(&arguments);
    let marks = |report: &Output| json(report)["marks"].clone();
    assert_eq!(marks(&of_file), marks(&same));
    let mut child = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["run", "-", "--json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the command was built");
    let mut input = child.stdin.take().expect("it is piped");
    std::io::Write::write_all(&mut input, described.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(marks(&output), marks(&of_file));
}

#[test]
fn what_is_wrong_in_json_is_one_line_with_its_key() {
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
        refused(&["matrix", &file("wrong.json", text)], parts);
    }
}
