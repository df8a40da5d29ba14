//! The description of a run is the same in every language that it is written in.

use highwater_workload::RunSpec;
use highwater_workload::scenario::{ScenarioFile, catalogued};
use highwater_workload::spec::{Options, Settings, StageSpec, Tree, VariantSpec};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("MALLOC_ARENA_MAX=2\nMALLOC_CONF=\"a\"".to_owned()),
        "[ -~äß\u{1f600}\n\t\u{1}]{0,12}",
    ]
}

/// Options of a level, most of which can run.
fn options() -> impl Strategy<Value = Options> {
    let values = [
        prop::option::of(prop::sample::select(vec![
            "sync", "threads", "jobs", "nosuch",
        ]))
        .boxed(),
        prop::option::of(prop::sample::select(vec!["3.11", "none", "2.7"])).boxed(),
        prop::option::of(prop::sample::select(vec![
            "glibc@2.36",
            "jemalloc",
            "glibc 2.39",
        ]))
        .boxed(),
        prop::option::of(prop::sample::select(vec!["1", "500", "0", "-1"])).boxed(),
    ];
    let parameters = prop::collection::vec(
        (
            prop::sample::select(vec!["events", "rest", "seed"]),
            prop::sample::select(vec!["1", "2.5", "x"]),
        ),
        0..2,
    );
    (values, prop::option::of(text()), parameters).prop_map(
        |([pattern, python, allocator, cap], environment, parameters)| {
            let own = |text: &str| text.to_owned();
            let mut parameters: Vec<_> = parameters
                .iter()
                .map(|(name, value)| (own(name), own(value)))
                .collect();
            parameters.dedup_by(|one, other| one.0 == other.0);
            Options {
                pattern: pattern.map(own),
                python: python.map(own),
                allocator: allocator.map(own),
                cap: cap.map(own),
                cores: cap.map(own),
                seed: cap.map(own),
                workers: None,
                environment,
                parameters: Settings(parameters),
            }
        },
    )
}

fn spec() -> impl Strategy<Value = RunSpec> {
    let stage = (options(), "[a-z]{0,3}").prop_map(|(options, name)| {
        let mut stage = StageSpec {
            name,
            ..StageSpec::default()
        };
        stage.put(&options);
        stage
    });
    let base = prop::option::of(prop::sample::select(vec![
        "glibc",
        "jemalloc, 5000 ms",
        "nosuch",
    ]));
    let variant = (
        options(),
        "[a-z]{0,3}",
        base,
        prop::collection::vec(stage, 0..3),
    )
        .prop_map(|(options, name, base, stage)| {
            let base = base.map(str::to_owned);
            let mut variant = VariantSpec {
                name,
                base,
                stage,
                ..VariantSpec::default()
            };
            variant.put(&options);
            variant
        });
    let scenario = prop::option::of(prop::sample::select(vec!["decay", "nosuch"]));
    let trace = prop::option::of(text());
    (
        options(),
        scenario,
        trace,
        text(),
        prop::collection::vec(variant, 0..3),
    )
        .prop_map(|(options, scenario, trace, title, variant)| {
            let checksum = trace.as_ref().map(|_| "00ab12cd".to_owned());
            let scenario = scenario.map(str::to_owned);
            let mut run = RunSpec {
                title,
                scenario,
                trace,
                checksum,
                variant,
                ..RunSpec::default()
            };
            run.put(&options);
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
