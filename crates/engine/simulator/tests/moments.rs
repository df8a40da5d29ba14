//! The moment at which a run is compared and explained.

use highwater_simulator::{Bytes, Explain, Micros, Options, Outcome, Plan, Run, Variant, run_plan};
use highwater_workload::pattern::{Generator, Parameters};
use highwater_workload::{Call, Event, Pattern, Source, Workload, unwatched};

fn parameters() -> Parameters {
    let parameters = "events=60 payload=8000 cycles=2 trim=yes";
    parameters.parse().expect("in range")
}

fn outcome(source: impl Into<Source>, variant: &Variant) -> Outcome {
    let options = Options {
        explain: Explain::LastRest,
        decisions: 0,
        ..Options::default()
    };
    let plan = Plan::single(source.into(), variant.clone());
    run_plan(plan, &options, &mut unwatched).expect("it can run")
}

fn variants() -> [Variant; 2] {
    let jemalloc = Variant {
        allocator: "jemalloc@5.3.0".parse().expect("it is modelled"),
        ..Variant::default()
    };
    [Variant::default(), jemalloc]
}

#[test]
fn what_is_made_in_parts_is_explained_where_the_whole_is() {
    let generator = || Generator::new(Pattern::AsyncFanOut, &parameters()).expect("it can be made");
    let whole = Pattern::AsyncFanOut.source(&parameters(), &mut unwatched);
    let whole = whole.expect("it can be made");
    let parts = Source::streamed(generator(), &mut unwatched).expect("it begins");
    assert!(parts.is_streamed() && !whole.is_streamed());
    for variant in variants() {
        let (whole, parts) = (outcome(&whole, &variant), outcome(&parts, &variant));
        assert_eq!(whole.rested(), parts.rested());
        assert_eq!(whole.summary(), parts.summary());
        let explained = |outcome: &Outcome| {
            let recording = &outcome.stages[0].recordings[0];
            recording.diagnosis.clone().expect("it is asked for")
        };
        let (one, other) = (explained(&whole), explained(&parts));
        assert_eq!(
            (one.event, one.rss, one.reclaimable),
            (other.event, other.rss, other.reclaimable)
        );
        assert_eq!(one.rss, whole.summary().after_rest);
    }
}

#[test]
fn a_time_is_reached_in_whichever_part_it_lies() {
    let generator = Generator::new(Pattern::AsyncFanOut, &parameters()).expect("it can be made");
    let whole = Pattern::AsyncFanOut.source(&parameters(), &mut unwatched);
    let whole = whole.expect("it can be made");
    let parts = Source::streamed(generator, &mut unwatched).expect("it begins");
    let ends = whole.duration().0;
    let at = |source: &Source, time: u64| {
        let mut run =
            Run::new(source.clone(), &Variant::default(), &Options::default()).expect("it can run");
        let goes_on = run.go_to(Micros(time));
        let found = run.simulation().diagnose();
        (
            goes_on,
            found.event,
            found.time,
            found.rss,
            found.reclaimable,
        )
    };
    let times = (0..=20).map(|place| ends * place / 20);
    let reached: Vec<_> = times.clone().map(|time| at(&whole, time)).collect();
    let in_parts: Vec<_> = times.map(|time| at(&parts, time)).collect();
    assert!(reached[10].3 > Bytes::mib(1), "{:?}", reached[10]);
    assert_eq!(in_parts, reached);
}

#[test]
fn without_marks_the_figures_are_those_of_the_marks() {
    let source = Pattern::AsyncFanOut.source(&parameters(), &mut unwatched);
    let marked = (**source.expect("it can be made").first()).clone();
    let mut unmarked = marked.clone();
    unmarked
        .events
        .retain(|event: &Event| !matches!(event.call, Call::Mark(_)));
    let renamed = Workload {
        marks: (marked.marks.iter().cloned().enumerate())
            .map(|(number, mut mark)| {
                mark.name = format!("x{number}");
                mark
            })
            .collect(),
        ..marked.clone()
    };
    for variant in variants() {
        let [marked, renamed, unmarked] =
            [&marked, &renamed, &unmarked].map(|workload| outcome(workload.clone(), &variant));
        let figures = |outcome: &Outcome| {
            let summary = outcome.summary();
            [
                summary.after_burst,
                summary.after_rest,
                summary.live,
                summary.reclaimable,
            ]
        };
        assert_eq!(figures(&marked), figures(&renamed));
        for (with, without) in figures(&marked).into_iter().zip(figures(&unmarked)) {
            // Ten milliseconds of decay lie between the last call and the mark.
            let most = Bytes(with.0 / 100 + 64 * 1024);
            assert!(
                with.0.abs_diff(without.0) <= most.0,
                "{with}, {without}, {}",
                variant.allocator
            );
        }
        // At the end malloc_trim has been called.
        assert!(
            marked.summary().at_end < marked.summary().after_rest || variant != Variant::default()
        );
    }
}
