//! Memory that comes and goes by turns.

use crate::program::*;
use highwater_simulator::{Bytes, Cause};

/// Blocks that are allocated and freed again and again, by a thread.
fn turns(turns: u64, thread: u32, (blocks, size): (u64, u64)) -> Program {
    let mut program = Program::default();
    program.allocate(0, 1 << 20, 100);
    for turn in 0..turns {
        for block in 0..blocks {
            program.allocate(thread, turn * blocks + block + 1, size);
        }
        for block in 0..blocks {
            program.free(thread, turn * blocks + block + 1);
        }
    }
    program
}

#[test]
fn a_heap_that_grows_and_is_trimmed_each_turn_is_found() {
    for release in releases() {
        for (thread, blocks, size) in [(0, 4, 65_536), (0, 40, 20_000), (1, 4, 100_000)] {
            let workload = turns(200, thread, (blocks, size)).workload();
            let variant = on(&release, "");
            let diagnosis = diagnosed(&workload, &variant);
            let churn = found(&diagnosis, "heap_churn");
            let Cause::HeapChurn {
                churn: told,
                threshold,
            } = churn.cause
            else {
                panic!("{churn:?}");
            };
            assert_eq!(threshold, Bytes::kib(128));
            assert!(told.turns >= 198, "{release}: {told:?}");
            assert!(told.faults > 200 * 16 && told.syscalls >= 200, "{told:?}");
            assert_eq!(told.faults_per_second, Some(rate(told.faults, &diagnosis)));
            assert_eq!(
                hold_remedies(&workload, &variant, churn),
                1,
                "{release} {size}"
            );
        }
    }
}

fn rate(count: u64, diagnosis: &highwater_simulator::Diagnosis) -> u64 {
    count * 1_000_000 / diagnosis.time.0
}

#[test]
fn after_the_thresholds_rose_the_remedy_keeps_both() {
    for release in releases() {
        let mut program = turns(0, 0, (0, 0));
        program.allocate(0, 1 << 21, 300_000);
        program.free(0, 1 << 21);
        for turn in 1..=200 {
            for block in 0..6 {
                program.allocate(0, turn * 8 + block, 200_000);
            }
            for block in 0..6 {
                program.free(0, turn * 8 + block);
            }
        }
        let workload = program.workload();
        let variant = on(&release, "");
        let diagnosis = diagnosed(&workload, &variant);
        let churn = found(&diagnosis, "heap_churn");
        assert_eq!(hold_remedies(&workload, &variant, churn), 1, "{release}");
    }
}

#[test]
fn blocks_that_are_mapped_and_unmapped_each_turn_are_found() {
    for release in releases() {
        for (lines, blocks, size) in [
            ("MALLOC_MMAP_THRESHOLD_=131072", 1, 200_000),
            ("MALLOC_TOP_PAD_=4096", 3, 1_000_000),
            ("", 1, 40 << 20),
        ] {
            let workload = turns(60, 0, (blocks, size)).workload();
            let variant = on(&release, lines);
            let diagnosis = diagnosed(&workload, &variant);
            let churn = found(&diagnosis, "mapping_churn");
            let Cause::MappingChurn { churn: told, .. } = churn.cause else {
                panic!("{churn:?}");
            };
            assert!(told.turns >= 59, "{release} {lines}: {told:?}");
            assert_eq!(
                hold_remedies(&workload, &variant, churn),
                1,
                "{release} {lines}"
            );
        }
    }
}

#[test]
fn bursts_with_rests_between_them_are_no_churn() {
    for release in releases() {
        let mut program = Program::default();
        for cycle in 0..40 {
            for block in 0..200 {
                program.allocate(0, cycle * 200 + block + 1, 20_000);
            }
            for block in 0..200 {
                program.free(0, cycle * 200 + block + 1);
            }
            program.wait(10_000_000);
        }
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        assert!(
            find(&diagnosis, "heap_churn").is_none(),
            "{:?}",
            kinds(&diagnosis)
        );
        assert!(find(&diagnosis, "mapping_churn").is_none());
    }
}

#[test]
fn growing_and_then_giving_back_is_one_turn() {
    for release in releases() {
        let mut program = Program::default();
        for block in 1..3000 {
            program.allocate(0, block, 20_000);
        }
        for block in (1..3000).rev() {
            program.free(0, block);
        }
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        assert!(
            find(&diagnosis, "heap_churn").is_none(),
            "{:?}",
            kinds(&diagnosis)
        );
    }
}

#[test]
fn the_recorded_churn_is_told_with_its_cost() {
    let workload = recorded("churn");
    let variant = on("glibc@2.36", "");
    let diagnosis = diagnosed(&workload, &variant);
    assert_eq!(kinds(&diagnosis)[0], "heap_churn");
    let churn = found(&diagnosis, "heap_churn");
    let Cause::HeapChurn { churn: told, .. } = churn.cause else {
        panic!("{churn:?}");
    };
    assert_eq!((told.faults, told.syscalls), (12_833, 801));
    assert_eq!((told.taken, told.given_back, told.turns), (401, 400, 400));
    assert_eq!(hold_remedies(&workload, &variant, churn), 1);
}
