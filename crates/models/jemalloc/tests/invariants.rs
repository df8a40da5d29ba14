//! What must hold of the model whatever a program does, over random programs and options.

use highwater_allocator::Bytes;
use highwater_invariants::{Alignment, Operation, Process, operation, program, threads};
use highwater_jemalloc::{Jemalloc, Options, Version};
use proptest::prelude::*;

/// Sizes at which rules change, and any in between.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..200u64,
        6 => 200..4096u64,
        6 => 4000..40_000u64,
        3 => 30_000..300_000u64,
        1 => 300_000..20_000_000u64,
        1 => prop::sample::select(vec![
            0, 8, 9, 14_336, 14_337, 16_384, 16_385, 32_768, 32_769, 8 << 20, (8 << 20) + 1, 1 << 45,
            0x7000_0000_0000_0000, 0x7000_0000_0000_0001, u64::MAX,
        ]),
    ]
}

fn options() -> impl Strategy<Value = (Version, Options)> {
    let decay = || prop::sample::select(vec![-1i64, 0, 1, 1000, 10_000]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let version = prop::sample::select(Version::ALL.to_vec());
    let switches = (any::<bool>(), any::<bool>());
    (
        version,
        decay(),
        decay(),
        flags,
        switches,
        0..4u32,
        any::<u64>(),
    )
        .prop_map(|(version, dirty, muzzy, flags, switches, narenas, seed)| {
            let (background_thread, retain, tcache, cache_oblivious) = flags;
            let (experimental_tcache_gc, other_sizes) = switches;
            let usual = Options::of(version);
            let options = Options {
                dirty_decay_ms: dirty,
                muzzy_decay_ms: muzzy,
                background_thread,
                retain,
                tcache,
                cache_oblivious,
                experimental_tcache_gc,
                large_size_classes: usual.large_size_classes ^ other_sizes,
                narenas,
                seed,
                ..usual
            };
            (version, options)
        })
}

/// The smallest class has 8 bytes. memalign of nothing is such a block, whatever alignment was requested.
const ALIGNMENT: Alignment = Alignment {
    least: Bytes(8),
    of_empty_blocks: false,
};

fn wait() -> impl Strategy<Value = Operation> {
    (0..4_000_000u64).prop_map(Operation::Wait)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn extents_never_overlap_and_every_count_adds_up(
        (version, options) in options(),
        threads in threads(),
        steps in program(operation(size, 23, wait()), 400),
    ) {
        let model = Jemalloc::new(version, options, 2);
        let check = |model: &Jemalloc, _: &_| model.check();
        Process::new(model, ALIGNMENT, threads, true, check).run(&steps);
    }
}
