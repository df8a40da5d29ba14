//! What snapshots say they take, beside what the system gives this process for them.
#![cfg(target_os = "linux")]

use highwater_simulator::{PythonVersion, Simulation, Snapshot, Variant};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, unwatched};

/// Snapshots that are made of one moment.
const MANY: u64 = 24;

/// Returns the bytes that are resident in this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("every process has one");
    let mut lines = status.lines();
    let kibibytes = lines.find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
    let kibibytes = kibibytes.expect("it is in every status").trim();
    1024 * kibibytes.parse::<u64>().expect("it is a number")
}

#[test]
fn a_snapshot_takes_what_it_says() {
    let parameters: Parameters = "events=300 cycles=2".parse().expect("in range");
    let source = Pattern::AsyncFanOut.source(&parameters, &mut unwatched);
    let source = source.expect("it can be made");
    // Nothing is freed, or what comes next would take its memory.
    let mut all: Vec<(Simulation, Vec<Snapshot>)> = Vec::new();
    for (allocator, python) in [
        ("glibc@2.36", None),
        ("jemalloc@5.3.0", None),
        ("glibc@2.41", Some("3.11")),
    ] {
        let variant = Variant {
            allocator: allocator.parse().expect("it is modelled"),
            python: python.and_then(PythonVersion::parse),
            ..Variant::default()
        };
        for share in [1, 3] {
            let mut simulation = Simulation::new(&source, &variant).expect("it can run");
            simulation.run_until(source.events() / 4 * share);
            let before = resident();
            let kept: Vec<Snapshot> = (0..MANY).map(|_| simulation.snapshot()).collect();
            let taken = resident().saturating_sub(before);
            let said: u64 = kept.iter().map(|snapshot| snapshot.bytes().0).sum();
            let of = format!("{allocator} {python:?}: {said} said, {taken} taken");
            println!("{of}");
            all.push((simulation, kept));
            assert!(said >= MANY << 20, "{of}: it is small beside the rest");
            assert!(said > taken / 100 * 85 && said < taken / 100 * 130, "{of}");
        }
    }
}
