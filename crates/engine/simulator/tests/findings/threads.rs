//! Memory in the arenas of threads.

use crate::program::*;
use highwater_simulator::{Bytes, Cause};

const MIB: u64 = 1 << 20;

/// A thread allocates and frees 10 MiB in small blocks; the thresholds have risen before, so that its top stays.
fn burst_of_thread(program: &mut Program, thread: u32) {
    let first = u64::from(thread) << 20;
    for block in 0..5000 {
        program.allocate(thread, first + block, 2080);
    }
    for block in 0..5000 {
        program.free(thread, first + block);
    }
}

fn raised() -> Program {
    let mut program = Program::default();
    program.allocate(0, 1, 30 * MIB);
    program.free(0, 1);
    program
}

#[test]
fn tops_of_other_arenas_are_left_by_malloc_trim() {
    for release in releases() {
        let mut program = raised();
        burst_of_thread(&mut program, 1);
        burst_of_thread(&mut program, 2);
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        let tops = found(&diagnosis, "other_tops");
        assert!(
            matches!(tops.cause, Cause::OtherTops { arenas: 2 }),
            "{tops:?}"
        );
        assert!(
            is_about(tops.bytes, 2 * 5000 * 2096),
            "{release}: {}",
            tops.bytes
        );
        assert!(find(&diagnosis, "ended_arenas").is_none());
        assert!(
            diagnosis.reclaimable < Bytes::mib(1),
            "{}",
            diagnosis.reclaimable
        );
        assert!(found(&diagnosis, "risen_threshold").bytes >= tops.bytes - Bytes::kib(64));
    }
}

#[test]
fn an_arena_keeps_its_memory_when_its_thread_has_ended() {
    for release in releases() {
        let mut program = raised();
        burst_of_thread(&mut program, 1);
        program.exit(1);
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        let ended = found(&diagnosis, "ended_arenas");
        assert!(
            matches!(
                ended.cause,
                Cause::EndedArenas {
                    arenas: 1,
                    example: 1
                }
            ),
            "{ended:?}"
        );
        assert!(
            is_about(ended.bytes, 5000 * 2096),
            "{release}: {}",
            ended.bytes
        );
        // Until another thread takes it over.
        program.allocate(2, 7, 100);
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        assert!(
            find(&diagnosis, "ended_arenas").is_none(),
            "{:?}",
            kinds(&diagnosis)
        );
    }
}

#[test]
fn a_limit_below_the_threads_is_told() {
    for release in releases() {
        let mut program = Program::default();
        for thread in 0..6 {
            program.allocate(thread, 10 + u64::from(thread), 1000);
        }
        let workload = program.workload();
        let diagnosis = diagnosed(&workload, &on(&release, "MALLOC_ARENA_MAX=2"));
        let shared = found(&diagnosis, "shared_arenas");
        assert!(
            matches!(
                shared.cause,
                Cause::SharedArenas {
                    arenas: 2,
                    limit: 2,
                    threads: 6
                }
            ),
            "{release}: {shared:?}"
        );
        let diagnosis = diagnosed(&workload, &on(&release, "MALLOC_ARENA_MAX=8"));
        assert!(find(&diagnosis, "shared_arenas").is_none());
    }
}

#[test]
fn free_memory_in_many_arenas_is_spread() {
    for release in releases() {
        let mut program = raised();
        for thread in 1..6 {
            burst_of_thread(&mut program, thread);
        }
        let workload = program.workload();
        let variant = on(&release, "");
        let diagnosis = diagnosed(&workload, &variant);
        let spread = found(&diagnosis, "arenas");
        let Cause::Arenas {
            arenas,
            ref most,
            others,
        } = spread.cause
        else {
            panic!("{spread:?}");
        };
        let named = most
            .iter()
            .fold(Bytes::ZERO, |sum, share| sum + share.free_resident);
        assert_eq!(
            (arenas, named + others),
            (diagnosis.arenas.len() as u64, spread.bytes)
        );
        assert_eq!(hold_remedies(&workload, &variant, spread), 1, "{release}");
    }
}

#[test]
fn a_program_of_one_thread_has_nothing_of_arenas() {
    for release in releases() {
        let mut program = raised();
        burst_of_thread(&mut program, 0);
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        for kind in [
            "arenas",
            "other_tops",
            "ended_arenas",
            "shared_arenas",
            "other_arena_top",
        ] {
            assert!(find(&diagnosis, kind).is_none(), "{release}: {kind}");
        }
    }
}
