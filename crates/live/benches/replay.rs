//! How many operations a second the model makes, beside the machine's own allocator making the same ones.
//!
//! `cargo bench -p highwater-live` replays the bundled recording; `HIGHWATER_TRACES=FOLDER` adds every single-threaded
//! trace of a folder. For each trace three things are timed:
//!
//! - `real`: the calls on the machine's malloc, every block written page by page as the recorded program did, in a child
//!   process whose heap nothing has touched. The time is taken inside the child, from the first call to the end of the
//!   last; reading the operations into memory comes before.
//! - `model`: the same calls on the simulation, its construction included.
//! - `recording`: the simulation with everything that the page shows of it: samples, heap maps, the diagnosis at the end.
//!
//! Times are processor times, the kernel's work for the process included, so that what else the machine does is left out.
//! Criterion reports each; the last lines put them side by side, by their medians.

use cpu_time::ThreadTime;
use criterion::{Criterion, SamplingMode, Throughput};
use highwater_live::wire::Record;
use highwater_live::{Environment, Library, Oracle, operation_of};
use highwater_simulator::{Options, Simulation, Variant};
use highwater_workload::{Call, Event, Workload, trace, unwatched};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const BUNDLED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../web/traces/asyncio_burst.hwt.gz"
);

/// The model is meant to be so many times as fast as the real allocator on every trace. With `HIGHWATER_STRICT` set the
/// benchmark fails where it is not; it is not yet on traces of little but short-lived blocks of every size, where most
/// calls search and merge chunks and the real allocator waits for no page.
const ENOUGH: f64 = 2.0;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut lines = Vec::new();
    for path in traces() {
        match Subject::read(&path) {
            Ok(subject) => lines.push(compare(&mut criterion, &subject)),
            Err(reason) => println!("{}: skipped: {reason}", path.display()),
        }
    }
    criterion.final_summary();
    println!(
        "{:<20} {:>10} {:>12} {:>12} {:>12} {:>8} {:>10}",
        "", "operations", "real /s", "model /s", "recording /s", "model", "recording"
    );
    let mut slow = 0;
    for (line, ratio) in lines {
        println!("{line}");
        slow += u32::from(ratio.is_some_and(|ratio| ratio < ENOUGH));
    }
    if slow > 0 && std::env::var_os("HIGHWATER_STRICT").is_some() {
        eprintln!(
            "{slow} traces are replayed less than {ENOUGH} times as fast as the real allocator does"
        );
        std::process::exit(1);
    }
}

/// The bundled recording and what the environment names.
fn traces() -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::from(BUNDLED)];
    if let Some(folder) = std::env::var_os("HIGHWATER_TRACES") {
        let bundled = paths[0].file_name().map(ToOwned::to_owned);
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&folder).display()));
        let is_trace = |path: &PathBuf| {
            let name = path.to_string_lossy();
            name.ends_with(".hwt") || name.ends_with(".hwt.gz")
        };
        let mut more: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(is_trace)
            .filter(|path| path.file_name() != bundled.as_deref())
            .collect();
        more.sort();
        paths.extend(more);
    }
    paths
}

/// A trace in the forms in which the two sides take it.
struct Subject {
    name: String,
    workload: Arc<Workload>,
    records: Vec<Record>,
    operations: u64,
}

impl Subject {
    fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let workload = trace::read(&bytes).map_err(|error| error.to_string())?;
        if workload.last_thread.0 > 0 {
            return Err("it has more than one thread".to_owned());
        }
        let records: Vec<Record> = workload.events.iter().filter_map(record).collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.split('.').next().unwrap_or_default().to_owned(),
            operations: records.len() as u64,
            workload: Arc::new(workload),
            records,
        })
    }
}

/// The call as the oracle reads it; marks are no calls.
fn record(event: &Event) -> Option<Record> {
    let is_call = !matches!(event.call, Call::ThreadExit | Call::Mark(_));
    is_call.then(|| operation_of(&event.call).to_record(0))
}

/// Times all of a trace and returns its line of the table.
fn compare(criterion: &mut Criterion, subject: &Subject) -> (String, Option<f64>) {
    let mut group = criterion.benchmark_group(&subject.name);
    group
        .throughput(Throughput::Elements(subject.operations))
        .sampling_mode(SamplingMode::Flat)
        .sample_size(20);
    let mut real = Times::default();
    match Oracle::start(&Library::installed(), &Environment::default()) {
        Ok(mut oracle) => {
            group.bench_function("real", |bencher| {
                bencher.iter_custom(|count| real.sum(count, || time_real(&mut oracle, subject)));
            });
        }
        Err(reason) => println!("{}/real: skipped: {reason}", subject.name),
    }
    let mut model = Times::default();
    group.bench_function("model", |bencher| {
        bencher.iter_custom(|count| model.sum(count, || time_model(subject)));
    });
    let mut recording = Times::default();
    group.bench_function("recording", |bencher| {
        bencher.iter_custom(|count| recording.sum(count, || time_recording(subject)));
    });
    group.finish();
    line(subject, [&real, &model, &recording])
}

fn time_real(oracle: &mut Oracle, subject: &Subject) -> Duration {
    let workload = &subject.workload;
    oracle
        .time(&subject.records, workload.blocks, workload.header.touch)
        .unwrap_or_else(|error| panic!("{}: {error}", subject.name))
}

fn time_model(subject: &Subject) -> Duration {
    let start = ThreadTime::now();
    let mut simulation = Simulation::new(Arc::clone(&subject.workload), &Variant::default())
        .unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    simulation.run_until(u64::MAX);
    let took = start.elapsed();
    assert!(
        simulation.position() == subject.workload.events.len() as u64,
        "the simulation stopped early"
    );
    took
}

fn time_recording(subject: &Subject) -> Duration {
    let start = ThreadTime::now();
    let recording = highwater_simulator::run(
        &subject.workload,
        &Variant::default(),
        &Options::default(),
        &mut unwatched,
    )
    .unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    let took = start.elapsed();
    assert!(recording.events > 0, "nothing was recorded");
    took
}

/// How long each round took.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn sum(&mut self, rounds: u64, mut time: impl FnMut() -> Duration) -> Duration {
        let before = self.0.len();
        self.0.extend((0..rounds).map(|_| time()));
        self.0[before..].iter().sum()
    }

    /// Operations a second at the median.
    fn rate(&self, operations: u64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort();
        let median = sorted.get(sorted.len() / 2)?;
        Some(operations as f64 / median.as_secs_f64())
    }
}

/// The line of the table, and how many times as fast as the real allocator the model is.
fn line(subject: &Subject, times: [&Times; 3]) -> (String, Option<f64>) {
    let [real, model, recording] = times.map(|times| times.rate(subject.operations));
    let rate =
        |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.2} M", rate / 1e6));
    let ratio = |side: Option<f64>| match (side, real) {
        (Some(side), Some(real)) => format!("{:.2} x", side / real),
        _ => "-".to_owned(),
    };
    let text = format!(
        "{:<20} {:>10} {:>12} {:>12} {:>12} {:>8} {:>10}",
        subject.name,
        subject.operations,
        rate(real),
        rate(model),
        rate(recording),
        ratio(model),
        ratio(recording)
    );
    (text, model.zip(real).map(|(model, real)| model / real))
}
