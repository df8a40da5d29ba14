//! The description of a run is the same in every language that it is written in.

use highwater_workload::RunSpec;
use highwater_workload::scenario::{ScenarioFile, catalogued};
use highwater_workload::spec::{Level, Tree};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("MALLOC_ARENA_MAX=2\nMALLOC_CONF=\"a\"".to_owned()),
        "[ -~äß\u{1f600}\n\t\u{1}]{0,12}",
    ]
}

fn one_of(known: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(known).prop_map(str::to_owned))
}

fn set(level: &mut Level, key: &'static str, said: Option<String>) {
    if let Some(text) = said {
        level.set(key, text);
    }
}

/// Options of a level, most of which can run.
fn options() -> impl Strategy<Value = Level> {
    let name = prop::sample::select(vec!["events", "rest", "seed"]);
    let value = prop::sample::select(vec!["1", "2.5", "x"]);
    let parameters = prop::collection::vec((name, value), 0..2);
    let values = (
        one_of(&["sync", "threads", "jobs", "nosuch"]),
        one_of(&["3.11", "none", "2.7"]),
        one_of(&["glibc@2.36", "jemalloc", "glibc 2.39"]),
        one_of(&["1", "500", "0", "-1"]),
        prop::option::of(text()),
    );
    (values, parameters).prop_map(|((pattern, python, allocator, cap, lines), parameters)| {
        let mut level = Level::default();
        set(&mut level, "pattern", pattern);
        set(&mut level, "python", python);
        set(&mut level, "allocator", allocator);
        for key in ["cap", "high", "cores", "seed"] {
            set(&mut level, key, cap.clone());
        }
        set(&mut level, "environment", lines);
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        level.parameters = parameters.into_iter().map(own).collect();
        level.parameters.dedup_by(|one, other| one.0 == other.0);
        level
    })
}

fn spec() -> impl Strategy<Value = RunSpec> {
    let stage = (options(), "[a-z]{0,3}").prop_map(|(mut stage, name)| {
        stage.set("name", name);
        stage
    });
    let base = one_of(&["glibc", "jemalloc, 5000 ms", "nosuch"]);
    let stages = prop::collection::vec(stage, 0..3);
    let variant = (options(), "[a-z]{0,3}", base, stages);
    let variant = variant.prop_map(|(mut variant, name, base, stages)| {
        variant.set("name", name);
        set(&mut variant, "base", base);
        variant.parts = stages;
        variant
    });
    let scenario = one_of(&["decay", "nosuch"]);
    let trace = prop::option::of(text());
    let variants = prop::collection::vec(variant, 0..3);
    let run = (options(), scenario, trace, text(), variants);
    run.prop_map(|(mut run, scenario, trace, title, variants)| {
        set(&mut run, "scenario", scenario);
        let sum = trace.as_ref().map(|_| "00ab12cd".to_owned());
        set(&mut run, "checksum", sum);
        set(&mut run, "trace", trace);
        run.set("title", title);
        run.parts = variants;
        run
    })
}

/// The same with numbers where a text is one, as a request of JavaScript has them.
fn numbered(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(numbered).collect(),
        Value::Object(pairs) => Value::Object(
            pairs
                .into_iter()
                .map(|(key, value)| (key, numbered(value)))
                .collect(),
        ),
        other => other,
    }
}

proptest! {
    #[test]
    fn a_run_is_the_same_in_every_language(run in spec()) {
        let planned = run.plan(&catalogued);
        let json = Tree::from(run.clone()).to_json();
        let again = RunSpec::from_json(&json).expect("it was written");
        prop_assert_eq!(&again, &run);
        let of_crate: RunSpec = serde_json::from_str(&json).expect("it is JSON");
        prop_assert_eq!(&of_crate, &run);
        let written = serde_json::to_string_pretty(&run).expect("it is JSON");
        prop_assert_eq!(&RunSpec::from_json(&written).expect("it is JSON"), &run);
        let toml = toml::to_string(&run).expect("it is a table");
        let file = ScenarioFile::read("made", &toml).expect("it was written");
        prop_assert_eq!(&file.scenario.run.plan(&catalogued), &planned);
        let value = serde_json::to_value(&run).expect("it is JSON");
        let request = RunSpec::from_json(&numbered(value).to_string()).expect("it is JSON");
        prop_assert_eq!(&request.plan(&catalogued), &planned);
    }

    #[test]
    fn json_is_read_as_the_crate_for_it_reads_it(text in "[\\[\\]{}:,\" \\\\a-fnrtu0-9.eE+-]{0,24}") {
        let ours = Tree::from_json(&text);
        let theirs: Result<serde_json::Value, _> = serde_json::from_str(&text);
        // Numbers are kept as texts, and checked where they are used.
        prop_assert!(ours.is_ok() || theirs.is_err(), "{text}: {theirs:?}");
    }
}
