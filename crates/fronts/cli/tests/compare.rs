//! Variants of one's own, of a trace and of a scenario.

mod common;

use common::{file, highwater, json, path, recording, refused, text};
use serde_json::{Value, json as value};
use std::fs;

/// A variant of a report by its name.
fn variant<'r>(report: &'r Value, name: &str) -> &'r Value {
    let all = report["variants"].as_array().expect("a list");
    let found = all.iter().find(|variant| variant["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {report}"))
}

fn number(variant: &Value, key: &str) -> u64 {
    variant[key].as_u64().expect("a number")
}

#[test]
fn an_image_with_another_release_than_the_one_that_runs_is_told() {
    let trace = recording();
    let manifest = file(
        "image.pod.yaml",
        "kind: Pod\nspec:\n  containers:\n  - image: ubuntu:22.04\n    env: [{name: MALLOC_ARENA_MAX, value: '2'}]\n",
    );
    let said = |more: &[&str]| {
        let output = highwater(&[&["compare", &trace, "--csv"], more].concat());
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let told = "ubuntu:22.04 has Ubuntu 22.04 with glibc 2.35, but the recording's glibc 2.36 runs; for the image's give --variant";
    let given = said(&["--settings", &manifest]);
    assert!(
        given.contains(&format!("variant image.pod.yaml: {told}")),
        "{given}"
    );
    let given = said(&["--variant", &format!("own: {manifest}")]);
    assert!(given.contains(&format!("variant own: {told}")), "{given}");
    let asked = format!("ubuntu:22.04: allocator=ubuntu:22.04 {manifest}");
    assert!(!said(&["--variant", &asked]).contains("ubuntu"));
    let replay = text(&highwater(&["replay", &trace, "--env", &manifest]));
    assert!(
        replay.contains("for the image's give --allocator ubuntu:22.04."),
        "{replay}"
    );
}

#[test]
fn a_trace_is_compared_with_settings_from_the_line_and_from_files() {
    let trace = recording();
    let dockerfile = file("Dockerfile", "FROM debian:12\nENV MALLOC_ARENA_MAX=2\n");
    let report = json(&highwater(&[
        "compare",
        &trace,
        "--variant",
        "low: MALLOC_MMAP_THRESHOLD_=16384",
        "--variant",
        "other: allocator=jemalloc MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000",
        "--variant",
        "MALLOC_TRIM_THRESHOLD_=0",
        "--variant",
        "in main: mallopt(M_MMAP_THRESHOLD, 16384)",
        "--settings",
        &dockerfile,
        "--json",
    ]));
    let names = report["variants"].as_array().expect("a list").iter();
    let names: Vec<_> = names.map(|one| one["name"].as_str()).collect();
    let expected = [
        "as recorded",
        "low",
        "other",
        "MALLOC_TRIM_THRESHOLD_=0",
        "in main",
        "Dockerfile",
    ];
    assert_eq!(names, expected.map(Some));
    let base = variant(&report, "as recorded");
    let low = variant(&report, "low");
    assert!(number(low, "after_rest") * 10 < number(base, "after_rest"));
    for key in ["after_rest", "faults", "syscalls"] {
        assert_eq!(
            number(variant(&report, "in main"), key),
            number(low, key),
            "{key}"
        );
        assert_eq!(
            number(variant(&report, "Dockerfile"), key),
            number(base, key),
            "{key}"
        );
    }
    assert_eq!(variant(&report, "other")["allocator"], "jemalloc@5.3.0");
    let alone = json(&highwater(&["replay", &trace, "--json"]));
    assert_eq!(alone["faults"], base["faults"]);
    assert_eq!(alone["peak_rss"], base["peak"]);
}

#[test]
fn a_program_that_trims_gives_memory_back_for_faults() {
    let trace = recording();
    let variants = [
        "idle: trim=idle:1s",
        "bursts: trim=after-bursts",
        "often: trim=every:0.5s",
    ];
    let mut arguments = vec!["compare", &trace, "--json"];
    for variant in variants {
        arguments.extend(["--variant", variant]);
    }
    let report = json(&highwater(&arguments));
    let base = variant(&report, "as recorded");
    for name in ["idle", "bursts", "often"] {
        let changed = variant(&report, name);
        assert!(
            number(changed, "after_rest") * 10 < number(base, "after_rest"),
            "{name}"
        );
        assert!(number(changed, "faults") > number(base, "faults"), "{name}");
        assert!(number(changed, "trims") > number(base, "trims"), "{name}");
        assert_eq!(number(changed, "live"), number(base, "live"), "{name}");
        let settings = changed["settings"].as_str().expect("a text");
        assert!(settings.contains("malloc_trim(0) "), "{settings}");
    }
}

#[test]
fn a_scenario_file_names_a_trace_that_lies_beside_it() {
    let copy = path("beside.hwt.gz");
    fs::copy(recording(), &copy).expect("it is there");
    let scenario = r#"
title = "Beside"
trace = "beside.hwt.gz"
[[variant]]
name = "plain"
[[variant]]
name = "trims"
trim = "idle 1 s"
"#;
    let scenario = file("beside.toml", scenario);
    let own = [
        "compare",
        &scenario,
        "--json",
        "--variant",
        "low: MALLOC_MMAP_THRESHOLD_=16384",
    ];
    let report = json(&highwater(&own));
    let after = |name: &str| number(variant(&report, name), "after_rest");
    assert!(after("trims") * 10 < after("plain"));
    assert!(after("low") * 10 < after("plain"));
    let early = text(&highwater(&[
        "compare", &scenario, "--at", "start", "--csv",
    ]));
    assert!(
        early
            .lines()
            .next()
            .is_some_and(|head| head.contains(",resident,")),
        "{early}"
    );
}

#[test]
fn a_variant_that_cannot_be_is_refused_in_one_line() {
    let trace = recording();
    let with = |variant: &str, parts: &[&str]| {
        refused(&["compare", &trace, "--variant", variant], parts);
    };
    with(
        "none of its own",
        &["no variants of its own", "NAME: SETTINGS"],
    );
    with("x: trim=hourly", &["trim", "idle 2 s"]);
    with("x: trim=every:1us", &["trim", "1 ms"]);
    with("x: cap=0", &["cap", "between 1"]);
    with("x: allocator=tcmalloc", &["tcmalloc"]);
    with("x: PATH=/bin", &["no setting of an allocator"]);
    with(
        "as recorded: MALLOC_ARENA_MAX=1",
        &["two variants are named"],
    );
    let nothing = file("nothing.txt", "PATH=/bin\n");
    refused(
        &["compare", &trace, "--settings", &nothing],
        &["nothing.txt", "no setting"],
    );
    refused(&["compare", "nosuch.hwt"], &["nosuch.hwt"]);
}

/// Two bursts of a block, freed, and a rest after each; with samples of a process that has so much beside its allocator.
fn measured_trace(name: &str, beside: u64, resident: [u64; 2]) -> String {
    let samples = resident.map(|heap| format!("rss={} heap={heap}", heap + beside));
    file(
        name,
        format!(
            "highwater-trace 2\nallocator glibc 2.36\nm 0 0 0x1000 33554432\nm 10 0 0x2000 64\nf 20 0 0x1000\n\
             m 30 0 0x1000 1000000\ns 2000000 0 {}\nf 3000000 0 0x1000\nm 3000010 0 0x1000 500000\nm 3000011 0 0x3000 64\n\
             f 3000020 0 0x1000\ns 6000000 0 {}\n",
            samples[0], samples[1]
        ),
    )
}

#[test]
fn a_rerun_is_measured_beside_what_was_foretold() {
    const BESIDE: u64 = 5 << 20;
    let trace = measured_trace("foretold.hwt", BESIDE, [0, 0]);
    let plain = json(&highwater(&["compare", &trace, "--json"]));
    let was = number(&plain["variants"][0], "after_rest");
    // What the real process had beside the model's memory in its last rest is known from the trace.
    let trace = measured_trace("foretold.hwt", BESIDE, [was, was]);
    let rerun = measured_trace("rerun.hwt", 0, [7 << 20, 6 << 20]);
    let low = "low: MALLOC_MMAP_THRESHOLD_=4096";
    let given = format!("low={rerun}");
    let asked = ["compare", &trace, "--variant", low, "--measured", &given];
    let report = json(&highwater(&[&asked[..], &["--json"]].concat()));
    let low = variant(&report, "low");
    let moments = low["measured"][0]["moments"].as_array().expect("a list");
    let last = moments.last().expect("it rests");
    assert_eq!(number(last, "measured"), 6 << 20, "{report}");
    assert_eq!(
        number(last, "foretold"),
        number(low, "after_rest") + BESIDE,
        "{report}"
    );
    assert_ne!(number(low, "after_rest"), was, "the setting does something");
    assert_eq!(moments.len(), 2, "{report}");
    assert_eq!(
        low["measured"][0]["samples"],
        value!([[2_000_000, 7 << 20], [6_000_000, 6 << 20]])
    );
    let picture = path("rerun.svg");
    highwater(&[&asked[..], &["--svg", &picture]].concat());
    let picture = std::fs::read_to_string(picture).expect("it was drawn");
    assert!(
        picture.contains("dots: measured"),
        "the legend says what they are"
    );
    assert!(
        variant(&report, "as recorded")["measured"].is_null(),
        "only where asked for"
    );
    for output in [&asked[..], &[&asked[..], &["--markdown", "-"]].concat()] {
        assert!(text(&highwater(output)).contains("6.0 MiB"));
    }
    refused(
        &["compare", &trace, "--measured", "other=x.hwt"],
        &["--measured other=x.hwt", "as recorded"],
    );
    let blind = file("blind.hwt", "highwater-trace 1\nm 0 0 0x1000 64\n");
    refused(
        &[
            "compare",
            &trace,
            "--measured",
            &format!("as recorded={blind}"),
        ],
        &["no samples"],
    );
}
