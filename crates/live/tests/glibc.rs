//! The glibc model against the machine's own glibc: the same random operations on both, address for address, usable
//! size for usable size, resident byte for resident byte.
//!
//! - `HIGHWATER_SEED` starts elsewhere, `HIGHWATER_SEQUENCES` makes it shorter or longer (a sequence has about a thousand
//!   operations).
//! - `HIGHWATER_ENV`, as `"NAME=VALUE NAME=VALUE"`, keeps to one environment.
//! - `HIGHWATER_THREADS` is the most threads a sequence has; 1 keeps to the main thread.
//! - `HIGHWATER_LIBRARIES` names a folder in which other C libraries are unpacked, a folder each; they are asked instead.
//!
//! A library that is not modelled is named and left out.

use highwater_live::{
    Answers, Environment, Library, ModelError, Operation, Oracle, OracleError, Sequence,
    all_environments, first_difference, generate, generate_threads, play, shrink, to_hwt,
};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// Whether it was said what is left out.
static NOT_MODELLED: AtomicBool = AtomicBool::new(false);
const SEED: u64 = 0x4869_6768_7761_7465;
const SEQUENCES: u64 = 1500;
const THREADS: u64 = 16;
/// What a worker takes at a time of one environment on one library.
const BATCH: u64 = 20;
/// How often a failing sequence is tried in smaller forms.
const PATIENCE: usize = 4000;
/// A report of more than this helps nobody.
const REPORTS_MAX: usize = 6;

/// Says what is not asserted. Not with `println`, which the test harness keeps to itself.
fn say(text: &str) {
    // Where nobody reads it, nobody is missed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The oracle; none, and the reason said, where this machine can have none.
fn start(library: &Library, environment: &Environment) -> Option<Oracle> {
    match Oracle::start(library, environment) {
        Ok(oracle) => Some(oracle),
        Err(OracleError::Unsupported(reason)) => {
            say(&format!("SKIPPED: {reason}"));
            None
        }
        Err(error) => panic!("{}: {error}", library.name),
    }
}

/// Those that are modelled, of the ones that the environment names or of the installed one.
fn libraries() -> Vec<Library> {
    let candidates = match std::env::var("HIGHWATER_LIBRARIES") {
        Ok(folder) => Library::in_folder(Path::new(&folder))
            .unwrap_or_else(|error| panic!("HIGHWATER_LIBRARIES={folder}: {error}")),
        Err(_) => vec![Library::installed()],
    };
    assert!(
        !candidates.is_empty(),
        "HIGHWATER_LIBRARIES names a folder without libraries"
    );
    candidates.into_iter().filter(is_modelled).collect()
}

/// Whether there is such a library and a model of it.
fn is_modelled(library: &Library) -> bool {
    let environment = Environment::default();
    let Some(mut oracle) = start(library, &environment) else {
        return false;
    };
    let nothing = Sequence::default();
    let layout = oracle.answer(&nothing).expect("nothing was asked").layout;
    match play(oracle.version(), &environment, layout, &nothing) {
        Err(error @ ModelError::Version(_)) => {
            say(&format!("SKIPPED: {}: {error}", library.name));
            false
        }
        _ => true,
    }
}

/// Some sequences in one environment on one library.
struct Batch<'a> {
    library: &'a Library,
    environment: &'a Environment,
    first: u64,
    count: u64,
}

#[test]
fn random_sequences_on_the_live_library_and_on_the_model_agree() {
    let environments = match std::env::var("HIGHWATER_ENV") {
        Ok(text) => vec![Environment::parse(&text)],
        Err(_) => all_environments(),
    };
    let libraries = libraries();
    let seed = number("HIGHWATER_SEED", SEED);
    let places = (libraries.len() * environments.len()).max(1) as u64;
    let each = number("HIGHWATER_SEQUENCES", SEQUENCES).div_ceil(places);
    let mut batches = Vec::new();
    for from in (0..each).step_by(BATCH as usize) {
        for (index, environment) in environments.iter().enumerate() {
            batches.extend(libraries.iter().map(|library| Batch {
                library,
                environment,
                first: seed.wrapping_add(index as u64 * each + from),
                count: BATCH.min(each - from),
            }));
        }
    }
    let next = AtomicUsize::new(0);
    let operations = AtomicU64::new(0);
    let reports = Mutex::new(Vec::new());
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if reports.lock().unwrap().len() >= REPORTS_MAX {
                        break;
                    }
                    if let Some(report) = run(batch, &operations) {
                        reports.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    let operations = operations.into_inner();
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "{operations} operations compared in {seconds:.1} s, {:.0} a second: {} libraries, {} environments, {each} \
         sequences each, seed {seed:#x}",
        operations as f64 / seconds,
        libraries.len(),
        environments.len()
    ));
    let reports = reports.into_inner().unwrap();
    for report in &reports {
        println!("{report}");
    }
    assert!(
        reports.is_empty(),
        "the model differs from the library, see above"
    );
}

/// What random operations hardly ever hit: the top is exactly the trim threshold.
#[test]
fn a_top_of_exactly_the_threshold_is_trimmed() {
    let environment = Environment::parse("MALLOC_TRIM_THRESHOLD_=68976 MALLOC_TOP_PAD_=0");
    for library in libraries() {
        let mut oracle = Oracle::start(&library, &environment).unwrap();
        for size in (64_000..73_000).step_by(200) {
            let operations = [
                Operation::Malloc { block: 0, size },
                Operation::Free { block: 0 },
                Operation::Mark,
                Operation::Malloc { block: 1, size: 24 },
                Operation::Mark,
            ];
            let sequence = Sequence::of_main(operations, true);
            let found = differ(&mut oracle, &environment, &sequence);
            assert_eq!(found.map(|(_, trouble)| trouble), None, "{size} bytes");
        }
    }
}

#[test]
fn the_oracle_repeats_itself_and_starts_on_a_pristine_heap() {
    let environment = Environment::default();
    for library in libraries() {
        let mut oracle = Oracle::start(&library, &environment).unwrap();
        for seed in 0..20 {
            for sequence in [generate(seed), generate_threads(seed, 16)] {
                let first = oracle.answer(&sequence).unwrap();
                let second = oracle.answer(&sequence).unwrap();
                assert_eq!(first, second, "seed {seed}");
                let mut another = Oracle::start(&library, &environment).unwrap();
                let third = another.answer(&sequence).unwrap();
                assert_eq!(first_difference(&sequence, &first, &third), None);
            }
        }
    }
}

#[test]
fn a_report_is_a_trace_that_can_be_read() {
    let environment = Environment::parse("MALLOC_TOP_PAD_=0");
    let Some(mut oracle) = start(&Library::installed(), &environment) else {
        return;
    };
    for seed in 0..20 {
        for sequence in [generate(seed), generate_threads(seed, 16)] {
            let answers = oracle.answer(&sequence).unwrap();
            let text = to_hwt(&sequence, &answers, oracle.version(), &environment);
            let workload = highwater_workload::trace::read(text.as_bytes()).unwrap();
            assert_eq!(workload.skipped, 0);
            assert_eq!(workload.header.touch, sequence.touch);
            assert_eq!(workload.header.env, environment.lines);
        }
    }
}

#[test]
fn a_sequence_that_no_process_could_perform_is_refused() {
    let Some(mut oracle) = start(&Library::installed(), &Environment::default()) else {
        return;
    };
    let ends = Sequence::of_main([Operation::ThreadExit], false);
    assert!(matches!(oracle.answer(&ends), Err(OracleError::Unsound)));
    assert!(oracle.answer(&Sequence::default()).is_ok());
}

/// The sequence of a seed: one of three has the main thread alone.
fn sequence_of(seed: u64) -> Sequence {
    match number("HIGHWATER_THREADS", THREADS) as u16 {
        0 | 1 => generate(seed),
        _ if seed.is_multiple_of(3) => generate(seed),
        threads => generate_threads(seed, threads),
    }
}

/// The first difference among the sequences of a batch, cut down and described.
fn run(batch: &Batch<'_>, operations: &AtomicU64) -> Option<String> {
    let Batch {
        library,
        environment,
        ..
    } = batch;
    let mut oracle = Oracle::start(library, environment).expect("it has been started before");
    if environment.checks_the_heap() && oracle.version() == "2.31" {
        if !NOT_MODELLED.swap(true, Ordering::Relaxed) {
            say("SKIPPED: the checked heap of glibc 2.31 (MALLOC_CHECK_) is not modelled");
        }
        return None;
    }
    (0..batch.count).find_map(|index| {
        let seed = batch.first.wrapping_add(index);
        let sequence = sequence_of(seed);
        operations.fetch_add(sequence.steps.len() as u64, Ordering::Relaxed);
        differ(&mut oracle, environment, &sequence)?;
        let shrunk = shrink(&sequence, PATIENCE, |smaller| {
            differ(&mut oracle, environment, smaller).is_some()
        });
        let (answers, trouble) = differ(&mut oracle, environment, &shrunk)?;
        let trace = to_hwt(&shrunk, &answers, oracle.version(), environment);
        Some(format!(
            "==== seed {seed:#x}, glibc {}, environment {environment}\n{trace}==== {trouble}\n",
            oracle.version()
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
        Ok(Ok(model)) => first_difference(sequence, &real, &model).map(|found| found.to_string()),
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
