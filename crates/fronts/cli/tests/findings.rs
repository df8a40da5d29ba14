//! The causes of recorded programs, as the command tells them to people and to programs.

use serde_json::Value;
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
