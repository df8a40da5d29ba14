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

mod common;

use common::{Plan, THREADS, differ, is_modelled, number, say, start};
use highwater_live::{
    Environment, Library, Operation, Oracle, OracleError, Sequence, all_environments,
    first_difference, generate, generate_options, generate_threads, to_hwt,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether it was said what is left out.
static NOT_MODELLED: AtomicBool = AtomicBool::new(false);
const SEQUENCES: u64 = 1500;

/// Fewer where malloc fills huge pages: the kernel clears 2 to 3 GiB of them for a sequence, which takes seconds.
/// `HIGHWATER_SEQUENCES` makes it more.
const HUGE_SEQUENCES: u64 = 36;

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

#[test]
fn random_sequences_on_the_live_library_and_on_the_model_agree() {
    let environments = match std::env::var("HIGHWATER_ENV") {
        Ok(text) => vec![Environment::parse(&text)],
        Err(_) => all_environments(),
    };
    Plan {
        libraries: &libraries(),
        environments: &environments,
        sequences: SEQUENCES,
        make: sequence_of,
        leaves_out: checks_its_heap,
    }
    .run();
}

/// The same where malloc asks for huge pages, with the machine's own left on.
#[test]
fn random_sequences_with_huge_pages_agree() {
    Plan {
        libraries: &libraries(),
        environments: &[
            "",
            ":glibc.malloc.mmap_threshold=4000000",
            ":glibc.malloc.top_pad=3000000",
        ]
        .map(|more| Environment::parse(&format!("GLIBC_TUNABLES=glibc.malloc.hugetlb=1{more}"))),
        sequences: HUGE_SEQUENCES,
        make: sequence_of,
        leaves_out: checks_its_heap,
    }
    .run();
}

/// What a program sets by `mallopt`, in the middle of its run and on top of any environment, the model takes as the library
/// does, and consolidates when it does.
#[test]
fn programs_that_call_mallopt_agree() {
    let texts = [
        "",
        "MALLOC_ARENA_MAX=2",
        "MALLOC_TOP_PAD_=0 MALLOC_MMAP_THRESHOLD_=65536",
    ];
    let environments = match std::env::var("HIGHWATER_ENV") {
        Ok(text) => vec![Environment::parse(&text)],
        Err(_) => texts.map(Environment::parse).into(),
    };
    Plan {
        libraries: &libraries(),
        environments: &environments,
        sequences: SEQUENCES,
        make: |seed| match seed % 3 {
            0 => generate_options(seed, 1),
            _ => generate_options(seed, number("HIGHWATER_THREADS", THREADS) as u16),
        },
        leaves_out: checks_its_heap,
    }
    .run();
}

/// Whether the library has a heap that checks itself, which is not modelled.
fn checks_its_heap(oracle: &Oracle, environment: &Environment) -> bool {
    let checks = environment.checks_the_heap() && oracle.release().version == "2.31";
    if checks && !NOT_MODELLED.swap(true, Ordering::Relaxed) {
        say("SKIPPED: the checked heap of glibc 2.31 (MALLOC_CHECK_) is not modelled");
    }
    checks
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
            let text = to_hwt(&sequence, &answers, oracle.release(), &environment);
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
    assert!(matches!(oracle.answer(&ends), Err(OracleError::Unsound(_))));
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
