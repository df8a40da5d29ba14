//! Memory that fastbins and thread caches keep, and the thread cache's own table.

use crate::program::*;
use highwater_simulator::{Bytes, CacheKind, Cause, OwnBlock, Remedy};

/// Blocks of one size, freed in the order of their making, or backwards.
fn list(blocks: u64, size: u64, backwards: bool) -> Program {
    let mut program = Program::default();
    for block in 1..=blocks {
        program.allocate(0, block, size);
    }
    for block in 1..=blocks {
        let block = if backwards { blocks + 1 - block } else { block };
        program.free(0, block);
    }
    program
}

fn has_fastbins(release: &str) -> bool {
    !["glibc@2.43", "glibc@2.44"].contains(&release)
}

/// Chunks of a size for a request.
fn chunk(size: u64) -> u64 {
    (size + 8).next_multiple_of(16).max(32)
}

#[test]
fn a_list_of_small_nodes_is_parked_in_fastbins() {
    for release in releases() {
        for size in [16, 24, 40, 72, 104, 120] {
            let workload = list(60_000, size, false).workload();
            let variant = on(&release, "");
            let diagnosis = diagnosed(&workload, &variant);
            if !has_fastbins(&release) {
                assert!(find(&diagnosis, "parked").is_none(), "{release} {size}");
                continue;
            }
            let parked = found(&diagnosis, "parked");
            let Cause::Parked {
                cache,
                chunks,
                pages,
                alone,
                smallest,
                largest,
                ..
            } = parked.cause
            else {
                panic!("{parked:?}");
            };
            assert_eq!((cache, chunks), (CacheKind::Fastbin, 60_000 - 7));
            assert_eq!(
                (smallest, largest),
                (Bytes(chunk(size)), Bytes(chunk(size)))
            );
            assert_eq!(parked.bytes, Bytes(chunks * chunk(size)));
            assert!(
                is_about(Bytes(pages * 4096), parked.bytes.0),
                "{pages} pages"
            );
            assert!(is_about(alone, parked.bytes.0), "{alone} alone");
            assert!(diagnosis.rss.0 - parked.bytes.0 < 8192, "nearly all of it");
            assert_eq!(
                hold_remedies(&workload, &variant, parked),
                1,
                "{release} {size}"
            );
        }
    }
}

#[test]
fn a_byte_more_than_a_fastbin_takes_goes_back() {
    for release in releases() {
        let diagnosis = diagnosed(&list(60_000, 121, false).workload(), &on(&release, ""));
        assert!(find(&diagnosis, "parked").is_none(), "{release}");
        let kept = diagnosis.rss > Bytes::mib(1);
        assert_eq!(
            kept,
            !has_fastbins(&release),
            "{release}: {}",
            diagnosis.rss
        );
    }
}

#[test]
fn nothing_is_parked_where_fastbins_are_off() {
    let off = "GLIBC_TUNABLES=glibc.malloc.mxfast=0";
    for release in releases().iter().filter(|release| has_fastbins(release)) {
        let diagnosis = diagnosed(&list(60_000, 120, false).workload(), &on(release, off));
        assert_eq!(find(&diagnosis, "parked"), None, "{release}");
        assert!(
            find(&diagnosis, "nothing_wrong").is_some(),
            "{:?}",
            kinds(&diagnosis)
        );
    }
}

#[test]
fn freed_backwards_both_caches_hold_the_list() {
    for release in releases().iter().filter(|release| has_fastbins(release)) {
        let workload = list(60_000, 40, true).workload();
        let variant = on(release, "");
        let diagnosis = diagnosed(&workload, &variant);
        let parked = found(&diagnosis, "parked");
        // Chunks in the thread's cache lie at the top: without fastbins alone nothing would reach it.
        assert_eq!(hold_remedies(&workload, &variant, parked), 1);
        let settings: Vec<String> = parked
            .remedies
            .iter()
            .filter_map(|remedy: &Remedy| remedy.applied_to(&variant))
            .flat_map(|changed| changed.environment)
            .map(|variable| variable.value)
            .collect();
        assert_eq!(
            settings,
            ["glibc.malloc.mxfast=0:glibc.malloc.tcache_count=0"]
        );
    }
}

#[test]
fn a_tunable_that_was_set_stays_set_beside_the_remedy() {
    let workload = list(60_000, 40, false).workload();
    let set = "GLIBC_TUNABLES=glibc.malloc.arena_max=3:glibc.malloc.mxfast=64";
    let variant = on("glibc@2.36", set);
    let diagnosis = diagnosed(&workload, &variant);
    let parked = found(&diagnosis, "parked");
    let changed = parked
        .remedies
        .iter()
        .find_map(|remedy| remedy.applied_to(&variant));
    let changed = changed.expect("a setting");
    assert_eq!(changed.environment.len(), 1);
    let value = &changed.environment[0].value;
    assert_eq!(value, "glibc.malloc.arena_max=3:glibc.malloc.mxfast=0");
}

#[test]
fn a_large_count_parks_in_thread_caches() {
    let lines = "GLIBC_TUNABLES=glibc.malloc.tcache_count=60000";
    for release in releases() {
        let workload = list(5000, 1000, false).workload();
        let variant = on(&release, lines);
        let diagnosis = diagnosed(&workload, &variant);
        let parked = found(&diagnosis, "parked");
        let Cause::Parked {
            cache,
            chunks,
            threads,
            ..
        } = parked.cause
        else {
            panic!("{parked:?}");
        };
        assert_eq!(
            (cache, chunks, threads),
            (CacheKind::Tcache, 5000, 1),
            "{release}"
        );
        assert_eq!(parked.bytes, Bytes(5000 * 1008));
        assert_eq!(hold_remedies(&workload, &variant, parked), 1, "{release}");
    }
}

#[test]
fn the_table_of_a_threads_cache_is_named_where_it_pins_the_heap() {
    let workload = list(60_000, 120, false).workload();
    let variant = on("glibc@2.43", "");
    let diagnosis = diagnosed(&workload, &variant);
    let largest = found(&diagnosis, "largest_pin");
    let Cause::LargestPin { pin, .. } = &largest.cause else {
        panic!("{largest:?}");
    };
    let table = OwnBlock::ThreadCacheTable {
        thread: 0,
        at_first_free: true,
    };
    assert_eq!(pin.own, Some(table));
    assert!(is_about(largest.bytes, 60_000 * 128));
    assert_eq!(hold_remedies(&workload, &variant, largest), 1);
}

#[test]
fn the_recorded_list_is_parked() {
    let workload = recorded("fastbins");
    let variant = on("glibc@2.36", "");
    let diagnosis = diagnosed(&workload, &variant);
    let parked = found(&diagnosis, "parked");
    assert!(is_about(parked.bytes, 8993 * 128));
    assert!(is_about(diagnosis.reclaimable, 1_150_976));
    assert_eq!(hold_remedies(&workload, &variant, parked), 1);
    let words_come_first = diagnosis.findings[0].cause.name();
    assert_eq!(words_come_first, "parked");
}
