//! Memory that only huge pages keep resident.

use crate::program::*;
use highwater_simulator::{Bytes, HugeMode, Machine, Variant};

/// Blocks of which each takes a little of a huge page's range.
fn scattered() -> Program {
    let mut program = Program::default();
    for block in 0..200 {
        program.allocate(0, block + 1, 200_000);
    }
    for block in 0..200 {
        if block % 8 > 0 {
            program.free(0, block + 1);
        }
    }
    program
}

/// Blocks in a heap that grows by 8 MiB at once, if so much padding is set: its ranges get huge pages of which not all is written.
fn growing() -> Program {
    let mut program = Program::default();
    for block in 0..30 {
        program.allocate(0, block + 1, 100_000);
    }
    program
}

fn on_machine(allocator: &str, lines: &str, thp: HugeMode) -> Variant {
    let machine = Machine {
        thp: Some(thp),
        ..Machine::default()
    };
    Variant {
        machine,
        ..on(allocator, lines)
    }
}

#[test]
fn the_setting_of_jemalloc_ends_what_huge_pages_add() {
    let workload = scattered().workload();
    for release in ["jemalloc@5.2.1", "jemalloc@5.3.0", "jemalloc@5.3.1"] {
        for (lines, mode) in [
            ("MALLOC_CONF=dirty_decay_ms:0", HugeMode::Always),
            ("MALLOC_CONF=dirty_decay_ms:0,thp:always", HugeMode::Madvise),
        ] {
            let variant = on_machine(release, lines, mode);
            let diagnosis = diagnosed(&workload, &variant);
            let huge = found(&diagnosis, "huge_pages");
            assert!(
                huge.bytes > Bytes::mib(1),
                "{release} {lines}: {}",
                huge.bytes
            );
            assert_eq!(
                hold_remedies(&workload, &variant, huge),
                1,
                "{release} {lines}"
            );
        }
    }
}

#[test]
fn a_tunable_of_glibc_ends_what_huge_pages_add_where_malloc_asks_for_them() {
    let workload = growing().workload();
    let lines = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1\nMALLOC_TOP_PAD_=8388608";
    let variant = on_machine("glibc@2.36", lines, HugeMode::Madvise);
    let diagnosis = diagnosed(&workload, &variant);
    let huge = found(&diagnosis, "huge_pages");
    assert_eq!(hold_remedies(&workload, &variant, huge), 1);
}

#[test]
fn where_the_machine_decides_no_setting_of_glibc_ends_it() {
    let workload = growing().workload();
    let top_pad = "MALLOC_TOP_PAD_=8388608";
    let variant = on_machine("glibc@2.36", top_pad, HugeMode::Always);
    let diagnosis = diagnosed(&workload, &variant);
    let huge = found(&diagnosis, "huge_pages");
    assert!(huge.remedies.is_empty(), "{huge:?}");
    let small = on_machine("glibc@2.36", top_pad, HugeMode::Madvise);
    let without = diagnosed(&workload, &small);
    assert!(find(&without, "huge_pages").is_none());
    assert_eq!(without.rss + huge.bytes, diagnosis.rss);
}
