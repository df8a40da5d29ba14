//! Programs rich in small blocks, and the recording of asyncio_burst, through CPython's object allocator, against what real
//! interpreters' libraries answered.
//!
//! `data/python.answers` holds a line for each answer: the release, the C library below, the settings, the program, where its
//! heap and its mappings began, a digest of every address that the real allocator returned, and the resident bytes of its
//! mappings at every mark. The model has to give out the very addresses, not only places that correspond.
//!
//! The real ones are called as a program would call them that is no interpreter: `PyObject_Malloc` and its kin, over a heap
//! that nothing was allocated from. `write_programs` writes the programs, `record_answers` the file from answer sheets.

mod fnv;
mod small;

use fnv::Fnv;
use highwater_simulator::{
    Address, Bytes, Cause, Options, PythonVersion, Simulation, Variable, Variant, parse_lines, run,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Call, Pattern, Workload, trace, unwatched};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ANSWERS: &str = include_str!("data/python.answers");

/// A line of the file.
struct Answer<'a> {
    python: &'a str,
    glibc: &'a str,
    environment: &'a str,
    program: &'a str,
    brk: u64,
    mappings: u64,
    digest: &'a str,
    resident: Vec<u64>,
}

impl<'a> Answer<'a> {
    fn read(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split('|').collect();
        let [
            python,
            glibc,
            environment,
            program,
            brk,
            mappings,
            digest,
            resident,
        ] = fields[..]
        else {
            panic!("eight fields: {line}");
        };
        let hex = |text| u64::from_str_radix(text, 16).expect("an address");
        Self {
            python,
            glibc,
            environment,
            program,
            brk: hex(brk),
            mappings: hex(mappings),
            digest,
            resident: resident
                .split(' ')
                .map(|bytes| bytes.parse().expect("bytes"))
                .collect(),
        }
    }

    fn variant(&self) -> Variant {
        let environment = self.environment;
        Variant {
            allocator: format!("glibc@{}", self.glibc).parse().expect("modelled"),
            environment: parse_lines(environment),
            python: PythonVersion::parse(self.python),
            ..Variant::default()
        }
    }
}

/// A program by its name: the seed of a generated one, or a recording of the project's.
fn workload(name: &str) -> Workload {
    if let Ok(seed) = name.parse() {
        return small::program(seed);
    }
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../../web/traces/{name}.hwt.gz"));
    let bytes = std::fs::read(path).expect("the recording is part of the project");
    trace::read(&bytes).expect("it is well formed")
}

/// The digest of all addresses and the resident bytes at every mark.
fn model(answer: &Answer<'_>, mut workload: Workload) -> (String, Vec<u64>) {
    workload.header.brk = Some(Address(answer.brk));
    workload.header.mappings = Some(Address(answer.mappings));
    let mut simulation =
        Simulation::new(Arc::new(workload), &answer.variant()).expect("it can run");
    let (mut digest, mut resident) = (Fnv::EMPTY, Vec::new());
    while let Some(event) = simulation.step() {
        if let Some(block) = event.call.allocated() {
            digest.add(simulation.address(block).0.to_le_bytes());
        } else if let Call::Mark(_) = event.call {
            resident.push(simulation.rss().0);
        }
    }
    (format!("{:016x}", digest.0), resident)
}

#[test]
fn every_address_and_every_resident_page_is_the_real_ones() {
    let mut releases: Vec<&str> = Vec::new();
    for line in ANSWERS.lines() {
        let answer = Answer::read(line);
        let (digest, resident) = model(&answer, workload(answer.program));
        let what = line.rsplitn(4, '|').last().unwrap_or_default();
        assert_eq!(digest, answer.digest, "addresses of {what}");
        assert_eq!(resident, answer.resident, "resident memory of {what}");
        releases.push(answer.python);
    }
    releases.dedup();
    assert_eq!(releases, ["3.11", "3.13", "3.14", "3.9"]);
}

#[test]
fn another_release_or_setting_gives_other_addresses() {
    let line = ANSWERS.lines().find(|line| line.starts_with("3.11|2.36||"));
    let answer = Answer::read(line.expect("there is one of 3.11 without settings"));
    for (python, environment) in [
        ("3.9", ""),
        ("3.11", "PYTHONMALLOC=malloc"),
        ("3.11", "PYTHONMALLOC=debug"),
        ("3.11", "PYTHONTRACEMALLOC=1"),
    ] {
        let other = Answer {
            python,
            environment,
            resident: Vec::new(),
            ..answer
        };
        let (digest, _) = model(&other, workload(answer.program));
        assert_ne!(digest, answer.digest, "{python} {environment}");
    }
}

/// What is left in arenas is said, and the map has their pages.
#[test]
fn free_memory_in_arenas_is_told_and_mapped() {
    let workload = small::program(0);
    // Before the last burst goes.
    let last = workload.marks.iter().rposition(|mark| mark.name == "burst");
    let last = last.expect("it ends with one");
    let at = workload
        .events
        .iter()
        .position(|event| matches!(event.call, Call::Mark(id) if id.0 as usize == last));
    for allocator in ["glibc", "jemalloc"] {
        let variant = Variant {
            allocator: allocator.parse().expect("modelled"),
            python: Some(PythonVersion::V3_11),
            ..Variant::default()
        };
        let workload = Arc::new(workload.clone());
        let mut simulation = Simulation::new(workload, &variant).expect("it can run");
        simulation.run_until(at.expect("it is there") as u64);
        let diagnosis = simulation.diagnose();
        let objects = diagnosis.objects.expect("Python has objects");
        assert!(
            objects.arenas > 1 && objects.free_resident.0 > 1 << 20,
            "{objects:?}"
        );
        assert!(objects.free_resident <= objects.free_in_pools + objects.free_pools);
        assert!(diagnosis.free_resident >= objects.free_resident);
        let mut findings = diagnosis.findings.iter();
        let told = findings.find(|finding| finding.cause.name() == "python_arenas");
        let told = told.expect("its arenas are told of");
        assert_eq!(told.bytes, objects.free_resident);
        assert!(
            matches!(told.cause, Cause::PythonArenas { arenas, .. } if arenas == objects.arenas)
        );
        let frame = simulation.frame();
        let pages: u64 = frame.strips.iter().map(|strip| strip.pages).sum();
        assert!(Bytes(pages * 4096) >= objects.arena_bytes);
    }
}

/// The folder that `HIGHWATER_SHEETS` names.
fn sheets() -> PathBuf {
    let folder = std::env::var("HIGHWATER_SHEETS").expect("HIGHWATER_SHEETS names the folder");
    PathBuf::from(folder)
}

/// Writes the programs, to be answered: `HIGHWATER_SHEETS=folder cargo test -p highwater-simulator --test python --
/// --ignored write_programs`
#[test]
#[ignore = "writes; for recording answers"]
fn write_programs() {
    for seed in 0..12 {
        let path = sheets().join(format!("{seed}.hwt"));
        let mut file = std::fs::File::create(path).expect("writable");
        trace::write(&small::program(seed), None, &mut file).expect("writable");
    }
}

/// Writes the file from a folder of answer sheets, each named `PYTHON PROGRAM SETTINGS.answer`, the settings apart by
/// blanks. A sheet is the program's trace with the real addresses, and `brk` and `mappings` in its header.
#[test]
#[ignore = "records; needs answer sheets of the real library"]
fn record_answers() {
    let mut lines: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(sheets()).expect("a folder") {
        let path = entry.expect("readable").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "answer")
        {
            continue;
        }
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        let mut words = name.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (python, program, environment) = (word(), word(), word());
        let sheet = trace::read(&std::fs::read(&path).expect("readable")).expect("well formed");
        assert_eq!(sheet.events, workload(program).events, "{name}");
        let glibc = sheet.header.allocator.as_ref().expect("it says").1.as_str();
        let mut digest = Fnv::EMPTY;
        for address in &sheet.recorded {
            digest.add(address.0.to_le_bytes());
        }
        let resident = sheet.marks.iter().map(|mark| mark.value("heap_rss"));
        let resident: Vec<String> = resident
            .map(|bytes| bytes.expect("measured").to_string())
            .collect();
        let (brk, mappings) = (sheet.header.brk, sheet.header.mappings);
        lines.push(format!(
            "{python}|{glibc}|{environment}|{program}|{:x}|{:x}|{:016x}|{}\n",
            brk.expect("it says").0,
            mappings.expect("it says").0,
            digest.0,
            resident.join(" ")
        ));
    }
    lines.sort();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/python.answers");
    std::fs::write(file, lines.concat()).expect("writable");
}

/// A variable of Python's means nothing without Python, and is said so.
#[test]
fn pythons_settings_are_kept_from_malloc() {
    let environment = vec![Variable {
        name: "PYTHONMALLOC".to_owned(),
        value: "malloc".to_owned(),
    }];
    let mut variant = Variant {
        environment,
        ..Variant::default()
    };
    let without = variant.remarks();
    assert_eq!(without.len(), 1);
    assert!(
        without[0].text.contains("only CPython reads it"),
        "{}",
        without[0].text
    );
    variant.python = Some(PythonVersion::V3_11);
    let with = variant.remarks();
    assert_eq!(with.len(), 1);
    assert!(with[0].text.contains("no pools"), "{}", with[0].text);
}

#[test]
fn what_is_not_pythons_goes_past_it() {
    // A program of C alone: every call is for the C library's malloc, calloc and realloc, interpreter or not.
    let workload = Pattern::Threads.build(&Parameters::default(), &mut unwatched);
    let workload = Arc::new(workload.expect("the defaults can be built"));
    let under = |python| {
        let variant = Variant {
            python,
            ..Variant::default()
        };
        run(&workload, &variant, &Options::default(), &mut unwatched).expect("it can run")
    };
    let (without, with) = (under(None), under(Some(PythonVersion::V3_11)));
    assert_eq!(with.samples, without.samples);
    assert_eq!(with.syscalls, without.syscalls);
}
