//! What must hold of the model whatever a program does, over random programs and settings.

use highwater_allocator::{Bytes, Variable};
use highwater_glibc::{Glibc, Host, Settings, Version};
use highwater_invariants::{Alignment, Operation, Process, operation, program, threads};
use proptest::prelude::*;

/// Sizes at which rules change, and any in between.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..200u64,
        6 => 200..1100u64,
        6 => 1000..5000u64,
        4 => 4000..70_000u64,
        3 => 60_000..300_000u64,
        1 => 300_000..40_000_000u64,
        1 => prop::sample::select(vec![
            0, 24, 25, 1032, 1033, 65_519, 65_536, 131_047, 131_048, 131_072, 1 << 31, 1 << 45,
            i64::MAX as u64, 1 << 63, u64::MAX - 40, u64::MAX,
        ]),
    ]
}

const ENVIRONMENTS: &[&str] = &[
    "",
    "",
    "MALLOC_TRIM_THRESHOLD_=0",
    "MALLOC_TOP_PAD_=0",
    "MALLOC_TOP_PAD_=-1",
    "MALLOC_MMAP_THRESHOLD_=0",
    "MALLOC_MMAP_THRESHOLD_=16384\nMALLOC_PERTURB_=7",
    "MALLOC_MMAP_MAX_=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=65535:glibc.malloc.tcache_max=0",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=0:glibc.malloc.tcache_count=1",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=160:glibc.malloc.tcache_unsorted_limit=1",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=3000000",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=2",
    "MALLOC_ARENA_MAX=1",
    "MALLOC_ARENA_MAX=2",
    "MALLOC_ARENA_TEST=1",
    "MALLOC_TOP_PAD_=100000000",
    "GLIBC_TUNABLES=glibc.malloc.tcache_max=4194000",
];

const ALIGNMENT: Alignment = Alignment {
    least: Bytes(16),
    of_empty_blocks: true,
};

fn model(version: Version, environment: &str, threads: u16) -> Glibc {
    let pairs = environment
        .split_whitespace()
        .filter_map(|pair| pair.split_once('='));
    let environment: Vec<_> = pairs
        .map(|(name, value)| Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        })
        .collect();
    let settings = Settings::from_environment(version, &environment);
    let host = Host {
        threaded: threads > 1,
        ..Host::default()
    };
    Glibc::new(version, settings.params, host)
}

fn trim() -> impl Strategy<Value = Operation> {
    prop_oneof![Just(0), size()].prop_map(Operation::Trim)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_heap_stays_whole_and_trimming_gives_what_was_foretold(
        version in prop::sample::select(Version::ALL.to_vec()),
        environment in prop::sample::select(ENVIRONMENTS),
        threads in threads(),
        touch in any::<bool>(),
        little_room in prop::bool::weighted(0.25),
        steps in program(operation(size, 63, trim()), 300),
    ) {
        let model = model(version, environment, threads);
        let mut process = Process::new(model, ALIGNMENT, threads, touch, Glibc::check);
        if little_room {
            process = process.with_little_room();
        }
        process.run(&steps);
    }
}
