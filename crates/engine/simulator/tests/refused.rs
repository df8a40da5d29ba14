//! Calls for which the real system had no memory: the program went on without the blocks, so they never live.

mod lines;

use highwater_simulator::{Bytes, Choice, Options, PythonVersion, Recording, Variant, run};
use highwater_workload::unwatched;
use lines::workload;

fn record(lines: &str, variant: &Variant) -> Recording {
    let options = Options::default();
    run(workload(lines), variant, &options, &mut unwatched).expect("the run begins")
}

/// Variants of all models.
fn variants() -> Vec<Variant> {
    let of = |allocator: Choice| Variant {
        allocator,
        ..Variant::default()
    };
    let python = Variant {
        python: Some(PythonVersion::V3_12),
        ..Variant::default()
    };
    Choice::all().map(of).chain([python]).collect()
}

#[test]
fn a_block_that_the_system_had_no_memory_for_never_lives() {
    let lines = "m 1 0 0x10 100\nm 2 0 0x0 42949672961\nm 3 0 0x0 50\nc 4 0 0x0 2 5000\na 5 0 0x0 64 100000\n\
                 m 6 1 0x0 70\nr 7 0 0x0 0x10 1000000\nr 8 0 0x0 0x0 300\nm 9 0 0x20 200\nf 10 0 0x10\nk 11 0 end\n";
    for variant in variants() {
        let recording = record(lines, &variant);
        let found = (recording.allocations, recording.failed);
        assert_eq!(found, (2, 7), "{:?}", variant.allocator);
        let end = recording.samples.last().expect("one at the end");
        assert_eq!(end.live, Bytes(200), "{:?}", variant.allocator);
        assert!(
            recording.peak_rss < Bytes(4 << 20),
            "{:?}",
            variant.allocator
        );
    }
}

#[test]
fn a_process_whose_first_calls_fail_goes_on() {
    let lines = "m 1 0 0x0 50\nm 2 0 0x0 500000\nm 3 1 0x0 50\nm 4 0 0x10 50\nm 5 1 0x20 50\nf 6 1 0x10\nf 7 0 0x20\nt 8 0 0\n";
    for variant in variants() {
        let recording = record(lines, &variant);
        let found = (recording.allocations, recording.failed);
        assert_eq!(found, (2, 3), "{:?}", variant.allocator);
    }
}

#[test]
fn an_address_that_failed_is_equal_where_the_model_fails() {
    let lines = "m 1 0 0x5555555552a0 100\nm 2 0 0x0 42949672961\nm 3 0 0x555555555310 100\n";
    let options = Options {
        check: true,
        ..Options::default()
    };
    let recording = run(
        workload(lines),
        &Variant::default(),
        &options,
        &mut unwatched,
    );
    let addresses = recording.expect("it begins").addresses;
    assert_eq!((addresses.compared, addresses.equal), (3, 3));
}

#[test]
fn a_block_that_is_made_nothing_of_is_freed_and_nothing_failed() {
    let lines = "m 1 0 0x10 100\nr 2 0 0x0 0x10 0\nm 3 0 0x20 200\nk 4 0 end\n";
    let recording = record(lines, &Variant::default());
    assert_eq!((recording.allocations, recording.failed), (2, 0));
    let end = recording.samples.last().expect("one at the end");
    assert_eq!(end.live, Bytes(200));
}
