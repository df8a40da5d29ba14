//! The bundled recording, under many settings, against what the real library answered.
//!
//! `data/asyncio_burst.answers` holds, for each environment, a digest of the place of every block the real glibc 2.36
//! returned and the resident bytes of its mappings at every mark, recorded by re-executing the trace on that library.
//! So the test needs neither that library nor the recordings. `record_answers` writes the file anew from answer sheets.

use highwater_simulator::{Choice, Options, Place, Simulation, Variable, Variant, run};
use highwater_workload::{Address, Call, Workload, trace, unwatched};
use std::path::Path;
use std::sync::Arc;

const ANSWERS: &str = include_str!("data/asyncio_burst.answers");

fn bundled() -> Workload {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/traces/asyncio_burst.hwt.gz");
    let bytes = std::fs::read(path).expect("the recording is part of the project");
    trace::read(&bytes).expect("it is well formed")
}

/// FNV-1a over the kind and offset of each place.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, workload: &Workload, address: Address, brk: Address) {
        let (kind, offset) = match Place::of(address, brk, workload.header.page) {
            Place::Nowhere => (0, 0),
            Place::Heap { offset } => (1, offset.0),
            Place::Mapping { offset } => (2, offset.0),
        };
        for byte in std::iter::once(kind).chain(offset.to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// One line of the file: environment, digest, resident bytes at the marks.
fn line(environment: &str, digest: &Digest, marks: impl Iterator<Item = u64>) -> String {
    let marks: Vec<String> = marks.map(|bytes| bytes.to_string()).collect();
    format!("{environment}|{:016x}|{}", digest.0, marks.join(" "))
}

fn variables(environment: &str) -> Vec<Variable> {
    let parsed = highwater_simulator::parse_lines(&environment.replace(' ', "\n"));
    parsed.expect("the file's environments are well formed")
}

fn model_line(workload: &Arc<Workload>, environment: &str) -> String {
    let variant = Variant {
        allocator: Choice::default(),
        environment: variables(environment),
        cap: None,
    };
    let mut simulation = Simulation::new(Arc::clone(workload), &variant).expect("one thread");
    let (mut digest, mut marks) = (Digest::new(), Vec::new());
    let brk = simulation.kernel().config().brk;
    while let Some(event) = simulation.step() {
        match event.call {
            Call::Malloc { block, .. }
            | Call::Calloc { block, .. }
            | Call::Aligned { block, .. }
            | Call::Realloc { block, .. } => {
                digest.add(workload, simulation.address(block), brk);
            }
            Call::Mark(_) => marks.push(simulation.kernel().rss().0),
            _ => {}
        }
    }
    line(environment, &digest, marks.into_iter())
}

#[test]
fn every_address_and_every_mark_is_the_real_librarys() {
    let workload = Arc::new(bundled());
    assert!(ANSWERS.lines().count() >= 10, "the file holds the answers");
    for expected in ANSWERS.lines() {
        let environment = expected.split('|').next().unwrap_or_default();
        let found = model_line(&workload, environment);
        assert_eq!(found, expected, "under `{environment}`");
    }
}

#[test]
fn the_recording_is_its_own_answer_sheet() {
    let workload = Arc::new(bundled());
    let options = Options {
        check: true,
        ..Options::default()
    };
    let recording = run(&workload, &Variant::default(), &options, &mut unwatched)
        .expect("one thread, default settings");
    assert_eq!(recording.addresses.first_difference, None);
    assert_eq!(recording.addresses.compared, recording.allocations);
    assert!(recording.marks.iter().any(|mark| mark.measured.is_some()));
    for mark in &recording.marks {
        if let Some(measured) = mark.measured {
            assert_eq!(mark.sample.rss, measured, "at {}", mark.name);
        }
    }
}

/// Writes the file from a folder of answer sheets, traces the real library has answered:
/// `HIGHWATER_SHEETS=folder cargo test -p highwater-simulator --test answers -- --ignored record_answers`
#[test]
#[ignore = "records; needs answer sheets of the real library"]
fn record_answers() {
    let folder = std::env::var("HIGHWATER_SHEETS").expect("HIGHWATER_SHEETS names the folder");
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        let sheet = trace::read(&std::fs::read(path).expect("readable")).expect("well formed");
        let environment: Vec<String> = sheet
            .header
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let brk = sheet
            .header
            .brk
            .expect("an answer sheet says where its heap began");
        let mut digest = Digest::new();
        for address in &sheet.recorded {
            digest.add(&sheet, *address, brk);
        }
        let marks = sheet.marks.iter().filter_map(|mark| mark.value("heap_rss"));
        lines.push(line(&environment.join(" "), &digest, marks));
    }
    lines.sort();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/asyncio_burst.answers");
    std::fs::write(file, lines.join("\n") + "\n").expect("writable");
}
