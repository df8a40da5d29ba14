use super::*;
use crate::{protocol::StageOrder, worker::run::Run, worker::survey::Survey};
use highwater_advise::loads;
use highwater_simulator::{Variant, parse_lines};
use highwater_workload::{
    Pattern, Trims,
    spec::{Planned, RunSpec},
    unwatched,
};

/// A small program that keeps memory.
fn planned() -> Planned {
    let mut run = RunSpec::with("pattern", "async_fanout");
    for (name, value) in [("events", "40"), ("modules", "5"), ("cycles", "2")] {
        run.parameters.push((name.to_owned(), value.to_owned()));
    }
    run.plan(&|_| None).expect("it can be run").remove(0)
}

fn parameters(planned: &Planned) -> (Pattern, Parameters) {
    match &planned.stages[0].calls {
        highwater_workload::spec::Calls::Pattern(pattern, parameters) => (*pattern, *parameters),
        calls => panic!("{calls:?}"),
    }
}

/// What runs it, and the order for it: as a pattern, or as a recording.
fn ground(is_trace: bool, environment: &str) -> (Engine, Order) {
    let (pattern, parameters) = parameters(&planned());
    let mut engine = Engine::default();
    let workload = pattern.build(&parameters.of_process(0), &mut unwatched);
    engine.take(1, workload.expect("it is small").into());
    let calls = match is_trace {
        true => Calls::Trace(1),
        false => Calls::Pattern {
            pattern,
            values: parameters.values(),
        },
    };
    let order = Order {
        stages: vec![StageOrder {
            name: String::new(),
            calls,
            workers: 1,
            trims: None,
            variant: Variant {
                environment: parse_lines(environment),
                ..Variant::default()
            },
        }],
    };
    (engine, order)
}

fn done(mut job: impl Job, engine: &mut Engine) -> Result<Outcome, String> {
    loop {
        match job.advance(engine, &Slice::unlimited()) {
            Step::More(_) => {}
            Step::Done(outcome) | Step::DoneWith(outcome, _) => return Ok(outcome),
            Step::Failed(message) => return Err(message),
        }
    }
}

fn asked(order: &Order) -> Asked {
    Asked {
        title: "a program".to_owned(),
        order: order.clone(),
        text: String::new(),
        weigh: String::new(),
        cap: String::new(),
        image: String::new(),
        who: [true; 3],
    }
}

fn survey(engine: &mut Engine, order: &Order) -> Vec<u8> {
    let order = order.clone();
    match done(Survey { order }, engine) {
        Ok(Outcome::Surveyed(survey)) => survey,
        other => panic!("{other:?}"),
    }
}

/// Searches to the end, the pieces of each round in any order.
fn found(engine: &mut Engine, asked: &Asked) -> Result<Found, String> {
    let mut tried = Vec::new();
    let survey = survey(engine, &asked.order);
    loop {
        let next = Advise {
            asked: bytes(asked),
            survey: survey.clone(),
            done: tried.clone(),
        };
        let round = match done(next, &mut Engine::default())? {
            Outcome::Round(round) => round,
            Outcome::Found(found) => return borsh::from_slice(&found).map_err(shown),
            other => panic!("{other:?}"),
        };
        let outcomes = round.into_iter().map(|piece| {
            let outcome = done(Run::trial(&piece).expect("it is a piece"), engine);
            match outcome {
                Ok(Outcome::Tried(tried)) => tried,
                Err(why) => Tried::Impossible(why),
                Ok(other) => panic!("{other:?}"),
            }
        });
        tried.push(outcomes.collect());
    }
}

/// What the engine itself finds.
fn native(engine: &mut Engine, order: &Order, is_trace: bool) -> Advice {
    let plan = engine.plan(order, &Slice::unlimited()).expect("it runs");
    let mut planned = planned();
    if is_trace {
        planned.stages[0].calls = highwater_workload::spec::Calls::Trace;
    }
    let mut make = |pattern: Pattern, parameters: &Parameters| {
        let source = pattern.source(parameters, &mut unwatched)?;
        Ok(source)
    };
    let loads = loads(&planned, &plan, &mut make);
    let mut search = Search::new(Subject {
        loads,
        ..Subject::new(plan)
    });
    loop {
        let round = search.next_round();
        if round.is_empty() {
            return search.advice().expect("it was run");
        }
        let subject = search.subject();
        let run = |work: highwater_advise::Work| {
            let tried = work.run(subject, &mut unwatched);
            (work, tried)
        };
        let round = round.into_iter().map(run).collect();
        search.take(round);
    }
}

#[test]
fn the_page_finds_what_the_engine_finds() {
    for is_trace in [false, true] {
        let (mut engine, order) = ground(is_trace, "MALLOC_TOP_PAD_=1048576");
        let asked = asked(&order);
        let found = found(&mut engine, &asked).expect("it is found");
        let native = native(&mut engine, &order, is_trace);
        let rows: Vec<_> = native.shown().collect();
        assert!(rows.len() > 5, "{}", rows.len());
        assert_eq!(found.rows.len(), rows.len());
        for (row, native_row) in found.rows.iter().zip(rows) {
            assert_eq!(row.name, native_row.name);
            assert_eq!(row.cells[..], cells(native_row), "{}", row.name);
            assert!(!row.is_worth || row.cells[6].contains(", "), "{row:?}");
            if !native_row.candidate.is_baseline() {
                assert_eq!(row.said, native.sentences(native_row), "{}", row.name);
            }
        }
        assert_eq!(found.said, native.head());
    }
}

#[test]
fn a_row_is_what_its_order_gives() {
    let (mut engine, order) = ground(true, "");
    let asked = asked(&order);
    let found = found(&mut engine, &asked).expect("it is found");
    let mut kinds = Vec::new();
    for row in &found.rows {
        let Some(order) = &row.order else {
            continue;
        };
        kinds.push(order.stages[0].trims.map(|trims: Trims| trims.to_string()));
        let outcome = done(Run::new(order.clone(), 0), &mut engine);
        let Ok(Outcome::Ran(ran)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(ran.summary.peak.to_string(), row.cells[0], "{}", row.name);
        assert_eq!(
            ran.summary.after_rest.to_string(),
            row.cells[1],
            "{}",
            row.name
        );
    }
    assert!(kinds.iter().any(Option::is_some), "{kinds:?}");
    assert!(kinds.iter().any(Option::is_none), "{kinds:?}");
}

#[test]
fn the_image_and_the_form_of_the_settings_count() {
    let (mut engine, order) = ground(true, "");
    let mut asked = asked(&order);
    asked.image = "rockylinux:9".to_owned();
    asked.text = "[Service]\nEnvironment=A=1\n".to_owned();
    asked.who = [false, true, false];
    let found = found(&mut engine, &asked).expect("it is found");
    assert_eq!(Form::ALL[usize::from(found.form)], Form::Systemd);
    assert_eq!(found.forms[usize::from(found.form)], "systemd unit");
    assert!(found.said[0].contains("glibc 2.34"), "{:?}", found.said);
    let helps: Vec<_> = found.rows.iter().filter(|row| row.is_worth).collect();
    assert!(!helps.is_empty());
    for row in helps {
        assert!(row.name.starts_with("jemalloc@5.2.1"), "{}", row.name);
        let dockerfile = &row.pastes[0];
        assert!(
            dockerfile.starts_with("RUN dnf install -y https://dl.fedoraproject.org"),
            "{dockerfile}"
        );
        assert!(
            dockerfile.contains("ENV LD_PRELOAD=\"libjemalloc.so.2\"\n"),
            "{dockerfile}"
        );
    }
}

#[test]
fn wishes_that_cannot_be_met_say_what_can() {
    let (mut engine, order) = ground(true, "");
    let plain = asked(&order);
    let known = survey(&mut engine, &order);
    let fails = |change: &dyn Fn(&mut Asked)| {
        let mut asked = plain.clone();
        change(&mut asked);
        let job = Advise {
            asked: bytes(&asked),
            survey: known.clone(),
            done: Vec::new(),
        };
        done(job, &mut Engine::default()).expect_err("it cannot be searched")
    };
    assert!(fails(&|asked| asked.image = "alpine:3".to_owned()).contains("musl"));
    assert!(fails(&|asked| asked.cap = "0".to_owned()).contains("from 1 to"));
    assert!(fails(&|asked| asked.weigh = "rss".to_owned()).contains("peak, rest or mean"));
}

#[test]
fn a_search_that_is_cut_short_says_what_was_not_run() {
    let (mut engine, order) = ground(true, "");
    let asked = asked(&order);
    let known = survey(&mut engine, &order);
    let next = |done| Advise {
        asked: bytes(&asked),
        survey: known.clone(),
        done,
    };
    let outcome = done(next(Vec::new()), &mut Engine::default());
    let Ok(Outcome::Round(round)) = outcome else {
        panic!("{outcome:?}");
    };
    let mut tried = vec![Tried::BrokenOff; round.len()];
    let outcome = done(next(vec![tried.clone()]), &mut Engine::default());
    assert!(outcome.is_err_and(|words| words.contains("allow the search more")));
    for (place, piece) in round.into_iter().enumerate().take(3) {
        if let Ok(Outcome::Tried(done)) =
            done(Run::trial(&piece).expect("it is a piece"), &mut engine)
        {
            tried[place] = done;
        }
    }
    let outcome = done(next(vec![tried]), &mut Engine::default());
    let Ok(Outcome::Found(found)) = outcome else {
        panic!("{outcome:?}");
    };
    let found: Found = borsh::from_slice(&found).expect("it is what was found");
    assert_eq!(found.run, 2);
    assert!(found.said[0].starts_with("Not run in time: "), "{found:?}");
}
