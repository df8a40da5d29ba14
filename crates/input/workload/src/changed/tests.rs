//! Calls that are added leave everything else as it was.

use super::*;
use crate::{BlockId, Mark, MarkId, SiteId, Source};
use proptest::prelude::*;

fn event(time: u64, call: Call) -> Event {
    Event {
        time: Micros(time),
        thread: ThreadId::MAIN,
        domain: Domain::default(),
        site: SiteId::UNKNOWN,
        call,
    }
}

/// Bursts of calls, each with a rest behind it of so many milliseconds.
fn program(rests: &[u64]) -> Workload {
    let mut events = Vec::new();
    let mut time = 0;
    let mut blocks = 0;
    for rest in rests {
        for _ in 0..200 {
            time += 1_000;
            let (block, size) = (BlockId(blocks), Bytes(64));
            events.push(event(time, Call::Malloc { block, size }));
            events.push(event(time, Call::Free { block }));
            blocks += 1;
        }
        time += rest * 1_000;
        events.push(event(time, Call::Mark(MarkId(0))));
    }
    Workload {
        events,
        blocks,
        marks: vec![Mark {
            name: "rested".to_owned(),
            measured: Vec::new(),
        }],
        ..Workload::default()
    }
}

fn trim_times(source: &Source) -> Vec<u64> {
    let events = source.first().events.iter();
    let trims = events.filter(|event| matches!(event.call, Call::Trim { .. }));
    trims.map(|event| event.time.0).collect()
}

#[test]
fn times_are_read_as_they_are_written() {
    for text in ["every 60 s", "idle 2 s", "idle 500 ms", "after bursts"] {
        assert_eq!(text.parse::<Trims>().expect(text).to_string(), text);
    }
    let idle = Ok(Trims::Idle(Micros(1_500_000)));
    for text in ["idle 1.5", "idle:1.5s", "idle-1500ms", "Idle  1.5 s"] {
        assert_eq!(text.parse(), idle, "{text}");
    }
    for text in [
        "",
        "every",
        "every 0",
        "idle -1",
        "hourly",
        "idle 1 parsec",
        "idle nan",
    ] {
        assert!(text.parse::<Trims>().is_err(), "{text}");
    }
}

#[test]
fn a_program_that_rests_trims_once_a_rest() {
    let source = Source::from(program(&[3_000, 500, 3_000]));
    let after = |text: &str| {
        let changed = source.with_trims(text.parse().expect(text)).expect(text);
        trim_times(&changed)
    };
    assert_eq!(after("idle 1 s"), [1_200_000, 5_100_000]);
    assert_eq!(after("idle 400 ms"), [600_000, 3_800_000, 4_500_000]);
    assert_eq!(after("every 2 s"), [2_000_000, 4_000_000, 6_000_000]);
}

#[test]
fn what_would_be_most_of_a_run_is_refused() {
    let mut long = program(&[10]);
    long.events
        .push(event(u64::from(u32::MAX), Call::ThreadExit));
    let error = Source::from(long).with_trims(Trims::Every(Micros(1_000)));
    assert_eq!(error.err(), Some(TrimsError::TooMany { calls: 4_294_967 }));
}

#[test]
fn a_rest_at_the_end_is_trimmed_in() {
    let mut workload = program(&[3_000, 0]);
    workload.events.pop();
    let last = workload.ends().0;
    workload.alive = Micros(last + 2_500_000);
    let source = Source::from(workload);
    for (trims, at) in [
        (Trims::Idle(Micros(1_000_000)), last + 1_000_000),
        (Trims::AfterBursts, last),
        (
            Trims::Every(Micros(1_000_000)),
            last + 2_500_000 - (last + 2_500_000) % 1_000_000,
        ),
    ] {
        let changed = source.with_trims(trims).expect("there are few");
        assert_eq!(trim_times(&changed).last(), Some(&at), "{trims}");
        let rest = changed
            .phases()
            .and_then(Phases::last_rest)
            .expect("it rests");
        assert_eq!(
            rest.end.event as usize,
            changed.first().events.len(),
            "{trims}"
        );
    }
}

proptest! {
    #[test]
    fn calls_that_are_added_change_no_others(
        rests in proptest::collection::vec(0_u64..4_000, 1..6),
        time in 1_000_u64..3_000_000,
        which in 0_u8..3,
    ) {
        let trims = match which {
            0 => Trims::Every(Micros(time)),
            1 => Trims::Idle(Micros(time)),
            _ => Trims::AfterBursts,
        };
        let source = Source::from(program(&rests));
        let changed = source.with_trims(trims).expect("there are few");
        prop_assert_eq!(changed.trims(), Some(trims));
        let events = &changed.first().events;
        prop_assert!(events.windows(2).all(|pair| pair[0].time <= pair[1].time));
        let own: Vec<Event> = events.iter().copied()
            .filter(|event| !matches!(event.call, Call::Trim { .. })).collect();
        prop_assert_eq!(&own, &source.first().events);
        let phases = |source: &Source| source.phases().expect("it is in memory").clone();
        let (before, after) = (phases(&source), phases(&changed));
        prop_assert_eq!(before.0.len(), after.0.len());
        for (before, after) in before.0.iter().zip(&after.0) {
            prop_assert_eq!((&before.name, before.kind, before.end.time), (&after.name, after.kind, after.end.time));
            let own = events[..after.end.event as usize].iter()
                .filter(|event| !matches!(event.call, Call::Trim { .. })).count();
            prop_assert_eq!(own as u64, before.end.event);
        }
    }
}
