//! The command as people and programs meet it: exit status, keys, and one line for what is wrong.

mod common;

use common::{file, highwater, json, recording, refused};
use serde_json::Value;
use std::fs;

#[test]
fn a_recording_checks_as_equal() {
    let output = highwater(&["replay", &recording(), "--check", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report = json(&output);
    let addresses = &report["addresses"];
    assert_eq!(addresses["compared"], addresses["equal"]);
    assert_eq!(addresses["first_difference"], Value::Null);
    assert_eq!(report["allocations"], addresses["compared"]);
    for mark in report["marks"].as_array().expect("a list") {
        assert_eq!(mark["rss"], mark["measured"], "{mark}");
    }
}

/// Every modelled release of glibc.
const GLIBCS: [&str; 13] = [
    "2.28",
    "2.31",
    "2.34",
    "2.34-60.el9",
    "2.35",
    "2.36",
    "2.36-9+deb12u7",
    "2.39",
    "2.40",
    "2.41",
    "2.42",
    "2.43",
    "2.44",
];

#[test]
fn a_trace_of_several_threads_runs_on_every_release() {
    let text = "highwater-trace 1\nm 1 0 0x10 100\nm 2 5 0x20 100\nf 3 0 0x20\ne 4 5\n";
    let trace = file("threads.hwt", text);
    for release in GLIBCS {
        let allocator = format!("glibc@{release}");
        let output = highwater(&["replay", &trace, "--json", "--allocator", &allocator]);
        assert_eq!(output.status.code(), Some(0), "{release}");
        assert_eq!(json(&output)["allocations"], 2, "{release}");
    }
}

#[test]
fn the_object_has_exactly_its_keys() {
    let report = json(&highwater(&["run", "sync", "--json", "--set", "cycles=1"]));
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        keys.sort();
        keys
    };
    assert_eq!(
        keys(&report),
        [
            "addresses",
            "allocations",
            "answer",
            "diagnosis",
            "events",
            "faults",
            "marks",
            "moment",
            "peak_rss",
            "phases",
            "remarks",
            "seconds",
            "skipped",
            "syscalls"
        ]
    );
    assert_eq!(
        keys(&report["addresses"]),
        ["compared", "equal", "first_difference"]
    );
    assert_eq!(
        keys(&report["marks"][0]),
        [
            "free",
            "huge",
            "lazy_free",
            "live",
            "measured",
            "memory_current",
            "name",
            "page_tables",
            "parked",
            "reclaimable",
            "rss",
            "time_us",
            "top",
            "unwritten",
            "working_set"
        ]
    );
    assert_eq!(report["marks"][0]["measured"], Value::Null);
}

#[test]
fn a_difference_is_status_1_and_named() {
    let trace =
        "highwater-trace 1\nbrk 0x555555555000\nm 1 0 0x5555555552a0 24\nm 2 0 0x5555555552d0 24\n";
    let path = file("different.hwt", trace);
    let output = highwater(&["replay", &path, "--check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let first = &json(&output)["addresses"]["first_difference"];
    assert_eq!(first["event"], 1);
    assert_eq!(first["recorded"], "0x5555555552d0");
    assert_eq!(first["model"], "0x5555555552c0");
    let output = highwater(&["replay", &path]);
    assert_eq!(output.status.code(), Some(0), "only --check compares");
}

#[test]
fn what_chance_decides_in_jemalloc_is_told_with_a_difference() {
    let said = |allocator: &str, offset: &str| {
        let trace = format!(
            "highwater-trace 2\nallocator {allocator}\nbrk 0x555555555000\nm 1 0 0x7f00000030{offset} 20000\n"
        );
        let output = highwater(&["replay", &file("chance.hwt", &trace), "--check"]);
        String::from_utf8_lossy(&output.stdout).contains("some differences may come from that")
    };
    // A block begins at one place of its page: at another it differs.
    assert!(said("jemalloc 5.3.0", "40") || said("jemalloc 5.3.0", "80"));
    assert!(!said("glibc 2.36", "40"));
}

#[test]
fn a_mark_with_other_memory_is_a_difference_too() {
    let trace =
        "highwater-trace 1\nbrk 0x555555555000\nm 1 0 0x5555555552a0 24\nk 2 0 a heap_rss=8192\n";
    let output = highwater(&["replay", &file("mark.hwt", trace), "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("measured 8192 B, model 4096 B"));
}

#[test]
fn the_environment_of_the_trace_counts_unless_left_out() {
    let trace = "highwater-trace 1\nenv MALLOC_PERTURB_=1\nbrk 0x555555555000\ntouch none\nm 1 0 0x5555555552a0 9000\nk 2 0 a\n";
    let path = file("env.hwt", trace);
    let rss = |more: &[&str]| {
        let output = highwater(&[&["replay", &path, "--json"], more].concat());
        json(&output)["marks"][0]["rss"].as_u64().expect("a number")
    };
    assert_eq!(rss(&[]), 12288);
    assert_eq!(rss(&["--without-recorded-env"]), 8192);
    assert_eq!(rss(&["--env", "MALLOC_PERTURB_=0"]), 8192);
}

#[test]
fn text_for_people_has_table_chart_and_reasons() {
    let output = highwater(&[
        "run",
        "async_fanout",
        "--env",
        "MALLOC_TRIM_THRESHOLD=65536",
    ]);
    let text = String::from_utf8(output.stdout).expect("text");
    for part in [
        "burst:0",
        "█",
        "malloc_trim(0)",
        "`MALLOC_TRIM_THRESHOLD_`",
        "free below",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn what_a_run_writes_can_be_replayed() {
    let path = format!("{}/written.hwt.gz", env!("CARGO_TARGET_TMPDIR"));
    let run = highwater(&[
        "run", "sync", "--set", "cycles=1", "--python", "none", "--json", "--write", &path,
    ]);
    let replay = highwater(&["replay", &path, "--json"]);
    let (run, replay) = (json(&run), json(&replay));
    for key in [
        "events",
        "allocations",
        "marks",
        "peak_rss",
        "faults",
        "syscalls",
    ] {
        assert_eq!(run[key], replay[key], "{key}");
    }
}

#[test]
fn threads_are_replayed_and_checked_on_every_version() {
    let mut peaks = Vec::new();
    for version in GLIBCS {
        let allocator = format!("glibc@{version}");
        let output = highwater(&[
            "run",
            "threads",
            "--json",
            "--allocator",
            &allocator,
            "--set",
            "cycles=1",
        ]);
        assert_eq!(output.status.code(), Some(0));
        let report = json(&output);
        let arenas = report["diagnosis"]["arenas"].as_array().map(Vec::len);
        // 8 for each of 2 cores; from 2.44 on one for each core, and 8 at least.
        let allowed = if version == "2.44" { 8 } else { 16 };
        assert_eq!(arenas, Some(allowed), "{version}");
        peaks.push(report["peak_rss"].as_u64());
    }
    peaks.dedup();
    assert!(peaks.len() > 1, "the versions differ");
    let output = highwater(&["run", "threads", "--set", "cycles=1", "--cores", "64"]);
    let text = String::from_utf8(output.stdout).expect("text");
    for part in [
        "in 17 arenas",
        "16 arenas created",
        "of thread 3",
        "\n    9      1 ",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn every_decision_is_a_line() {
    let path = format!("{}/decisions.jsonl", env!("CARGO_TARGET_TMPDIR"));
    let run = |place: &str| highwater(&["run", "threads", "--decisions", place]);
    let report = run(&path);
    assert!(String::from_utf8_lossy(&report.stdout).contains("malloc_trim(0)"));
    let lines = fs::read_to_string(&path).expect("it was written");
    assert_eq!(run("-").stdout, lines.as_bytes(), "in place of the report");
    let mut kinds = std::collections::BTreeMap::new();
    let mut event = 0;
    for line in lines.lines() {
        let decision: Value = serde_json::from_str(line).expect("JSON");
        let fields = decision.as_object().expect("an object");
        assert!(!fields.values().any(Value::is_object), "{line}");
        let at = fields["event"].as_u64().expect("a number");
        assert!(at >= event && fields.contains_key("time_us"));
        event = at;
        let kind = fields["kind"].as_str().expect("a name").to_owned();
        *kinds.entry(kind).or_insert(0_u64) += 1;
    }
    assert!(lines.lines().count() > 1000, "more than a report keeps");
    assert_eq!(kinds["arena_created"], 15);
    assert_eq!(kinds["arena_shared"], 1);
    let text = String::from_utf8_lossy(&report.stdout).into_owned();
    let growths = highwater_report::of(kinds["heap_grown"], "heap growth", "heap growths");
    assert!(text.contains(&growths), "{text}");
}

#[test]
fn the_allocators_are_listed() {
    let listed = json(&highwater(&["allocators", "--json"]));
    let listed = listed.as_array().expect("a list");
    let choices = listed.iter().map(|one| one["choice"].as_str());
    let choices: Vec<_> = choices.filter(Option::is_some).collect();
    let jemallocs = ["5.2.1", "5.3.0", "5.3.1"].map(|version| format!("jemalloc@{version}"));
    let versions: Vec<String> = GLIBCS
        .iter()
        .map(|version| format!("glibc@{version}"))
        .chain(jemallocs)
        .collect();
    let versions: Vec<_> = versions.iter().map(|name| Some(name.as_str())).collect();
    assert_eq!(choices, versions);
    let ubuntu = listed.iter().find(|one| {
        one["images"]
            .as_array()
            .is_some_and(|images| images.contains(&"ubuntu:24.04".into()))
    });
    assert_eq!(ubuntu.expect("it is listed")["choice"], "glibc@2.39");
    let defaults = listed.iter().filter(|one| one["default"] == true);
    assert_eq!(defaults.count(), 1);
    let text = String::from_utf8(highwater(&["allocators"]).stdout).expect("text");
    for one in listed {
        for part in [&one["found_in"], &one["differences"][0]["text"]] {
            assert!(text.contains(part.as_str().expect("words")), "{part}");
        }
    }
}

#[test]
fn every_release_of_python_that_is_listed_runs_a_recording() {
    let listed = json(&highwater(&["allocators", "--json"]));
    let listed = listed.as_array().expect("a list");
    let releases: Vec<_> = listed
        .iter()
        .filter_map(|one| one["python"].as_str())
        .collect();
    assert_eq!(releases, ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]);
    for release in releases {
        for allocator in ["glibc@2.36", "jemalloc"] {
            let recording = recording();
            let arguments = ["replay", &recording, "--json", "--python", release];
            let report = json(&highwater(
                &[&arguments[..], &["--allocator", allocator]].concat(),
            ));
            let objects = &report["diagnosis"]["objects"];
            assert!(
                objects["arenas"].as_u64().is_some_and(|n| n > 0),
                "{objects}"
            );
            assert_eq!(report["events"], 304_161);
        }
    }
    refused(
        &["run", "sync", "--python", "3.8"],
        &["--python", "`3.8`", "3.9, 3.10, 3.11"],
    );
}

#[test]
fn tracemalloc_is_the_overhead_that_misleads() {
    let peak = |env: &str| {
        let arguments = [
            "run",
            "async_fanout",
            "--python",
            "3.11",
            "--json",
            "--env",
            env,
        ];
        let report = json(&highwater(&arguments));
        let traced = report["diagnosis"]["objects"]["own"]["traced"].as_u64();
        (report["peak_rss"].as_u64().expect("bytes"), traced)
    };
    let (plain, none) = peak("PYTHONTRACEMALLOC=0");
    let (traced, some) = peak("PYTHONTRACEMALLOC=1");
    assert_eq!(none, Some(0));
    assert!(some.is_some_and(|blocks| blocks > 0));
    assert!(traced > plain, "{traced} for {plain}");
}

#[test]
fn jemalloc_is_run_with_the_settings_that_are_listed() {
    let listed = json(&highwater(&["allocators", "--json"]));
    let listed = listed.as_array().expect("a list");
    let releases: Vec<_> = listed
        .iter()
        .filter(|one| one["name"] == "jemalloc")
        .collect();
    assert_eq!(releases.len(), 3);
    for release in releases {
        let choice = release["choice"].as_str().expect("a text");
        let presets = release["presets"].as_array().expect("presets");
        assert!(presets.len() >= 6);
        for preset in presets {
            let env = preset["env"].as_str().expect("a text");
            let mut arguments = vec!["run", "sync", "--allocator", choice, "--json"];
            arguments.extend((!env.is_empty()).then_some(["--env", env]).iter().flatten());
            let report = json(&highwater(&arguments));
            let last = report["marks"].as_array().and_then(|marks| marks.last());
            let mark = last.expect("the pattern has marks");
            for figure in ["allocated", "active", "dirty", "muzzy", "retained"] {
                assert!(mark[figure].is_u64(), "{figure} of {choice} under {env}");
            }
            assert!(report["diagnosis"]["figures"]["decay"].is_object());
        }
    }
}

#[test]
fn what_keeps_the_pages_is_said_in_text_and_json() {
    let arguments = [
        "run",
        "async_fanout",
        "--python",
        "none",
        "--allocator",
        "jemalloc",
        "--env",
        "MALLOC_CONF=background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:5000",
    ];
    let report = json(&highwater(&[&arguments[..], &["--json"]].concat()));
    let pages = &report["diagnosis"]["pages"];
    let bytes = |name: &str| pages[name].as_u64().expect("bytes");
    let all = [
        "live",
        "slabs_below_half",
        "slabs_below_eighth",
        "parked",
        "dirty",
        "muzzy",
        "metadata",
    ];
    let sum: u64 = all.into_iter().map(bytes).sum();
    assert_eq!(report["diagnosis"]["rss"], sum);
    assert!(bytes("muzzy") > 0);
    assert!(pages["muzzy_waits"]["last"].as_u64() <= Some(5_000_000));
    assert!(pages["muzzy_waits"]["last"].as_u64() >= pages["muzzy_waits"]["half"].as_u64());
    let text = String::from_utf8(highwater(&arguments).stdout).expect("text");
    for part in [
        "slab less than ⅛ in use",
        "may stay for",
        "muzzy: free, offered back",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let glibc = json(&highwater(&["run", "async_fanout", "--json"]));
    assert!(glibc["diagnosis"]["pages"].is_null());
}

#[test]
fn the_spread_over_seeds_is_said() {
    let recording = "../../../web/traces/asyncio_burst.hwt.gz";
    let run = |conf: &str| {
        let env = format!("MALLOC_CONF={conf}");
        json(&highwater(&[
            "replay",
            recording,
            "--allocator",
            "jemalloc",
            "--json",
            "--seeds",
            "5",
            "--env",
            &env,
        ]))
    };
    let apart = |report: &serde_json::Value| {
        let marks = report["marks"].as_array().expect("marks").clone();
        let spread = marks.iter().map(|mark| &mark["rss_over_seeds"]);
        spread
            .map(|both| both[1].as_u64().expect("bytes") - both[0].as_u64().expect("bytes"))
            .max()
    };
    // The decay's jitter decides when the thread wakes.
    assert!(apart(&run("background_thread:true,dirty_decay_ms:5000")) > Some(0));
    let refused = highwater(&["run", "sync", "--seeds", "0"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn help_and_version_are_no_errors() {
    for argument in ["--help", "--version"] {
        assert_eq!(highwater(&[argument]).status.code(), Some(0));
    }
    let help = highwater(&["run", "--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for part in ["survivors", "handoff", "of sync and async_fanout"] {
        assert!(help.contains(part), "{part}");
    }
}
