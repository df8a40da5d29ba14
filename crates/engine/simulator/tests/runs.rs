//! What a run promises, on small traces written out in full.

mod lines;

use highwater_simulator::{
    Bytes, Cause, Cores, Diagnosis, Options, PageKind, PinState, Recording, Simulation,
    SimulatorError, Variant, run,
};
use highwater_workload::unwatched;
use lines::workload;
use std::fmt::Write;
use std::ops::ControlFlow;

fn record(lines: &str, variant: &Variant) -> Recording {
    run(
        workload(lines),
        variant,
        &Options::default(),
        &mut unwatched,
    )
    .expect("it runs")
}

fn explained(recording: &Recording) -> &Diagnosis {
    recording.diagnosis.as_ref().expect("the end is explained")
}

/// Many blocks, a small one after them, and all but that one freed.
fn pinned(pin: &str) -> String {
    let mut text = String::new();
    for i in 0..1000 {
        let _ = writeln!(text, "m {i} 0 {:#x} 16000", 0x1000 + i * 16);
    }
    text += "m 2000 0 0x10 2000\n";
    for i in 0..1000 {
        let _ = writeln!(text, "f {} 0 {:#x}", 3000 + i, 0x1000 + i * 16);
    }
    text + pin
}

#[test]
fn a_live_block_below_the_top_is_the_pin() {
    let recording = record(&pinned("k 5000 0 end\n"), &Variant::default());
    let diagnosis = explained(&recording);
    let pin = &diagnosis.pins[0];
    assert_eq!(pin.state, PinState::Live);
    assert_eq!((pin.size, pin.requested), (Bytes(2016), Some(Bytes(2000))));
    assert_eq!(pin.allocated.map(|origin| origin.event), Some(1000));
    assert!(pin.behind > Bytes::mib(15), "{} behind it", pin.behind);
    assert!(diagnosis.rss > Bytes::mib(15));
    assert_eq!(diagnosis.live, Bytes(2000));
    assert!(diagnosis.reclaimable > Bytes::mib(15));
}

#[test]
fn a_freed_block_parked_in_tcache_is_a_pin_too() {
    let lines = pinned("f 5000 0 0x10\nk 5001 0 end\n").replace("0x10 2000", "0x10 900");
    let lines = lines.replace("m 2000", "m 1999 0 0x20 900\nm 2000");
    let lines = lines.replace("f 5000 0 0x10", "f 5000 0 0x10\nf 5000 0 0x20");
    let recording = record(&lines, &Variant::default());
    let pin = &explained(&recording).pins[0];
    assert_eq!(pin.state, PinState::Parked);
    assert!(pin.cache.is_some());
    assert!(pin.freed.is_some());
    assert_eq!(explained(&recording).live, Bytes::ZERO);
    let largest = explained(&recording).findings.iter();
    let mut largest = largest.filter_map(|finding| match &finding.cause {
        Cause::LargestPin { pin, .. } => Some(pin),
        _ => None,
    });
    let largest = largest.next().expect("much lies behind the other");
    assert_eq!((largest.state, largest.size), (PinState::Parked, pin.size));
}

#[test]
fn without_a_pin_memory_goes_back() {
    let lines = pinned("k 5000 0 end\n").replace("m 2000 0 0x10 2000\n", "");
    let recording = record(&lines, &Variant::default());
    assert!(recording.peak_rss > Bytes::mib(15));
    assert!(explained(&recording).rss < Bytes::mib(1));
}

#[test]
fn a_peak_between_two_samples_is_kept() {
    let mut lines = String::new();
    for i in 0..5000 {
        let _ = writeln!(lines, "m {i} 0 0x1000 100\nf {i} 0 0x1000");
    }
    lines += "m 6000 0 0x2000 50000000\nf 6000 0 0x2000\n";
    for i in 7000..12000 {
        let _ = writeln!(lines, "m {i} 0 0x1000 100\nf {i} 0 0x1000");
    }
    let workload = workload(&lines);
    let options = Options {
        samples: 3,
        ..Options::default()
    };
    let recording = run(&workload, &Variant::default(), &options, &mut unwatched).expect("it runs");
    assert!(recording.peak_rss > Bytes(50_000_000));
    assert!(recording.peak_live >= Bytes(50_000_000));
    let highest = recording.samples.iter().map(|s| s.rss_peak).max();
    assert_eq!(highest, Some(recording.peak_rss));
    assert!(recording.samples.iter().all(|s| s.rss < Bytes::mib(1)));
}

#[test]
fn the_same_run_gives_the_same_recording() {
    let lines = pinned("t 5000 0 0\nk 5001 0 end\n");
    let options = Options {
        frames: 20,
        ..Options::default()
    };
    let once = run(
        workload(&lines),
        &Variant::default(),
        &options,
        &mut unwatched,
    );
    let again = run(
        workload(&lines),
        &Variant::default(),
        &options,
        &mut unwatched,
    );
    assert_eq!(once, again);
    assert!(once.expect("it runs").frames.len() >= 20);
}

#[test]
fn looking_at_a_moment_is_the_same_as_running_there() {
    let workload = workload(&pinned("k 5000 0 end\n"));
    let mut simulation = Simulation::new(workload, &Variant::default()).expect("one thread");
    simulation.run_until(1500);
    let mut other = simulation.clone();
    other.run_until(u64::MAX);
    let (middle, frame) = (simulation.diagnose(), simulation.frame());
    assert_eq!((middle.event, frame.event), (1500, 1500));
    assert!(middle.live > other.diagnose().live);
    let pages: u64 = frame.strips[0]
        .runs
        .iter()
        .map(|(_, n)| u64::from(*n))
        .sum();
    assert_eq!(pages, frame.strips[0].pages);
    let live = |run: &&(u8, u32)| run.0 == PageKind::Live as u8;
    assert!(frame.strips[0].runs.iter().any(|run| live(&run)));
}

#[test]
fn the_map_tells_given_back_from_free() {
    let lines = pinned("k 5000 0 freed\nt 5001 0 0\nk 5002 0 trimmed\n");
    let workload = workload(&lines);
    let mut simulation = Simulation::new(workload, &Variant::default()).expect("one thread");
    let count = |simulation: &Simulation, kind: PageKind| -> u32 {
        let runs = &simulation.frame().strips[0].runs;
        let of_kind = runs.iter().filter(|(number, _)| *number == kind as u8);
        of_kind.map(|(_, pages)| pages).sum()
    };
    simulation.run_until(2002);
    assert!(count(&simulation, PageKind::Free) > 3800);
    simulation.run_until(u64::MAX);
    assert!(count(&simulation, PageKind::Free) < 10);
    assert!(count(&simulation, PageKind::GivenBack) > 3800);
}

#[test]
fn the_cap_ends_the_run_and_says_where() {
    let variant = Variant {
        cap: Some(Bytes::mib(4)),
        ..Variant::default()
    };
    let recording = record(&pinned(""), &variant);
    let killed = recording.killed.expect("16 MB do not fit");
    assert!(killed.charged > killed.cap && killed.resident < killed.charged);
    assert_eq!(recording.events, killed.event + 1);
    let too_small = Variant {
        cap: Some(Bytes(100)),
        ..Variant::default()
    };
    let error = Simulation::new(workload(""), &too_small).map(|_| ());
    assert_eq!(error, Err(SimulatorError::Cap(100, 4096)));
}

#[test]
fn above_memory_high_the_run_goes_on_and_says_since_when() {
    let high = Bytes::mib(4);
    let variant = Variant {
        high: Some(high),
        ..Variant::default()
    };
    let lines = pinned("");
    let (recording, without) = (
        record(&lines, &variant),
        record(&lines, &Variant::default()),
    );
    let throttled = recording.throttled.expect("16 MB are more");
    assert_eq!((recording.killed, without.throttled), (None, None));
    // Nothing can be taken back from glibc, so all else is as it was.
    assert_eq!(recording.samples, without.samples);
    assert_eq!(recording.events, without.events);
    // It is the first call with which more is charged.
    let mut simulation =
        Simulation::new(workload(&lines), &Variant::default()).expect("one thread");
    let mut before = simulation.now();
    while simulation.kernel().peaks().charged <= high {
        let event = simulation.step().expect("there are more");
        before = event.time;
    }
    assert_eq!(throttled.event, simulation.position() - 1);
    assert_eq!(throttled.time, before);
    // A process that goes on from a snapshot has not forgotten it.
    let mut simulation = Simulation::new(workload(&lines), &variant).expect("one thread");
    simulation.run_until(throttled.event + 10);
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.resumed(None).throttled(), Some(throttled));
}

#[test]
fn above_memory_high_muzzy_pages_are_taken_back() {
    let mut lines = String::new();
    for block in 1..=100 {
        lines += &format!("m 0 0 {:#x} 100000\n", block * 0x100_0000);
    }
    for block in 1..=100 {
        lines += &format!("f 0 0 {:#x}\n", block * 0x100_0000);
    }
    // Purged, and offered to the kernel.
    lines += "m 3000000 0 0x1 64\nf 3000000 0 0x1\n";
    for block in 1..=20 {
        lines += &format!("m 3000001 0 {:#x} 300000\n", block * 0x100_0000);
    }
    let lines_of = |high| Variant {
        allocator: "jemalloc@5.3.0".parse().expect("it is modelled"),
        environment: highwater_simulator::parse_lines(
            "MALLOC_CONF=background_thread:true,dirty_decay_ms:100,muzzy_decay_ms:-1",
        ),
        high,
        ..Variant::default()
    };
    let at_end = |high| {
        let mut simulation =
            Simulation::new(workload(&lines), &lines_of(high)).expect("it can run");
        simulation.run_until(u64::MAX);
        simulation
    };
    let without = at_end(None);
    assert!(
        without.kernel().lazy() > Bytes::mib(2),
        "{}",
        without.kernel().lazy()
    );
    let high = without.kernel().charged() - Bytes::mib(1);
    let limited = at_end(Some(high));
    assert!(limited.kernel().counts().reclaimed >= 256);
    assert!(limited.kernel().charged() <= high);
    assert_eq!(limited.live(), without.live());
}

#[test]
fn cores_that_no_machine_has_are_refused() {
    for (online, allowed) in [(0, 0), (4, 0), (2, 3), (5000, 1)] {
        let variant = Variant {
            cores: Some(Cores { online, allowed }),
            ..Variant::default()
        };
        let error = Simulation::new(workload(""), &variant).map(|_| ());
        assert!(
            matches!(error, Err(SimulatorError::Cores { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn a_run_can_be_broken_off() {
    let mut watch = |_| ControlFlow::Break(());
    let broken = run(
        workload(&pinned("")),
        &Variant::default(),
        &Options::default(),
        &mut watch,
    );
    assert_eq!(broken, Err(SimulatorError::Cancelled));
}

#[test]
fn absurd_requests_fail_as_they_do_for_real_and_nothing_breaks() {
    let lines = "m 1 0 0x0 18446744073709551615\nm 2 0 0x0 9223372036854775807\n\
                 c 3 0 0x0 18446744073709551615 16\na 4 0 0x0 1073741824 9223372036854775807\n\
                 m 5 0 0x10 100\nr 6 0 0x0 0x10 9223372036854775807\nf 7 0 0x10\nf 8 0 0x10\nk 9 0 end\n";
    let recording = record(lines, &Variant::default());
    assert_eq!((recording.allocations, recording.failed), (1, 5));
    assert_eq!(explained(&recording).live, Bytes::ZERO);
}

#[test]
fn an_empty_workload_is_a_run_of_nothing() {
    let recording = record("", &Variant::default());
    assert_eq!((recording.events, recording.peak_rss), (0, Bytes::ZERO));
    assert!(explained(&recording).pins.is_empty());
}
