//! Looks into random moments of long runs: from the beginning, and from the moments that the run has kept.
//!
//! `cargo xtask perf --only looks` writes what this prints.

use cpu_time::ProcessTime;
use highwater_simulator::{Bytes, Micros, Options, Run, Simulation, Snapshots, Variant};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, Source, unwatched};
use oorandom::Rand64;
use std::time::Duration;

/// Moments that are kept, and the time that making them took.
struct Keeper {
    kept: Snapshots<()>,
    making: Duration,
    since: ProcessTime,
}

/// One part in so many of the time may be spent on making snapshots, as in the page.
const SHARE: u32 = 16;

impl Keeper {
    fn new() -> Self {
        Self {
            kept: Snapshots::new(128, Bytes::mib(64)),
            making: Duration::ZERO,
            since: ProcessTime::now(),
        }
    }

    fn offer(&mut self, simulation: &Simulation) {
        if self.kept.is_due(simulation) && self.making * SHARE <= self.since.elapsed() {
            let started = ProcessTime::now();
            self.kept.keep(simulation, ((), Bytes::ZERO));
            self.making += started.elapsed();
        }
    }
}

/// What is run: its name, pattern and parameters, and how many looks are taken.
const RUNS: [(&str, Pattern, &str, usize); 5] = [
    (
        "async_fanout",
        Pattern::AsyncFanOut,
        "events=500 cycles=12",
        60,
    ),
    ("sync", Pattern::Sync, "events=500 cycles=12", 60),
    ("threads", Pattern::Threads, "requests=4000 cycles=7", 60),
    ("sync, long", Pattern::Sync, "events=500 cycles=124", 40),
    (
        "incident_full",
        Pattern::AsyncFanOut,
        "streams=3 subscribers=6 events=2500 payload=30000 rest=4 cycles=40",
        8,
    ),
];

const ALLOCATORS: [&str; 2] = ["glibc@2.36", "jemalloc@5.3.0"];

/// Times that each run is made, with kept moments and without.
const ROUNDS: u32 = 3;

/// Events between two offers, as in the page.
const BATCH: u64 = 8192;

/// Runs from beginning to end, and keeps moments where it is to.
fn run(source: &Source, variant: &Variant, snapshots: Option<&mut Keeper>) -> (u64, Duration) {
    let started = ProcessTime::now();
    let mut run = Run::new(source, variant, &Options::default()).expect("it can run");
    let mut snapshots = snapshots;
    while run.go_on(BATCH) {
        if let Some(snapshots) = &mut snapshots {
            snapshots.offer(run.simulation());
        }
    }
    (run.simulation().position(), started.elapsed())
}

/// Looks into random moments one after another, as the page does, and returns what each took, in order.
fn look(
    source: &Source,
    variant: &Variant,
    events: u64,
    mut keeper: Option<&mut Keeper>,
    looks: usize,
) -> Vec<Duration> {
    let mut chance = Rand64::new(7);
    let mut cursor: Option<Simulation> = None;
    let mut took: Vec<Duration> = Vec::new();
    for _ in 0..looks {
        let event = chance.rand_range(0..events);
        let started = ProcessTime::now();
        let there = cursor.as_ref().map(Simulation::position);
        let there = there.filter(|there| *there <= event);
        let since = there.map_or(0, |there| there + (1 << 15));
        let moment = (event, Micros(u64::MAX));
        let resumed = keeper
            .as_ref()
            .and_then(|keeper| keeper.kept.resumed(moment, since, cursor.as_ref()));
        let begun = resumed.map(|(simulation, ())| simulation);
        let begun = begun.or_else(|| cursor.take().filter(|there| there.position() <= event));
        let mut simulation =
            begun.unwrap_or_else(|| Simulation::new(source, variant).expect("it can run"));
        while simulation.position() < event {
            simulation.run_until(event.min(simulation.position() + BATCH));
            if let Some(keeper) = &mut keeper {
                keeper.offer(&simulation);
            }
        }
        std::hint::black_box((simulation.diagnose(), simulation.frame()));
        cursor = Some(simulation);
        took.push(started.elapsed());
    }
    took.sort();
    took
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    println!(
        "run | million events | run, s | with kept moments | moments | MiB | look, ms: median, longest | without, ms: median, longest"
    );
    for (name, pattern, parameters, looks) in RUNS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let parameters: Parameters = parameters.parse().expect("in range");
        let source = pattern
            .source(&parameters, &mut unwatched)
            .expect("it can be made");
        for allocator in ALLOCATORS {
            let variant = Variant {
                allocator: allocator.parse().expect("it is modelled"),
                ..Variant::default()
            };
            // By turns, so that a busy machine slows both; the shortest of each counts.
            let (mut plain, mut keeping) = (Duration::MAX, Duration::MAX);
            let (mut events, mut snapshots) = (0, Keeper::new());
            for _ in 0..ROUNDS {
                let (run_events, took) = run(&source, &variant, None);
                (events, plain) = (run_events, plain.min(took));
                snapshots = Keeper::new();
                keeping = keeping.min(run(&source, &variant, Some(&mut snapshots)).1);
            }
            let (moments, bytes) = (snapshots.kept.positions().count(), snapshots.kept.bytes());
            let milliseconds = |took: &[Duration]| {
                let at = |place: usize| took[place].as_secs_f64() * 1000.0;
                format!("{:.0}, {:.0}", at(took.len() / 2), at(took.len() - 1))
            };
            let with = look(&source, &variant, events, Some(&mut snapshots), looks);
            let without = look(&source, &variant, events, None, 5);
            println!(
                "{name}, {allocator} | {:.1} | {:.2} | {:.3} | {moments} | {:.0} | {} | {}",
                events as f64 / 1e6,
                plain.as_secs_f64(),
                keeping.as_secs_f64() / plain.as_secs_f64(),
                bytes.0 as f64 / f64::from(1 << 20),
                milliseconds(&with),
                milliseconds(&without),
            );
        }
    }
}
