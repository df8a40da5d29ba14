//! What the tests of all allocators share: random sequences on a library and on its model, the first difference cut down to
//! the operations that still show it.

// Each test is a program of its own, and none uses everything.
#![allow(dead_code)]

use highwater_live::{
    Answers, Environment, Library, ModelError, Oracle, OracleError, Sequence, execute,
    first_difference, shrink, to_hwt,
};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

pub(crate) const SEED: u64 = 0x4869_6768_7761_7465;
/// The most threads a sequence has.
pub(crate) const THREADS: u64 = 16;
/// What a worker takes at a time of one environment on one library.
const BATCH: u64 = 20;
/// How often a failing sequence is tried in smaller forms.
const PATIENCE: usize = 4000;
/// A report of more than this helps nobody.
const REPORTS_MAX: usize = 6;

const NO_PANIC: &str = "a worker that panics ends the test";

/// Says what is not asserted. Not with `println`, which the test harness keeps to itself.
pub(crate) fn say(text: &str) {
    // Where nobody reads it, nobody is missed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The oracle; none, and the reason said, where this machine can have none.
pub(crate) fn start(library: &Library, environment: &Environment) -> Option<Oracle> {
    match Oracle::start(library, environment) {
        Ok(oracle) => Some(oracle),
        Err(OracleError::Unsupported(reason)) => {
            say(&format!("SKIPPED: {reason}"));
            None
        }
        Err(error) => panic!("{}: {error}", library.name),
    }
}

/// Whether there is such a library and a model of it.
pub(crate) fn is_modelled(library: &Library) -> bool {
    let environment = Environment::default();
    let Some(mut oracle) = start(library, &environment) else {
        return false;
    };
    let nothing = Sequence::default();
    let layout = oracle.answer(&nothing).expect("nothing was asked").layout;
    match execute(oracle.release(), &environment, layout, &nothing) {
        Err(error @ ModelError::Version(_)) => {
            say(&format!("SKIPPED: {}: {error}", library.name));
            false
        }
        _ => true,
    }
}

/// What is compared.
pub(crate) struct Plan<'a> {
    pub(crate) libraries: &'a [Library],
    pub(crate) environments: &'a [Environment],
    /// In all, unless the environment says otherwise.
    pub(crate) sequences: u64,
    /// The sequence of a seed.
    pub(crate) make: fn(u64) -> Sequence,
    /// Whether that is left out; whoever says so says why.
    pub(crate) leaves_out: fn(&Oracle, &Environment) -> bool,
}

/// Some sequences in one environment on one library.
struct Batch<'a> {
    library: &'a Library,
    environment: &'a Environment,
    first: u64,
    count: u64,
}

impl Plan<'_> {
    /// Compares everything.
    ///
    /// # Panics
    /// Where anything differs.
    pub(crate) fn run(&self) {
        let seed = number("HIGHWATER_SEED", SEED);
        let places = (self.libraries.len() * self.environments.len()).max(1) as u64;
        let each = number("HIGHWATER_SEQUENCES", self.sequences).div_ceil(places);
        let mut batches = Vec::new();
        for from in (0..each).step_by(BATCH as usize) {
            for (index, environment) in self.environments.iter().enumerate() {
                batches.extend(self.libraries.iter().map(|library| Batch {
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
                        if reports.lock().expect(NO_PANIC).len() >= REPORTS_MAX {
                            break;
                        }
                        if let Some(report) = self.compare(batch, &operations) {
                            reports.lock().expect(NO_PANIC).push(report);
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
            self.libraries.len(),
            self.environments.len()
        ));
        let reports = reports.into_inner().expect(NO_PANIC);
        for report in &reports {
            println!("{report}");
        }
        assert!(
            reports.is_empty(),
            "the model differs from the library, see above"
        );
    }

    /// The first difference among the sequences of a batch, cut down and described.
    fn compare(&self, batch: &Batch<'_>, operations: &AtomicU64) -> Option<String> {
        let Batch {
            library,
            environment,
            ..
        } = batch;
        let mut oracle = Oracle::start(library, environment).expect("it has been started before");
        if (self.leaves_out)(&oracle, environment) {
            return None;
        }
        (0..batch.count).find_map(|index| {
            let seed = batch.first.wrapping_add(index);
            let sequence = (self.make)(seed);
            operations.fetch_add(sequence.steps.len() as u64, Ordering::Relaxed);
            differ(&mut oracle, environment, &sequence)?;
            let shrunk = shrink(&sequence, PATIENCE, |smaller| {
                differ(&mut oracle, environment, smaller).is_some()
            });
            let (answers, trouble) = differ(&mut oracle, environment, &shrunk)?;
            let trace = to_hwt(&shrunk, &answers, oracle.release(), environment);
            Some(format!(
                "==== seed {seed:#x}, {}, environment {environment}\n{trace}==== {trouble}\n",
                oracle.release()
            ))
        })
    }
}

/// The library's answers and what is wrong with the model's, if anything is. A sequence that the library itself does not
/// survive is no difference.
pub(crate) fn differ(
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
    let release = oracle.release().clone();
    let executed = catch_unwind(AssertUnwindSafe(|| {
        execute(&release, environment, real.layout, sequence)
    }));
    let trouble = match executed {
        Ok(Ok(model)) => first_difference(sequence, &real, &model).map(|found| found.to_string()),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the model panicked".to_owned()),
    };
    trouble.map(|trouble| (real, trouble))
}

/// A number from the environment, decimal or with `0x`.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{name}={text}: a number was expected"))
}
