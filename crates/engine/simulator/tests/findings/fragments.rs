//! Free memory in many pieces: between small chunks in use, and without a whole page.

use crate::program::*;
use highwater_simulator::{Bytes, Cause};

/// Large and small blocks by turns; the large ones are freed, and the small ones if `small_go`.
fn pairs(count: u64, (large, small): (u64, u64), small_go: bool) -> Program {
    let mut program = Program::default();
    // 2.42 makes the thread's cache at the first small request: here, so that it lies below all pieces.
    program.allocate(0, (1 << 30) + 1, 100);
    for pair in 0..count {
        program.allocate(0, 2 * pair + 1, large);
        program.allocate(0, 2 * pair + 2, small);
    }
    program.allocate(0, 1 << 30, 4000);
    for pair in 0..count {
        program.free(0, 2 * pair + 1);
        if small_go {
            program.free(0, 2 * pair + 2);
        }
    }
    program
}

#[test]
fn thousands_of_live_blocks_pin_the_pieces_between_them() {
    for release in releases() {
        let workload = pairs(4000, (1800, 200), false).workload();
        let diagnosis = diagnosed(&workload, &on(&release, ""));
        let small = found(&diagnosis, "small_pins");
        let Cause::SmallPins {
            pieces,
            live,
            parked,
            smallest,
            largest,
            ref commonest,
            ref examples,
            ..
        } = small.cause
        else {
            panic!("{small:?}");
        };
        assert!(pieces > 3980 && live == pieces && parked == 0, "{small:?}");
        assert_eq!((smallest, largest), (Bytes(208), Bytes(208)));
        assert_eq!((commonest.size, commonest.chunks), (Bytes(208), pieces));
        assert_eq!(commonest.requested, Some(Bytes(200)));
        assert_eq!(commonest.allocated.map(|origin| origin.thread), Some(0));
        assert_eq!(examples.len(), 3);
        assert!(
            is_about(small.bytes, pieces * 1808),
            "{release}: {}",
            small.bytes
        );
        assert!(is_about(diagnosis.free_resident, small.bytes.0));
        // The list says how much it leaves out.
        assert!(diagnosis.pins.len() >= 8);
        let listed = diagnosis.pins.iter().filter(|pin| pin.behind > Bytes::ZERO);
        assert_eq!(
            listed.count() as u64 + diagnosis.unlisted_pins.count,
            pieces
        );
        // And none of it goes back: none of these pieces has a page.
        let slivers = found(&diagnosis, "slivers");
        assert!(is_about(slivers.bytes, small.bytes.0), "{release}");
        assert_eq!(diagnosis.reclaimable, Bytes::ZERO);
    }
}

#[test]
fn parked_blocks_pin_as_well() {
    for release in ["glibc@2.31", "glibc@2.36", "glibc@2.41"] {
        let workload = pairs(4000, (1800, 40), true).workload();
        let variant = on(release, "");
        let diagnosis = diagnosed(&workload, &variant);
        let small = found(&diagnosis, "small_pins");
        let Cause::SmallPins { pieces, parked, .. } = small.cause else {
            panic!("{small:?}");
        };
        assert!(pieces > 3980 && parked * 100 >= pieces * 99, "{small:?}");
        assert!(
            is_about(small.bytes, pieces * 1808),
            "{release}: {}",
            small.bytes
        );
        // malloc_trim empties the fastbins first: then it is all one piece.
        assert!(diagnosis.reclaimable.0 >= small.bytes.0);
        assert!(find(&diagnosis, "slivers").is_none());
    }
}

#[test]
fn one_pin_with_all_behind_it_is_not_thousands() {
    for release in releases() {
        let mut program = Program::default();
        for block in 1..4000 {
            program.allocate(0, block, 2000);
        }
        program.allocate(0, 5000, 3000);
        for block in 1..4000 {
            program.free(0, block);
        }
        let diagnosis = diagnosed(&program.workload(), &on(&release, ""));
        assert!(
            find(&diagnosis, "small_pins").is_none(),
            "{:?}",
            kinds(&diagnosis)
        );
        assert!(
            find(&diagnosis, "slivers").is_none(),
            "{:?}",
            kinds(&diagnosis)
        );
        let largest = found(&diagnosis, "largest_pin");
        assert!(is_about(largest.bytes, 3999 * 2016));
        let trim = found(&diagnosis, "malloc_trim");
        assert_eq!(trim.bytes, diagnosis.reclaimable);
    }
}

#[test]
fn pieces_with_whole_pages_go_back_by_malloc_trim() {
    for release in releases() {
        let workload = pairs(500, (9000, 2000), false).workload();
        let simulation = at_end(&workload, &on(&release, ""));
        let diagnosis = simulation.diagnose();
        let trim = found(&diagnosis, "malloc_trim");
        let Cause::MallocTrim { pages, .. } = trim.cause else {
            panic!("{trim:?}");
        };
        assert_eq!(Bytes(pages * 4096), trim.bytes);
        let slivers = found(&diagnosis, "slivers");
        let all = slivers.bytes + trim.bytes;
        let below_top = diagnosis.free_resident.0 - found(&diagnosis, "top").bytes.0;
        assert!(is_about(all, below_top), "{release}: {all} of {below_top}");
    }
}

#[test]
fn the_recorded_pieces_between_parked_chunks_are_counted() {
    let diagnosis = diagnosed(&recorded("many_small_parked"), &on("glibc@2.36", ""));
    let small = found(&diagnosis, "small_pins");
    let Cause::SmallPins {
        pieces,
        parked,
        ref commonest,
        ..
    } = small.cause
    else {
        panic!("{small:?}");
    };
    assert_eq!((pieces, parked), (3000, 3000));
    assert_eq!(
        (commonest.size, commonest.requested),
        (Bytes(48), Some(Bytes(40)))
    );
    assert!(is_about(small.bytes, 3000 * 1808));
    assert!(diagnosis.pins.len() > 1);
}

#[test]
fn the_recorded_whole_pages_are_no_next_to_nothing() {
    let diagnosis = diagnosed(&recorded("whole_pages_between"), &on("glibc@2.36", ""));
    let trim = found(&diagnosis, "malloc_trim");
    assert!(
        matches!(trim.cause, Cause::MallocTrim { pages: 149, .. }),
        "{trim:?}"
    );
}
