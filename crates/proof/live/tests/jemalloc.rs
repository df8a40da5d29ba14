//! The model of jemalloc against a real one: the same random operations on both, address for address, usable size for
//! usable size, and at every mark either every figure that it reports of itself or its resident bytes.
//!
//! The library is the machine's own (`libjemalloc.so.2`, in the distribution's package libjemalloc2 or jemalloc), or every one
//! that is found in the folders of the folder that `HIGHWATER_LIBRARIES` names. Without any this test says on standard error
//! that it is skipped, and under `cargo xtask test`, which sets `HIGHWATER_PREREQUISITES`, it fails.
//!
//! Nothing is left to chance: time is the sequence's, and the model's pseudo-random states start from the addresses from
//! which the library's started. So equality is demanded in everything, under every setting.
//!
//! `HIGHWATER_SEED`, `HIGHWATER_SEQUENCES`, `HIGHWATER_ENV` and `HIGHWATER_THREADS` are those of the test of glibc.

mod common;

use common::{Plan, THREADS, differ, is_modelled, number, say};
use highwater_live::{
    Environment, Library, Oracle, Sequence, generate_timed, jemalloc_environments,
    timed_of_workload, to_hwt,
};
use highwater_workload::{Pattern, unwatched};
use std::path::Path;
use std::sync::Arc;

const SEQUENCES: u64 = 700;

/// Those that are modelled, of the ones that the environment names or of the installed one.
fn libraries() -> Vec<Library> {
    let candidates = match std::env::var("HIGHWATER_LIBRARIES") {
        Ok(folder) => Library::jemallocs_in_folder(Path::new(&folder))
            .unwrap_or_else(|error| panic!("HIGHWATER_LIBRARIES={folder}: {error}")),
        Err(_) => Library::installed_jemalloc().into_iter().collect(),
    };
    if candidates.is_empty() {
        let missing =
            "there is no libjemalloc.so.2 (package libjemalloc2, or HIGHWATER_LIBRARIES=FOLDER)";
        let is_required = cfg!(all(target_os = "linux", target_arch = "x86_64"))
            && std::env::var_os("HIGHWATER_PREREQUISITES").is_some();
        assert!(!is_required, "{missing}");
        say(&format!("SKIPPED: {missing}"));
    }
    candidates.into_iter().filter(is_modelled).collect()
}

#[test]
fn random_sequences_on_the_live_library_and_on_the_model_agree() {
    let environments = match std::env::var("HIGHWATER_ENV") {
        Ok(text) => vec![Environment::parse(&text)],
        Err(_) => jemalloc_environments(),
    };
    let libraries = libraries();
    if libraries.is_empty() {
        return;
    }
    Plan {
        libraries: &libraries,
        environments: &environments,
        sequences: SEQUENCES,
        make: sequence_of,
        leaves_out: |_, _| false,
    }
    .run();
}

/// What short random programs hardly reach: hundreds of MiB, decay over many seconds, thousands of collections of a cache.
#[test]
fn the_bundled_recording_on_the_live_library_and_on_the_model_agrees() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../web/traces/asyncio_burst.hwt.gz"
    );
    let bytes = std::fs::read(path).expect("the recording is part of the project");
    let workload = highwater_workload::trace::read(&bytes).expect("it is well formed");
    let calls = timed_of_workload(&workload.into());
    for library in libraries() {
        let confs = [
            "",
            "MALLOC_CONF=dirty_decay_ms:1000,muzzy_decay_ms:1000",
            // The oracle answers as a forked child, which has no background threads.
            "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000",
        ];
        for conf in confs {
            let environment = Environment::parse(conf);
            let mut oracle = Oracle::start(&library, &environment).unwrap();
            for sequence in [calls.clone(), calls.clone().asking()] {
                let found = differ(&mut oracle, &environment, &sequence);
                assert_eq!(found.map(|(_, trouble)| trouble), None, "{environment}");
            }
        }
    }
}

/// Threads that free each other's blocks: heaps of extents that lose their order, and caches whose collections depend on every
/// single call since a thread began.
#[test]
fn a_program_of_many_threads_on_the_live_library_and_on_the_model_agrees() {
    let parameters = "jobs=60 cycles=2".parse().expect("in range");
    let workload = Pattern::Jobs.build(&parameters, &mut unwatched);
    let calls = timed_of_workload(&Arc::new(workload.expect("in range")));
    for library in libraries() {
        for conf in ["", "MALLOC_CONF=narenas:1,tcache:false"] {
            let environment = Environment::parse(conf);
            let mut oracle = Oracle::start(&library, &environment).unwrap();
            let found = differ(&mut oracle, &environment, &calls);
            assert_eq!(found.map(|(_, trouble)| trouble), None, "{environment}");
        }
    }
}

#[test]
fn the_oracle_repeats_itself_and_its_reports_can_be_read() {
    let environment = Environment::parse("MALLOC_CONF=dirty_decay_ms:100");
    for library in libraries() {
        let mut oracle = Oracle::start(&library, &environment).unwrap();
        for seed in 0..20 {
            let sequence = sequence_of(seed);
            let first = oracle.answer(&sequence).unwrap();
            assert_eq!(first, oracle.answer(&sequence).unwrap(), "seed {seed}");
            let text = to_hwt(&sequence, &first, oracle.release(), &environment);
            let workload = highwater_workload::trace::read(text.as_bytes()).unwrap();
            assert_eq!(workload.skipped, 0);
            assert_eq!(workload.header.env, environment.lines);
        }
    }
}

/// The sequence of a seed: one of two has the main thread alone, and in one of two figures are asked for.
fn sequence_of(seed: u64) -> Sequence {
    let threads = match seed / 2 % 2 {
        0 => 1,
        _ => number("HIGHWATER_THREADS", THREADS) as u16,
    };
    let sequence = generate_timed(seed, threads);
    match seed % 2 {
        0 => sequence,
        _ => sequence.asking(),
    }
}
