//! A simulation that goes on from a snapshot, held against one that ran from the beginning.

mod small;

use highwater_simulator::{
    Address, Bytes, Choice, Micros, Options, PythonVersion, Run, Simulation, Snapshots,
    TimedDecision, Variant, parse_lines,
};
use highwater_workload::pattern::{Generator, Parameters};
use highwater_workload::trace::{self, Limits, TraceFile};
use highwater_workload::{
    BlockId, Call, Domain, Event, Mark, MarkId, Pattern, Source, ThreadId, Workload, unwatched,
};
use oorandom::Rand32;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

/// Events that are compared one by one behind a snapshot.
const STEPS: u64 = 300;

fn variant(allocator: &str, python: Option<&str>, environment: &str) -> Variant {
    Variant {
        allocator: allocator.parse().expect("it is modelled"),
        python: python.and_then(PythonVersion::parse),
        environment: parse_lines(environment),
        ..Variant::default()
    }
}

/// Every release of each allocator, object allocators over both, and settings by which a model keeps what it keeps nowhere else.
fn variants() -> Vec<Variant> {
    let malloc = Choice::all().map(|choice| Variant {
        allocator: choice,
        ..Variant::default()
    });
    let mut all: Vec<Variant> = malloc.collect();
    for python in ["3.9", "3.11", "3.14"] {
        all.push(variant("glibc@2.36", Some(python), ""));
    }
    all.push(variant("jemalloc@5.3.0", Some("3.11"), ""));
    all.push(variant(
        "glibc@2.41",
        Some("3.12"),
        "PYTHONMALLOC=debug\nPYTHONTRACEMALLOC=1",
    ));
    all.push(variant(
        "glibc@2.36",
        None,
        "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=160",
    ));
    all.push(variant(
        "jemalloc@5.3.0",
        None,
        "MALLOC_CONF=background_thread:true,dirty_decay_ms:5,muzzy_decay_ms:20,narenas:2",
    ));
    all
}

/// A program at random, of several threads, with every kind of call and with rests.
fn program(seed: u64, count: u32) -> Workload {
    let mut random = Rand32::new(seed);
    let mut workload = Workload::default();
    let (mut held, mut spare): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut time = 0;
    for _ in 0..count {
        let mut below = |most: u32| random.rand_range(0..most);
        time += match below(2000) {
            0 => 3_000_000,
            1..20 => 20_000,
            _ => u64::from(below(30)),
        };
        let size = match below(200) {
            0 => below(3 << 20),
            1..8 => below(140_000),
            _ => {
                let most = 1 << (4 + below(9));
                below(most)
            }
        };
        let size = Bytes(size.into());
        let drawn = below(100);
        let is_full = held.len() > 3_000;
        let mut new = || match spare.pop() {
            Some(number) => number,
            None => {
                workload.blocks += 1;
                workload.blocks - 1
            }
        };
        let call = match drawn {
            0 => Call::Trim { pad: Bytes(0) },
            1 => {
                workload.marks.push(Mark {
                    name: format!("mark:{time}"),
                    measured: Vec::new(),
                });
                Call::Mark(MarkId(workload.marks.len() as u32 - 1))
            }
            2 if below(10) == 0 => Call::ThreadExit,
            3..12 if !held.is_empty() => {
                let old = held.swap_remove(below(held.len() as u32) as usize);
                let block = new();
                held.push(block);
                spare.push(old);
                Call::Realloc {
                    block: BlockId(block),
                    old: Some(BlockId(old)),
                    size: size + Bytes(1),
                }
            }
            12..15 => {
                let block = new();
                held.push(block);
                Call::Aligned {
                    block: BlockId(block),
                    alignment: 16 << below(10),
                    size,
                }
            }
            15..20 => {
                let block = new();
                held.push(block);
                Call::Calloc {
                    block: BlockId(block),
                    count: 1 + below(4),
                    size,
                }
            }
            20..58 if !is_full => {
                let block = new();
                held.push(block);
                Call::Malloc {
                    block: BlockId(block),
                    size,
                }
            }
            _ if !held.is_empty() => {
                let block = held.swap_remove(below(held.len() as u32) as usize);
                spare.push(block);
                Call::Free {
                    block: BlockId(block),
                }
            }
            _ => Call::Trim { pad: size },
        };
        workload.events.push(Event {
            time: Micros(time),
            thread: ThreadId(below(4) as u16),
            site: highwater_workload::SiteId::UNKNOWN,
            domain: match below(3) {
                0 => Domain::Object,
                _ => Domain::Raw,
            },
            call,
        });
    }
    workload.last_thread = ThreadId(3);
    workload
}

fn bundled(path: &str) -> Workload {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../..")
        .join(path);
    let bytes = std::fs::read(path).expect("the recording is part of the project");
    trace::read(&bytes).expect("a good trace")
}

/// The decisions since the beginning, as far as they are kept.
fn decisions(simulation: &Simulation) -> (u64, Vec<TimedDecision>) {
    let latest = simulation.latest_decisions(usize::MAX);
    (simulation.decisions_taken(), latest)
}

/// Everything that can be seen of a moment.
fn assert_looks_the_same(again: &Simulation, whole: &Simulation, of: &str) {
    assert_eq!(
        (again.position(), again.now(), again.idle()),
        (whole.position(), whole.now(), whole.idle()),
        "{of}"
    );
    assert_eq!(decisions(again), decisions(whole), "{of}: decisions");
    assert_eq!(again.frame(), whole.frame(), "{of}: frame");
    assert_eq!(again.diagnose(), whole.diagnose(), "{of}: diagnosis");
    assert_eq!(again.accounting(), whole.accounting(), "{of}: sums");
    assert_eq!(again.figures(), whole.figures(), "{of}: figures");
    assert_eq!(
        (
            again.calls(),
            again.allocations(),
            again.trims(),
            again.killed()
        ),
        (
            whole.calls(),
            whole.allocations(),
            whole.trims(),
            whole.killed()
        ),
        "{of}: counts"
    );
    assert_eq!(
        again.kernel().counts(),
        whole.kernel().counts(),
        "{of}: kernel"
    );
    let blocks = |simulation: &Simulation| {
        simulation.blocks_between(Address(0), Address(u64::MAX), usize::MAX)
    };
    assert_eq!(blocks(again), blocks(whole), "{of}: blocks");
}

/// Compares two simulations for some events, one by one: the address of each call, and what is resident.
fn assert_go_on_alike(again: &mut Simulation, whole: &mut Simulation, events: u64, of: &str) {
    for _ in 0..events {
        let (one, other) = (again.step(), whole.step());
        assert_eq!(one, other, "{of}");
        let Some(event) = one else {
            return;
        };
        let address = |simulation: &Simulation| {
            let block = event.call.allocated();
            block.map(|block| simulation.address(block))
        };
        assert_eq!(address(again), address(whole), "{of}: {event:?}");
        assert_eq!(again.rss(), whole.rss(), "{of}: {event:?}");
    }
}

/// Goes on from snapshots at a few moments at random: to a moment behind, with a look, and to the end.
fn assert_snapshots_go_on(source: &Source, variant: &Variant, seed: u64) {
    let mut random = Rand32::new(seed);
    let mut moments: Vec<u64> = (0..3)
        .map(|_| u64::from(random.rand_range(0..source.events() as u32)))
        .collect();
    moments.sort_unstable();
    let mut whole = Simulation::new(source, variant).expect("it can run");
    let mut pending: Vec<(u64, Simulation)> = Vec::new();
    for moment in moments {
        let of = format!("{} {:?} at {moment}", variant.allocator, variant.python);
        // The ones before may have come further.
        whole.run_until(moment);
        let moment = whole.position();
        for (from, later) in &mut pending {
            later.run_until(moment);
            assert_looks_the_same(later, &whole, &format!("{of} from {from}"));
        }
        let snapshot = whole.snapshot();
        assert_eq!(
            (snapshot.position(), snapshot.now()),
            (whole.position(), whole.now())
        );
        let mut again = snapshot.resumed(None);
        assert_looks_the_same(&again, &whole, &of);
        let near = snapshot.resumed(Some(&whole));
        assert_go_on_alike(&mut again, &mut whole, STEPS, &of);
        pending.push((moment, again));
        pending.push((moment, near));
        // What was kept is kept, whatever went on from it.
        let mut twice = snapshot.resumed(None);
        twice.run_until(whole.position());
        assert_looks_the_same(&twice, &whole, &of);
    }
    whole.run_until(u64::MAX);
    for (from, mut later) in pending {
        later.run_until(u64::MAX);
        let of = format!("{} {:?} from {from}", variant.allocator, variant.python);
        assert_looks_the_same(&later, &whole, &of);
    }
}

#[test]
fn from_a_snapshot_programs_at_random_go_on_alike() {
    for (seed, variant) in variants().iter().enumerate() {
        let seed = seed as u64;
        assert_snapshots_go_on(&program(seed, 12_000).into(), variant, seed);
    }
}

#[test]
fn from_a_snapshot_small_blocks_go_on_alike() {
    let source = Source::from(small::program(3));
    for (seed, variant) in variants().iter().enumerate() {
        if variant.python.is_some() {
            assert_snapshots_go_on(&source, variant, seed as u64);
        }
    }
}

/// Whether its calls are in memory, or made on the way.
#[test]
fn from_a_snapshot_every_pattern_goes_on_alike() {
    let parameters = "events=30 cycles=3 survivors=5 jobs=40 requests=20 tasks=10";
    let parameters: Parameters = parameters.parse().expect("in range");
    for (seed, pattern) in Pattern::ALL.into_iter().enumerate() {
        let generator = Generator::new(pattern, &parameters).expect("small");
        let sources = [
            pattern.source(&parameters, &mut unwatched).expect("small"),
            Source::streamed(generator, &mut unwatched).expect("not cancelled"),
        ];
        for source in &sources {
            for allocator in ["glibc@2.36", "glibc@2.43", "jemalloc@5.3.0"] {
                let variant = variant(allocator, pattern.python(), "");
                assert_snapshots_go_on(source, &variant, seed as u64);
            }
        }
    }
}

#[test]
fn from_a_snapshot_the_bundled_traces_go_on_alike() {
    for path in [
        "web/traces/asyncio_burst.hwt.gz",
        "web/traces/service.hwr.gz",
    ] {
        let source = Source::from(bundled(path));
        for allocator in ["glibc@2.31", "glibc@2.41", "jemalloc@5.2.1"] {
            assert_snapshots_go_on(&source, &variant(allocator, None, ""), 5);
        }
    }
}

#[test]
fn from_a_snapshot_a_trace_that_is_read_part_by_part_goes_on_alike() {
    let mut workload = small::program(77);
    workload.header.brk = Some(Address(0x5555_5555_5000));
    let mut text = Vec::new();
    trace::write(&workload, None, &mut text).expect("memory takes all");
    let mut packed = Vec::new();
    trace::pack(&text[..], &mut packed).expect("memory takes all");
    for bytes in [text, packed] {
        let bytes: Arc<[u8]> = bytes.into();
        let limits = Limits {
            window: 1 << 14,
            ..Limits::default()
        };
        let open = move |_, at| {
            let mut bytes = Cursor::new(Arc::clone(&bytes));
            bytes.set_position(at);
            Ok(Box::new(bytes) as trace::Bytes)
        };
        let source = Source::traced(TraceFile::new(1, open, limits), 1, Vec::new());
        let source = source.expect("a good trace");
        assert!(source.is_streamed());
        for allocator in ["glibc@2.36", "jemalloc@5.3.0"] {
            assert_snapshots_go_on(&source, &variant(allocator, None, ""), 9);
        }
    }
}

/// What a run measures on its way changes nothing of what comes after.
#[test]
fn from_a_snapshot_of_a_run_that_records_a_simulation_goes_on_alike() {
    for variant in [
        variant("glibc@2.36", None, ""),
        variant(
            "jemalloc@5.3.0",
            None,
            "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000",
        ),
    ] {
        let source = Source::from(program(21, 12_000));
        let mut run = Run::new(&source, &variant, &Options::default()).expect("it can run");
        run = run.in_phases(source.phases().expect("it is in memory"));
        let mut kept = Vec::new();
        while run.go_on(700) {
            kept.push(run.simulation().snapshot());
        }
        let mut whole = Simulation::new(&source, &variant).expect("it can run");
        for snapshot in &kept {
            whole.run_until(snapshot.position());
            whole.wait_until(snapshot.now());
            assert_looks_the_same(&snapshot.resumed(None), &whole, "of a run");
        }
    }
}

/// Few moments or many, all of them or what is left of many: a look says the same from each.
#[test]
fn from_whichever_moments_are_kept_a_look_is_the_same() {
    let source = Source::from(program(31, 600_000));
    for allocator in ["glibc@2.36", "jemalloc@5.3.0"] {
        let variant = variant(allocator, None, "");
        let mut simulation = Simulation::new(&source, &variant).expect("it can run");
        let mut all = [1, 3, 64].map(|most| Snapshots::new(most, Bytes::mib(64)));
        while simulation.position() < source.events() {
            simulation.run_until(simulation.position() + 7000);
            for kept in &mut all {
                if kept.is_due(&simulation) {
                    kept.keep(&simulation, ((), Bytes::ZERO));
                }
            }
        }
        let mut random = Rand32::new(8);
        let mut whole = Simulation::new(&source, &variant).expect("it can run");
        let mut begun = Vec::new();
        for part in 1..4 {
            let moment = part * 200_000 - u64::from(random.rand_range(0..60_000));
            whole.run_until(moment);
            for kept in &all {
                let resumed = kept.resumed((moment, Micros(u64::MAX)), 0, None);
                let beginning = || Simulation::new(&source, &variant).expect("it can run");
                let mut again = resumed.map_or_else(beginning, |(simulation, ())| simulation);
                begun.push(again.position());
                again.run_until(moment);
                assert_looks_the_same(&again, &whole, &format!("{allocator} at {moment}"));
            }
        }
        begun.sort_unstable();
        begun.dedup();
        assert!(begun.len() > 3, "{begun:?}");
    }
}

#[test]
fn snapshots_keep_to_their_bounds_and_the_nearest_is_taken() {
    let source = Source::from(program(4, 500_000));
    let variant = Variant::default();
    let mut simulation = Simulation::new(&source, &variant).expect("it can run");
    let mut one = Snapshots::new(5, Bytes::mib(64));
    simulation.run_until(200_000);
    assert!(one.is_due(&simulation));
    one.keep(&simulation, ("there", Bytes::mib(1)));
    assert!(!one.is_due(&simulation));
    let bytes = one.bytes();
    assert!(bytes > Bytes::mib(1) + Bytes(100_000), "{bytes}");
    assert_eq!(one.positions().collect::<Vec<_>>(), [200_000]);
    // Before it there is none, and from behind it there is nothing to gain.
    let at = |event| (event, Micros(u64::MAX));
    assert!(one.resumed(at(199_999), 0, None).is_none());
    assert!(one.resumed(at(300_000), 200_000, None).is_none());
    let (resumed, beside) = one.resumed(at(300_000), 100, None).expect("it was kept");
    assert_eq!((resumed.position(), beside), (200_000, "there"));

    let mut simulation = Simulation::new(&source, &variant).expect("it can run");
    let (mut few, mut small) = (
        Snapshots::new(3, Bytes::mib(64)),
        Snapshots::new(64, Bytes(bytes.0 * 3)),
    );
    while simulation.position() < source.events() {
        simulation.run_until(simulation.position() + 1000);
        for kept in [&mut few, &mut small] {
            if kept.is_due(&simulation) {
                kept.keep(&simulation, ((), Bytes::ZERO));
            }
        }
        assert!(few.positions().count() <= 3);
        assert!(small.bytes() <= Bytes(bytes.0 * 3));
    }
    for kept in [&few, &small] {
        let positions: Vec<u64> = kept.positions().collect();
        assert!(
            positions.is_sorted() && positions.len() > 1,
            "{positions:?}"
        );
        assert!(
            positions.last() > Some(&(source.events() / 2)),
            "{positions:?}"
        );
    }
}

#[test]
fn moments_lie_evenly_over_a_run_and_none_goes_for_another() {
    let source = Source::from(program(31, 600_000));
    let mut simulation = Simulation::new(&source, &Variant::default()).expect("it can run");
    let mut kept = Snapshots::new(5, Bytes::mib(64));
    let (step, mut taken) = (1000, vec![0]);
    while simulation.position() < source.events() {
        simulation.run_until(simulation.position() + step);
        if kept.is_due(&simulation) {
            kept.keep(&simulation, ((), Bytes::ZERO));
            taken.push(simulation.position());
        }
    }
    assert!(taken.len() > 3, "{taken:?}");
    assert_eq!(kept.positions().collect::<Vec<_>>(), taken[1..]);
    taken.push(source.events());
    let ways = taken.windows(2).map(|way| way[1] - way[0]);
    let longest = ways.max().expect("there are some");
    assert!(longest <= 2 * source.events() / 5, "{taken:?}");
}
