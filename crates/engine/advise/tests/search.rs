//! The search, on programs whose remedy is known.

use highwater_advise::{Advice, Doer, Load, Measure, Scope, Search, Subject, Tried, Weights, Work};
use highwater_simulator::{Bytes, Micros, Plan, Variable, Variant};
use highwater_workload::pattern::Parameters;
use highwater_workload::{
    BlockId, Call, Domain, Event, Pattern, Source, ThreadId, Workload, unwatched,
};

/// A program that fills memory with blocks of a size, frees all but a small one at the end, and rests.
fn program(size: u64, blocks: u32) -> Workload {
    let mut events = Vec::new();
    let mut time = 0;
    let mut add = |time: u64, call: Call| {
        events.push(Event {
            time: Micros(time),
            thread: ThreadId::MAIN,
            domain: Domain::default(),
            site: highwater_workload::SiteId::UNKNOWN,
            call,
        });
    };
    for round in 0..3_u32 {
        let first = round * (blocks + 1);
        for block in 0..blocks {
            time += 100;
            let block = BlockId(first + block);
            add(
                time,
                Call::Malloc {
                    block,
                    size: Bytes(size),
                },
            );
        }
        let block = BlockId(first + blocks);
        add(
            time,
            Call::Malloc {
                block,
                size: Bytes(2000),
            },
        );
        for block in 0..blocks {
            time += 100;
            add(
                time,
                Call::Free {
                    block: BlockId(first + block),
                },
            );
        }
        time += 5_000_000;
    }
    add(
        time,
        Call::Malloc {
            block: BlockId(3 * (blocks + 1)),
            size: Bytes(2000),
        },
    );
    Workload {
        events,
        blocks: 3 * (blocks + 1) + 1,
        ..Workload::default()
    }
}

fn subject(workload: Workload) -> Subject {
    Subject::new(Plan::single(Source::from(workload), Variant::default()))
}

/// Runs a search to its end; `run` runs each piece.
fn advice(subject: Subject, run: &mut dyn FnMut(&Work, &Subject) -> Tried) -> Advice {
    let mut search = Search::new(subject);
    loop {
        let round = search.next_round();
        if round.is_empty() {
            return search.advice().expect("the run as it is was run");
        }
        let done = round.into_iter().map(|work| {
            let trial = run(&work, search.subject());
            (work, trial)
        });
        let done = done.collect();
        search.take(done);
    }
}

fn whole(subject: Subject) -> Advice {
    advice(subject, &mut |work, subject| {
        work.run(subject, &mut unwatched)
    })
}

#[test]
fn blocks_behind_a_pin_are_helped_by_each_who_could_act() {
    let found = whole(subject(program(40_000, 2_000)));
    let before = found.baseline().memory;
    assert!(before > Bytes::mib(60), "{before}");
    for doer in Doer::ALL {
        let best = found.worth().find(|row| row.doer == doer);
        let best = best.unwrap_or_else(|| {
            panic!(
                "{doer:?} in {:?}",
                found.worth().map(|row| &row.name).collect::<Vec<_>>()
            )
        });
        assert!(
            best.memory.0 * 10 < before.0,
            "{} leaves {}",
            best.name,
            best.memory
        );
    }
    // The one threshold whose blocks are all of them mapped, and the cheapest such one.
    let setting = found
        .worth()
        .find(|row| row.doer == Doer::Settings)
        .expect("there is one");
    assert_eq!(setting.name, "MALLOC_MMAP_THRESHOLD_=32768");
    let usual: Vec<_> = found.candidates.iter().filter(|row| row.is_usual).collect();
    assert_eq!(usual.len(), 3);
    assert!(
        usual
            .iter()
            .filter(|row| row.name.contains("ARENA"))
            .all(|row| row.does_nothing)
    );
}

/// A candidate that lowers a figure a little is not said to leave it as it was.
#[test]
fn what_a_candidate_does_not_lower_names_the_bound() {
    let found = whole(subject(program(40_000, 2_000)));
    let rows = found.candidates.iter();
    let sentences = rows.flat_map(|row| found.sentences(row));
    let said: Vec<_> = sentences
        .filter(|sentence| sentence.contains("does not lower"))
        .collect();
    assert!(!said.is_empty());
    for sentence in said {
        assert!(sentence.ends_with(" by 2 % or more."), "{sentence}");
    }
}

#[test]
fn a_program_that_gives_everything_back_needs_no_remedy() {
    let mut workload = program(40_000, 2_000);
    workload.events.retain(|event| match event.call {
        Call::Malloc { size, .. } => size.0 == 40_000,
        _ => true,
    });
    let mut subject = subject(workload);
    subject.weights = Some(Weights::only(Measure::Rest));
    let found = whole(subject);
    assert!(found.baseline().memory < Bytes::mib(1));
    let helps: Vec<_> = found
        .worth()
        .filter(|row| row.memory.0 * 2 < found.baseline().memory.0)
        .collect();
    assert!(helps.is_empty(), "{helps:?}");
}

#[test]
fn every_row_is_what_a_run_of_it_gives() {
    let subject = subject(program(40_000, 300));
    let plan = subject.plan.clone();
    let found = whole(subject);
    for row in &found.candidates {
        let again = Subject::new(plan.clone());
        let work = Work {
            candidate: row.candidate.clone(),
            load: None,
        };
        let Tried::Done(trial) = work.run(&again, &mut unwatched) else {
            panic!("{} does not run", row.name);
        };
        assert_eq!(trial.figures, row.figures, "{}", row.name);
    }
}

#[test]
fn the_same_input_gives_the_same_advice_and_what_is_broken_off_is_named() {
    let once = whole(subject(program(20_000, 300)));
    let again = whole(subject(program(20_000, 300)));
    assert_eq!(once, again);
    let mut left = 10;
    let short = advice(subject(program(20_000, 300)), &mut |work, subject| {
        left -= 1;
        if left < 0 {
            Tried::BrokenOff
        } else {
            work.run(subject, &mut unwatched)
        }
    });
    assert_eq!(short.candidates.len(), 10);
    assert!(!short.not_run.is_empty());
    let names = short
        .not_run
        .iter()
        .chain(short.candidates.iter().map(|row| &row.name));
    for name in names {
        assert!(
            once.candidates.iter().any(|row| row.name == *name),
            "{name}"
        );
    }
}

#[test]
fn only_what_is_asked_for_is_tried_besides_the_usual_advice() {
    let mut subject = subject(program(40_000, 300));
    subject.scope = Scope::new(
        &["jemalloc,malloc_trim".to_owned()],
        &["malloc_trim".to_owned()],
    )
    .expect("they are known");
    let found = whole(subject);
    let others = found.candidates.iter().skip(1).filter(|row| !row.is_usual);
    assert!(others.clone().count() > 5);
    for row in others {
        assert_eq!(row.doer, Doer::Library, "{}", row.name);
    }
    assert!(Scope::new(&["colour".to_owned()], &[]).is_err());
}

#[test]
fn settings_that_do_harm_are_removed() {
    let harm = Variable {
        name: "MALLOC_TOP_PAD_".to_owned(),
        value: (64_u64 << 20).to_string(),
    };
    let mut workload = program(40_000, 300);
    workload.events.retain(|event| {
        !matches!(
            event.call,
            Call::Malloc {
                size: Bytes(2000),
                ..
            }
        )
    });
    let variant = Variant {
        environment: vec![harm],
        ..Variant::default()
    };
    let mut subject = Subject::new(Plan::single(Source::from(workload), variant));
    subject.weights = Some(Weights::only(Measure::Mean));
    let found = whole(subject);
    let removal = found
        .candidates
        .iter()
        .find(|row| row.name == "no settings")
        .expect("it was tried");
    assert!(removal.memory < found.baseline().memory);
}

#[test]
fn other_loads_say_what_depends_on_the_load() {
    let mut parameters = Parameters::default();
    for (name, value) in [("events", "40"), ("modules", "5"), ("cycles", "2")] {
        parameters.set_text(name, value).expect(name);
    }
    let pattern: Pattern = "async_fanout".parse().expect("it is one");
    let source = |number| {
        pattern
            .source(&parameters.of_process(number), &mut unwatched)
            .expect("it is made")
    };
    let plan = |number| Plan::single(source(number), Variant::default());
    let mut subject = Subject::new(plan(0));
    subject.loads = vec![Load {
        name: "another seed".to_owned(),
        plan: plan(1),
    }];
    let found = whole(subject);
    let best = found.worth().next().expect("something helps");
    let [on] = &best.on_other_loads[..] else {
        panic!("{best:?}");
    };
    assert!(on.saves() > Some(50), "{on:?}");
    assert_eq!(on.load, "another seed");
}

#[test]
fn what_cannot_be_run_is_named_and_ends_nothing() {
    let mut workload = program(40_000, 300);
    // jemalloc is modelled for pages of 4 KiB only.
    workload.header.page = Bytes(16384);
    let found = whole(subject(workload));
    assert!(found.not_run.is_empty());
    assert!(found.impossible.len() > 5);
    for (name, why) in &found.impossible {
        assert!(
            name.contains("jemalloc") && why.contains("page"),
            "{name}: {why}"
        );
    }
    assert!(found.worth().any(|row| row.doer == Doer::Settings));
}
