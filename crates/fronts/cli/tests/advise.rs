//! The search for what would help, on the recording that comes with the page, and what is pasted from it.

mod common;

use common::{file, highwater, json, recording, refused, text};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// A candidate of a report by its name.
fn candidate<'r>(report: &'r Value, name: &str) -> &'r Value {
    let all = report["candidates"].as_array().expect("a list");
    let found = all.iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {report}"))
}

fn mib(bytes: &Value) -> f64 {
    bytes.as_f64().expect("a number") / f64::from(1 << 20)
}

/// The candidates that are worth their cost, by who makes the change.
fn worth<'r>(report: &'r Value, doer: &str) -> Vec<&'r Value> {
    let all = report["candidates"].as_array().expect("a list").iter();
    all.filter(|one| one["is_worth"] == true && one["doer"] == doer)
        .collect()
}

#[test]
fn the_recorded_burst_is_helped_by_a_threshold_jemalloc_or_malloc_trim_and_not_by_the_usual_advice()
{
    let report = json(&highwater(&["advise", &recording(), "--json"]));
    let before = &report["candidates"][0];
    assert_eq!(before["name"], "as it is");
    assert!((mib(&before["after_rest"]) - 207.6).abs() < 0.1, "{before}");

    let settings = worth(&report, "settings");
    assert_eq!(settings[0]["name"], "MALLOC_MMAP_THRESHOLD_=16384");
    assert!((mib(&settings[0]["after_rest"]) - 8.9).abs() < 0.1);
    assert!(settings[0]["faults"].as_u64() > before["faults"].as_u64().map(|faults| faults * 4));

    let library = worth(&report, "library");
    assert!((mib(&library[0]["after_rest"]) - 11.0).abs() < 0.2);
    // The rest is of 4 s.
    let conf = library[0]["settings"][0]["value"].as_str().expect("a text");
    let decay = conf.split("dirty_decay_ms:").nth(1).expect(conf);
    let decay = decay
        .split(',')
        .next()
        .and_then(|number| number.parse::<u64>().ok());
    assert!(decay.is_some_and(|decay| decay < 4_000), "{conf}");

    let program = worth(&report, "program");
    assert_eq!(program[0]["trim"], "after bursts");
    assert!((mib(&program[0]["after_rest"]) - 7.7).abs() < 0.1);

    for name in [
        "MALLOC_TRIM_THRESHOLD_=65536",
        "MALLOC_ARENA_MAX=2",
        "MALLOC_ARENA_MAX=1",
    ] {
        let usual = candidate(&report, name);
        assert_eq!(usual["does_nothing"], true, "{usual}");
        assert_eq!(usual["is_usual"], true, "{usual}");
    }
    for one in worth(&report, "settings")
        .iter()
        .chain(&library)
        .chain(&program)
    {
        assert!(one["explains"]["says"].is_string(), "{one}");
        assert_eq!(
            one["on_other_loads"].as_array().map(Vec::len),
            Some(2),
            "{one}"
        );
        assert!(
            one["does_not_lower"]
                .as_array()
                .is_some_and(|all| all.contains(&"peak".into())),
            "{one}"
        );
    }
}

#[test]
fn fewer_arenas_than_threads_come_with_what_no_replay_can_foretell() {
    let said = text(&highwater(&["advise", "sidekiq", "--only", "arenas"]));
    assert!(said.contains("a real run can leave more or less"), "{said}");
    // Where they do nothing there is nothing to say of them.
    let said = text(&highwater(&["advise", &recording(), "--only", "arenas"]));
    assert!(!said.contains("a real run can leave"), "{said}");
}

#[test]
fn the_table_the_document_and_csv_say_the_same() {
    let table = file("advice.md", "");
    let only = [
        "advise",
        &recording(),
        "--only",
        "mmap_threshold",
        "--jobs",
        "1",
    ];
    let shown = text(&highwater(&[&only[..], &["--markdown", &table]].concat()));
    let csv = text(&highwater(&[&only[..], &["--csv"]].concat()));
    let markdown = fs::read_to_string(&table).expect("it was written");
    for name in [
        "as it is",
        "MALLOC_MMAP_THRESHOLD_=16384",
        "MALLOC_ARENA_MAX=2",
    ] {
        for text in [&shown, &csv, &markdown] {
            assert!(text.contains(name), "{name} in {text}");
        }
    }
    for part in [
        "does nothing",
        "207.6 MiB",
        "1*",
        "CPU time is an estimate",
        "On other loads",
    ] {
        assert!(
            shown.contains(part) && markdown.contains(part.trim_end_matches('*')),
            "{part} in {shown}"
        );
    }
    assert!(!shown.contains("jemalloc@"), "{shown}");
    let columns = csv.lines().map(|line| line.matches(',').count());
    assert!(
        columns.clone().count() > 8 && columns.clone().min() == columns.max(),
        "{csv}"
    );
}

/// What the command reads in a text, by name.
fn settings(text: &str, name: &str) -> Vec<(String, String)> {
    let read = json(&highwater(&["settings", &file(name, text), "--json"]));
    let all = read["settings"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    all.map(|set| (text(&set["name"]), text(&set["value"])))
        .collect()
}

#[test]
fn a_remedy_is_pasted_in_the_form_of_the_file_and_does_what_was_foretold() {
    let trace = recording();
    let dockerfile = file(
        "paste.Dockerfile",
        "FROM python:3.12-slim-bookworm\nENV MALLOC_ARENA_MAX=2\n",
    );
    let only = ["--only", "jemalloc", "--image", "python:3.12-slim-bookworm"];
    let asked = [
        &["advise", &trace, "--settings", &dockerfile, "--paste"],
        &only[..],
    ]
    .concat();
    let pasted = text(&highwater(&asked));
    assert!(
        pasted.starts_with("RUN apt-get update && apt-get install"),
        "{pasted}"
    );
    let read = settings(&pasted, "pasted.Dockerfile");
    assert_eq!(
        read[0],
        ("LD_PRELOAD".to_owned(), "libjemalloc.so.2".to_owned())
    );
    assert_eq!(read[1].0, "MALLOC_CONF");

    let report = json(&highwater(
        &[
            &["advise", &trace, "--settings", &dockerfile, "--json"],
            &only[..],
        ]
        .concat(),
    ));
    let foretold = worth(&report, "library")[0];
    let change = file(
        "whole.Dockerfile",
        fs::read_to_string(&dockerfile).expect("it is there") + &pasted,
    );
    let rerun = json(&highwater(&[
        "compare",
        &trace,
        "--settings",
        &change,
        "--json",
    ]));
    let rerun = &rerun["variants"][1];
    for (key, of) in [
        ("after_rest", "after_rest"),
        ("faults", "faults"),
        ("peak", "peak"),
    ] {
        assert_eq!(rerun[key], foretold[of], "{key}");
    }
    for form in [
        "dockerfile",
        "compose",
        "kubernetes",
        "systemd",
        "procfile",
        "env",
    ] {
        let asked = [&["advise", &trace, "--paste", form], &only[..]].concat();
        assert_eq!(
            settings(&text(&highwater(&asked)), &format!("pasted.{form}")),
            read,
            "{form}"
        );
    }
    // The package is that of the image that the file is built from.
    let asked = [
        "advise",
        &trace,
        "--only",
        "jemalloc",
        "--paste",
        "--settings",
    ];
    let red_hat = file("ubi.Dockerfile", "FROM ubi9-minimal AS a\nFROM a\n");
    let pasted = text(&highwater(&[&asked[..], &[&red_hat]].concat()));
    assert!(
        pasted.contains("&& microdnf install -y jemalloc"),
        "{pasted}"
    );
    // The recording's release runs; that the file's image has another is told, unless one is asked for.
    let asked_json = ["advise", &trace, "--only", "arenas", "--json", "--settings"];
    let compose = file(
        "image.compose.yaml",
        "services:\n  app:\n    image: ubuntu:22.04\n    environment: {MALLOC_ARENA_MAX: 2}\n",
    );
    let told = "the recording's glibc 2.36 runs; for the image's give --image ubuntu:22.04.";
    let report = json(&highwater(&[&asked_json[..], &[&compose]].concat()));
    assert_eq!(report["allocator"], "glibc@2.36");
    let says = report["says"][0].as_str().unwrap_or_default();
    assert!(says.ends_with(told), "{says}");
    let report = json(&highwater(
        &[&asked_json[..], &[&compose, "--image", "ubuntu:22.04"]].concat(),
    ));
    assert_eq!(report["allocator"], "glibc@2.35");
    let says = &report["says"];
    assert_eq!(
        says,
        &serde_json::json!(["ubuntu:22.04 has Ubuntu 22.04 with glibc 2.35."])
    );

    for (name, base) in [("musl", "python:3.12-alpine"), ("none", "scratch")] {
        let other = file(&format!("{name}.Dockerfile"), format!("FROM {base}\n"));
        let refused = highwater(&[&asked[..], &[&other]].concat());
        assert_eq!(refused.status.code(), Some(2), "{base}");
    }
    let unknown = file("own.Dockerfile", "FROM registry.example/base:1\n");
    let output = highwater(&[&asked[..], &[&unknown]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("Debian and Ubuntu") && said.contains("--image"),
        "{said}"
    );

    let review = text(&highwater(&[
        "advise",
        &trace,
        "--paste",
        "review",
        "--only",
        "mmap_threshold",
    ]));
    for part in [
        "`MALLOC_MMAP_THRESHOLD_=16384`",
        "8.9 MiB",
        "207.6 MiB",
        "The usual advice",
        "do nothing here",
    ] {
        assert!(review.contains(part), "{part} in {review}");
    }
}

#[test]
fn a_cap_rules_out_what_exceeds_it() {
    let report = json(&highwater(&[
        "advise",
        &recording(),
        "--cap",
        "330",
        "--only",
        "mmap_threshold,jemalloc",
        "--json",
    ]));
    // Each block in a mapping of its own takes whole pages, so the peak is higher.
    let mapped = candidate(&report, "MALLOC_MMAP_THRESHOLD_=16384");
    assert_eq!(
        (&mapped["killed"], &mapped["is_worth"]),
        (&1.into(), &false.into()),
        "{mapped}"
    );
    let half = candidate(&report, "MALLOC_MMAP_THRESHOLD_=65536");
    assert_eq!(
        (&half["killed"], &half["is_worth"]),
        (&0.into(), &true.into()),
        "{half}"
    );
}

#[test]
fn what_cannot_be_searched_is_refused_in_one_line() {
    let trace = recording();
    let with = |arguments: &[&str], parts: &[&str]| {
        refused(&[&["advise", &trace], arguments].concat(), parts);
    };
    with(&["--only", "colour"], &["colour", "mmap_threshold"]);
    with(&["--image", "python:3.12-alpine"], &["musl", "debian:12"]);
    with(&["--image", "node:22"], &["node:22", "-bookworm"]);
    with(&["--weigh", "rss"], &["peak, rest or mean"]);
    with(&["--paste", "toml"], &["toml", "dockerfile"]);
    with(&["--seconds", "0"], &["--seconds"]);
    with(&["--cap", "0"], &["--cap", "between 1"]);
    with(&["--choose", "1"], &["--paste"]);
    with(
        &[
            "--paste",
            "env",
            "--choose",
            "99",
            "--only",
            "mmap_threshold",
        ],
        &["--choose 99"],
    );
    with(
        &["--only", "arenas", "--paste"],
        &["nothing that was tried would help"],
    );
    refused(&["advise", "nosuch"], &["nosuch", "incident"]);
}

#[test]
fn advice_for_a_program_on_an_allocator_without_a_model_says_whom_it_holds_for() {
    let trace = |allocator: &str| {
        let text = format!(
            "highwater-trace 1\nallocator {allocator}\nm 0 0 0x10000 100\nf 5 0 0x10000\nend 2\n"
        );
        file(&format!("on-{}.hwt", allocator.replace(' ', "-")), text)
    };
    let says = "recorded on musl, which reads none of these settings: the figures hold for the program on glibc";
    let only = ["--only", "arenas"];
    let said = |allocator: &str| {
        let trace = trace(allocator);
        text(&highwater(&[&["advise", &trace], &only[..]].concat()))
    };
    assert!(said("musl 1.2.5").contains(says));
    assert!(!said("glibc 2.36").contains("reads none of these settings"));
}

#[test]
fn a_scenario_is_advised_over_other_seeds() {
    let set = [
        "--set",
        "events=20",
        "--set",
        "cycles=2",
        "--set",
        "modules=10",
    ];
    let asked = [
        &[
            "advise",
            "async_fanout",
            "--only",
            "mmap_threshold,malloc_trim",
            "--json",
        ],
        &set[..],
    ]
    .concat();
    let report = json(&highwater(&asked));
    let best = worth(&report, "program")[0];
    let loads = best["on_other_loads"].as_array().expect("a list").iter();
    let loads: Vec<_> = loads.map(|on| on["load"].as_str()).collect();
    assert_eq!(
        loads,
        [Some("seed 1 further on"), Some("seed 2 further on")]
    );
    let again = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(&asked)
        .output()
        .expect("it runs");
    assert_eq!(json(&again), report, "the same input gives the same advice");
}

/// A folder with a few small recordings of different programs.
fn fleet(name: &str) -> String {
    let folder = common::path(name);
    fs::create_dir_all(&folder).expect("the folder for such files is writable");
    for (number, (pattern, set)) in [
        ("threads", ["threads=3", "requests=4", "rows=8"]),
        ("jobs", ["threads=2", "jobs=5", "strings=30"]),
        ("jobs", ["threads=2", "jobs=9", "strings=60"]),
    ]
    .into_iter()
    .enumerate()
    {
        let trace = format!("{folder}/{number}.hwt");
        let [a, b, c] = set;
        let (cycles, set) = ("cycles=2", "--set");
        text(&highwater(&[
            "run", pattern, set, a, set, b, set, c, set, cycles, "--write", &trace,
        ]));
    }
    folder
}

#[test]
fn recordings_advised_together_are_the_same_as_their_units() {
    let folder = fleet("fleet");
    let only = ["--only", "mmap_threshold,arenas,malloc_trim"];
    let asked = [&["advise", &folder][..], &only].concat();
    let table = text(&highwater(&asked));
    let plan = text(&highwater(&[&asked[..], &["--plan"]].concat()));
    let units: Vec<&str> = plan.lines().collect();
    assert_eq!(units.len() % 3, 0, "each change for each recording");
    let mut lines: Vec<String> = (units.iter())
        .map(|unit| {
            text(&highwater(
                &[&["advise", "--unit", *unit][..], &only].concat(),
            ))
        })
        .collect();
    // In another order, and with one that was run twice: a worker was lost.
    lines.reverse();
    lines.push(lines[0].clone());
    let from = file("fleet.jsonl", lines.concat());
    assert_eq!(
        text(&highwater(&[&asked[..], &["--from", &from]].concat())),
        table
    );
    assert_eq!(text(&highwater(&["advise", "--from", &from])), table);
    let parts = [0, 1, 2].map(|number| format!("{folder}/{number}.hwt"));
    let named = [
        &["advise"][..],
        &parts.each_ref().map(String::as_str),
        &only,
    ]
    .concat();
    assert_eq!(
        text(&highwater(&named)),
        table,
        "a folder stands for its files"
    );

    let fewer = file("fewer.jsonl", lines[2..lines.len() - 1].concat());
    refused(
        &[&asked[..], &["--from", &fewer]].concat(),
        &["2 of", "units have no line", "2.hwt"],
    );
    refused(&["advise", "--unit", "{}"], &["--plan"]);
    refused(
        &[&asked[..], &["--paste", "env"]].concat(),
        &["--paste", "one recording"],
    );
}

#[test]
fn recordings_of_every_kind_in_a_folder_are_advised_and_other_files_are_counted() {
    let folder = common::path("fleet-kinds");
    fs::create_dir_all(&folder).expect("the folder for such files is writable");
    let root = env!("CARGO_MANIFEST_DIR");
    for (from, to) in [
        ("../../input/import/tests/data/churn.ltrace.gz", "a.txt.gz"),
        ("../../input/import/tests/data/churn.hwr.gz", "b.hwr.gz"),
        ("../../../web/traces/ten_blocks.hwt", "c.hwt"),
        ("../../../README.md", "README.md"),
    ] {
        fs::copy(format!("{root}/{from}"), format!("{folder}/{to}")).expect("it is there");
    }
    let output = highwater(&["advise", &folder, "--only", "arenas"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("1 other file is no recording"), "{said}");
    assert!(text(&output).starts_with("3 recordings together"));
}

#[test]
fn the_image_of_the_settings_decides_on_jemalloc_for_a_fleet_as_well() {
    let folder = fleet("fleet_image");
    let script = "docker run -e MALLOC_ARENA_MAX=2 amazonlinux:2023 app\n";
    let settings = file("fleet.sh", script);
    let asked = ["advise", &folder, "--only", "jemalloc,arenas"];
    let output = highwater(&[&asked[..], &["--settings", &settings]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("glibc 2.34. It decides on jemalloc;"),
        "{said}"
    );
    assert!(said.contains("--image amazonlinux:2023."), "{said}");
    // No package of it is known there.
    assert!(!text(&output).contains("jemalloc"));
    let on_own = text(&highwater(&asked));
    assert!(on_own.contains("jemalloc"), "{on_own}");
}

#[test]
fn what_is_best_for_all_is_the_least_sum_that_hurts_none() {
    let folder = fleet("fleet_sums");
    let asked = [
        "advise",
        &folder,
        "--only",
        "arenas,mmap_threshold",
        "--json",
    ];
    let report = json(&highwater(&asked));
    let alone = |trace: &Value| {
        let trace = trace.as_str().expect("a name");
        json(&highwater(&[
            "advise",
            trace,
            "--only",
            "arenas,mmap_threshold",
            "--json",
        ]))
    };
    let traces = report["traces"].as_array().expect("a list");
    let each: Vec<Value> = traces.iter().map(alone).collect();
    for name in ["as it is", "MALLOC_ARENA_MAX=1", "MALLOC_ARENA_MAX=2"] {
        let sum: u64 = (each.iter())
            .map(|one| candidate(one, name)["after_rest"].as_u64().expect("bytes"))
            .sum();
        assert_eq!(candidate(&report, name)["memory"], sum, "{name}");
        let worst = each.iter().map(|one| {
            let [before, after] =
                ["as it is", name].map(|name| mib(&candidate(one, name)["after_rest"]));
            (1.0 - after / before) * 100.0
        });
        let worst = worst.fold(f64::INFINITY, f64::min);
        let said = candidate(&report, name)["saves_worst"]
            .as_f64()
            .expect("a number");
        assert!((said - worst).abs() < 0.01, "{name}: {said} is not {worst}");
    }
}
