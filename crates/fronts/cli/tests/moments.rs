//! Which moment a report is of: on a recording of a FastAPI service that reads streams from Redis, and on small traces.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

fn highwater(arguments: &[&str]) -> Output {
    let command = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(arguments)
        .output();
    command.expect("the command starts")
}

fn json(arguments: &[&str]) -> Value {
    let output = highwater(&[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("it can be written");
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// The files of the recording as text: as it is, with other names of marks, and without marks. Written once for all tests.
fn service() -> [String; 3] {
    static FILES: OnceLock<[String; 3]> = OnceLock::new();
    FILES.get_or_init(written).clone()
}

fn written() -> [String; 3] {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/service.hwt.gz");
    let bytes = fs::read(path).expect("it is there");
    let workload = highwater_workload::trace::read(&bytes).expect("it is a trace");
    let mut text = Vec::new();
    highwater_workload::trace::write(&workload, None, &mut text).expect("memory takes all");
    let text = String::from_utf8(text).expect("traces are text");
    let mut number = 0;
    let renamed = text.lines().map(|line| match line.strip_prefix("k ") {
        Some(mark) => {
            number += 1;
            let mut fields: Vec<&str> = mark.split(' ').collect();
            let name = format!("phase-{}", number * 37 % 101);
            fields[2] = &name;
            format!("k {}\n", fields.join(" "))
        }
        None => format!("{line}\n"),
    });
    let renamed: String = renamed.collect();
    let kept = |line: &&str| !line.starts_with("k ") && !line.starts_with("end ");
    let removed = text.lines().filter(kept);
    let removed: String = removed.map(|line| format!("{line}\n")).collect();
    [
        file("service.hwt", &text),
        file("service-renamed.hwt", &renamed),
        file("service-removed.hwt", &removed),
    ]
}

const SETTINGS: [&[&str]; 3] = [
    &[],
    &["--env", "MALLOC_MMAP_THRESHOLD_=16384"],
    &[
        "--allocator",
        "jemalloc@5.3.0",
        "--env",
        "MALLOC_CONF=dirty_decay_ms:1000,muzzy_decay_ms:1000,background_thread:true",
    ],
];

#[test]
fn a_recording_is_explained_at_its_last_rest_with_any_marks_or_none() {
    let [named, renamed, removed] = service();
    for settings in SETTINGS {
        let report = json(&[&["replay", &named], settings].concat());
        let mark = |prefix: &str| {
            let marks = report["marks"].as_array().expect("a list");
            let is_it =
                |mark: &&Value| mark["name"].as_str().is_some_and(|n| n.starts_with(prefix));
            marks.iter().rfind(is_it).expect("it is marked").clone()
        };
        let rest = mark("rest1");
        assert_eq!(report["moment"]["name"], rest["name"]);
        assert_eq!(report["moment"]["time_us"], rest["time_us"]);
        assert_eq!(report["diagnosis"]["rss"], rest["rss"]);
        let rss = |value: &Value| value.as_f64().expect("a number") / 1048576.0;
        for other in [&renamed, &removed] {
            let report = json(&[&["replay", other], settings].concat());
            let time = report["moment"]["time_us"].as_u64().expect("a time");
            let apart = time.abs_diff(rest["time_us"].as_u64().expect("a time"));
            assert!(
                apart < 30_000,
                "{apart} µs from the mark: {}",
                report["moment"]
            );
            let found = rss(&report["diagnosis"]["rss"]);
            assert!((found - rss(&rest["rss"])).abs() < 0.5, "{found}, {rest}");
            let phases = report["phases"].as_array().expect("a list");
            let last = phases.iter().rfind(|phase| phase["kind"] == "rest");
            let begin = last.expect("it rests")["begin"]["time"].as_u64();
            let burst = mark("burst1")["time_us"].as_u64().expect("a time");
            assert!(begin.expect("a time").abs_diff(burst) < 30_000, "{last:?}");
        }
    }
}

#[test]
fn a_moment_is_named_by_a_mark_its_beginning_or_seconds() {
    let [named, _, removed] = service();
    let text = |arguments: &[&str]| {
        let output = highwater(arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("in UTF-8")
    };
    let of = |at: &str| json(&["replay", &named, "--at", at]);
    let burst = of("burst0");
    assert_eq!(burst["moment"]["name"], of("burst0_62")["moment"]["name"]);
    assert_eq!(burst["diagnosis"], of("burst0_62")["diagnosis"]);
    let mark =
        (burst["marks"].as_array().expect("a list").iter()).find(|m| m["name"] == "burst0_62");
    assert_eq!(burst["diagnosis"]["rss"], mark.expect("it is there")["rss"]);
    let timed = of("1.5");
    assert_eq!(timed["moment"]["time_us"], 1_500_000);
    assert_eq!(timed["diagnosis"]["rss"], burst["diagnosis"]["rss"]);
    let shown = text(&["replay", &named]);
    assert!(
        shown.contains("\nAt 4.08 s, the end of the rest `rest1_61`:\n"),
        "{shown}"
    );
    assert!(text(&["replay", &named, "--at", "trim"]).contains("\nAt 4.12 s, mark `trim_55`:\n"));
    let shown = text(&["replay", &removed]);
    assert!(shown.contains("(found from the calls: 1.5"), "{shown}");
    for (at, parts) in [
        (
            "rest",
            &["2 marks", "`rest0_62` (2.47 s)", "`rest1_61` (4.08 s)"][..],
        ),
        (
            "brust1",
            &["no mark", "nearest are `burst", "from 0 to 4.46 s"],
        ),
        ("4.5", &["the run goes from 0 s to 4.4"]),
        ("-1", &["the run goes from 0 s to 4.4"]),
        ("", &["--at", "the value is empty"]),
    ] {
        let output = highwater(&["replay", &named, "--at", at]);
        assert_eq!(output.status.code(), Some(2), "{at}");
        let said = String::from_utf8(output.stderr).expect("in UTF-8");
        assert_eq!(said.lines().count(), 1, "{said}");
        for part in parts {
            assert!(said.contains(part), "{at}: {said}");
        }
    }
}

#[test]
fn a_program_that_does_not_rest_is_said_to() {
    let trace = file(
        "unrested.hwt",
        "highwater-trace 1\nm 1 0 0x10 100\nm 2 0 0x20 100\nf 3 0 0x20\n",
    );
    let output = highwater(&["replay", &trace]);
    let text = String::from_utf8(output.stdout).expect("in UTF-8");
    assert!(
        text.contains("the end of the run (no rest found; figures are of the end of the run):"),
        "{text}"
    );
    let report = json(&["replay", &trace]);
    assert_eq!(report["moment"]["name"], Value::Null);
    assert_eq!(report["moment"]["event"], 3);
}

#[test]
fn a_pattern_is_explained_at_its_last_rest() {
    let large = [
        "run",
        "async_fanout",
        "--set",
        "cycles=2",
        "--set",
        "events=60",
    ];
    let whole = json(&large);
    assert_eq!(whole["moment"]["name"], "rest:1");
    let one = json(&[&large[..], &["--at", "rest:1"]].concat());
    assert_eq!(one["diagnosis"], whole["diagnosis"]);
}
