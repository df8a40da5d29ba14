//! The causes of recorded programs, as the command tells them to people and to programs.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

fn replay(name: &str, arguments: &[&str]) -> String {
    let folder = format!(
        "{}/../../engine/simulator/tests/data",
        env!("CARGO_MANIFEST_DIR")
    );
    let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["replay", &format!("{folder}/{name}.hwt.gz")])
        .args(arguments)
        .output()
        .expect("the command was built");
    assert_eq!(output.status.code(), Some(0), "{name}");
    String::from_utf8(output.stdout).expect("text")
}

/// What each recording's text must say, and the kind, bytes and first setting of its finding.
const CASES: [(&str, &str, &str, u64, Option<&str>); 5] = [
    (
        "fastbins",
        "parked in fastbins: 8,993 freed chunks of 128 B on 282 pages",
        "parked",
        1_151_104,
        Some("glibc.malloc.mxfast=0"),
    ),
    (
        "risen_threshold",
        "the trim threshold from 128 KiB to 32.0 MiB",
        "risen_threshold",
        24_780_144,
        Some("131072"),
    ),
    (
        "many_small_parked",
        "lies in 3,000 pieces between chunks in use",
        "small_pins",
        5_424_000,
        None,
    ),
    (
        "churn",
        "grows and is trimmed by turns: 400 times",
        "heap_churn",
        0,
        Some("524288"),
    ),
    (
        "whole_pages_between",
        "malloc_trim(0) would give back 596 KiB now: 149 whole pages",
        "malloc_trim",
        610_304,
        None,
    ),
];

#[test]
fn causes_are_told_in_text_and_json() {
    for (name, part, kind, bytes, setting) in CASES {
        let text = replay(name, &[]);
        assert!(text.contains(part), "{name}: {text}");
        let report: Value = serde_json::from_str(&replay(name, &["--json"])).expect("an object");
        let diagnosis = &report["diagnosis"];
        let findings = diagnosis["findings"].as_array().expect("a list");
        let place = findings.iter().position(|finding| finding["kind"] == kind);
        let place = place.unwrap_or_else(|| panic!("{name}: {findings:?}"));
        let finding = &findings[place];
        let found = finding["bytes"].as_u64().expect("a number");
        assert!(found.abs_diff(bytes) * 100 <= bytes, "{name}: {found}");
        let variables = &finding["remedies"];
        let variables = variables.as_array().into_iter().flatten();
        let mut values = variables.filter_map(|remedy| remedy["variables"][0]["value"].as_str());
        assert_eq!(values.next(), setting, "{name}");
        // The words beside the data are those of the text, in the same order.
        let words = &diagnosis["words"]["findings"];
        assert_eq!(words.as_array().map(Vec::len), Some(findings.len()));
        assert_eq!(words[place]["kind"], kind);
        for sentence in words[place]["sentences"].as_array().expect("a list") {
            assert!(
                text.contains(sentence.as_str().expect("text")),
                "{sentence}"
            );
        }
    }
}

#[test]
fn python_arenas_are_told_in_bytes() {
    let text = replay("python_arenas", &["--python", "3.11"]);
    let part = "3.6 MiB of the free memory lies in 4 arenas of Python's own";
    assert!(text.contains(part), "{text}");
    assert!(text.contains("4 of them are at least half free"), "{text}");
    assert!(
        !text.contains("3.3 MiB is free"),
        "a part is no larger than the whole"
    );
}

#[test]
fn the_list_of_pins_says_how_many_it_leaves_out() {
    let text = replay("many_small_parked", &[]);
    assert!(
        text.contains("… 2,953 more, with 5.1 MiB free below them"),
        "{text}"
    );
}

/// Runs that together have every kind of finding, `%` the folder of the recordings.
const RUNS: [&[&str]; 16] = [
    &["replay", "%/fastbins.hwt.gz"],
    &["replay", "%/risen_threshold.hwt.gz"],
    &["replay", "%/many_small_parked.hwt.gz"],
    &[
        "replay",
        "%/whole_pages_between.hwt.gz",
        "--allocator",
        "jemalloc@5.3.0",
    ],
    &["replay", "%/python_arenas.hwt.gz", "--python", "3.11"],
    &["run", "threads"],
    &["run", "threads", "--at", "1"],
    &["run", "async_fanout", "--at", "1"],
    &["run", "jobs"],
    &["run", "jobs", "--allocator", "jemalloc@5.3.0"],
    &["run", "tasks", "--at", "1"],
    &["run", "tasks", "--allocator", "jemalloc@5.3.0"],
    &["run", "tracemalloc", "--variant", "tracemalloc on"],
    &["run", "sync"],
    &["run", "sync", "--allocator", "jemalloc@5.3.0"],
    &[
        "run",
        "sync",
        "--allocator",
        "jemalloc@5.3.0",
        "--thp",
        "always",
    ],
];

/// Recordings of kinds that the others lack: mappings by turns, a thread that ends, muzzy pages.
fn recordings() -> [(&'static str, String); 3] {
    let mut mapped = "highwater-trace 1\nenv MALLOC_MMAP_THRESHOLD_=131072\n".to_owned();
    for turn in 0..400 {
        let time = turn * 1000;
        mapped += &format!("m {time} 0 0x10 300000\nf {} 0 0x10\n", time + 500);
    }
    let mut ended = "highwater-trace 1\nm 1 0 0x10 64\n".to_owned();
    let blocks = |kind: &str, time: u64, count: u64, end: &str| -> String {
        let line = |n| format!("{kind} {} 1 {:#x}{end}\n", time + n, 0x1000 * (n + 1));
        (0..count).map(line).collect()
    };
    ended += &blocks("m", 10, 64, " 60000");
    ended += &blocks("f", 100, 63, "");
    ended += "e 300 1\nm 400 0 0x20 64\n";
    let mut muzzy = "highwater-trace 1\nallocator jemalloc 5.3.0\n\
        env MALLOC_CONF=dirty_decay_ms:100,muzzy_decay_ms:-1,background_thread:true\nm 1 0 0x10 64\n"
        .to_owned();
    muzzy += &blocks("m", 10, 400, " 60000");
    muzzy += &blocks("f", 1000, 400, "");
    for turn in 0..300 {
        let time = 2000 + turn * 20_000;
        muzzy += &format!("m {time} 0 0x20 64\nf {} 0 0x20\n", time + 1);
    }
    [("mapped", mapped), ("ended", ended), ("muzzy", muzzy)]
}

/// Every finding of every run, as its JSON has it.
fn all_findings() -> Vec<Map<String, Value>> {
    let data = format!(
        "{}/../../engine/simulator/tests/data",
        env!("CARGO_MANIFEST_DIR")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let mut runs: Vec<Vec<String>> = (RUNS.iter())
        .map(|run| run.iter().map(|word| word.replace('%', &data)).collect())
        .collect();
    for (name, text) in recordings() {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        runs.push(vec!["replay".to_owned(), file.display().to_string()]);
    }
    let mut all = Vec::new();
    for run in runs {
        let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
            .args(&run)
            .arg("--json")
            .output();
        let output = output.expect("the command was built");
        assert_eq!(output.status.code(), Some(0), "{run:?}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("an object");
        let diagnosis = match &report["diagnosis"] {
            Value::Null => panic!("{run:?} has no diagnosis"),
            diagnosis => diagnosis,
        };
        for finding in diagnosis["findings"].as_array().expect("a list") {
            all.push(finding.as_object().expect("an object").clone());
        }
    }
    all
}

/// The words in backticks, those in brackets apart.
fn words(cell: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut outside, mut inside) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0_i32;
    for (number, part) in cell.split('`').enumerate() {
        if number % 2 == 0 {
            depth += part.matches('(').count() as i32 - part.matches(')').count() as i32;
        } else if depth == 0 {
            outside.insert(part.to_owned());
        } else {
            inside.insert(part.to_owned());
        }
    }
    (outside, inside)
}

const DOCUMENT: &str = include_str!("../../../../docs/findings.md");

#[test]
fn every_kind_of_finding_has_the_keys_that_the_document_lists() {
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let kinds = DOCUMENT.split_once("## Kinds").expect("it lists kinds").1;
    for row in kinds.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let mut fields = words(cells[2]).0;
        if let Some(other) = cells[2].trim().strip_prefix("as ") {
            fields = documented[other.trim_matches('`')].clone();
        }
        for kind in words(cells[0]).0 {
            documented.insert(kind, fields.clone());
        }
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in all_findings() {
        let kind = finding["kind"].as_str().expect("text").to_owned();
        let common = ["kind", "bytes", "rule", "remedies"];
        let own = finding.keys().filter(|key| !common.contains(&key.as_str()));
        assert!(finding["bytes"].is_u64(), "{finding:?}");
        if let Some(rule) = finding.get("rule") {
            assert!(
                rule["id"].is_string() && rule["function"].is_string(),
                "{rule}"
            );
        }
        found.entry(kind).or_default().extend(own.cloned());
    }
    assert_eq!(found, documented);
}

#[test]
fn every_remedy_is_one_that_the_document_lists_and_each_of_those_is_given() {
    let remedies = DOCUMENT.split_once("## Remedies").expect("it lists them").1;
    let row = |name: &str| {
        let start = format!("| `{name}` |");
        let row = remedies.lines().find_map(|line| line.strip_prefix(&start));
        row.unwrap_or_else(|| panic!("no row {name}"))
    };
    let actions = BTreeSet::from(["set", "malloc_trim"].map(str::to_owned));
    assert!(actions.is_subset(&words(row("action")).0));
    let bases: BTreeSet<String> = (row("gives").split("\"basis\": \"").skip(1))
        .filter_map(|after| Some(after.split_once('"')?.0.to_owned()))
        .collect();
    let costs = words(row("cost")).0;
    let mut found: [BTreeSet<String>; 3] = Default::default();
    for finding in all_findings() {
        let given = finding.get("remedies").and_then(Value::as_array);
        for remedy in given.into_iter().flatten() {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            let (action, gives) = (text(&remedy["action"]), &remedy["gives"]);
            let variables = remedy["variables"].as_array();
            assert_eq!(
                variables.is_some_and(|list| !list.is_empty()),
                action == "set"
            );
            for variable in variables.into_iter().flatten() {
                assert!(variable["name"].is_string() && variable["value"].is_string());
            }
            let basis = text(&gives["basis"]);
            assert_eq!(gives["bytes"].is_u64(), basis != "ends", "{remedy}");
            let cost = text(&remedy["cost"]);
            for (set, value) in found.iter_mut().zip([action, basis, cost]) {
                set.insert(value);
            }
        }
    }
    assert_eq!(found, [actions, bases, costs]);
}
