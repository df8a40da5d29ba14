//! Every kind of run has its answer, with the figures of the moment that the table is of.

#[path = "../../simulator/tests/small/mod.rs"]
mod small;

use highwater_report::{Answer, AnswerKind, Part, answer, less_in};
use highwater_simulator::{
    Bytes, Choice, Explain, Options, Outcome, Plan, PythonVersion, Stage, Variant, parse_lines,
    run_plan,
};
use highwater_workload::{Source, Workload, trace, unwatched};
use std::fmt::Write;
use std::sync::Arc;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The lines of a trace, a microsecond for each call.
#[derive(Default)]
struct Program {
    text: String,
    time: u64,
}

impl Program {
    fn call(&mut self, rest: &str) {
        self.time += 1;
        let (name, of) = rest.split_once(' ').unwrap_or((rest, ""));
        let _ = writeln!(self.text, "{name} {} 0 {of}", self.time);
    }

    fn allocate(&mut self, blocks: std::ops::Range<u64>, size: u64) {
        blocks.for_each(|block| self.call(&format!("m {:#x} {size}", (block + 1) * 16)));
    }

    fn free(&mut self, blocks: std::ops::Range<u64>) {
        blocks.for_each(|block| self.call(&format!("f {:#x}", (block + 1) * 16)));
    }

    /// Rests for four seconds.
    fn rest(&mut self, name: &str) {
        self.time += 4_000_000;
        self.call(&format!("k {name}"));
    }

    fn workload(&self) -> Arc<Workload> {
        let text = format!("highwater-trace 2\nbrk 0x555555555000\n{}", self.text);
        Arc::new(trace::read(text.as_bytes()).expect("well formed"))
    }

    fn on(&self, allocator: &str, lines: &str) -> Variant {
        Variant {
            allocator: allocator.parse().expect("it is modelled"),
            environment: parse_lines(lines),
            ..Variant::default()
        }
    }

    fn run(&self, allocator: &str, lines: &str) -> (Outcome, Answer) {
        answered(Plan::single(
            Source::from(self.workload()),
            self.on(allocator, lines),
        ))
    }
}

fn answered(plan: Plan) -> (Outcome, Answer) {
    let options = Options {
        explain: Explain::LastRest,
        ..Options::default()
    };
    let outcome = run_plan(plan, &options, &mut unwatched).expect("it can run");
    let answer = answer(&outcome);
    reads_well(&answer);
    (outcome, answer)
}

fn reads_well(answer: &Answer) {
    let text = answer.to_string();
    assert!(text.ends_with('.'), "{text}");
    for odd in ["  ", " .", "..", " ,", "(; ", "below 0"] {
        assert!(!text.contains(odd), "{text}");
    }
}

/// A burst of blocks of 100 KB, above which one block of the program stays, and a rest.
fn pinned() -> Program {
    let mut program = Program::default();
    program.allocate(0..100, 100_000);
    program.allocate(100..101, 600);
    program.free(0..100);
    program.rest("rest");
    program
}

#[test]
fn one_live_chunk_that_keeps_everything_is_named() {
    let (outcome, answer) = pinned().run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::Pinned);
    let text = answer.to_string();
    let free = outcome.summary().after_rest;
    let begins = format!("After the last rest, 9.5 MiB of the {free} that is resident is free");
    assert!(text.starts_with(&begins), "{text}");
    assert!(
        text.contains("stuck below 1 small chunk (608 B; 1 live)"),
        "{text}"
    );
    assert!(
        text.contains("This is not a leak: the program holds 600 B."),
        "{text}"
    );
    assert!(
        text.contains("malloc_trim(0) would return 9.5 MiB now."),
        "{text}"
    );
    assert!(!text.contains("With "), "no setting returns it: {text}");
}

#[test]
fn a_parked_chunk_has_the_setting_that_moves_it() {
    let mut program = pinned();
    program.free(100..101);
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    let text = answer.to_string();
    assert!(text.contains("(608 B; 1 parked in caches)"), "{text}");
    let set = answer.more.parts.iter().find_map(|part| match part {
        Part::Setting { text, .. } => Some(text.clone()),
        _ => None,
    });
    let set = set.expect("a setting changes it");
    let promised = 9 * MIB;
    let (changed, after) = program.run("glibc@2.36", &set);
    assert!(changed.summary().after_rest.0 < promised / 9, "{set}");
    assert_eq!(after.kind, AnswerKind::NothingStuck);
}

#[test]
fn what_the_program_holds_is_not_stuck() {
    let mut program = Program::default();
    program.allocate(0..100, 100_000);
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::NothingStuck);
    let text = answer.to_string();
    assert!(
        text.contains("nothing is stuck in the allocator: the program holds 9.5 MiB"),
        "{text}"
    );
    assert!(!text.contains("leak"), "{text}");
}

#[test]
fn what_is_held_and_was_never_written_is_no_resident_memory() {
    let mut program = Program::default();
    program.allocate(0..1, 40 * MIB);
    program.call("p 0x10 0+2560");
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::NothingStuck);
    let text = answer.to_string();
    let said =
        "the program holds 10.0 MiB of the 10.0 MiB that is resident, and 30.0 MiB that is not.";
    assert!(text.contains(said), "{text}");
}

#[test]
fn pieces_that_fill_no_page_are_told_from_those_that_do() {
    let run = |size| {
        let mut program = Program::default();
        program.allocate(0..1, 24);
        for piece in 1..=3000 {
            program.allocate(piece * 2..piece * 2 + 1, size);
            program.allocate(piece * 2 + 1..piece * 2 + 2, 24);
        }
        (1..=3000).for_each(|piece| program.free(piece * 2..piece * 2 + 1));
        program.rest("rest");
        program.run("glibc@2.36", "").1.to_string()
    };
    let none = run(2000);
    assert!(
        none.contains("is free in the allocator but stuck in pieces that fill no page."),
        "{none}"
    );
    // One in five of these fills a page.
    let some = run(5000);
    assert!(
        some.contains(
            "is free in the allocator but stuck, 11.8 MiB of it in pieces that fill no page."
        ),
        "{some}"
    );
}

#[test]
fn a_few_free_pages_among_much_live_memory_are_said_second() {
    let mut program = Program::default();
    program.allocate(0..100, 100_000);
    program.allocate(100..101, 600);
    program.free(0..15);
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::InUse);
    assert!(
        answer.more.to_string().starts_with(
            "But 1.4 MiB of the 9.5 MiB that is resident is free in the allocator but stuck"
        ),
        "{answer}"
    );
}

#[test]
fn parked_chunks_are_counted() {
    let mut program = Program::default();
    // Of each size as many as a thread's cache takes, with a block between that stays.
    for step in 0..60 {
        let first = step * 8;
        program.allocate(first..first + 7, 40 + step * 16);
        program.allocate(first + 7..first + 8, 24);
    }
    for step in 0..60 {
        program.free(step * 8..step * 8 + 7);
    }
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::Parked);
    let text = answer.to_string();
    assert!(
        text.contains("is parked in thread caches (tcache): the program has freed it"),
        "{text}"
    );
}

#[test]
fn a_mapped_block_that_raised_the_thresholds_is_named() {
    let mut program = Program::default();
    program.allocate(0..1, 20 * MIB);
    program.free(0..1);
    program.allocate(1..2, 19 * MIB);
    program.free(1..2);
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::Thresholds);
    let text = answer.to_string();
    assert!(
        text.contains("the program freed a mapped block of 20.0 MiB at "),
        "{text}"
    );
    let (changed, _) = program.run("glibc@2.36", "MALLOC_MMAP_THRESHOLD_=131072");
    assert!(changed.summary().after_rest.0 < MIB);
}

#[test]
fn a_top_below_a_threshold_that_was_set_is_a_top() {
    let mut program = Program::default();
    program.allocate(0..100, 100_000);
    program.free(0..100);
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "MALLOC_TRIM_THRESHOLD_=1073741824");
    assert_eq!(answer.kind, AnswerKind::Top);
    let text = answer.to_string();
    assert!(
        text.contains(
            "stays, most of it at the top of its heap. free() gives heap memory back only from the top: 9.7 MiB is there, below the trim threshold of 1024.0 MiB."
        ),
        "{text}"
    );
}

#[test]
fn tops_that_keep_a_part_are_said_to_keep_most() {
    let mut program = Program::default();
    // Of another thread's heap the whole top; of the main one half, below a block of the program.
    program.allocate(0..100, 100_000);
    program.allocate(100..101, 600);
    program.allocate(101..202, 100_000);
    program.free(0..100);
    program.free(101..202);
    program.text = program
        .text
        .replace("m 1 0 ", "m 1 1 0x7f0000000010 100000\nm 1 0 ");
    program.call("f 0x7f0000000010");
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "MALLOC_TRIM_THRESHOLD_=1073741824");
    assert_eq!(answer.kind, AnswerKind::Top);
    let text = answer.to_string();
    let says = "is free in the allocator but stays, most of it at the top of its heap.";
    assert!(text.contains(says), "{text}");
}

#[test]
fn decay_that_has_not_run_out_is_said_and_is_no_leak() {
    let mut program = Program::default();
    program.allocate(0..100, 100_000);
    program.free(0..100);
    program.rest("rest");
    let (_, answer) = program.run("jemalloc@5.3.0", "");
    assert_eq!(answer.kind, AnswerKind::Decay);
    let text = answer.to_string();
    assert!(
        text.contains("is free, but its decay has not run out. dirty_decay_ms is 10000: half"),
        "{text}"
    );
    assert!(
        text.contains("A purge of all arenas would return"),
        "{text}"
    );
    assert!(text.contains("This is not a leak"), "{text}");
    let (_, never) = program.run("jemalloc@5.3.0", "MALLOC_CONF=dirty_decay_ms:-1");
    assert!(
        never
            .to_string()
            .contains("is free, and no decay ever purges it. dirty_decay_ms is -1: these pages are never purged."),
        "{never}"
    );
}

#[test]
fn python_s_arenas_are_named() {
    let mut program = Program::default();
    program.allocate(0..20_000, 256);
    (0..20_000)
        .filter(|block| block % 64 != 0)
        .for_each(|block| program.free(block..block + 1));
    program.rest("rest");
    let variant = Variant {
        python: PythonVersion::ALL.last().copied(),
        ..program.on("glibc@2.36", "")
    };
    let (_, answer) = answered(Plan::single(Source::from(program.workload()), variant));
    assert_eq!(answer.kind, AnswerKind::PythonArenas, "{answer}");
    assert!(
        answer.to_string().contains(
            "is free in arenas of Python's own allocator. Such an arena goes back only once"
        ),
        "{answer}"
    );
}

/// Bursts, after each of which the program holds as much as its number says.
fn growing(steps: &[u64]) -> Program {
    let mut program = Program::default();
    let mut next = 1000;
    for (place, step) in steps.iter().enumerate() {
        program.allocate(0..20, 100_000);
        program.allocate(next..next + step, 100_000);
        next += step;
        program.free(0..20);
        program.rest(&format!("rest{place}"));
    }
    program
}

#[test]
fn live_memory_that_grows_from_rest_to_rest_looks_like_a_leak() {
    let (_, answer) = growing(&[40, 40, 40]).run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::Growing);
    let text = answer.to_string();
    assert!(
        text.contains("it holds more and more: rest by rest 3.8 MiB, 7.6 MiB, 11.4 MiB."),
        "{text}"
    );
    assert!(!text.contains("not a leak"), "{text}");
    let steady = growing(&[40, 0, 0, 0]).run("glibc@2.36", "").1;
    assert_ne!(steady.kind, AnswerKind::Growing, "{steady}");
    let once = growing(&[40, 1, 40]).run("glibc@2.36", "").1;
    assert_ne!(once.kind, AnswerKind::Growing, "{once}");
    let two = growing(&[40, 40]).run("glibc@2.36", "").1;
    assert_ne!(
        two.kind,
        AnswerKind::Growing,
        "two rests may differ by chance: {two}"
    );
    let many = growing(&[40; 9]).run("glibc@2.36", "").1;
    assert!(
        many.to_string().contains("in each quarter of its rests"),
        "{many}"
    );
}

#[test]
fn without_a_rest_a_start_is_not_told_from_a_leak() {
    let mut program = Program::default();
    for block in 0..160 {
        program.allocate(0..20, 100_000);
        program.allocate(1000 + block..1001 + block, 100_000);
        program.free(0..20);
    }
    let (outcome, answer) = program.run("glibc@2.36", "");
    assert!(outcome.phases.last_rest().is_none(), "{:?}", outcome.phases);
    assert_eq!(answer.kind, AnswerKind::Growing, "{answer}");
    let starts = "a program that starts";
    assert!(answer.to_string().contains(starts), "{answer}");
    let rests = growing(&[40, 40, 40]).run("glibc@2.36", "").1;
    assert!(!rests.to_string().contains(starts), "{rests}");
}

#[test]
fn without_a_rest_the_end_is_said_and_nothing_is_proved() {
    let mut program = Program::default();
    for burst in 0..40 {
        program.allocate(0..30, 100_000);
        program.allocate(1000 + burst..1001 + burst, 600);
        program.free(0..30);
    }
    let (outcome, answer) = program.run("glibc@2.36", "");
    assert!(outcome.phases.last_rest().is_none(), "{:?}", outcome.phases);
    let text = answer.to_string();
    assert!(
        text.starts_with("At the end of the run (no rest was found), "),
        "{text}"
    );
    assert!(!text.contains("not a leak"), "{text}");
}

#[test]
fn a_burst_that_is_over_when_the_recording_ends_is_explained() {
    let mut program = pinned();
    program.allocate(0..100, 100_000);
    program.free(0..100);
    let (outcome, answer) = program.run("glibc@2.36", "");
    let rest = outcome.phases.last_rest().expect("there is one");
    assert_eq!((rest.begin, rest.end), (outcome.ends(), outcome.ends()));
    assert_eq!(answer.kind, AnswerKind::Pinned, "{answer}");
    let begins = "After the last burst, 9.5 MiB of the ";
    assert!(answer.to_string().starts_with(begins), "{answer}");
}

#[test]
fn a_run_that_is_killed_says_what_was_the_program_s() {
    let held = Program {
        text: {
            let mut program = Program::default();
            program.allocate(0..200, 100_000);
            program.rest("rest");
            program.text
        },
        time: 0,
    };
    let capped = |program: &Program, mib| {
        let variant = Variant {
            cap: Some(Bytes::mib(mib)),
            ..program.on("glibc@2.36", "")
        };
        answered(Plan::single(Source::from(program.workload()), variant)).1
    };
    let answer = capped(&held, 10);
    assert_eq!(answer.kind, AnswerKind::Killed);
    assert!(
        answer.sentence.to_string().starts_with(
            "The run failed: at the cap of 10.0 MiB the kernel killed the process at "
        )
    );
    assert!(
        answer
            .to_string()
            .contains("no allocator and no setting lowers that"),
        "{answer}"
    );
    // Pieces into which the larger blocks do not fit.
    let mut stuck = Program::default();
    for block in 0..100 {
        stuck.allocate(block..block + 1, 100_000);
        stuck.allocate(200 + block..201 + block, 600);
    }
    stuck.free(0..100);
    stuck.allocate(500..600, 125_000);
    stuck.rest("rest");
    let answer = capped(&stuck, 12);
    assert_eq!(answer.kind, AnswerKind::Killed);
    assert!(
        answer
            .to_string()
            .contains("the rest is the allocator's, where settings matter."),
        "{answer}"
    );
}

#[test]
fn a_run_above_memory_high_says_since_when() {
    let mut program = Program::default();
    program.allocate(0..200, 100_000);
    program.rest("rest");
    let under = |mib| {
        let variant = Variant {
            high: Some(Bytes::mib(mib)),
            ..program.on("glibc@2.36", "")
        };
        answered(Plan::single(Source::from(program.workload()), variant))
    };
    let (outcome, answer) = under(10);
    let at = outcome.throttled().expect("20 MB are more");
    let says = format!(
        "first exceeded memory.high (10.0 MiB) at {}",
        highwater_report::moment::time(at)
    );
    assert!(answer.to_string().contains(&says), "{answer}");
    assert_ne!(answer.kind, AnswerKind::Killed);
    let (outcome, answer) = under(100);
    assert_eq!(outcome.throttled(), None);
    assert!(!answer.to_string().contains("memory.high"), "{answer}");
}

#[test]
fn several_processes_have_the_figures_of_the_table() {
    let workload = pinned().workload();
    let stage = Stage {
        sources: vec![Source::from(Arc::clone(&workload)), Source::from(workload)],
        ..Stage::single(
            Source::from(pinned().workload()),
            pinned().on("glibc@2.36", ""),
        )
    };
    let plan = Plan {
        name: String::new(),
        stages: vec![stage],
    };
    let (outcome, answer) = answered(plan);
    assert_eq!(answer.kind, AnswerKind::Several);
    let rss = outcome.summary().after_rest;
    assert!(
        answer
            .to_string()
            .contains(&format!("{rss} is resident in 2 processes.")),
        "{answer}"
    );
}

#[test]
fn memory_that_comes_and_goes_is_said_where_nothing_stays() {
    let mut program = Program::default();
    for _ in 0..400 {
        program.allocate(0..40, 100_000);
        program.free(0..40);
        program.time += 100;
    }
    program.rest("rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert_eq!(answer.kind, AnswerKind::NothingStuck);
    assert!(
        answer
            .to_string()
            .contains("But the heap grew and was trimmed by turns, "),
        "{answer}"
    );
}

#[test]
fn a_program_without_calls_has_an_answer() {
    let mut program = Program::default();
    program.call("k rest");
    let (_, answer) = program.run("glibc@2.36", "");
    assert!(
        answer
            .to_string()
            .contains("the program holds 0 B of the 0 B that is resident"),
        "{answer}"
    );
}

#[test]
fn in_markdown_settings_are_code_and_words_stay_words() {
    let mut program = pinned();
    program.free(100..101);
    program.rest("rest");
    let answer = program.run("glibc@2.36", "").1;
    let markdown = answer.markdown();
    let code = "now. With `GLIBC_TUNABLES=glibc.malloc.tcache_count=0`, at least";
    assert!(markdown.contains(code), "{markdown}");
    assert_eq!(markdown.replace(['`', '\\'], ""), answer.to_string());
}

#[test]
fn of_random_programs_the_answers_read_well() {
    for seed in 0..3 {
        let workload = Arc::new(small::program(seed));
        for allocator in Choice::all() {
            let variant = Variant {
                allocator,
                ..Variant::default()
            };
            answered(Plan::single(Source::from(Arc::clone(&workload)), variant));
        }
    }
}

#[test]
fn another_run_is_named_where_it_leaves_clearly_less() {
    let less = less_in("D", Bytes::mib(100), Bytes::mib(40)).expect("it is less");
    assert_eq!(
        less.to_string(),
        "In the run of D, 40.0 MiB is resident then."
    );
    assert_eq!(less_in("D", Bytes::mib(100), Bytes::mib(95)), None);
    assert_eq!(less_in("D", Bytes(500 * KIB), Bytes(100 * KIB)), None);
}
