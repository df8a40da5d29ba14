//! What a run shows of a program with threads, on small workloads written out in full: each thread allocates from an arena
//! of its own, and what is free there does not come back through another's.

mod lines;

use highwater_simulator::{
    Bytes, Cache, Cause, Choice, Cores, Decision, Diagnosis, Frame, Options, PageKind, Pin,
    PinState, Recording, Simulation, Strip, StripKind, Variable, Variant, run,
};
use highwater_workload::{Workload, trace, unwatched};
use std::fmt::Write;
use std::sync::Arc;

/// The main thread calls first, as in most programs: the first caller gets the main arena.
fn workload(lines: &str) -> Arc<Workload> {
    lines::workload(&format!("m 0 0 0xf0 24\n{lines}"))
}

fn on(cores: u32) -> Variant {
    Variant {
        cores: Some(Cores::all(cores)),
        ..Variant::default()
    }
}

fn set(name: &str, value: &str) -> Variant {
    Variant {
        environment: vec![Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        }],
        ..on(8)
    }
}

fn record(lines: &str, variant: &Variant) -> Recording {
    let options = Options {
        decisions: Options::EVERY,
        ..Options::default()
    };
    run(workload(lines), variant, &options, &mut unwatched).expect("it runs")
}

/// A thread that takes so many blocks of 16,000 bytes and then one of `pin` bytes, and frees all but that one. Its blocks
/// are named for the thread.
fn pinned(thread: u32, blocks: u32, pin: u32) -> String {
    let mut text = String::new();
    let block = |n: u32| (thread + 1) << 24 | n << 4;
    for n in 1..=blocks {
        let _ = writeln!(text, "m 1 {thread} {:#x} 16000", block(n));
    }
    let _ = writeln!(text, "m 1 {thread} {:#x} {pin}", block(0));
    for n in 1..=blocks {
        let _ = writeln!(text, "f 1 {thread} {:#x}", block(n));
    }
    text
}

/// The end of a run, explained.
fn explained(lines: &str, variant: &Variant) -> Diagnosis {
    let diagnosis = record(lines, variant).diagnosis;
    diagnosis.expect("the end is explained")
}

fn share(diagnosis: &Diagnosis, arena: u16) -> highwater_simulator::ArenaShare {
    let found = diagnosis.arenas.iter().find(|share| share.arena == arena);
    *found.expect("the arena has memory")
}

#[test]
fn each_arena_has_its_share_and_its_pin() {
    let lines = pinned(1, 300, 2000) + &pinned(2, 700, 1500) + &pinned(0, 100, 3000);
    let diagnosis = explained(&lines, &on(2));
    let numbers: Vec<u16> = diagnosis.arenas.iter().map(|share| share.arena).collect();
    assert_eq!(numbers, [0, 1, 2]);
    for (arena, blocks, held) in [(0, 100, 3000), (1, 300, 2000), (2, 700, 1500)] {
        let share = share(&diagnosis, arena);
        assert_eq!(share.heaps, 1);
        let other = if arena == 0 { 32 } else { 0 };
        assert!(
            (held..held + 32).contains(&(share.live.0 - other)),
            "{share:?}"
        );
        let freed = Bytes(blocks * 16_016);
        let top = share.top;
        assert!(share.free_resident > freed - Bytes::kib(4), "{share:?}");
        assert!(share.free - top < freed + Bytes::kib(4), "{share:?}");
        let pins: Vec<_> = diagnosis.pins.iter().filter(|p| p.arena == arena).collect();
        assert_eq!(
            pins[0].requested,
            Some(Bytes(held)),
            "the pin of arena {arena}"
        );
        assert_eq!(pins[0].state, PinState::Live);
        assert_eq!(pins[0].allocated.map(|origin| origin.thread), Some(arena));
        assert!(pins[0].behind_resident + Bytes::kib(8) > freed);
    }
    let sums: Bytes = diagnosis
        .arenas
        .iter()
        .fold(Bytes::ZERO, |sum, share| sum + share.free);
    assert_eq!(sums, diagnosis.free, "the sums are over all arenas");
    assert_eq!(
        share(&diagnosis, 0).top,
        diagnosis.top,
        "the top is the main arena's"
    );
}

fn kinds(diagnosis: &Diagnosis) -> Vec<&'static str> {
    let findings = diagnosis.findings.iter();
    findings.map(|finding| finding.cause.name()).collect()
}

fn largest_pin(diagnosis: &Diagnosis) -> Option<&Pin> {
    diagnosis
        .findings
        .iter()
        .find_map(|finding| match &finding.cause {
            Cause::LargestPin { pin, .. } => Some(pin),
            _ => None,
        })
}

#[test]
fn findings_name_arenas_by_what_lies_in_them() {
    let lines = pinned(1, 300, 2000) + &pinned(2, 700, 1500);
    let diagnosis = explained(&lines, &on(2));
    for finding in &diagnosis.findings {
        match &finding.cause {
            Cause::Arenas { most, .. } => {
                assert_eq!((most[0].arena, most[1].arena), (2, 1));
                assert_eq!(most[0].free_resident, share(&diagnosis, 2).free_resident);
            }
            Cause::OtherArenaTop { arena, top, .. } => {
                assert_eq!(*top, share(&diagnosis, *arena).top);
            }
            Cause::LargestPin { pin, .. } => {
                assert_eq!((pin.arena, pin.state), (2, PinState::Live));
                assert_eq!(pin.allocated.map(|origin| origin.thread), Some(2));
            }
            Cause::MallocTrim { .. } => assert_eq!(finding.bytes, diagnosis.reclaimable),
            _ => {}
        }
    }
    let kinds = kinds(&diagnosis);
    for kind in ["arenas", "other_arena_top", "largest_pin", "malloc_trim"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    let alone = explained(&pinned(0, 300, 2000), &on(2));
    assert_eq!(alone.arenas.len(), 1);
    assert!(!self::kinds(&alone).contains(&"arenas"));
}

#[test]
fn a_block_parked_by_a_thread_is_that_threads() {
    // Two of the size, so that there is one to free after the other.
    let lines = pinned(3, 300, 900) + "f 2 3 0x4000000\n";
    let diagnosis = explained(&lines, &on(2));
    let pin = diagnosis
        .pins
        .iter()
        .find(|pin| pin.arena == 1)
        .expect("a pin");
    assert_eq!(pin.state, PinState::Parked);
    assert!(matches!(pin.cache, Some(Cache::Tcache { thread: 3, .. })));
    assert_eq!(pin.freed.map(|origin| origin.thread), Some(3));
    assert_eq!(largest_pin(&diagnosis), Some(pin));
    // Freed by another thread, it is parked with that one.
    let lines = pinned(3, 300, 900) + "f 2 0 0x4000000\n";
    let diagnosis = explained(&lines, &on(2));
    let pin = diagnosis
        .pins
        .iter()
        .find(|pin| pin.arena == 1)
        .expect("a pin");
    assert!(matches!(pin.cache, Some(Cache::Tcache { thread: 0, .. })));
    // Once a thread has ended its cache is empty.
    let lines = pinned(3, 300, 900) + "f 2 3 0x4000000\ne 3 3\n";
    let diagnosis = explained(&lines, &on(2));
    assert_eq!(diagnosis.parked, Bytes::ZERO);
}

#[test]
fn arenas_are_as_many_as_the_cores_and_settings_allow() {
    let lines: String = (1..=40).map(|thread| pinned(thread, 1, 100)).collect();
    let arenas = |variant: &Variant| {
        let recording = record(&lines, variant);
        let counters = recording.counters;
        assert_eq!(counters.arenas_created + counters.arenas_shared, 40);
        let diagnosis = recording.diagnosis.expect("the end is explained");
        let others = diagnosis.arenas.iter().filter(|share| share.arena > 0);
        others.count()
    };
    assert_eq!(arenas(&on(2)), 15);
    assert_eq!(arenas(&on(4)), 31);
    assert_eq!(arenas(&on(64)), 40);
    assert_eq!(arenas(&set("MALLOC_ARENA_MAX", "3")), 2);
    // The workload's own number, where none is asked for.
    assert_eq!(arenas(&Variant::default()), 15);
}

#[test]
fn of_very_many_arenas_the_pins_of_the_fullest_are_listed() {
    let mut lines: String = (1..=300).map(|thread| pinned(thread, 1, 100)).collect();
    lines += &pinned(301, 90, 2000);
    let diagnosis = explained(&lines, &on(64));
    assert_eq!(diagnosis.arenas.len(), 302);
    assert_eq!(diagnosis.pins.len(), 48);
    assert!(diagnosis.pins.iter().any(|pin| pin.arena == 301));
    assert!(diagnosis.pins.is_sorted_by_key(|pin| pin.arena));
    assert_eq!(largest_pin(&diagnosis).map(|pin| pin.arena), Some(301));
}

#[test]
fn cores_online_and_allowed_are_told_apart() {
    let lines: String = (1..=40).map(|thread| pinned(thread, 1, 100)).collect();
    let arenas = |version: &str| {
        let variant = Variant {
            allocator: version.parse::<Choice>().expect("it is modelled"),
            cores: Some(Cores {
                online: 4,
                allowed: 1,
            }),
            ..Variant::default()
        };
        record(&lines, &variant).counters.arenas_created
    };
    // Eight for each that is online, the main arena among them.
    for version in [
        "2.28", "2.31", "2.34", "2.36", "2.39", "2.40", "2.41", "2.42", "2.43",
    ] {
        assert_eq!(arenas(&format!("glibc@{version}")), 31, "{version}");
    }
    // Those allowed: 8, of which it hears only once there are 9.
    for version in ["2.34-60.el9", "2.35", "2.36-9+deb12u7"] {
        assert_eq!(arenas(&format!("glibc@{version}")), 8, "{version}");
    }
    // One for each that is online, but 8 at least.
    assert_eq!(arenas("glibc@2.44"), 7);
}

#[test]
fn jemalloc_counts_the_cores_that_the_process_may_use() {
    let lines: String = (1..=40).map(|thread| pinned(thread, 1, 100)).collect();
    let resident = |version: &str, online, allowed| {
        let variant = Variant {
            allocator: version.parse::<Choice>().expect("it is modelled"),
            cores: Some(Cores { online, allowed }),
            ..Variant::default()
        };
        record(&lines, &variant).peak_rss
    };
    for version in ["jemalloc@5.2.1", "jemalloc@5.3.0", "jemalloc@5.3.1"] {
        let one = resident(version, 4, 1);
        assert_eq!(one, resident(version, 1, 1), "{version}");
        assert!(one < resident(version, 4, 4), "{version}");
    }
}

#[test]
fn a_recording_says_how_many_cores_its_process_could_use() {
    let calls: String = (1..=40).map(|thread| pinned(thread, 1, 100)).collect();
    let arenas = |header: &str| {
        let text = format!("highwater-trace 2\ncpus 4\n{header}m 0 0 0xf0 24\n{calls}");
        let workload = trace::read(text.as_bytes()).expect("a good trace");
        let variant = Variant {
            allocator: "glibc@2.35".parse::<Choice>().expect("it is modelled"),
            ..Variant::default()
        };
        let recording = run(
            Arc::new(workload),
            &variant,
            &Options::default(),
            &mut unwatched,
        );
        recording.expect("it runs").counters.arenas_created
    };
    assert_eq!(arenas("cpus-allowed 1\n"), 8);
    assert_eq!(arenas(""), 31);
}

fn arena_strips(frame: &Frame) -> Vec<(&Strip, u16, u16)> {
    let arena = |strip: &'_ Strip| match strip.kind {
        StripKind::Arena { arena, heap } => Some((arena, heap)),
        _ => None,
    };
    let strips = frame.strips.iter();
    strips
        .filter_map(|strip| arena(strip).map(|(a, h)| (strip, a, h)))
        .collect()
}

#[test]
fn the_map_shows_of_an_arena_the_part_in_use() {
    let lines: String = (1..=15).map(|thread| pinned(thread, 40, 900)).collect();
    let mut simulation = Simulation::new(workload(&lines), &on(2)).expect("it can run");
    simulation.run_until(u64::MAX);
    let frame = simulation.frame();
    let arenas = arena_strips(&frame);
    let named: Vec<_> = arenas
        .iter()
        .map(|(_, arena, heap)| (*arena, *heap))
        .collect();
    assert_eq!(named, (1..=15).map(|arena| (arena, 1)).collect::<Vec<_>>());
    for (strip, ..) in &arenas {
        // 40 blocks of 16 KB, and not the 16,384 pages set aside.
        assert!((150..220).contains(&strip.pages), "{}", strip.pages);
        assert!(strip.top.is_some());
        let pages: u64 = strip.runs.iter().map(|run| u64::from(run.1)).sum();
        assert_eq!(pages, strip.pages);
        assert_eq!(
            strip.runs[0].0,
            PageKind::Metadata as u8,
            "the heap's own header"
        );
        let free = strip
            .runs
            .iter()
            .filter(|run| run.0 == PageKind::Free as u8);
        assert!(free.map(|run| run.1).sum::<u32>() > 140);
    }
    let all: u64 = frame.strips.iter().map(|strip| strip.pages).sum();
    assert!(all < 4000, "a map of what there is: {all} pages");
    assert!(frame.strips.is_sorted_by_key(|strip| strip.kind));
}

#[test]
fn an_arena_goes_on_in_another_heap_and_loses_it() {
    // 100 MB in blocks below the mmap threshold, then all freed again from the last to the first.
    let mut lines = String::new();
    for n in 1..=1000 {
        let _ = writeln!(lines, "m 1 1 {:#x} 100000", n << 4);
    }
    let full = lines.clone();
    for n in (1..=1000).rev() {
        let _ = writeln!(lines, "f 2 1 {:#x}", n << 4);
    }
    let uncached = set("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
    let mut simulation = Simulation::new(workload(&lines), &uncached).expect("it can run");
    simulation.run_until(1001);
    let frame = simulation.frame();
    let named: Vec<_> = arena_strips(&frame)
        .iter()
        .map(|(strip, arena, heap)| (*arena, *heap, strip.top.is_some()))
        .collect();
    assert_eq!(named, [(1, 1, false), (1, 2, true)]);
    assert_eq!(share(&simulation.diagnose(), 1).heaps, 2);
    simulation.run_until(u64::MAX);
    assert_eq!(arena_strips(&simulation.frame()).len(), 1);

    let recording = record(&lines, &uncached);
    assert_eq!(recording.counters.heaps_deleted, 1);
    assert_eq!(record(&full, &uncached).counters.heaps_deleted, 0);
    let bases = |of: fn(&Decision) -> Option<highwater_simulator::Address>| {
        let decisions = recording.decisions.iter();
        decisions
            .filter_map(|d| of(&d.decision))
            .collect::<Vec<_>>()
    };
    let created = bases(|decision| match decision {
        Decision::HeapCreated { arena: 1, base, .. } => Some(*base),
        _ => None,
    });
    let deleted = bases(|decision| match decision {
        Decision::HeapDeleted { arena: 1, base, .. } => Some(*base),
        _ => None,
    });
    assert_eq!((created.last(), created.len()), (deleted.first(), 2));

    // With a thread cache the rest of the full heap's top is parked there, and holds all that lies below it.
    let diagnosis = explained(&lines, &on(2));
    assert_eq!(share(&diagnosis, 1).heaps, 2);
    let pin = largest_pin(&diagnosis).expect("a pin");
    assert_eq!((pin.arena, pin.state), (1, PinState::Parked));
    assert!(matches!(pin.cache, Some(Cache::Tcache { thread: 1, .. })));
    assert_eq!(pin.allocated, None, "the allocator freed it itself");
}

#[test]
fn the_pins_behind_fences_are_those_of_each_heap() {
    // A heap that is full, with its first block freed, and a second one.
    let mut lines = String::new();
    for n in 1..=1000 {
        let _ = writeln!(lines, "m 1 1 {:#x} 100000", n << 4);
    }
    for n in 1..=400 {
        let _ = writeln!(lines, "f 2 1 {:#x}", n << 4);
    }
    let diagnosis = explained(&lines, &on(2));
    let behind: Bytes = diagnosis
        .pins
        .iter()
        .fold(Bytes::ZERO, |sum, pin| sum + pin.behind);
    assert!(behind >= Bytes(400 * 100_000), "{behind}");
    assert!(behind <= diagnosis.free, "nothing counts twice");
}

#[test]
fn every_decision_is_kept_where_asked_for() {
    let lines = (1..=15)
        .map(|thread| pinned(thread, 400, 900))
        .collect::<String>();
    let every = record(&lines, &on(2));
    let options = Options {
        decisions: 20,
        ..Options::default()
    };
    let some = run(workload(&lines), &on(2), &options, &mut unwatched).expect("it runs");
    assert_eq!(
        some.decisions[..],
        every.decisions[every.decisions.len() - 20..]
    );
    assert_eq!(some.counters, every.counters);
    let created = |recording: &Recording| {
        let decisions = recording.decisions.iter();
        decisions
            .filter(|d| matches!(d.decision, Decision::ArenaCreated { .. }))
            .count() as u64
    };
    assert_eq!(created(&every), every.counters.arenas_created);
}
