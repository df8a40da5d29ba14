//! Nothing wrong, peaks that the program held, and Python's arenas.

use crate::program::*;
use highwater_simulator::{Bytes, Cause, PythonVersion, Variant};

#[test]
fn nothing_is_wrong_where_the_program_holds_what_is_resident() {
    for release in releases() {
        let mut program = Program::default();
        for block in 1..3000 {
            program.allocate(0, block, 2000);
        }
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        assert_eq!(kinds(&diagnosis), ["nothing_wrong", "peak_held"]);
        let Cause::NothingWrong {
            live,
            parked,
            free,
            rest,
        } = diagnosis.findings[0].cause
        else {
            panic!("{diagnosis:?}");
        };
        assert_eq!(live + parked + free + rest, diagnosis.rss);
        assert_eq!(live, Bytes(2999 * 2000));
    }
}

#[test]
fn a_peak_of_the_allocators_making_is_not_the_programs() {
    for release in releases() {
        let mut program = Program::default();
        // Small blocks keep the places of large ones, which larger ones do not fit.
        for pair in 0..2000 {
            program.allocate(0, 2 * pair + 1, 3000);
            program.allocate(0, 2 * pair + 2, 300);
        }
        for pair in 0..2000 {
            program.free(0, 2 * pair + 1);
        }
        for block in 0..1500 {
            program.allocate(0, 10_000 + block, 5000);
        }
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        assert!(diagnosis.peak_live < diagnosis.peak_rss);
        assert!(
            find(&diagnosis, "peak_held").is_none(),
            "{:?}",
            kinds(&diagnosis)
        );
        assert!(find(&diagnosis, "nothing_wrong").is_none());
    }
}

#[test]
fn the_peak_is_told_after_it_has_gone() {
    let mut program = Program::default();
    for block in 1..3000 {
        program.allocate(0, block, 2000);
    }
    for block in (1..3000).rev() {
        program.free(0, block);
    }
    let diagnosis = diagnosed(&program.workload(), &on("glibc@2.36", ""));
    let peak = found(&diagnosis, "peak_held");
    let Cause::PeakHeld {
        peak_resident,
        peak_live,
    } = peak.cause
    else {
        panic!("{peak:?}");
    };
    assert_eq!(peak_live, Bytes(2999 * 2000));
    assert!(is_about(peak_resident, 2999 * 2016));
    assert!(diagnosis.rss < Bytes::mib(1));
}

#[test]
fn python_arenas_are_reckoned_in_bytes() {
    let workload = recorded("python_arenas");
    for python in PythonVersion::ALL {
        let variant = Variant {
            python: Some(python),
            ..on("glibc@2.36", "")
        };
        let diagnosis = diagnosed(&workload, &variant);
        let arenas = found(&diagnosis, "python_arenas");
        let Cause::PythonArenas {
            half_free,
            arenas: count,
            arena_bytes,
            live,
        } = arenas.cause
        else {
            panic!("{arenas:?}");
        };
        assert_eq!(
            half_free, count,
            "{python:?}: all but the last are nearly empty"
        );
        // One block of 64 bytes in 128 is left.
        assert!(live.0 * 100 < arena_bytes.0, "{live} of {arena_bytes}");
        assert!(arenas.bytes <= diagnosis.free_resident, "{python:?}");
        assert!(
            is_about(
                arenas.bytes,
                diagnosis.rss.0 - diagnosis.live.0 - own(&diagnosis)
            ),
            "{python:?}: {}",
            arenas.bytes
        );
    }
}

/// What of the resident memory is neither a block in an arena nor free in one.
fn own(diagnosis: &highwater_simulator::Diagnosis) -> u64 {
    diagnosis.rss.0 - diagnosis.live.0 - diagnosis.free_resident.0
}
