//! Thresholds that rose, and what a lower one would give back.

use crate::program::*;
use highwater_simulator::{Bytes, Cause};

const MIB: u64 = 1 << 20;

/// A large block comes and goes; then small ones of 10 MiB together do.
fn raised_by(large: u64) -> Program {
    let mut program = Program::default();
    program.allocate(0, 1, large);
    program.free(0, 1);
    for block in 2..5002 {
        program.allocate(0, block, 2080);
    }
    // The last first, so that the thread's cache keeps nothing at the top.
    for block in 2..5002 {
        program.free(0, block);
    }
    program
}

#[test]
fn a_top_below_a_risen_threshold_stays() {
    for release in releases() {
        let workload = raised_by(20 * MIB).workload();
        let variant = on(&release, "");
        let diagnosis = diagnosed(&workload, &variant);
        let risen = found(&diagnosis, "risen_threshold");
        let Cause::RisenThreshold {
            trim_from,
            trim_to,
            mmap_from,
            first,
            first_freed,
            raises,
            in_tops,
            ..
        } = risen.cause
        else {
            panic!("{risen:?}");
        };
        assert_eq!((mmap_from, trim_from), (Bytes::kib(128), Bytes::kib(128)));
        assert!(is_about(trim_to, 40 * MIB), "{trim_to}");
        assert_eq!((first.event, first.thread, raises), (1, 0, 1));
        assert_eq!(first_freed, Bytes(20 * MIB));
        assert!(is_about(risen.bytes, 5000 * 2096), "{}", risen.bytes);
        assert_eq!(in_tops, risen.bytes);
        assert_eq!(hold_remedies(&workload, &variant, risen), 1, "{release}");
    }
}

#[test]
fn what_a_lower_threshold_gives_is_what_it_would_have_given() {
    for release in releases() {
        let workload = raised_by(20 * MIB).workload();
        let diagnosis = diagnosed(&workload, &on(&release, ""));
        let top = found(&diagnosis, "top");
        let Cause::Top { lower_gives, .. } = top.cause else {
            panic!("{top:?}");
        };
        let lower = diagnosed(&workload, &on(&release, "MALLOC_TRIM_THRESHOLD_=0"));
        let gone = diagnosis.rss - lower.rss;
        assert!(is_about(lower_gives, gone.0), "{lower_gives}, {gone}");
    }
}

#[test]
fn a_threshold_that_is_set_does_not_rise() {
    let four = [
        "MALLOC_TRIM_THRESHOLD_=67108864",
        "MALLOC_TOP_PAD_=131072",
        "MALLOC_MMAP_THRESHOLD_=131072",
        "MALLOC_MMAP_MAX_=65536",
    ];
    for release in releases() {
        for lines in four {
            let workload = raised_by(20 * MIB).workload();
            let diagnosis = diagnosed(&workload, &on(&release, lines));
            assert!(
                find(&diagnosis, "risen_threshold").is_none(),
                "{release} {lines}"
            );
        }
    }
}

#[test]
fn a_block_too_large_to_raise_it_raises_nothing() {
    let diagnosis = diagnosed(&raised_by(40 * MIB).workload(), &on("glibc@2.36", ""));
    assert!(
        find(&diagnosis, "risen_threshold").is_none(),
        "{:?}",
        kinds(&diagnosis)
    );
    assert!(diagnosis.rss < Bytes::mib(1));
}

#[test]
fn large_blocks_below_a_pin_stay_since_they_come_from_the_heap() {
    for release in releases() {
        let mut program = Program::default();
        program.allocate(0, 1, 8 * MIB);
        program.free(0, 1);
        for block in 2..12 {
            program.allocate(0, block, MIB);
        }
        program.allocate(0, 20, 5000);
        for block in 2..12 {
            program.free(0, block);
        }
        let workload = program.workload();
        let variant = on(&release, "");
        let diagnosis = diagnosed(&workload, &variant);
        let risen = found(&diagnosis, "risen_threshold");
        assert!(is_about(risen.bytes, 10 * MIB), "{}", risen.bytes);
        assert_eq!(hold_remedies(&workload, &variant, risen), 1, "{release}");
    }
}

#[test]
fn places_that_smaller_blocks_needed_as_well_do_not_stay_for_the_threshold() {
    let mut program = raised_by(500_000);
    // A buffer passes over the heap before the small blocks fill the same place.
    for block in 1000..1040 {
        program.allocate(0, block, 300_000);
    }
    for block in 1000..1040 {
        program.free(0, block);
    }
    for block in 2000..6000 {
        program.allocate(0, block, 4000);
    }
    program.allocate(0, 9000, 2000);
    for block in 2000..6000 {
        program.free(0, block);
    }
    let diagnosis = diagnosed(&program.workload(), &on("glibc@2.36", ""));
    assert!(diagnosis.free_resident > Bytes::mib(12));
    assert!(find(&diagnosis, "risen_threshold").is_none());
    let set = on("glibc@2.36", "MALLOC_MMAP_THRESHOLD_=131072");
    let with_it = diagnosed(&program.workload(), &set);
    assert!(with_it.rss + Bytes::mib(1) > diagnosis.rss);
}

#[test]
fn the_recorded_rise_is_told_with_its_block() {
    let workload = recorded("risen_threshold");
    let variant = on("glibc@2.36", "");
    let diagnosis = diagnosed(&workload, &variant);
    assert_eq!(kinds(&diagnosis)[0], "risen_threshold");
    let risen = found(&diagnosis, "risen_threshold");
    let Cause::RisenThreshold {
        first, first_freed, ..
    } = risen.cause
    else {
        panic!("{risen:?}");
    };
    assert_eq!((first.event, first_freed), (1, Bytes(16_777_216)));
    assert!(is_about(risen.bytes, 16_777_216 + 8_000_000));
    assert_eq!(hold_remedies(&workload, &variant, risen), 1);
}
