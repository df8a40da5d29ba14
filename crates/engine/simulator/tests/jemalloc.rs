//! The recording of asyncio_burst through jemalloc, under several settings, against what the real ones answered.
//!
//! `data/asyncio_burst.jemalloc-VERSION` holds a line for each setting: a digest of the place of every block that the real library
//! returned, pages numbered by first appearance, and at every mark the figures that it reported (`mallctl`) and the
//! resident bytes of its mappings. `record_answers` writes a file anew from answer sheets.
//!
//! Figures must be equal, and resident memory within a hundredth: which pages of its map of pages jemalloc writes follows
//! from where the kernel puts its mappings among those of the process, which no model can know.

mod fnv;
mod recording;

use fnv::Fnv;
use highwater_simulator::{
    Bytes, Choice, Figures, HugeMode, JemallocVersion as Version, Khugepaged, Machine, Micros,
    Options, PageKind, PageShares, PythonVersion, Recording, Simulation, Variable, Variant, run,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Address, Call, Pattern, Workload, trace, unwatched};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

const ANSWERS: [(Version, &str); 3] = [
    (
        Version::V5_2_1,
        include_str!("data/asyncio_burst.jemalloc-5.2.1"),
    ),
    (
        Version::V5_3_0,
        include_str!("data/asyncio_burst.jemalloc-5.3.0"),
    ),
    (
        Version::V5_3_1,
        include_str!("data/asyncio_burst.jemalloc-5.3.1"),
    ),
];

fn bundled() -> Workload {
    let mut workload = recording::asyncio_burst();
    // Who answers asks jemalloc for its version and figures.
    workload.header.allocator = Some(("jemalloc".to_owned(), "5.3.0".to_owned()));
    workload
}

fn variant(conf: &str) -> Variant {
    variant_of(Version::default(), conf)
}

fn variant_of(version: Version, conf: &str) -> Variant {
    Variant {
        allocator: Choice::Jemalloc(version),
        environment: vec![Variable {
            name: "MALLOC_CONF".to_owned(),
            value: conf.to_owned(),
        }],
        ..Variant::default()
    }
}

/// FNV-1a over the number and the offset of each page.
struct Digest {
    sum: Fnv,
    pages: HashMap<u64, u64>,
}

impl Digest {
    fn new() -> Self {
        Self {
            sum: Fnv::EMPTY,
            pages: HashMap::new(),
        }
    }

    fn add(&mut self, address: Address) {
        let next = self.pages.len() as u64;
        let page = *self.pages.entry(address.0 >> 12).or_insert(next);
        self.sum.add((page << 12 | address.0 & 0xfff).to_le_bytes());
    }
}

/// A figure by the name a trace has for it.
fn figure(figures: &Figures, name: &str) -> Bytes {
    match name {
        "allocated" => figures.allocated,
        "active" => figures.active,
        "dirty" => figures.dirty,
        "muzzy" => figures.muzzy,
        "retained" => figures.retained,
        "mapped" => figures.mapped,
        "metadata" => figures.metadata,
        "resident" => figures.resident,
        other => panic!("no figure {other}"),
    }
}

/// The digest of all places, and each mark's figures and resident bytes.
fn model(workload: &Arc<Workload>, variant: &Variant) -> (u64, Vec<(Figures, Bytes)>) {
    let mut simulation = Simulation::new(Arc::clone(workload), variant).expect("it can run");
    let (mut digest, mut marks) = (Digest::new(), Vec::new());
    while let Some(event) = simulation.step() {
        if let Some(block) = event.call.allocated() {
            digest.add(simulation.address(block));
        } else if let Call::Mark(_) = event.call {
            let figures = simulation.figures().expect("jemalloc has figures");
            marks.push((figures, simulation.rss()));
        }
    }
    (digest.sum.0, marks)
}

#[test]
fn every_address_and_every_figure_is_the_real_librarys() {
    let workload = Arc::new(bundled());
    for (version, answers) in ANSWERS {
        assert_eq!(answers.lines().count(), 6);
        for line in answers.lines() {
            compare(&workload, version, line);
        }
    }
}

/// Runs under a line's setting and compares.
fn compare(workload: &Arc<Workload>, version: Version, line: &str) {
    let mut fields = line.split('|');
    let conf = fields.next().expect("a setting");
    let sum = fields.next().expect("a digest");
    let (found, marks) = model(workload, &variant_of(version, conf));
    let under = format!("{version} under `{conf}`");
    assert_eq!(format!("{found:016x}"), sum, "addresses of {under}");
    assert_eq!(fields.clone().count(), marks.len());
    for (index, (expected, (figures, rss))) in fields.zip(&marks).enumerate() {
        for pair in expected.split(' ') {
            let (name, value) = pair.split_once('=').expect("NAME=VALUE");
            let value = Bytes(value.parse().expect("a number"));
            if name == "heap_rss" {
                let apart = rss.0.abs_diff(value.0);
                assert!(
                    apart * 100 <= value.0,
                    "mark {index} of {under}: {rss} for {value}"
                );
            } else {
                let found = figure(figures, name);
                assert_eq!(found, value, "{name} at mark {index} of {under}");
            }
        }
    }
}

#[test]
fn pages_of_another_size_are_refused() {
    let mut workload = bundled();
    workload.header.page = Bytes(16_384);
    let refused = Simulation::new(Arc::new(workload), &variant(""));
    let refused = refused.err().expect("jemalloc is built for one size");
    assert!(refused.to_string().contains("4096"), "{refused}");
}

/// The asynchronous pattern with a rest of 4 s after each burst.
fn burst_of(set: &[(&str, &str)], conf: Option<&str>) -> Recording {
    let mut values = Parameters::default();
    for (name, value) in [("rest", "4"), ("events", "150")].iter().chain(set) {
        values.set_text(name, value).expect("in range");
    }
    let workload = Pattern::AsyncFanOut.build(&values, &mut unwatched);
    let variant = Variant {
        python: Pattern::AsyncFanOut.python().and_then(PythonVersion::parse),
        ..conf.map_or(Variant::default(), variant)
    };
    let workload = Arc::new(workload.expect("in range"));
    run(&workload, &variant, &Options::default(), &mut unwatched).expect("it can run")
}

fn burst(conf: Option<&str>) -> Recording {
    burst_of(&[], conf)
}

/// Resident memory where the last burst's streams are gone and at the end of the rest that follows it.
fn around_the_last_rest(recording: &Recording) -> (u64, u64) {
    let at = |name: &str| {
        let mark = recording
            .marks
            .iter()
            .rev()
            .find(|m| m.name.starts_with(name));
        mark.expect("the pattern marks bursts and rests").sample
    };
    let (before, after) = (at("gc:"), at("rest:"));
    assert!(after.time.0 - before.time.0 >= 4_000_000);
    (before.rss.0, after.rss.0)
}

#[test]
fn the_curve_falls_during_a_rest_and_purges_are_told_when_they_happen() {
    let recording = burst(Some("background_thread:true,dirty_decay_ms:5000"));
    let end = recording.marks.last().expect("marks").sample;
    let resting: Vec<_> = recording
        .samples
        .iter()
        .filter(|sample| sample.time.0 + 3_900_000 > end.time.0)
        .collect();
    assert!(resting.len() > 30, "{} samples of a rest", resting.len());
    let falls = resting.windows(2).filter(|pair| pair[1].rss < pair[0].rss);
    assert!(falls.count() > 3, "it does not fall at once");
    assert!(resting.windows(2).all(|pair| pair[0].time <= pair[1].time));
    let purges = recording
        .decisions
        .iter()
        .filter(|decided| decided.time.0 + 3_900_000 > end.time.0 && decided.time < end.time);
    assert!(purges.count() > 3, "they happen during the rest");
}

#[test]
fn the_decay_decides_what_is_left_after_a_rest() {
    let with = |ms: u32| format!("background_thread:true,dirty_decay_ms:{ms},muzzy_decay_ms:{ms}");
    // Twice the subscribers, and as many events as the recorded service has, make one that holds hundreds of MiB at its height, as those do for which
    // people change a setting: the few MiB that jemalloc keeps in any case (its own structures, caches, slabs partly used),
    // and that hide what the decay does to a small program, weigh little there; for the same reason it imports little. All else is as the pattern has it.
    for seed in ["1", "2", "3"] {
        let run = |conf: Option<&str>| {
            burst_of(
                &[
                    ("subscribers", "12"),
                    ("events", "300"),
                    ("modules", "20"),
                    ("seed", seed),
                ],
                conf,
            )
        };
        let glibc = run(None);
        let second = run(Some(&with(1000)));
        let five = run(Some(&with(5000)));
        let defaults = run(Some(""));
        let (_, glibc_after) = around_the_last_rest(&glibc);
        let (_, second_after) = around_the_last_rest(&second);
        let (_, five_after) = around_the_last_rest(&five);
        let (before, after) = around_the_last_rest(&defaults);
        assert!(
            second_after * 10 <= glibc_after,
            "far below: 1000 ms {second_after}, glibc {glibc_after}, seed {seed}"
        );
        assert!(
            five_after >= 4 * second_after,
            "several times: 5000 ms {five_after}, 1000 ms {second_after}, seed {seed}"
        );
        assert_eq!(before, after, "nobody looks at the clock during a rest");
        for recording in [&second, &five, &defaults] {
            let peaks = (recording.peak_rss.0, glibc.peak_rss.0);
            assert!(
                2 * peaks.0 <= 3 * peaks.1 && 2 * peaks.1 <= 3 * peaks.0,
                "the peaks lie side by side: {peaks:?}, seed {seed}"
            );
        }
    }
}

#[test]
fn the_seed_moves_the_clock_and_nothing_else() {
    let workload = Arc::new(bundled());
    let conf = "dirty_decay_ms:1000,muzzy_decay_ms:0";
    let end = |seed: Option<u64>, conf: &str| {
        let variant = Variant {
            seed,
            ..variant(conf)
        };
        let mut simulation = Simulation::new(Arc::clone(&workload), &variant).expect("it can run");
        simulation.run_until(u64::MAX);
        simulation.figures().expect("jemalloc has figures")
    };
    let (a, b) = (end(Some(1), conf), end(Some(99), conf));
    assert_eq!((a.allocated, a.active), (b.allocated, b.active));
    assert_eq!(end(Some(7), conf), end(Some(7), conf));
}

/// Writes the file from a folder with two answer sheets for each setting, `N.0.hwt` and with the figures (ANSWER_STATS)
/// `N.1.hwt`, from 0 on.
/// `HIGHWATER_SHEETS=folder HIGHWATER_VERSION=5.3.1 cargo test -p highwater-simulator --test jemalloc -- --ignored record_answers`
#[test]
#[ignore = "records; needs answer sheets of the real library"]
fn record_answers() {
    let folder = std::env::var("HIGHWATER_SHEETS").expect("HIGHWATER_SHEETS names the folder");
    let version = std::env::var("HIGHWATER_VERSION").unwrap_or_default();
    let version = Version::parse(&version).expect("HIGHWATER_VERSION names a modelled release");
    let mut lines = String::new();
    for setting in 0.. {
        let read = |with: u32| {
            let file = Path::new(&folder).join(format!("{setting}.{with}.hwt"));
            let bytes = std::fs::read(file).ok()?;
            Some(trace::read(&bytes).expect("well formed"))
        };
        let (Some(plain), Some(figures)) = (read(0), read(1)) else {
            break;
        };
        assert_eq!(plain.events, bundled().events);
        let conf = plain
            .header
            .env
            .iter()
            .find(|(name, _)| name == "MALLOC_CONF");
        let conf = conf.map_or("", |(_, value)| value);
        lines += &format!("{conf}|{:016x}", recorded(&plain));
        for (plain, figures) in plain.marks.iter().zip(&figures.marks) {
            let rss = plain.value("heap_rss").expect("measured");
            let named: BTreeMap<&str, u64> = figures
                .measured
                .iter()
                .map(|(name, value)| (name.as_str(), *value))
                .filter(|(name, _)| is_compared(name, conf))
                .collect();
            lines += &format!("|heap_rss={rss}");
            for (name, value) in named {
                lines += &format!(" {name}={value}");
            }
        }
        lines += "\n";
    }
    let name = format!("tests/data/asyncio_burst.jemalloc-{version}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::write(file, lines).expect("writable");
}

/// Where nothing is ever given back, the real process's mappings cross a boundary of a GiB, because of the hundred MiB that
/// the process which answers has mapped for itself; jemalloc then needs 2 MiB more for its map.
fn is_compared(name: &str, conf: &str) -> bool {
    let of_map = ["mapped", "metadata", "resident"];
    let keeps_all = conf.contains("dirty_decay_ms:-1");
    !(["rss", "heap_rss"].contains(&name) || keeps_all && of_map.contains(&name))
}

fn recorded(sheet: &Workload) -> u64 {
    let mut digest = Digest::new();
    for address in &sheet.recorded {
        digest.add(*address);
    }
    digest.sum.0
}

#[test]
fn every_resident_page_is_kept_by_something() {
    let workload = Arc::new(bundled());
    let small = Machine::default();
    let huge = Machine {
        thp: Some(HugeMode::Always),
        khugepaged: Khugepaged::Everything,
        ..small
    };
    for (conf, machine) in [
        ("", small),
        ("narenas:1,muzzy_decay_ms:5000,dirty_decay_ms:1000", small),
        ("", huge),
        ("dirty_decay_ms:1000", huge),
    ] {
        let variant = Variant {
            machine,
            ..variant(conf)
        };
        let mut simulation = Simulation::new(Arc::clone(&workload), &variant).expect("it can run");
        let (mut seen, mut waiting) = (0, 0);
        while let Some(event) = simulation.step() {
            if !matches!(event.call, Call::Mark(_)) {
                continue;
            }
            let diagnosis = simulation.diagnose();
            let pages = diagnosis.pages.expect("jemalloc decides over pages");
            let all = [
                pages.live,
                pages.slabs(),
                pages.parked,
                pages.dirty,
                pages.muzzy,
                pages.metadata,
                pages.retained,
            ];
            let all = all.into_iter().fold(Bytes::ZERO, |sum, bytes| sum + bytes);
            assert_eq!(
                all, diagnosis.rss,
                "event {} under `{conf}`",
                diagnosis.event
            );
            assert!(pages.used_in_slabs <= pages.slabs());
            assert_eq!(pages.retained > Bytes::ZERO, machine == huge);
            seen += u32::from(pages.slabs() > Bytes::ZERO);
            waiting += u32::from(pages.dirty_waits.last.is_some());
            // What the map shows is what the diagnosis says.
            let mut kinds = [0; PageKind::ALL.len()];
            for (kind, length) in simulation.frame().strips.iter().flat_map(|s| &s.runs) {
                kinds[usize::from(*kind)] += u64::from(*length) * 4096;
            }
            let shown = |kind: PageKind| Bytes(kinds[kind as usize]);
            assert_eq!(shown(PageKind::Slab), pages.slabs_below_half);
            assert_eq!(shown(PageKind::SparseSlab), pages.slabs_below_eighth);
            assert_eq!(shown(PageKind::Dirty) + shown(PageKind::Due), pages.dirty);
            assert_eq!(shown(PageKind::Due), pages.dirty_waits.due);
            assert_eq!(shown(PageKind::Muzzy), pages.muzzy);
            assert_eq!(shown(PageKind::Parked), pages.parked);
            assert_eq!(shown(PageKind::Free), pages.retained);
        }
        assert!(seen > 10 && waiting > 10, "{seen} {waiting}");
    }
}

#[test]
fn pages_go_when_it_was_said_that_they_would() {
    use std::fmt::Write;
    // Blocks of 800 KB are freed one by one, others between them, and from then on the program is busy with small blocks:
    // without caches its calls look at the clock often, and no page is taken or becomes free.
    let mut lines = "highwater-trace 1\nm 0 0 0x99 64\n".to_owned();
    let large = |n: u64| 0x1000 * (n + 1);
    (0..80).for_each(|n| writeln!(lines, "m 0 0 {:#x} 800000", large(n)).expect("it is text"));
    let odd = (1..80).step_by(2);
    odd.for_each(|n| writeln!(lines, "f {} 0 {:#x}", 1000 * n, large(n)).expect("it is text"));
    let freed = 121;
    for time in (100_000..=4_000_000).step_by(20_000) {
        lines += &format!("m {time} 0 0x77 64\nf {time} 0 0x77\n").repeat(2000);
    }
    let workload = Arc::new(trace::read(lines.as_bytes()).expect("it is well formed"));
    let conf = "tcache:false,narenas:1,dirty_decay_ms:3000,oversize_threshold:0";
    let mut simulation =
        Simulation::new(Arc::clone(&workload), &variant(conf)).expect("it can run");
    let mut dirty_at = |time: Micros| {
        let events = workload.events.partition_point(|event| event.time <= time);
        simulation.run_until(events as u64);
        simulation.diagnose().pages.expect("jemalloc has pages")
    };
    let now = workload.events[freed - 1].time;
    let said = dirty_at(now);
    assert!(said.dirty >= Bytes::mib(30), "{}", said.dirty);
    assert_eq!(said.dirty_waits.due, Bytes::ZERO);
    let half = said.dirty_waits.half.expect("half of them go").0;
    let last = said.dirty_waits.last.expect("all of them go").0;
    assert!(half > 1_000_000 && last > half, "{half} {last}");
    // A fiftieth of the decay time is how finely it is said; two intervals and a tick pass between looks.
    let leeway = 3_000_000 / 50 + 50_000;
    let dirty_after = |wait: u64, dirty_at: &mut dyn FnMut(Micros) -> PageShares| {
        dirty_at(Micros(now.0 + wait)).dirty.0
    };
    assert!(dirty_after(half - leeway, &mut dirty_at) * 2 > said.dirty.0);
    assert!(dirty_after(half + leeway, &mut dirty_at) * 2 <= said.dirty.0);
    assert!(dirty_after(last - leeway, &mut dirty_at) > 0);
    assert_eq!(dirty_after(last + leeway, &mut dirty_at), 0);
}

/// Where huge pages come from the machine, jemalloc does the same with them and without: they add the pages that nobody wrote.
#[test]
fn huge_pages_add_the_pages_that_nobody_wrote() {
    let workload = Arc::new(bundled());
    let run_on = |thp| {
        let variant = Variant {
            machine: Machine {
                thp: Some(thp),
                // On both machines mappings lie where kernels of today place them.
                khugepaged: Khugepaged::Clock,
                ..Machine::default()
            },
            ..variant("dirty_decay_ms:1000")
        };
        let mut simulation = Simulation::new(Arc::clone(&workload), &variant).expect("it can run");
        let mut seen = Vec::new();
        while let Some(event) = simulation.step() {
            if matches!(event.call, Call::Mark(_)) {
                seen.push((simulation.rss(), simulation.kernel().unwritten()));
            }
        }
        seen
    };
    let (never, always) = (run_on(HugeMode::Never), run_on(HugeMode::Always));
    assert!(!never.is_empty());
    for ((small, none), (rss, unwritten)) in never.into_iter().zip(always) {
        assert_eq!(none, Bytes::ZERO);
        assert!(unwritten > Bytes::ZERO);
        assert_eq!(rss - unwritten, small);
    }
}
