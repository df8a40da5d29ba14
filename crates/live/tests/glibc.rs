//! The glibc model against the machine's own glibc: the same random operations on both, address for address, usable
//! size for usable size, resident byte for resident byte.
//!
//! `HIGHWATER_SEED` starts elsewhere, `HIGHWATER_SEQUENCES` makes it shorter or longer, `HIGHWATER_ENV` (as
//! `"NAME=VALUE NAME=VALUE"`) keeps to one environment. Where the machine's library is none that is modelled, the test
//! says so and passes.

use highwater_live::{
    Answers, Difference, Environment, ModelError, Operation, Oracle, OracleError, Sequence,
    all_environments, first_difference, generate, play, shrink, to_hwt,
};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Says why nothing is compared here. Not with `println`, which the test harness keeps to itself.
fn skip(reason: &str) {
    // Where nobody reads it, nobody is missed.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

/// The oracle; none, and the reason said, where this machine can have none.
fn start(environment: &Environment) -> Option<Oracle> {
    match Oracle::start(Path::new(ORACLE), environment) {
        Ok(oracle) => Some(oracle),
        Err(OracleError::Unsupported(reason)) => {
            skip(reason);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

const ORACLE: &str = env!("CARGO_BIN_EXE_highwater-oracle");
const SEED: u64 = 0x4869_6768_7761_7465;
const SEQUENCES: u64 = 4600;
/// How often a failing sequence is tried in smaller forms.
const PATIENCE: usize = 4000;
/// A report of more than this helps nobody.
const REPORTS_MAX: usize = 6;

#[test]
fn random_sequences_on_the_live_library_and_on_the_model_agree() {
    let environments = match std::env::var("HIGHWATER_ENV") {
        Ok(text) => vec![Environment::parse(&text)],
        Err(_) => all_environments(),
    };
    if let Err(reason) = ready(&environments[0]) {
        return skip(&reason.to_string());
    }
    let seed = number("HIGHWATER_SEED", SEED);
    let each = number("HIGHWATER_SEQUENCES", SEQUENCES).div_ceil(environments.len() as u64);
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(environment) = environments.get(index) else {
                        break;
                    };
                    let first = seed.wrapping_add(index as u64 * each);
                    if let Some(report) = run(environment, first, each) {
                        reports.lock().unwrap().push((index, report));
                    }
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort();
    for (_, report) in reports.iter().take(REPORTS_MAX) {
        println!("{report}");
    }
    assert!(
        reports.is_empty(),
        "the model differs from the library in {} of {} environments, see above",
        reports.len(),
        environments.len()
    );
    println!(
        "{} sequences in {} environments, seed {seed:#x}: no difference",
        each * environments.len() as u64,
        environments.len()
    );
}

/// What random operations hardly ever hit: the top is exactly the trim threshold.
#[test]
fn a_top_of_exactly_the_threshold_is_trimmed() {
    let environment = Environment::parse("MALLOC_TRIM_THRESHOLD_=68976 MALLOC_TOP_PAD_=0");
    if let Err(reason) = ready(&environment) {
        return skip(&reason.to_string());
    }
    let mut oracle = Oracle::start(Path::new(ORACLE), &environment).unwrap();
    let operations = |size| {
        vec![
            Operation::Malloc { block: 0, size },
            Operation::Free { block: 0 },
            Operation::Mark,
            Operation::Malloc { block: 1, size: 24 },
            Operation::Mark,
        ]
    };
    for size in (64_000..73_000).step_by(200) {
        let sequence = Sequence {
            operations: operations(size),
            touch: true,
        };
        let found = differ(&mut oracle, &environment, &sequence);
        assert_eq!(found.map(|(_, trouble)| trouble), None, "{size} bytes");
    }
}

#[test]
fn the_oracle_repeats_itself_and_starts_on_a_pristine_heap() {
    let environment = Environment::default();
    let Some(mut oracle) = start(&environment) else {
        return;
    };
    for seed in 0..20 {
        let sequence = generate(seed);
        let first = oracle.answer(&sequence).unwrap();
        let second = oracle.answer(&sequence).unwrap();
        assert_eq!(first, second, "seed {seed}");
        let mut another = Oracle::start(Path::new(ORACLE), &environment).unwrap();
        let third = another.answer(&sequence).unwrap();
        assert_eq!(first_difference(&sequence, &first, &third), None);
    }
}

#[test]
fn a_report_is_a_trace_that_can_be_read() {
    let environment = Environment::parse("MALLOC_TOP_PAD_=0");
    let Some(mut oracle) = start(&environment) else {
        return;
    };
    for seed in 0..20 {
        let sequence = generate(seed);
        let answers = oracle.answer(&sequence).unwrap();
        let text = to_hwt(&sequence, &answers, oracle.version(), &environment);
        let workload = highwater_workload::trace::read(text.as_bytes()).unwrap();
        assert_eq!(workload.skipped, 0);
        assert_eq!(workload.header.touch, sequence.touch);
        assert_eq!(workload.header.env, environment.lines);
    }
}

/// Whether there is a library here and a model of it.
fn ready(environment: &Environment) -> Result<(), String> {
    let mut oracle = match Oracle::start(Path::new(ORACLE), environment) {
        Ok(oracle) => oracle,
        Err(error @ OracleError::Unsupported(_)) => return Err(error.to_string()),
        Err(error) => panic!("{error}"),
    };
    let nothing = Sequence::default();
    let layout = oracle.answer(&nothing).expect("nothing was asked").layout;
    match play(oracle.version(), environment, layout, &nothing) {
        Err(error @ ModelError::Version(_)) => {
            Err(format!("the C library of this machine: {error}"))
        }
        _ => Ok(()),
    }
}

/// The first difference among the sequences of an environment, cut down and described.
fn run(environment: &Environment, first: u64, count: u64) -> Option<String> {
    let mut oracle = Oracle::start(Path::new(ORACLE), environment).expect("it has been started");
    (first..first + count).find_map(|seed| {
        let sequence = generate(seed);
        differ(&mut oracle, environment, &sequence)?;
        let shrunk = shrink(&sequence, PATIENCE, |smaller| {
            differ(&mut oracle, environment, smaller).is_some()
        });
        let (answers, trouble) = differ(&mut oracle, environment, &shrunk)?;
        let trace = to_hwt(&shrunk, &answers, oracle.version(), environment);
        Some(format!(
            "==== seed {seed:#x}, environment {environment}\n{trace}==== {trouble}\n"
        ))
    })
}

/// The library's answers and what is wrong with the model's, if anything is. A sequence that the library itself does not
/// survive is no difference.
fn differ(
    oracle: &mut Oracle,
    environment: &Environment,
    sequence: &Sequence,
) -> Option<(Answers, String)> {
    let real = match oracle.answer(sequence) {
        Ok(real) => real,
        Err(OracleError::Died(status)) => {
            println!("the library ended a sequence with status {status:#x} ({environment})");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let version = oracle.version().to_owned();
    let played = catch_unwind(AssertUnwindSafe(|| {
        play(&version, environment, real.layout, sequence)
    }));
    let trouble = match played {
        Ok(Ok(model)) => {
            first_difference(sequence, &real, &model).map(|found: Difference| found.to_string())
        }
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the model panicked".to_owned()),
    };
    trouble.map(|trouble| (real, trouble))
}

/// A number from the environment, decimal or with `0x`.
fn number(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{name}={text}: a number was expected"))
}
