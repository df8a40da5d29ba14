//! Phases of programs, found from marks with names that say them, with any other names, and without marks.

use highwater_workload::pattern::Parameters;
use highwater_workload::{
    Call, Event, Moment, Pattern, Phase, PhaseKind, PhaseSource, Phases, Workload, trace, unwatched,
};
use proptest::prelude::*;

fn pattern(pattern: Pattern, set: &[(&str, &str)]) -> Workload {
    let mut parameters = Parameters::default();
    for (name, value) in set {
        parameters.set_text(name, value).expect("it is a parameter");
    }
    let source = pattern.source(&parameters, &mut unwatched);
    (**source.expect("it can be made").first()).clone()
}

/// A smaller program of each pattern.
fn programs() -> Vec<(Pattern, Workload)> {
    let small = |p: Pattern| match p {
        Pattern::AsyncFanOut | Pattern::Sync => vec![("events", "60"), ("payload", "8000")],
        Pattern::Tasks => vec![("tasks", "40")],
        _ => vec![],
    };
    Pattern::ALL
        .into_iter()
        .map(|p| (p, pattern(p, &small(p))))
        .collect()
}

fn renamed(workload: &Workload, name: impl Fn(usize) -> String) -> Workload {
    let mut workload = workload.clone();
    for (index, mark) in workload.marks.iter_mut().enumerate() {
        mark.name = name(index);
    }
    workload
}

fn removed(workload: &Workload) -> Workload {
    let mut workload = workload.clone();
    let is_call = |event: &Event| !matches!(event.call, Call::Mark(_));
    workload.events.retain(is_call);
    workload.marks.clear();
    workload
}

fn read(lines: &[String]) -> Workload {
    let text = format!("highwater-trace 1\n{}\n", lines.join("\n"));
    trace::read(text.as_bytes()).expect("it is a trace")
}

/// What and where, but not what it is called.
fn bounds(phases: &Phases) -> Vec<(PhaseKind, Moment, Moment)> {
    let of = |phase: &Phase| (phase.kind, phase.begin, phase.end);
    phases.0.iter().map(of).collect()
}

fn kinds(phases: &Phases) -> Vec<&'static str> {
    phases.0.iter().map(|phase| phase.kind.name()).collect()
}

/// A program that allocates and frees so many blocks at a time, each call a few microseconds after the other.
#[derive(Default)]
struct Program {
    lines: Vec<String>,
    now: u64,
    held: Vec<u64>,
    next: u64,
}

impl Program {
    fn burst(&mut self, blocks: u64, size: u64, apart: u64) {
        for _ in 0..blocks {
            self.malloc(size);
            self.now += apart;
        }
        for _ in 0..blocks {
            self.free();
            self.now += apart;
        }
    }

    fn malloc(&mut self, size: u64) {
        let address = 0x1000 + self.next * 16;
        self.next += 1;
        self.held.push(address);
        self.lines
            .push(format!("m {} 0 {address:#x} {size}", self.now));
    }

    fn free(&mut self) {
        let address = self.held.pop().expect("it holds a block");
        self.lines.push(format!("f {} 0 {address:#x}", self.now));
    }

    fn rest(&mut self, time: u64) {
        self.now += time;
    }

    fn mark(&mut self, name: &str) {
        self.lines.push(format!("k {} 0 {name}", self.now));
    }

    fn trim(&mut self) {
        self.lines.push(format!("t {} 0 0", self.now));
    }

    /// A rest in which something is called all the time.
    fn beat(&mut self, times: u64, calls: u64, apart: u64) {
        for _ in 0..times {
            self.now += apart;
            self.burst(calls / 2, 100, 1);
        }
        self.now += apart;
    }

    fn phases(&self) -> Phases {
        Phases::of(&read(&self.lines))
    }
}

/// A program that starts, holding a few blocks to its end.
fn started() -> Program {
    let mut program = Program::default();
    for _ in 0..100 {
        program.malloc(64);
    }
    program
}

#[test]
fn names_with_a_meaning_say_what_is_what() {
    let workload = pattern(Pattern::AsyncFanOut, &[("events", "60"), ("trim", "yes")]);
    let phases = Phases::of(&workload);
    let one = ["burst", "collect", "rest"];
    let all = [&["start"][..], &one, &one, &one, &["trim"]].concat();
    assert_eq!(kinds(&phases), all);
    let rest = phases.last_rest().expect("it rests");
    assert_eq!(rest.source, PhaseSource::Mark("rest:2".to_owned()));
    assert_eq!(rest.lasts().as_seconds(), 4.0);
    assert_eq!(
        phases.last_burst().map(|phase| &phase.name[..]),
        Some("gc:2")
    );
}

#[test]
fn with_any_names_phases_are_the_same() {
    for (pattern, workload) in programs() {
        let known = bounds(&Phases::of(&workload));
        let other = [
            renamed(&workload, |index| format!("x{}", index * 7919 % 1000)),
            renamed(&workload, |index| format!("фаза-{index}")),
            renamed(&workload, |index| format!("t={}", index * 30)),
            renamed(&workload, |index| format!("rest_api_{index}")),
            renamed(&workload, |_| "A".to_owned()),
        ];
        for workload in other {
            let phases = Phases::of(&workload);
            assert_eq!(bounds(&phases), known, "{pattern}, {:?}", workload.marks);
        }
    }
}

#[test]
fn without_marks_rests_are_where_they_were() {
    for (pattern, workload) in programs() {
        let with = Phases::of(&workload);
        let without = Phases::of(&removed(&workload));
        let times = |phases: &Phases| -> Vec<[u64; 2]> {
            let rests = phases
                .0
                .iter()
                .filter(|phase| phase.kind == PhaseKind::Rest);
            rests
                .map(|rest| [rest.begin.time.0, rest.end.time.0])
                .collect()
        };
        let (with, without) = (times(&with), times(&without));
        assert_eq!(with.len(), without.len(), "{pattern}");
        for (number, (with, without)) in with.iter().zip(&without).enumerate() {
            let near = |at: usize| with[at].abs_diff(without[at]) < 20_000;
            // After the last call nothing is recorded.
            let is_last = number + 1 == times(&Phases::of(&workload)).len();
            assert!(
                near(0) && (near(1) || is_last),
                "{pattern}: {with:?}, {without:?}"
            );
        }
    }
}

#[test]
fn a_program_that_beats_while_it_rests_rests() {
    let mut program = started();
    for _ in 0..3 {
        program.burst(20_000, 4_000, 25);
        program.beat(40, 200, 100_000);
    }
    let phases = program.phases();
    let rests: Vec<_> = (phases.0.iter())
        .filter(|phase| phase.kind == PhaseKind::Rest)
        .collect();
    assert_eq!(rests.len(), 3, "{phases:?}");
    for rest in rests {
        assert!((3_800_000..4_300_000).contains(&rest.lasts().0), "{rest:?}");
    }
}

#[test]
fn a_pause_within_a_burst_is_no_rest() {
    let mut program = started();
    for _ in 0..2 {
        for _ in 0..10 {
            program.burst(2_000, 4_000, 50);
            program.rest(20_000);
        }
        program.rest(5_000_000);
    }
    program.mark("over");
    let phases = program.phases();
    assert_eq!(
        kinds(&phases)
            .iter()
            .filter(|kind| **kind == "rest")
            .count(),
        2
    );
    assert_eq!(
        phases.last_rest().map(|rest| rest.end.time),
        Some(highwater_workload::Micros(program.now))
    );
}

#[test]
fn one_long_wait_does_not_hide_rests() {
    let mut program = started();
    program.rest(600_000_000);
    for _ in 0..2 {
        program.burst(20_000, 4_000, 50);
        program.rest(4_000_000);
    }
    program.burst(20_000, 4_000, 50);
    let rest = program.phases().last_rest().expect("it rests").clone();
    assert_eq!(
        rest.name, "rest 4",
        "the last at the end of the recording: {rest:?}"
    );
    let phases = program.phases();
    let third = phases
        .0
        .iter()
        .find(|phase| phase.name == "rest 3")
        .expect("it is found");
    assert_eq!(third.lasts().0, 4_000_050, "{third:?}");
}

#[test]
fn neither_trim_nor_exit_is_a_rest() {
    let ends: [fn(&mut Program); 5] = [
        |_| {},
        |program| program.trim(),
        |program| {
            program.trim();
            program.rest(1_000_000);
            program.mark("bye");
        },
        |program| {
            while !program.held.is_empty() {
                program.free();
                program.now += 1;
            }
            program.rest(1_000_000);
            program.mark("exit");
        },
        |program| {
            program.burst(50, 300, 10);
            program.trim();
            program.burst(50, 300, 10);
            program.rest(500_000);
            program.burst(10, 300, 10);
        },
    ];
    for (number, end) in ends.iter().enumerate() {
        let mut program = started();
        for _ in 0..2 {
            program.burst(20_000, 4_000, 50);
            program.rest(4_000_000);
        }
        program.mark("x");
        let rests = program.now;
        end(&mut program);
        let rest = program.phases().last_rest().cloned().expect("it rests");
        assert_eq!(rest.end.time.0, rests, "end {number}: {rest:?}");
        assert_eq!(rest.lasts().0, 4_000_050, "end {number}: {rest:?}");
    }
}

#[test]
fn a_rest_at_the_end_is_known_by_a_later_sample() {
    let drop_all: fn(&mut Program) = |program| {
        while !program.held.is_empty() {
            program.free();
            program.now += 1;
        }
    };
    // The program may hold a little, or nothing: it waits for as long, and nothing follows.
    for (number, end) in [|_: &mut Program| {}, drop_all].iter().enumerate() {
        let mut program = started();
        program.burst(20_000, 4_000, 50);
        program.rest(4_000_000);
        program.burst(20_000, 4_000, 50);
        end(&mut program);
        let works = program.now;
        program.rest(4_000_000);
        let without = program.phases().last_rest().cloned().expect("it rests");
        assert!(
            without.lasts().0 == 0 || without.end.time.0 < works,
            "{number}: {without:?}"
        );
        program.lines.push(format!("s {} 0 rss=4096", program.now));
        let workload =
            trace::read(format!("highwater-trace 2\n{}\n", program.lines.join("\n")).as_bytes());
        let workload = workload.expect("it is a trace");
        assert_eq!(workload.ends().0, program.now);
        let rest = Phases::of(&workload)
            .last_rest()
            .cloned()
            .expect("it rests");
        assert_eq!(
            (rest.end.event as usize, rest.end.time.0),
            (workload.events.len(), program.now),
            "{number}"
        );
        assert!(
            rest.lasts().0.abs_diff(4_000_000) < 100,
            "{number}: {rest:?}"
        );
    }
}

#[test]
fn marks_may_stand_at_either_end() {
    let names: [[&str; 2]; 5] = [
        ["burst", "rest"],
        ["burst_begin", "burst_end"],
        ["rest_end", "rest_begin"],
        ["A", "B"],
        ["rest", "load"],
    ];
    for [burst, rest] in names {
        let is_begin = burst == "burst" || burst == "rest";
        let mut program = started();
        let mut rests = 0;
        for number in 0..3 {
            // One that says `rest` at the end of its rest; all others where things begin.
            if burst != "rest" || number > 0 {
                program.mark(&format!("{burst}:{number}"));
            }
            program.burst(20_000, 4_000, 50);
            program.mark(&format!("{rest}:{number}"));
            program.rest(4_000_000);
            rests = program.now;
        }
        program.mark(if burst == "rest" { "rest:3" } else { "over" });
        let last = program.phases().last_rest().cloned().expect("it rests");
        assert_eq!(last.end.time.0, rests, "{burst}, {rest}: {last:?}");
        assert_eq!(
            last.lasts().0,
            4_000_000,
            "{burst}, {rest}, {is_begin}: {last:?}"
        );
    }
}

#[test]
fn marks_at_regular_times_or_at_each_request_change_nothing() {
    let mut lines = [Vec::new(), Vec::new(), Vec::new()];
    let mut ends = 0;
    for (way, lines) in lines.iter_mut().enumerate() {
        let mut program = started();
        for _ in 0..3 {
            for request in 0..200 {
                program.burst(100, 4_000, 20);
                if way == 1 {
                    program.mark(&format!("request-{request}"));
                }
            }
            program.rest(4_000_000);
        }
        program.burst(100, 4_000, 20);
        ends = program.now;
        *lines = program.lines;
    }
    // A mark every second.
    let mut second = 0;
    let mut regular = Vec::new();
    for line in &lines[2] {
        let time: u64 = line
            .split(' ')
            .nth(1)
            .expect("it has a time")
            .parse()
            .expect("in digits");
        while second * 1_000_000 <= time {
            regular.push(format!("k {} 0 t={second}", second * 1_000_000));
            second += 1;
        }
        regular.push(line.clone());
    }
    lines[2] = regular;
    let rests = lines.map(|lines| {
        let phases = Phases::of(&read(&lines));
        let rest = phases.last_rest().cloned().expect("it rests");
        assert_eq!(
            phases
                .0
                .iter()
                .filter(|phase| phase.kind == PhaseKind::Rest)
                .count(),
            3
        );
        [rest.begin.time.0, rest.end.time.0]
    });
    assert!(rests[0][1] < ends);
    for rest in rests {
        for bound in 0..2 {
            assert!(rest[bound].abs_diff(rests[0][bound]) <= 30_000, "{rests:?}");
        }
    }
}

#[test]
fn hundreds_of_phases_are_found() {
    let mut program = started();
    for _ in 0..300 {
        program.burst(200, 2_000, 100);
        program.rest(50_000);
    }
    program.burst(200, 2_000, 100);
    let phases = program.phases();
    let rests = phases
        .0
        .iter()
        .filter(|phase| phase.kind == PhaseKind::Rest && phase.lasts().0 > 0);
    assert_eq!(rests.count(), 300);
}

#[test]
fn what_never_rests_has_no_rest() {
    let dense = {
        let mut program = started();
        program.burst(50_000, 100, 10);
        program
    };
    let steps = {
        let mut program = started();
        program.burst(50_000, 100, 1);
        program
    };
    let standing = {
        let mut program = started();
        program.burst(50_000, 100, 0);
        program
    };
    let slow = {
        let mut program = started();
        program.burst(500, 100, 10_000);
        program
    };
    let paused = {
        let mut program = started();
        program.burst(50_000, 100, 10);
        program.rest(5_000);
        program.burst(50_000, 100, 10);
        program
    };
    for (number, program) in [dense, steps, standing, slow, paused].iter().enumerate() {
        let phases = program.phases();
        assert_eq!(phases.last_rest(), None, "program {number}");
        assert_eq!(
            phases.0.last().map(|phase| phase.end.event),
            Some(program.lines.len() as u64)
        );
    }
}

#[test]
fn named_phases_do_not_need_time() {
    let mut program = started();
    program.burst(100, 100, 0);
    program.mark("burst:0");
    program.mark("rest:0");
    program.burst(100, 100, 0);
    program.mark("burst:1");
    program.mark("rest:1");
    program.burst(10, 100, 0);
    let phases = program.phases();
    let rest = phases.last_rest().expect("a mark says so");
    assert_eq!((&rest.name[..], rest.end.event), ("rest:1", 504));
}

#[test]
fn a_short_recording_has_phases() {
    let mut program = started();
    for _ in 0..2 {
        program.burst(40, 2_000, 1);
        program.rest(1_000);
    }
    program.burst(40, 2_000, 1);
    let rests = program.phases();
    assert_eq!(
        rests.0.iter().filter(|phase| phase.lasts().0 > 900).count(),
        2,
        "{rests:?}"
    );
    assert_eq!(Phases::of(&Workload::default()), Phases::default());
}

proptest! {
    #[test]
    fn phases_follow_one_another_from_beginning_to_end(
        steps in proptest::collection::vec((0..6u8, 0..40u64, 0..200_000u64), 0..60),
    ) {
        let mut program = started();
        for (number, (step, calls, time)) in steps.iter().enumerate() {
            match step {
                0 | 1 => program.burst(*calls * 10, *time % 5_000, time % 50),
                2 => program.rest(*time * 10),
                3 => program.mark(["rest:1", "burst", "gc:0", "x", "start", "rest_begin", "trimmed"][number % 7]),
                4 => program.trim(),
                _ => {
                    for _ in 0..(*calls as usize).min(program.held.len()) {
                        program.free();
                    }
                }
            }
        }
        let workload = read(&program.lines);
        let phases = Phases::of(&workload);
        let mut at = Moment::default();
        for phase in &phases.0 {
            prop_assert!(phase.begin <= phase.end && phase.begin <= at.max(phase.begin), "{phases:?}");
            prop_assert!(phase.end >= at, "{phases:?}");
            at = phase.end;
        }
        prop_assert_eq!(at.event, workload.events.len() as u64);
    }
}
