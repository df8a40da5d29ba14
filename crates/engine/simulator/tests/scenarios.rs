//! The catalogue, run: what its scenarios are said to show comes out, on other seeds too.

use highwater_simulator::{Bytes, Options, Outcome, Sources, Summary, run_plan};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Scenario, unwatched};

/// The outcomes of a scenario's variants, by name.
fn outcomes(name: &str, set: &[(&str, &str)]) -> Vec<Outcome> {
    let scenario = Scenario::named(name).expect("it is in the catalogue");
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let set = set.iter().map(own).collect();
    let mut sources = Sources::default();
    let planned = scenario.plan_with(set).expect("it can be run");
    let run = |planned| {
        let plan = sources.plan(planned, None);
        let options = Options::default();
        run_plan(plan.expect("it is modelled"), &options, &mut unwatched).expect("it can run")
    };
    planned.iter().map(run).collect()
}

#[test]
fn processes_whose_calls_are_made_on_the_way_run_as_those_in_memory() {
    let scenario = Scenario::named("prefork").expect("it is in the catalogue");
    let set = vec![("cycles".to_owned(), "2".to_owned())];
    let planned = scenario.plan_with(set).expect("it can be run");
    let planned = (planned.iter())
        .find(|planned| planned.stages[0].workers > 1)
        .expect("several processes");
    let outcome = |mut sources: Sources| {
        let plan = sources.plan(planned, None);
        let plan = plan.expect("it is modelled");
        let streamed = plan.stages[0].sources.iter().map(|s| s.is_streamed());
        let streamed = streamed.filter(|is_streamed| *is_streamed).count();
        let options = Options::default();
        let outcome = run_plan(plan, &options, &mut unwatched).expect("it can run");
        // Time at the cap is taken at samples, whose places depend on how long the run seems to be.
        let near_cap = None;
        (
            streamed,
            Summary {
                near_cap,
                ..outcome.summary()
            },
        )
    };
    let (streamed, whole) = outcome(Sources::default());
    assert_eq!(streamed, 0);
    let (streamed, on_the_way) = outcome(Sources::holding(0, u64::MAX));
    assert_eq!(streamed, planned.stages[0].workers as usize - 1);
    assert_eq!(on_the_way, whole);
}

#[test]
fn calls_of_all_processes_together_are_bounded() {
    let mut sources = Sources::holding(0, 1_000_000);
    let refused = (1..100).find_map(|seed| {
        let parameters: Parameters = format!("seed={seed} cycles=1").parse().ok()?;
        let made = sources.get(Pattern::Sync, &parameters, &mut unwatched);
        made.err()
    });
    let refused = refused.expect("it cannot go on").to_string();
    assert!(refused.contains("Reduce workers"), "{refused}");
}

struct Table(Vec<(String, Summary)>);

impl Table {
    fn of(name: &str, set: &[(&str, &str)]) -> Self {
        let named = |outcome: Outcome| (outcome.name.clone(), outcome.summary());
        Self(outcomes(name, set).into_iter().map(named).collect())
    }

    fn get(&self, name: &str) -> &Summary {
        let found = self.0.iter().find(|(of, _)| of == name);
        &found.expect("there is such a variant").1
    }
}

const SEEDS: [&str; 3] = ["1", "2", "3"];

#[test]
fn no_setting_changes_what_stays_and_malloc_trim_does() {
    for seed in SEEDS {
        let table = Table::of("environment", &[("seed", seed)]);
        let none = table.get("no setting");
        assert!(none.after_rest > none.live + Bytes::mib(30), "{none:?}");
        for (name, summary) in &table.0 {
            let apart = summary.after_rest.0.abs_diff(none.after_rest.0);
            assert!(apart * 50 <= none.after_rest.0, "{name}: {summary:?}");
        }
        let trimmed = table.get("one malloc_trim(0)");
        assert!(
            trimmed.at_end.0 * 100 <= trimmed.live.0 * 115,
            "{trimmed:?}"
        );
        assert_eq!(trimmed.after_rest - trimmed.at_end, trimmed.trimmed);
    }
}

#[test]
fn one_at_a_time_is_flat_whatever_the_setting() {
    for seed in SEEDS {
        let all = outcomes("one_at_a_time", &[("seed", seed)]);
        for outcome in all.iter().filter(|o| !o.name.contains("all at once")) {
            let rests = outcome
                .marks
                .iter()
                .filter(|mark| mark.name.starts_with("rest:"));
            let rests: Vec<u64> = rests.map(|mark| mark.sample.rss.0).collect();
            let (least, most) = (rests.iter().min(), rests.iter().max());
            let (least, most) = (*least.expect("rests"), *most.expect("rests"));
            assert_eq!(rests.len(), 15);
            assert!(
                most - least < 1 << 20,
                "{}: {least} to {most}",
                outcome.name
            );
            let summary = outcome.summary();
            assert!(summary.peak < summary.live + Bytes::mib(14), "{summary:?}");
        }
    }
}

#[test]
fn a_short_decay_gives_back_and_a_long_one_less() {
    for seed in SEEDS {
        let table = Table::of("decay", &[("seed", seed)]);
        let above = |name: &str| {
            let summary = table.get(name);
            summary.after_rest.saturating_sub(summary.live).0
        };
        let (glibc, short, long) = (
            above("glibc"),
            above("jemalloc, 1000 ms"),
            above("jemalloc, 5000 ms"),
        );
        assert!(short * 5 < glibc, "{short} and {glibc}");
        assert!(short * 3 < long, "{short} and {long}");
    }
}

#[test]
fn a_decay_longer_than_the_rest_is_worse_than_glibc() {
    for seed in SEEDS {
        let table = Table::of("decay_short_rest", &[("seed", seed)]);
        let after = |name: &str| table.get(name).after_rest;
        assert!(after("jemalloc, 5000 ms") > after("glibc"));
        assert!(after("jemalloc, 1000 ms") < after("glibc"));
        assert!(after("jemalloc, 5000 ms, events of 400 KB") > after("glibc, events of 400 KB"));
    }
}

#[test]
fn processes_of_a_stage_share_a_cap() {
    let killed = outcomes("prefork", &[("preload", "250")]);
    let four = &killed[0];
    assert_eq!(four.stages[0].recordings.len(), 4);
    let summary = four.summary();
    assert!(
        summary.killed >= 1,
        "four times 250 MiB and more do not fit: {summary:?}"
    );
    assert!(summary.peak <= Bytes::mib(1025), "{summary:?}");
    let table = Table::of("prefork", &[]);
    let four = table.get("four prefork workers");
    assert_eq!(four.killed, 0);
    assert!(four.peak > Bytes::mib(960), "{four:?}");
    assert!(four.near_cap.is_some());
    let one = table.get("one asynchronous worker");
    assert!(one.peak.0 * 3 < four.peak.0);
}

#[test]
fn stages_follow_one_another_and_each_starts_anew() {
    let all = outcomes("four_weeks", &[]);
    for outcome in &all {
        let times: Vec<u64> = outcome.samples.iter().map(|sample| sample.time.0).collect();
        assert!(times.is_sorted());
        assert!(outcome.samples.is_sorted_by_key(|sample| sample.event));
        let starts: Vec<Bytes> = outcome
            .marks
            .iter()
            .filter(|mark| mark.name == "start")
            .map(|mark| mark.sample.rss)
            .collect();
        assert_eq!(starts.len(), outcome.stages.len());
        assert!(starts[0] > starts[1] + Bytes::mib(600), "{starts:?}");
    }
    let [as_it_was, glibc] = [&all[0], &all[1]].map(Outcome::summary);
    assert!(as_it_was.after_rest.0 * 2 < glibc.after_rest.0);
}

#[test]
fn the_floor_after_a_long_stream_stays_and_a_day_without_calls_is_flat() {
    let table = Table::of("long_stream", &[]);
    let glibc = table.get("glibc");
    let floor = glibc.after_rest.saturating_sub(glibc.live);
    assert!(floor > Bytes::mib(100), "{glibc:?}");
    let alone = table.get("glibc, one at a time");
    assert!(alone.after_rest < alone.live + Bytes::mib(5), "{alone:?}");
    for outcome in outcomes("sunday", &[]) {
        let summary = outcome.summary();
        match outcome.name.as_str() {
            "jemalloc, background thread" => assert!(summary.after_rest < summary.after_burst),
            _ => assert_eq!(summary.after_rest, summary.after_burst, "{}", outcome.name),
        }
    }
}

#[test]
fn the_usual_advice_works_where_it_is_said_to_and_for_the_reason_said() {
    let dask = Table::of("dask", &[]);
    let after = |name: &str| dask.get(name).after_rest;
    let helped = after("MALLOC_TRIM_THRESHOLD_=65536");
    assert!(helped.0 * 2 < after("no setting").0);
    assert_eq!(
        helped,
        after("MALLOC_TRIM_THRESHOLD_=1 GiB"),
        "not by its value"
    );
    assert_eq!(helped, after("MALLOC_MMAP_THRESHOLD_=131072"));
    assert_eq!(
        after("blocks of 100 KB, no setting"),
        after("blocks of 100 KB, 65536")
    );
    for seed in SEEDS {
        let sidekiq = Table::of("sidekiq", &[("seed", seed)]);
        let after = |name: &str| sidekiq.get(name).after_rest.0;
        assert!(after("MALLOC_ARENA_MAX=2") * 4 < after("no setting") * 3);
        let shared = Table::of("shared_arenas", &[("seed", seed)]);
        let after = |name: &str| shared.get(name).after_rest.0;
        assert!(after("MALLOC_ARENA_MAX=2") * 10 > after("no setting") * 11);
    }
}

#[test]
fn a_paged_reader_lowers_the_peak_and_an_allocator_does_not() {
    let table = Table::of("paging", &[]);
    let peak = |name: &str| table.get(name).peak.0;
    assert!(peak("100 events at a time") * 3 < peak("whole streams"));
    assert!(peak("whole streams, jemalloc 1000 ms") >= peak("whole streams"));
    let trims = Table::of("periodic_trim", &[]);
    let (never, second) = (trims.get("never"), trims.get("every second"));
    assert!(second.after_rest.0 * 3 < never.after_rest.0);
    assert!(
        second.faults > never.faults,
        "what was given back is faulted in again"
    );
    let others = Table::of("other_settings", &[]);
    let after = |name: &str| others.get(name).after_rest.0;
    assert!(after("MALLOC_MMAP_THRESHOLD_=16384") * 3 < after("no setting"));
    assert!(after("tcache off") < after("no setting"));
}
