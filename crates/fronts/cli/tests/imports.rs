//! Files of other tools, beside what Highwater recorded of the same programs.

mod common;

use common::{highwater, json, path, refused, text};
use serde_json::Value;

fn data(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../input/import/tests/data");
    format!("{folder}/{name}")
}

fn replay(file: &str) -> Value {
    json(&highwater(&["replay", file, "--json"]))
}

#[test]
fn the_peak_of_a_replay_is_that_of_our_own_recording() {
    for (ours, theirs) in [
        (
            "churn.hwr.gz",
            &[
                "churn.heaptrack.raw.zst",
                "churn.lttng.gz",
                "churn.ltrace.gz",
            ][..],
        ),
        (
            "service.hwr.gz",
            &[
                "service.heaptrack.raw.zst",
                "service.memray-1.18.bin",
                "service.memray-1.19.bin",
                "service.memray-1.20.bin",
            ],
        ),
    ] {
        let peak = |name: &str| replay(&data(name))["peak_rss"].as_f64().expect("a number");
        let recorded = peak(ours);
        for name in theirs {
            let share = peak(name) / recorded;
            assert!((0.95..1.05).contains(&share), "{name}: {share}");
        }
    }
}

#[test]
fn what_a_file_lacks_is_said_once_and_to_programs() {
    let file = data("service.memray-1.20.bin");
    for command in [
        &["replay", &file][..],
        &["compare", &file],
        &["import", &file],
    ] {
        let output = highwater(command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &text(&output);
        assert_eq!(
            said.matches("calls before tracking began").count(),
            1,
            "{command:?}: {said}"
        );
    }
    let imported = &replay(&file)["imported"];
    let names = imported["lost"].as_array().expect("a list");
    assert!(
        names.iter().any(|lost| lost["name"] == "start"),
        "{imported}"
    );
    assert!(replay(&data("churn.hwr.gz")).get("imported").is_none());
    for command in [
        &["compare", &file, "--json"][..],
        &["advise", &file, "--only", "mmap_threshold", "--json"],
    ] {
        let said = json(&highwater(command));
        assert_eq!(&said["imported"], imported, "{command:?}");
    }
    let killed = &replay(&data("killed.memray-1.20.bin.gz"))["imported"]["lost"];
    let is_cut = killed
        .as_array()
        .is_some_and(|lost| lost.iter().any(|lost| lost["name"] == "end"));
    assert!(is_cut, "{killed}");
}

#[test]
fn addresses_are_compared_only_where_they_can_be() {
    for (name, why) in [
        ("churn.heaptrack.raw.zst", "thread"),
        ("churn.heaptrack.zst", "--check"),
        ("service.memray-1.20.bin", "before tracking began"),
    ] {
        let file = data(name);
        let output = highwater(&["replay", &file, "--check"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8_lossy(&output.stderr);
        let refusal = said.lines().last().expect("it says why");
        assert!(
            refusal.contains("--check") && refusal.contains(why),
            "{said}"
        );
    }
}

#[test]
fn a_file_is_written_in_every_form() {
    let file = data("churn.lttng.gz");
    let as_it_is = replay(&file);
    for form in ["hwr", "hwt", "hwt.gz"] {
        let written = path(&format!("imported.{form}"));
        text(&highwater(&["import", &file, &written]));
        let again = replay(&written);
        for key in ["events", "peak_rss", "imported"] {
            assert_eq!(again[key], as_it_is[key], "{form}: {key}");
        }
    }
}

#[test]
fn sums_are_refused_by_every_command() {
    let file = data("service.memray-1.20.aggregated.bin");
    for command in ["import", "replay", "compare", "run", "advise"] {
        refused(
            &[command, &file],
            &["sums", "--aggregate", "highwater record"],
        );
    }
    refused(&["import", &data("churn.c")], &["no recording of a tool"]);
}

#[test]
fn an_exported_trace_is_read_again() {
    let file = data("churn.hwr.gz");
    let own = replay(&file);
    for (form, loses_time) in [("--android", false), ("--logalloc", true), ("--hwt", false)] {
        let written = path(&format!("exported{form}"));
        text(&highwater(&["export", form, &file, &written]));
        let again = replay(&written);
        assert_eq!(again["allocations"], own["allocations"], "{form}");
        assert_eq!(again["peak_rss"], own["peak_rss"], "{form}");
        let lost = again["imported"]["lost"].to_string();
        assert_eq!(lost.contains("\"time\""), loses_time, "{form}: {lost}");
    }
}

#[test]
fn a_script_says_what_it_cannot_see() {
    for tool in ["bpftrace", "perf", "gdb", "ltrace"] {
        let script = text(&highwater(&["script", tool]));
        assert!(
            script.contains("malloc") && script.contains("realloc"),
            "{tool}"
        );
        assert!(script.contains("Limits"), "{tool}");
    }
}
