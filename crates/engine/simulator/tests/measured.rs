//! The real process beside the model, at the moments at which a trace says what was measured.

use highwater_simulator::{Bytes, Micros, Options, Recording, Variant, run};
use highwater_workload::{Source, Workload, trace, unwatched};

const KIB: u64 = 1024;

fn read(lines: &str) -> Workload {
    let head = "highwater-trace 2\nallocator glibc 2.36\nbrk 0x555555559000\n";
    trace::read(format!("{head}{lines}").as_bytes()).expect("a trace")
}

fn recorded(lines: &str, variant: &Variant) -> Recording {
    run(read(lines), variant, &Options::default(), &mut unwatched).expect("it runs")
}

/// A block of the heap that is kept, and one with a mapping of its own that goes again.
const CALLS: [&str; 3] = [
    "m 1000 0 0x555555559010 65536",
    "m 3000 0 0x7ffff7c00010 1048576",
    "f 5000 0 0x7ffff7c00010",
];

fn with_samples(samples: [&str; 4]) -> String {
    let [first, second, third] = CALLS;
    let [s0, s1, s2, s3] = samples;
    format!("{s0}\n{first}\n{s1}\n{second}\n{s2}\n{third}\n{s3}\n")
}

#[test]
fn heaps_are_compared_at_each_sample_and_mapped_blocks_where_they_are_known() {
    let lines = with_samples([
        "s 0 0 heap=0 arenas=0",
        "s 2000 0 heap=40960 arenas=28672 files=4096 stack=8192 anonymous=4096 tables=12288",
        "s 4000 0 heap=69632 arenas=0 anonymous=1056768 python=8192",
        "s 6000 0 heap=69632 mapped=0 anonymous=4096",
    ]);
    let real = recorded(&lines, &Variant::default()).real;
    assert!(real.as_recorded);
    let figures: Vec<_> = (real.moments.iter())
        .map(|at| [at.time.0, at.process.0, at.model.0, at.not_compared.0])
        .collect();
    let heap = figures[1][2];
    assert!((64 * KIB..72 * KIB).contains(&heap), "{figures:?}");
    let mapped = figures[2][3];
    assert!((1024 * KIB..1040 * KIB).contains(&mapped), "{figures:?}");
    assert_eq!(
        figures,
        [
            [0, 0, 0, 0],
            [2000, 68 * KIB, heap, 0],
            [4000, 68 * KIB, heap, mapped],
            [6000, 68 * KIB, heap, 0],
        ]
    );
    assert_eq!(real.count, 4);
    assert_eq!(real.apart, Bytes((68 * KIB).abs_diff(heap)));
    let rest = real.moments[1].rest;
    let rest = [
        rest.files,
        rest.stacks,
        rest.python,
        rest.others,
        rest.page_tables,
    ];
    assert_eq!(rest, [4096, 8192, 0, 4096, 12288].map(Bytes));
    let rest = real.moments[2].rest;
    assert_eq!(
        (rest.python, rest.others),
        (Bytes(8192), Bytes(1056768 - 8192))
    );
    // From outside nobody knows which mappings are Python's: as the process said last, and no more than there is.
    let rest = real.moments[3].rest;
    assert_eq!((rest.python, rest.others), (Bytes(4096), Bytes::ZERO));
}

#[test]
fn the_latest_figure_of_mapped_blocks_counts_until_the_next_block() {
    let lines = with_samples([
        "s 0 0 rss=1",
        "s 2000 0 heap=69632 mapped=0",
        "s 3500 0 heap=69632 mapped=1052672\ns 4000 0 heap=69632",
        "s 6000 0 heap=69632",
    ]);
    let real = recorded(&lines, &Variant::default()).real;
    let process: Vec<_> = real.moments.iter().map(|at| at.process.0).collect();
    assert_eq!(process, [69632, 69632 + 1052672, 69632 + 1052672, 69632]);
}

#[test]
fn comparing_changes_nothing_of_a_run() {
    let samples = [
        "s 0 0 heap=0",
        "s 2000 0 heap=1",
        "s 4000 0 heap=1",
        "s 6000 0 heap=1",
    ];
    let beside = recorded(&with_samples(samples), &Variant::default());
    let alone = recorded(&CALLS.join("\n"), &Variant::default());
    assert_eq!(beside.samples, alone.samples);
    assert_eq!((beside.real.count, alone.real.count), (4, 0));
}

#[test]
fn a_mark_is_compared_whatever_the_allocator_and_other_settings_are_said() {
    let lines = format!("{}\nk 2000 0 half heap_rss=70000\n", CALLS[0]);
    let real = |variant: &str| {
        let allocator = variant.parse().expect("an allocator");
        let variant = Variant {
            allocator,
            ..Variant::default()
        };
        recorded(&lines, &variant).real
    };
    let (own, other) = (real("glibc@2.36"), real("jemalloc@5.3.0"));
    assert_eq!((own.as_recorded, other.as_recorded), (true, false));
    for real in [own, other] {
        assert_eq!((real.count, real.moments[0].process), (1, Bytes(70000)));
        assert_eq!(real.moments[0].time, Micros(2000));
    }
    let both = format!("{lines}s 2500 0 heap=1\n");
    let real = recorded(&both, &Variant::default()).real;
    let times: Vec<_> = real.moments.iter().map(|at| at.time.0).collect();
    assert_eq!(times, [2000, 2500], "in order of time");
    // A program that is changed is not the one that was measured.
    let changed = Source::from(read(&lines)).with_trims("every 1 ms".parse().expect("times"));
    let changed = changed.expect("it can be changed");
    let run = run(
        changed,
        &Variant::default(),
        &Options::default(),
        &mut unwatched,
    );
    assert_eq!(run.expect("it runs").real.count, 0);
}

#[test]
fn the_bundled_service_has_the_models_addresses_and_its_resident_memory() {
    let bytes = include_bytes!("../../../../web/traces/service.hwr.gz");
    let workload = trace::read(bytes).expect("it is whole");
    let options = Options {
        check: true,
        ..Options::default()
    };
    let variant = Variant::default();
    let events = workload.events.iter();
    let calls = events.filter(|event| event.call.is_call()).count();
    let touched = workload.touched.len();
    let recording = run(workload, &variant, &options, &mut unwatched).expect("it runs");
    assert_eq!(recording.calls, calls as u64);
    assert!(touched > 0 && recording.events > recording.calls + touched as u64);
    let addresses = &recording.addresses;
    assert_eq!(addresses.equal, addresses.compared);
    assert!(addresses.compared > 100_000);
    let real = &recording.real;
    assert!(real.as_recorded && real.count > 60);
    for at in &real.moments {
        let apart = at.apart();
        let is_near = apart <= Bytes::mib(1) || apart.0 <= at.process.0 / 50;
        assert!(is_near, "{at:?}");
    }
    let peak = real.moments.iter().map(|at| at.process).max();
    assert!(peak > Some(Bytes::mib(100)));
}

#[test]
fn fewer_moments_are_spread_evenly_and_end_with_the_last() {
    let lines: String = (0..100)
        .map(|at| {
            format!(
                "m {at} 0 0x{:x} 16\ns {at} 0 heap={at}\n",
                0x555555559010_u64 + 32 * at
            )
        })
        .collect();
    let real = recorded(&lines, &Variant::default()).real;
    let fewer = real.thinned(10);
    assert_eq!(
        fewer.moments.iter().map(|at| at.time.0).collect::<Vec<_>>(),
        [9, 19, 29, 39, 49, 59, 69, 79, 89, 99]
    );
    assert_eq!((fewer.count, fewer.apart), (real.count, real.apart));
    assert_eq!(real.thinned(100), real);
    assert_eq!(real.at(Micros(55)).map(|at| at.process), Some(Bytes(55)));
}
