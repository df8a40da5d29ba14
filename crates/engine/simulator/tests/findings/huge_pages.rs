//! Memory that only huge pages keep resident.

use crate::program::*;
use highwater_simulator::{Bytes, Cause, Gain, HugeMode, Machine, PageKind, Variant};

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
    for release in ["glibc@2.36", "glibc@2.43", "glibc@2.44"] {
        let variant = on_machine(release, lines, HugeMode::Madvise);
        let diagnosis = diagnosed(&workload, &variant);
        let huge = found(&diagnosis, "huge_pages");
        assert_eq!(hold_remedies(&workload, &variant, huge), 1, "{release}");
    }
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

#[test]
fn the_setting_of_jemalloc_that_covers_its_own_structures_ends_all_of_it() {
    let workload = scattered().workload();
    let lines = "MALLOC_CONF=dirty_decay_ms:0";
    for (release, covers) in [
        ("jemalloc@5.2.1", false),
        ("jemalloc@5.3.0", true),
        ("jemalloc@5.3.1", false),
    ] {
        let variant = on_machine(release, lines, HugeMode::Always);
        let diagnosis = diagnosed(&workload, &variant);
        let huge = found(&diagnosis, "huge_pages");
        let Gain::AtLeast { bytes } = huge.remedies[0].gives else {
            panic!("{huge:?}");
        };
        assert_eq!(bytes == huge.bytes, covers, "{release}: {bytes}");
        assert_eq!(hold_remedies(&workload, &variant, huge), 1, "{release}");
    }
}

#[test]
fn the_map_has_the_huge_pages_and_what_is_resident_only_because_of_them() {
    for (allocator, lines) in [
        ("glibc@2.36", "MALLOC_TOP_PAD_=8388608"),
        ("jemalloc@5.3.0", "MALLOC_CONF=dirty_decay_ms:0"),
    ] {
        let workload = match allocator {
            "glibc@2.36" | "glibc@2.44" => growing().workload(),
            _ => scattered().workload(),
        };
        let simulation = at_end(&workload, &on_machine(allocator, lines, HugeMode::Always));
        let (frame, kernel) = (simulation.frame(), simulation.kernel());
        let page = kernel.page_size();
        let size = kernel.huge_page_size();
        assert_eq!(size * frame.huge.len() as u64, kernel.huge(), "{allocator}");
        assert!(frame.huge.len() > 1, "{allocator}");
        for huge in &frame.huge {
            assert_eq!(page * u64::from(huge.pages), size);
            let at = |strip: &&highwater_simulator::Strip| {
                let end = strip.start + page * strip.pages;
                (strip.start..end).contains(&huge.start)
            };
            let strip = frame.strips.iter().find(at).expect("it lies in a strip");
            let kinds: Vec<u8> = (strip.runs.iter())
                .flat_map(|(kind, pages)| vec![*kind; *pages as usize])
                .collect();
            let first = ((huge.start - strip.start) / page) as usize;
            let kinds = &kinds[first..first + huge.pages as usize];
            let resident = |kind: &&u8| **kind < PageKind::GivenBack as u8;
            assert_eq!(kinds.iter().filter(resident).count(), kinds.len());
            let used = |kind: &&u8| **kind <= PageKind::Parked as u8;
            assert_eq!(kinds.iter().filter(used).count(), huge.used as usize);
        }
        let unwritten = frame.huge.iter().map(|huge| u64::from(huge.unwritten));
        let unwritten = page * unwritten.sum::<u64>();
        assert!(Bytes::ZERO < unwritten && unwritten <= kernel.unwritten());
        let small = at_end(&workload, &on_machine(allocator, lines, HugeMode::Never));
        let (with, without) = (simulation.rss(), small.rss());
        assert_eq!(with - kernel.unwritten(), without, "{allocator}");
        assert!(small.frame().huge.is_empty());
    }
}

#[test]
fn the_mode_of_the_machine_that_is_said_to_end_it_does() {
    let hugetlb = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1\nMALLOC_TOP_PAD_=8388608";
    let conf = "MALLOC_CONF=dirty_decay_ms:0";
    for (allocator, lines) in [
        ("glibc@2.36", "MALLOC_TOP_PAD_=8388608"),
        ("glibc@2.36", hugetlb),
        ("glibc@2.44", hugetlb),
        ("jemalloc@5.3.0", conf),
        ("jemalloc@5.3.0", "MALLOC_CONF=dirty_decay_ms:0,thp:always"),
        (
            "jemalloc@5.2.1",
            "MALLOC_CONF=dirty_decay_ms:0,metadata_thp:always",
        ),
    ] {
        let workload = match allocator {
            "glibc@2.36" | "glibc@2.44" => growing().workload(),
            _ => scattered().workload(),
        };
        let under = |mode| at_end(&workload, &on_machine(allocator, lines, mode));
        let unwritten = |mode| under(mode).kernel().unwritten();
        for mode in [HugeMode::Always, HugeMode::Madvise] {
            let diagnosis = under(mode).diagnose();
            let Some(huge) = find(&diagnosis, "huge_pages") else {
                continue;
            };
            let Cause::HugePages { ends, .. } = huge.cause else {
                panic!("{huge:?}");
            };
            assert_eq!(unwritten(ends), Bytes::ZERO, "{allocator} {lines} {mode}");
            // It is the mildest that does.
            let is_mildest =
                ends == HugeMode::Madvise || unwritten(HugeMode::Madvise) > Bytes::ZERO;
            assert!(is_mildest, "{allocator} {lines} {mode}");
        }
    }
}
