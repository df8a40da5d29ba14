//! Files that the real tools wrote of small programs (`tests/data`), held against what Highwater itself recorded of them.

mod common;

use common::{Call, Held, counts, data, import, live, recording, unpacked};
use highwater_hwr::Domain;
use highwater_import::{ImportError, Loss, Recording, Refused, recognise};
use std::io::Read;

/// Bytes of the blocks between which a program does its own work.
const FIRST: u64 = 1_234_567;
const LAST: u64 = 2_345_678;

/// Sizes of the blocks that `service.py` itself makes: those of its buffers, and a byte.
const BUFFERS: [u64; 5] = [701, 1501, 9001, 40_001, 120_001];

fn imported(name: &str) -> Held {
    import(&data(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn own_part(held: &Held) -> &[Call] {
    held.between(FIRST, LAST)
}

/// Live bytes after each allocation: a realloc that a tool writes as a free and an allocation gives the same.
fn after_allocations(calls: &[Call]) -> Vec<u64> {
    let curve = live(calls);
    let kept = calls.iter().zip(curve);
    let kept = kept.filter(|(call, _)| call.kind != "free");
    kept.map(|(_, live)| live).collect()
}

#[test]
fn tools_that_write_every_argument_have_the_recorded_calls() {
    let recorded = recording("churn.hwr.gz");
    let arguments = |calls: &[Call]| -> Vec<_> {
        let arguments = calls
            .iter()
            .map(|call| (call.kind, call.size, call.alignment));
        arguments.collect()
    };
    for name in ["churn.ltrace.gz", "churn.lttng.gz"] {
        let held = imported(name);
        let (ours, theirs) = (own_part(&recorded), own_part(&held));
        assert_eq!(arguments(theirs), arguments(ours), "{name}");
        assert_eq!(live(theirs), live(ours), "{name}");
        let times: Vec<_> = held.calls.iter().map(|call| call.time).collect();
        assert!(times.is_sorted() && times.last() > Some(&0), "{name}");
        assert!(!held.losses.lost.contains(&Loss::Threads), "{name}");
    }
}

#[test]
fn tools_that_write_fewer_have_the_recorded_sizes() {
    let recorded = recording("churn.hwr.gz");
    let ours = own_part(&recorded);
    for name in [
        "churn.mtrace.gz",
        "churn.heaptrack.raw.zst",
        "churn.heaptrack.zst",
    ] {
        let held = imported(name);
        let theirs = own_part(&held);
        assert_eq!(after_allocations(theirs), after_allocations(ours), "{name}");
        let allocated = |calls: &[Call]| calls.len() - counts(calls)["free"];
        assert_eq!(allocated(theirs), allocated(ours), "{name}");
        let freed = |calls: &[Call]| {
            let released = |call: &&Call| call.kind == "free" || call.old != 0;
            calls.iter().filter(released).count()
        };
        assert_eq!(freed(theirs), freed(ours), "{name}");
    }
    let mtrace = imported("churn.mtrace.gz");
    let moved = |calls: &[Call]| calls.iter().filter(|call| call.old != 0).count();
    assert_eq!(moved(own_part(&mtrace)), moved(ours));
}

/// Heaptrack's library brings libstdc++ into a C program, which sets this much aside for exceptions.
const EXCEPTIONS: u64 = 72_704;

#[test]
fn heaptrack_has_one_allocation_more_that_of_its_own_library() {
    let held = imported("churn.heaptrack.raw.zst");
    let ours = recording("churn.hwr.gz");
    let sizes = |calls: &[Call]| {
        let allocated = calls.iter().filter(|call| call.kind != "free");
        allocated.map(|call| call.size).collect::<Vec<_>>()
    };
    let (theirs, ours) = (sizes(&held.calls), sizes(&ours.calls));
    assert!(!ours.contains(&EXCEPTIONS));
    assert_eq!(theirs.len(), ours.len() + 1);
    assert_eq!(theirs[0], EXCEPTIONS);
}

/// The calls of the program's buffers, each with its size.
fn buffers(calls: &[Call]) -> Vec<(&'static str, u64)> {
    let mut sizes = std::collections::HashMap::new();
    let mut seen = Vec::new();
    for call in calls {
        let gone = if call.kind == "free" {
            call.address
        } else {
            call.old
        };
        let freed: Option<u64> = sizes.remove(&gone);
        seen.extend(freed.map(|size| ("free", size)));
        if call.kind != "free" {
            sizes.insert(call.address, call.size);
            seen.push(("allocate", call.size));
        }
    }
    seen.retain(|(_, size)| BUFFERS.contains(size));
    seen
}

const SERVICES: [&str; 6] = [
    "service.heaptrack.raw.zst",
    "service.memray-1.18.bin",
    "service.memray-1.18.native.bin",
    "service.memray-1.19.bin",
    "service.memray-1.20.bin",
    "service.memray-1.20.native.bin",
];

#[test]
fn a_python_program_has_the_recorded_blocks_in_the_recorded_order() {
    let recorded = recording("service.hwr.gz");
    let ours = own_part(&recorded);
    let peak = |calls: &[Call]| live(calls).into_iter().max().expect("there are calls");
    for name in SERVICES {
        let held = imported(name);
        let theirs = own_part(&held);
        assert_eq!(buffers(theirs), buffers(ours), "{name}");
        // The tool itself, inside the same interpreter, makes a few calls of its own.
        assert!(
            peak(theirs).abs_diff(peak(ours)) < 4096,
            "{name}: {}",
            peak(theirs)
        );
        let realloc = |calls: &[Call]| counts(calls)["realloc"];
        if name.contains("memray") {
            assert_eq!(realloc(theirs), realloc(ours), "{name}");
            assert!(
                counts(theirs)["malloc"].abs_diff(counts(ours)["malloc"]) <= 4,
                "{name}"
            );
        }
    }
}

#[test]
fn stacks_come_along() {
    for name in SERVICES {
        let held = imported(name);
        let buffer = held.calls.iter().rev().find(|call| call.size == 40_001);
        let site = buffer.and_then(|call| held.sites.get(&call.site));
        let site = site.unwrap_or_else(|| panic!("{name}: the last buffer has a site"));
        let frames: Vec<_> = site.split(' ').collect();
        match name.contains("memray") {
            true => {
                assert!(
                    frames[0].starts_with("handle(service.py:"),
                    "{name}: {site}"
                );
                assert!(frames[1].starts_with("work(service.py:"), "{name}: {site}");
            }
            false => assert!(frames[0].contains("+0x"), "{name}: {site}"),
        }
    }
    let held = imported("churn.heaptrack.zst");
    let kept = held.calls.iter().find(|call| call.size == 90_000);
    let site = kept.and_then(|call| held.sites.get(&call.site));
    assert!(
        site.is_some_and(|site| site.starts_with("main(churn.c:")),
        "{site:?}"
    );
}

#[test]
fn threads_and_resident_sizes_come_along_where_the_tool_has_them() {
    for name in [
        "service.memray-1.18.bin",
        "service.memray-1.19.bin",
        "service.memray-1.20.bin",
    ] {
        let held = imported(name);
        assert_eq!(held.calls[0].thread, 0, "{name}");
        assert!(held.calls.iter().any(|call| call.thread == 1), "{name}");
        assert!(
            held.samples
                .iter()
                .all(|(_, text)| text.starts_with("rss=")),
            "{name}"
        );
        assert!(!held.samples.is_empty(), "{name}");
        assert!(held.mappings > 0, "{name}");
    }
    let losses = imported("service.heaptrack.raw.zst").losses;
    assert!(losses.lost.contains(&Loss::Threads));
    assert!(
        losses
            .check_refusal()
            .is_some_and(|why| why.contains("thread"))
    );
}

#[test]
fn calls_to_pythons_own_allocator_are_told_from_malloc() {
    let held = ["small.memray-1.18.bin", "small.memray-1.20.bin"].map(imported);
    for held in &held {
        // Every 50th of 700 lists has 49 elements.
        let of_49 = |call: &&Call| call.domain == Domain::Object && call.size == 49 * 8;
        let lists = own_part(held).iter().filter(of_49).count();
        assert_eq!(lists, 14);
        assert!(!held.losses.lost.contains(&Loss::Objects));
    }
    assert!(
        imported("service.memray-1.20.bin")
            .losses
            .lost
            .contains(&Loss::Objects)
    );
}

#[test]
fn a_process_that_was_killed_leaves_what_it_had_done() {
    for name in ["killed.memray-1.18.bin.gz", "killed.memray-1.20.bin.gz"] {
        for bytes in [data(name), unpacked(name)] {
            let held = import(&bytes).expect("it can be read");
            let kept = own_part(&held)
                .iter()
                .filter(|call| call.size == 5001)
                .count();
            assert_eq!(kept, 300, "{name}");
            assert!(held.losses.lost.contains(&Loss::End), "{name}");
        }
    }
    assert!(
        !imported("service.memray-1.20.bin")
            .losses
            .lost
            .contains(&Loss::End)
    );
}

#[test]
fn a_cut_stream_is_read_up_to_there() {
    for name in [
        "service.heaptrack.raw.zst",
        "small.memray-1.20.bin",
        "churn.ltrace.gz",
    ] {
        let bytes = data(name);
        let whole = import(&bytes).expect("it is whole");
        // Packed blocks are whole or lost, and these files have few.
        let most = import(&bytes[..bytes.len() * 15 / 16])
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(most.losses.lost.contains(&Loss::End), "{name}");
        assert!(
            !most.calls.is_empty() && most.calls.len() < whole.calls.len(),
            "{name}"
        );
        assert_eq!(most.calls[..], whole.calls[..most.calls.len()], "{name}");
    }
}

#[test]
fn sums_are_refused() {
    let name = "service.memray-1.20.aggregated.bin";
    let error = import(&data(name)).expect_err("it has no calls");
    assert!(matches!(
        error,
        ImportError::Refused(Refused::MemrayAggregated)
    ));
    assert!(error.to_string().contains("--aggregate"), "{error}");
}

#[test]
fn a_file_becomes_a_recording_with_the_same_events() {
    for name in SERVICES
        .into_iter()
        .chain(["churn.lttng.gz", "churn.heaptrack.zst"])
    {
        let bytes = data(name);
        assert!(
            recognise(&bytes[..]).expect("it can be read").is_some(),
            "{name}"
        );
        let mut recorded = Vec::new();
        let mut recording = Recording::open(&bytes[..]).expect("it is known");
        recording.read_to_end(&mut recorded).expect("it is whole");
        let held = imported(name);
        assert_eq!(recording.losses(), &held.losses, "{name}");
        let again = common::held(&recorded[..]);
        assert_eq!(again.calls, held.calls, "{name}");
        assert_eq!(again.sites, held.sites, "{name}");
    }
}
