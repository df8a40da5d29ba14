//! An allocator that decides over whole pages.

use crate::program::*;
use highwater_simulator::{Bytes, Cause};

fn burst(program: &mut Program, size: u64, keep_one_of: u64) {
    for block in 0..20_000 {
        program.allocate(0, block + 1, size);
    }
    for block in 0..20_000 {
        if keep_one_of == 0 || block % keep_one_of > 0 {
            program.free(0, block + 1);
        }
    }
}

#[test]
fn dirty_pages_are_found_and_a_decay_of_nothing_purges_them() {
    for release in ["jemalloc@5.2.1", "jemalloc@5.3.0", "jemalloc@5.3.1"] {
        let mut program = Program::default();
        burst(&mut program, 1000, 0);
        let workload = program.workload();
        let variant = on(release, "MALLOC_CONF=muzzy_decay_ms:0");
        let diagnosis = diagnosed(&workload, &variant);
        let dirty = found(&diagnosis, "dirty");
        assert_eq!(
            Some(dirty.bytes),
            diagnosis.figures.map(|figures| figures.dirty)
        );
        assert!(dirty.bytes > Bytes::mib(18), "{release}: {}", dirty.bytes);
        assert_eq!(hold_remedies(&workload, &variant, dirty), 1, "{release}");
        assert!(
            find(&diagnosis, "recorded_time").is_none(),
            "it is no recording"
        );
    }
}

#[test]
fn a_rest_without_a_background_thread_purges_nothing() {
    let mut program = Program::default();
    burst(&mut program, 1000, 0);
    let workload = program.workload();
    let variant = on("jemalloc@5.3.0", "");
    let mut simulation = at_end(&workload, &variant);
    simulation.wait_until(highwater_simulator::Micros(60_000_000));
    let diagnosis = simulation.diagnose();
    let resting = found(&diagnosis, "resting");
    assert!(
        matches!(
            resting.cause,
            Cause::Resting {
                background_thread: false,
                ..
            }
        ),
        "{resting:?}"
    );
    // With one, they go.
    let changed = resting.remedies[0].applied_to(&variant).expect("a setting");
    let mut simulation = at_end(&workload, &changed);
    simulation.wait_until(highwater_simulator::Micros(60_000_000));
    let after = simulation.diagnose();
    assert!(
        after.rss.0 * 4 < diagnosis.rss.0,
        "{} of {}",
        after.rss,
        diagnosis.rss
    );
}

#[test]
fn sparse_slabs_are_found() {
    let mut program = Program::default();
    burst(&mut program, 200, 16);
    let diagnosis = diagnosed(&program.workload(), &on("jemalloc@5.3.0", ""));
    let slabs = found(&diagnosis, "sparse_slabs");
    assert_eq!(
        Some(slabs.bytes),
        diagnosis.pages.map(|pages| pages.slabs())
    );
    assert!(find(&diagnosis, "nothing_wrong").is_none());
}

#[test]
fn nothing_is_wrong_where_all_is_held() {
    let mut program = Program::default();
    for block in 1..3000 {
        program.allocate(0, block, 4096);
    }
    let diagnosis = diagnosed(&program.workload(), &on("jemalloc@5.3.0", ""));
    assert_eq!(kinds(&diagnosis)[0], "nothing_wrong");
    assert!(find(&diagnosis, "dirty").is_none());
}
