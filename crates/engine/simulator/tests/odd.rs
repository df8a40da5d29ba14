//! What a caller can put together although it makes no sense: it is refused with an error, or passed over, and nothing panics.

use highwater_simulator::{
    Address, Explain, Options, Plan, PlanRun, Simulation, SimulatorError, Stage, Variant, run_plan,
};
use highwater_workload::{
    BlockId, Bytes, Call, Domain, Event, Mark, MarkId, Micros, Source, ThreadId, Workload,
    unwatched,
};
use oorandom::Rand32;

fn plan(stages: Vec<Stage>) -> Plan {
    Plan {
        name: "odd".to_owned(),
        stages,
    }
}

fn stage(name: &str, sources: Vec<Source>) -> Stage {
    Stage {
        name: name.to_owned(),
        sources,
        variant: Variant::default(),
        said: Vec::new(),
    }
}

fn refused(plan: Plan) -> Option<SimulatorError> {
    PlanRun::new(plan, &Options::default()).err()
}

#[test]
fn a_plan_without_anything_to_run_is_an_error() {
    let one = || vec![Source::from(Workload::default())];
    assert_eq!(refused(plan(vec![])), Some(SimulatorError::EmptyPlan));
    let empty = || Some(SimulatorError::EmptyStage("night".to_owned()));
    assert_eq!(refused(plan(vec![stage("night", vec![])])), empty());
    // A later stage is looked at before the first begins.
    let stages = vec![stage("day", one()), stage("night", vec![])];
    assert_eq!(refused(plan(stages)), empty());
    let said = empty().map(|error| error.to_string()).unwrap_or_default();
    assert!(
        said.contains("`night`") && said.contains("at least one source"),
        "{said}"
    );
    // Nothing called is something to run: a process that does nothing, or two.
    for sources in [one(), [one(), one()].concat()] {
        let outcome = run_plan(
            plan(vec![stage("", sources)]),
            &Options::default(),
            &mut unwatched,
        );
        let outcome = outcome.expect("it can run");
        assert_eq!(outcome.summary().after_rest, outcome.summary().at_end);
    }
}

/// A workload whose numbers are drawn without regard for one another; its times may fall if asked for.
fn drawn(random: &mut Rand32, falls: bool) -> Workload {
    let mut time = 0_u64;
    let mut draw = |most: u32| random.rand_range(0..most + 1);
    let (blocks, marks) = (draw(6), draw(2));
    let event = |draw: &mut dyn FnMut(u32) -> u32| {
        // Time falls now and then.
        time = match draw(9) {
            0 if falls => time / 2,
            1 => time + u64::from(draw(5_000_000)),
            _ => time + u64::from(draw(50)),
        };
        let block = BlockId(draw(8));
        let most = 1 << draw(18);
        let size = Bytes(u64::from(draw(most)));
        let call = match draw(8) {
            0..=2 => Call::Malloc { block, size },
            3 | 4 => Call::Free { block },
            5 => Call::Realloc {
                block,
                old: (draw(1) > 0).then(|| BlockId(draw(8))),
                size,
            },
            6 => Call::Calloc {
                block,
                count: draw(3),
                size,
            },
            7 => Call::Aligned {
                block,
                alignment: 1 << draw(13),
                size,
            },
            _ => match draw(3) {
                0 => Call::Trim { pad: size },
                1 => Call::ThreadExit,
                _ => Call::Mark(MarkId(draw(3))),
            },
        };
        Event {
            time: Micros(time),
            thread: ThreadId(draw(2) as u16),
            site: highwater_workload::SiteId::UNKNOWN,
            domain: if draw(1) > 0 {
                Domain::Object
            } else {
                Domain::Raw
            },
            call,
        }
    };
    let mut event = event;
    let count = draw(300);
    Workload {
        events: (0..count).map(|_| event(&mut draw)).collect(),
        blocks,
        marks: (0..marks)
            .map(|number| Mark {
                name: format!("rest:{number}"),
                measured: Vec::new(),
            })
            .collect(),
        ..Workload::default()
    }
}

#[test]
fn calls_that_name_what_is_not_there_are_passed_over() {
    let variants = ["glibc@2.36", "glibc@2.43", "jemalloc@5.3.0"].map(|name| Variant {
        allocator: name.parse().expect("it is modelled"),
        ..Variant::default()
    });
    for seed in 0..300 {
        // Several processes go by one clock, which cannot fall.
        let is_alone = seed % 2 == 0;
        let mut random = Rand32::new(seed);
        let workload = drawn(&mut random, is_alone);
        let variant = variants[seed as usize % variants.len()].clone();
        let calls = workload.events.iter().filter(|event| {
            matches!(event.call, Call::Malloc { block, .. } | Call::Aligned { block, .. } | Call::Calloc { block, .. } if block.0 >= workload.blocks)
        });
        let nowhere = calls.count() as u64;
        let events = workload.events.len() as u64;
        let options = Options {
            explain: [Explain::Nothing, Explain::End, Explain::LastRest][seed as usize / 3 % 3],
            ..Options::default()
        };
        let sources = vec![Source::from(workload.clone()); if is_alone { 1 } else { 2 }];
        let stage = Stage {
            name: String::new(),
            sources,
            variant: variant.clone(),
            said: Vec::new(),
        };
        let outcome = run_plan(plan(vec![stage]), &options, &mut unwatched);
        let outcome = outcome.expect("it can run");
        for recording in &outcome.stages[0].recordings {
            assert_eq!(recording.events, events, "seed {seed}");
            assert!(recording.failed >= nowhere, "seed {seed}");
            assert_eq!(
                recording.diagnosis.is_some(),
                options.explain != Explain::Nothing
            );
        }
        let mut simulation = Simulation::new(workload, &variant).expect("it can run");
        simulation.run_until(u64::MAX);
        assert_eq!(simulation.address(BlockId(u32::MAX)), Address::NULL);
        assert_eq!(simulation.whereabouts(BlockId(u32::MAX)), None);
    }
}
