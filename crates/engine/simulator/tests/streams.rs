//! Patterns that are made burst by burst, and traces that are read part by part, while they are replayed.

mod small;

use flate2::{Compression, write::GzEncoder};
use highwater_simulator::{
    Address, Bytes, Choice, Explain, Micros, Options, PythonVersion, Recording, Run, Sample,
    Simulation, Variant, run,
};
use highwater_workload::pattern::{Generator, Parameters};
use highwater_workload::trace::{self, Limits, TraceFile};
use highwater_workload::{Pattern, Sample as TakenSample, Source, unwatched};
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A pattern that is made while it is replayed gives what it gives when it is in memory.
#[test]
fn made_burst_by_burst_a_run_is_the_same() {
    let parameters = "events=30 cycles=3 survivors=5 jobs=40 requests=20 tasks=10";
    let parameters: Parameters = parameters.parse().expect("in range");
    for pattern in Pattern::ALL {
        let variant = Variant {
            python: pattern.python().and_then(PythonVersion::parse),
            ..Variant::default()
        };
        let options = Options::default();
        let run =
            |source: Source| run(source, &variant, &options, &mut unwatched).expect("it can run");
        let whole = run(pattern.source(&parameters, &mut unwatched).expect("small"));
        let generator = Generator::new(pattern, &parameters).expect("small");
        let parts = run(Source::streamed(generator, &mut unwatched).expect("not cancelled"));
        assert!(whole.events > 1000);
        assert_eq!(parts.events, whole.events);
        // Peaks are since the sample before, and samples between the marks lie elsewhere.
        let marks = |recording: &Recording| -> Vec<_> {
            let marks = recording.marks.iter().map(|mark| {
                let sample = Sample {
                    rss_peak: Bytes(0),
                    live_peak: Bytes(0),
                    charged_peak: Bytes(0),
                    working_set_peak: Bytes(0),
                    ..mark.sample
                };
                (mark.name.clone(), sample)
            });
            marks.collect()
        };
        assert_eq!(marks(&parts), marks(&whole));
        assert_eq!(parts.peak_rss, whole.peak_rss);
        assert_eq!(parts.peak_live, whole.peak_live);
        assert_eq!(parts.decisions, whole.decisions);
        let pins = |recording: &Recording| -> Vec<_> {
            let diagnosis = recording.diagnosis.as_ref();
            let pins = diagnosis.expect("the end is explained").pins.iter();
            pins.cloned().collect()
        };
        assert_eq!(pins(&parts), pins(&whole));
    }
}

/// A trace's bytes, opened as often as asked, of which so many of text are at hand at one time.
fn file(bytes: &[u8], window: usize) -> TraceFile {
    let bytes: Arc<[u8]> = bytes.into();
    let limits = Limits {
        window,
        ..Limits::default()
    };
    let open = move |_, at| {
        let mut bytes = Cursor::new(Arc::clone(&bytes));
        bytes.set_position(at);
        Ok(Box::new(bytes) as trace::Bytes)
    };
    TraceFile::new(1, open, limits)
}

fn variants() -> Vec<Variant> {
    let on = |(name, version): (&str, &str), python| Variant {
        allocator: Choice::named(name, version).expect("it is modelled"),
        python,
        ..Variant::default()
    };
    vec![
        on(("glibc", "2.36"), None),
        on(("jemalloc", "5.3.0"), None),
        on(("glibc", "2.41"), PythonVersion::parse("3.11")),
    ]
}

/// A form that a trace's file may have.
enum Form {
    Text,
    PackedText,
    Binary,
    PackedBinary,
}

const FORMS: [Form; 4] = [
    Form::Text,
    Form::PackedText,
    Form::Binary,
    Form::PackedBinary,
];

/// A trace that is read while it is replayed gives what it gives when it is in memory, wherever its parts end.
fn assert_same(text: &[u8], windows: &[usize], forms: &[Form]) {
    let mut packed = Vec::new();
    trace::pack(text, &mut packed).expect("memory takes all");
    let gzip = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).expect("memory takes all");
        gzip.finish().expect("memory takes all")
    };
    let whole = trace::read(text).expect("a good trace");
    let third = whole.events.len() as u64 / 3;
    for variant in variants() {
        let options = Options {
            explain: Explain::LastRest,
            check: true,
            ..Options::default()
        };
        let in_phases = |source: &Source| {
            let phases = source.phases().expect("they were found");
            let run = Run::new(source, &variant, &options).expect("it can run");
            let mut run = run.in_phases(phases);
            while run.go_on(1000) {}
            run.check().expect("the file is as it was");
            run.finish()
        };
        let looked_at = |source: &Source| {
            let mut simulation = Simulation::new(source, &variant).expect("it can run");
            simulation.run_until(third);
            let copy = simulation.clone();
            simulation.run_until(u64::MAX);
            let mut later = copy.clone();
            later.run_until(u64::MAX);
            assert_eq!(
                later.diagnose(),
                simulation.diagnose(),
                "a copy goes on alike"
            );
            (copy.diagnose(), copy.frame(), simulation.diagnose())
        };
        let source = Source::from(whole.clone());
        let (expected, looks) = (in_phases(&source), looked_at(&source));
        for &window in windows {
            for form in forms {
                let bytes = match form {
                    Form::Text => text.to_vec(),
                    Form::PackedText => gzip(text),
                    Form::Binary => packed.clone(),
                    Form::PackedBinary => gzip(&packed),
                };
                let read = Source::traced(file(&bytes, window), 1, Vec::new());
                let read = read.expect("a good trace");
                assert!(read.is_streamed());
                assert_eq!(read.phases(), source.phases());
                assert_eq!(read.events(), source.events());
                assert_eq!(read.duration(), source.duration());
                assert_eq!(in_phases(&read), expected, "{window}");
                assert_eq!(looked_at(&read), looks, "{window}");
            }
        }
    }
}

#[test]
fn read_part_by_part_a_trace_is_the_same() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../web/traces/asyncio_burst.hwt.gz");
    let bytes = std::fs::read(path).expect("the recording is part of the project");
    let mut text = Vec::new();
    let trace = trace::read(&bytes).expect("a good trace");
    trace::write(&trace, None, &mut text).expect("memory takes all");
    assert_same(&text, &[1 << 17], &[Form::PackedText]);
}

#[test]
fn read_part_by_part_programs_at_random_are_the_same() {
    for seed in 0..2 {
        let mut program = small::program(seed);
        program.header.brk = Some(Address(0x5555_5555_5000));
        let mut text = Vec::new();
        trace::write(&program, None, &mut text).expect("memory takes all");
        assert_same(&text, &[300, 1 << 15], &FORMS);
    }
}

#[test]
fn pages_that_were_touched_are_the_same_whatever_part_says_so() {
    let mut text = String::from("highwater-trace 2\nbrk 0x555555555000\ntouch none\n");
    for turn in 0..200_u64 {
        let (time, large) = (turn * 1000, 0x10_0000 + turn * 0x10_0000);
        text += &format!("m {time} 0 {large:#x} 400000\n");
        for small in 0..20 {
            let time = time + small;
            text += &format!("m {time} 0 {small:#x}8 {}\n", 24 + small * 50);
            text += &format!("f {time} 0 {small:#x}8\n");
        }
        text += &format!("p {} 0 {large:#x} 0+{} 3+2\n", time + 30, 1 + turn % 7);
        if turn > 4 {
            let old = large - 0x50_0000;
            text += &format!(
                "p {} 0 {old:#x} 0+60\nf {} 0 {old:#x}\n",
                time + 40,
                time + 50
            );
        }
    }
    assert_same(text.as_bytes(), &[100, 4096], &FORMS);
}

#[test]
fn a_trace_of_few_events_is_kept() {
    let text = b"highwater-trace 1\nm 0 0 0x10 24\nf 5 0 0x10\n";
    let sample = |time| TakenSample {
        event: 0,
        time: Micros(time),
        text: "rss=1".into(),
    };
    let samples: Vec<TakenSample> = [9, 0, 3].map(sample).into();
    for (window, is_streamed) in [(1 << 20, false), (40, true)] {
        let read = Source::traced(
            file(text, window),
            u64::from(!is_streamed) * 9,
            samples.clone(),
        );
        let read = read.expect("a good trace");
        assert_eq!(read.is_streamed(), is_streamed);
        let placed = read
            .first()
            .samples
            .iter()
            .map(|sample| (sample.event, sample.time.0));
        assert_eq!(placed.collect::<Vec<_>>(), [(1, 0), (1, 3), (2, 9)]);
    }
}

#[test]
fn a_trace_that_has_changed_is_refused() {
    let text =
        "highwater-trace 1\nm 0 0 0x10 24\n".to_owned() + &"m 2 0 0x20 24\nf 2 0 0x20\n".repeat(20);
    let times = AtomicUsize::new(0);
    let open = move |_, at: u64| {
        // Only the first reading finds it whole.
        let length = match times.fetch_add(1, Ordering::Relaxed) {
            0 => text.len(),
            _ => 200,
        };
        let mut bytes = Cursor::new(text.as_bytes()[..length].to_vec());
        bytes.set_position(at);
        Ok(Box::new(bytes) as trace::Bytes)
    };
    let limits = Limits {
        window: 64,
        ..Limits::default()
    };
    let source =
        Source::traced(TraceFile::new(1, open, limits), 1, Vec::new()).expect("it is whole");
    let error = run(
        source,
        &Variant::default(),
        &Options::default(),
        &mut unwatched,
    );
    let error = error.expect_err("it is cut off").to_string();
    assert!(error.contains("do not change it"), "{error}");
}
