//! Recordings and patterns, under many settings and in every version, against what the real libraries answered.
//!
//! `data/NAME.answers` holds a line for each version and environment: a digest of the place of every block that the real
//! glibc returned for the calls of NAME, and the resident bytes of its mappings at every mark, recorded by re-executing
//! the calls on that library. So the tests need neither the libraries nor their recordings. `record_answers` writes the
//! files anew from answer sheets.

mod fnv;
mod recording;

use fnv::Fnv;
use highwater_simulator::{
    Choice, Cores, Options, Recording, Simulation, Variable, Variant, Whereabouts, run,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Address, BlockId, Call, Pattern, Workload, trace, unwatched};
use recording::asyncio_burst;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A workload and the real libraries' answers to it.
struct Sheet {
    name: &'static str,
    workload: fn() -> Workload,
    answers: &'static str,
}

/// Threads that hand blocks on, threads that come and go, and blocks so large that arenas get and lose heaps.
const SHEETS: [Sheet; 4] = [
    Sheet {
        name: "asyncio_burst",
        workload: asyncio_burst,
        answers: include_str!("data/asyncio_burst.answers"),
    },
    Sheet {
        name: "threads",
        workload: || pattern("threads=6 requests=30 cycles=2 rest=1 seed=7"),
        answers: include_str!("data/threads.answers"),
    },
    Sheet {
        name: "threads_churn",
        workload: || {
            pattern(
                "threads=9 requests=60 rows=40 row=3000 cycles=2 rest=1 churn=20 handoff=40 cache=100 trim=1 seed=3",
            )
        },
        answers: include_str!("data/threads_churn.answers"),
    },
    Sheet {
        name: "threads_large",
        workload: || pattern("threads=3 requests=24 rows=60 row=900000 cycles=2 trim=1 seed=5"),
        answers: include_str!("data/threads_large.answers"),
    },
];

/// The pool of threads with these parameters, its heap where the real libraries' began.
fn pattern(parameters: &str) -> Workload {
    let parameters: Parameters = parameters.parse().expect("in range");
    let built = Pattern::Threads.build(&parameters, &mut unwatched);
    let mut workload = built.expect("the parameters are in range");
    workload.header.brk = Some(Address(0x5555_5555_5000));
    workload
}

/// FNV-1a over the kind and offset of each place; heaps of other arenas are numbered by first appearance.
struct Digest {
    sum: Fnv,
    heaps: HashMap<Address, u64>,
}

impl Digest {
    fn new() -> Self {
        Self {
            sum: Fnv::EMPTY,
            heaps: HashMap::new(),
        }
    }

    fn add(&mut self, simulation: &Simulation, block: BlockId) {
        let config = simulation.kernel().config();
        let address = simulation.address(block);
        let place = match simulation.whereabouts(block) {
            None => vec![0, 0],
            Some(Whereabouts::Main) if (address - config.brk).0 < 1 << 40 => {
                vec![1, (address - config.brk).0]
            }
            Some(Whereabouts::Main | Whereabouts::Mapping | Whereabouts::Pages) => {
                vec![2, address.offset_in(config.page_size).0]
            }
            Some(Whereabouts::Heap { base, .. }) => {
                let next = self.heaps.len() as u64;
                let number = *self.heaps.entry(base).or_insert(next);
                vec![3, (address - base).0, number]
            }
        };
        let kind = place[0].to_le_bytes().into_iter().take(1);
        let numbers = place[1..].iter().flat_map(|number| number.to_le_bytes());
        self.sum.add(kind.chain(numbers));
    }
}

/// One line of a file: version, environment, where the heap began, digest, resident bytes at the marks.
///
/// The heap begins elsewhere where a library has moved the program break before the first call (2.31 does so to keep a copy
/// of GLIBC_TUNABLES).
fn line(workload: &Arc<Workload>, version: &str, environment: &str) -> String {
    let variant = variant(version, variables(environment));
    let mut simulation = Simulation::new(Arc::clone(workload), &variant).expect("it can run");
    let (mut digest, mut marks) = (Digest::new(), Vec::new());
    while let Some(event) = simulation.step() {
        if let Some(block) = event.call.allocated() {
            digest.add(&simulation, block);
        } else if let Call::Mark(_) = event.call {
            marks.push(simulation.kernel().rss().0.to_string());
        }
    }
    let brk = simulation.kernel().config().brk;
    let (sum, marks) = (digest.sum.0, marks.join(" "));
    format!("{version}|{environment}|{brk}|{sum:016x}|{marks}")
}

/// The workload in a process whose heap begins at `brk`.
fn begun_at(workload: &Arc<Workload>, brk: Address) -> Arc<Workload> {
    if workload.header.brk == Some(brk) {
        return Arc::clone(workload);
    }
    let mut workload = Workload::clone(workload);
    workload.header.brk = Some(brk);
    Arc::new(workload)
}

fn variables(environment: &str) -> Vec<Variable> {
    let lines = environment.split(' ').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line.split_once('=').expect("NAME=VALUE");
            Variable {
                name: name.to_owned(),
                value: value.to_owned(),
            }
        })
        .collect()
}

fn variant(version: &str, environment: Vec<Variable>) -> Variant {
    Variant {
        allocator: Choice::named("glibc", version).expect("a modelled version"),
        environment,
        // Those of the machine that answered.
        cores: Some(Cores::all(2)),
        ..Variant::default()
    }
}

#[test]
fn every_address_and_every_mark_is_the_real_librarys() {
    for sheet in SHEETS {
        let workload = Arc::new((sheet.workload)());
        assert!(
            sheet.answers.lines().count() >= 60,
            "{} lacks answers",
            sheet.name
        );
        for expected in sheet.answers.lines() {
            let mut fields = expected.split('|');
            let version = fields.next().expect("a version");
            let environment = fields.next().expect("an environment");
            let brk = fields.next().and_then(|brk| brk.strip_prefix("0x"));
            let brk = brk.and_then(|brk| u64::from_str_radix(brk, 16).ok());
            let workload = begun_at(&workload, Address(brk.expect("an address")));
            let found = line(&workload, version, environment);
            assert_eq!(
                found, expected,
                "{} on {version} under `{environment}`",
                sheet.name
            );
        }
    }
}

#[test]
fn the_recording_is_its_own_answer_sheet() {
    let recording = checked(&Arc::new(asyncio_burst()), &Variant::default());
    assert_eq!(recording.addresses.compared, recording.allocations);
    assert!(recording.marks.iter().any(|mark| mark.measured.is_some()));
}

/// Runs a workload that has been answered; every address and every mark must be as recorded.
fn checked(workload: &Arc<Workload>, variant: &Variant) -> Recording {
    let options = Options {
        check: true,
        ..Options::default()
    };
    let recording = run(workload, variant, &options, &mut unwatched).expect("it can run");
    let environment = &variant.environment;
    assert_eq!(
        recording.addresses.first_difference, None,
        "{environment:?}"
    );
    for mark in &recording.marks {
        if let Some(measured) = mark.measured {
            assert_eq!(
                mark.sample.rss, measured,
                "at {} {environment:?}",
                mark.name
            );
        }
    }
    recording
}

/// Writes the calls of each of [`SHEETS`] as a trace into a folder, for real libraries to answer.
/// `HIGHWATER_SHEETS=folder cargo test -p highwater-simulator --test answers -- --ignored write_calls`
#[test]
#[ignore = "writes what real libraries are to answer"]
fn write_calls() {
    let folder = std::env::var("HIGHWATER_SHEETS").expect("HIGHWATER_SHEETS names the folder");
    for sheet in SHEETS {
        let file = Path::new(&folder).join(sheet.name).with_extension("hwt");
        let mut file = std::fs::File::create(file).expect("writable");
        trace::write(&(sheet.workload)(), None, &mut file).expect("a possible trace");
    }
}

/// Writes the files from a folder that holds one folder for each of [`SHEETS`], by its name, with answer sheets: traces
/// of its calls as the real libraries have answered them under some environment, on two cores. Every address must be the
/// model's, so that what is kept of them says the same as they do.
/// `HIGHWATER_SHEETS=folder cargo test -p highwater-simulator --test answers -- --ignored record_answers`
#[test]
#[ignore = "records; needs answer sheets of the real libraries"]
fn record_answers() {
    let folder = std::env::var("HIGHWATER_SHEETS").expect("HIGHWATER_SHEETS names the folder");
    for sheet in SHEETS {
        let workload = Arc::new((sheet.workload)());
        let mut lines: Vec<String> = answered(&Path::new(&folder).join(sheet.name))
            .iter()
            .map(|path| record(&workload, path))
            .collect();
        lines.sort();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let file = data.join(sheet.name).with_extension("answers");
        std::fs::write(file, lines.join("\n") + "\n").expect("writable");
    }
}

fn answered(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder for each sheet");
    entries
        .map(|entry| entry.expect("readable").path())
        .collect()
}

fn record(workload: &Arc<Workload>, path: &Path) -> String {
    let answer = trace::read(&std::fs::read(path).expect("readable")).expect("well formed");
    assert_eq!(answer.events, workload.events, "{}", path.display());
    let brk = answer.header.brk.expect("where the heap began");
    let (_, version) = answer.header.allocator.clone().expect("who answered");
    let environment: Vec<String> = answer
        .header
        .env
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let environment = environment.join(" ");
    println!("{}: {version} {environment}", path.display());
    checked(
        &Arc::new(answer),
        &variant(&version, variables(&environment)),
    );
    line(&begun_at(workload, brk), &version, &environment)
}
