//! How many operations a second the models make, beside the real allocators making the same ones.
//!
//! `cargo bench -p highwater-live` replays the bundled recording on the machine's own malloc and on the model of glibc, and on
//! the machine's own jemalloc and its model, if it has one. `HIGHWATER_TRACES=FOLDER` adds every single-threaded trace of a
//! folder; `HIGHWATER_LIBRARIES=FOLDER` takes every jemalloc that is unpacked there instead of the machine's own. For each
//! trace and allocator three things are timed:
//!
//! - `real`: the calls on the real allocator, every block written page by page as the recorded program did, in a child
//!   process whose heap nothing has touched. The time is taken inside the child, from the first call to the end of the
//!   last; reading the operations into memory comes before.
//! - `model`: the same calls on the simulation, its construction included.
//! - `recording`: the simulation with everything that the page shows of it: samples, heap maps, the diagnosis at the end.
//!
//! jemalloc is told the times of the trace, on both sides, so that it purges as it would have.
//!
//! Times are processor times, the kernel's work for the process included, so that what else the machine does is left out.
//! Criterion reports each by itself; for the last lines the three are timed in turn, round after round, and put side by
//! side by their medians, so that what slows the machine down for a while slows all of them.

use anyhow::{Result, bail};
use cpu_time::ThreadTime;
use criterion::{Criterion, SamplingMode, Throughput};
use highwater_live::wire::Record;
use highwater_live::{
    AllocatorFamily, Environment, Library, Operation, Oracle, Step, operation_of, timed_of_workload,
};
use highwater_simulator::{Choice, Options, Simulation, Variant};
use highwater_workload::{Event, Workload, trace, unwatched};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const BUNDLED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../web/traces/asyncio_burst.hwt.gz"
);

/// How many times as fast as the real allocator the model is meant to be on every trace. With `HIGHWATER_STRICT` set the
/// benchmark fails where it is not; it is not yet on traces of little but short-lived blocks of every size, where most
/// calls search and merge chunks and the real allocator waits for no page.
const ENOUGH: f64 = 2.0;
/// Rounds in which the sides take turns.
const ROUNDS: usize = 15;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut rivals = rivals();
    let mut lines = Vec::new();
    for path in traces() {
        match Subject::read(&path) {
            Ok(subject) => {
                for rival in &mut rivals {
                    lines.push(compare(&mut criterion, &subject, rival));
                }
            }
            Err(reason) => println!("{}: skipped: {reason}", path.display()),
        }
    }
    criterion.final_summary();
    println!(
        "{:<36} {:>10} {:>12} {:>12} {:>12} {:>8} {:>10}",
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

/// A real allocator and the variant that is its model.
struct Rival {
    /// None where the machine has no such allocator.
    oracle: Option<Oracle>,
    variant: Variant,
}

/// glibc, and every jemalloc at hand that is modelled.
fn rivals() -> Vec<Rival> {
    let start = |library: &Library| Oracle::start(library, &Environment::default());
    let glibc = start(&Library::installed());
    if let Err(reason) = &glibc {
        println!("real: skipped: {reason}");
    }
    let mut rivals = vec![Rival {
        oracle: glibc.ok(),
        variant: Variant::default(),
    }];
    let jemallocs = match std::env::var_os("HIGHWATER_LIBRARIES") {
        Some(folder) => Library::jemallocs_in_folder(Path::new(&folder))
            .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&folder).display())),
        None => Library::installed_jemalloc().into_iter().collect(),
    };
    if jemallocs.is_empty() {
        println!("jemalloc: skipped: there is no libjemalloc.so.2");
    }
    for library in jemallocs {
        let name = &library.name;
        match start(&library) {
            Ok(oracle) => {
                let release = oracle.release();
                let choice = format!("{}@{}", release.family, release.version);
                match choice.parse::<Choice>() {
                    Ok(allocator) => rivals.push(Rival {
                        oracle: Some(oracle),
                        variant: Variant {
                            allocator,
                            ..Variant::default()
                        },
                    }),
                    Err(_) => println!("{name}: skipped: {release} is not modelled"),
                }
            }
            Err(reason) => println!("{name}: skipped: {reason}"),
        }
    }
    rivals
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
    /// The same with the times at which they were made.
    timed: Vec<Record>,
    operations: u64,
}

impl Subject {
    fn read(path: &Path) -> Result<Self> {
        let workload = trace::read(&std::fs::read(path)?)?;
        if workload.last_thread.0 > 0 {
            bail!("it has more than one thread");
        }
        let workload = Arc::new(workload);
        let records: Vec<Record> = workload.events.iter().filter_map(record).collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.split('.').next().unwrap_or_default().to_owned(),
            operations: records.len() as u64,
            timed: timed_of_workload(&workload)
                .steps
                .iter()
                .filter_map(timed_record)
                .collect(),
            workload,
            records,
        })
    }
}

/// The call as the oracle reads it; marks are no calls.
fn record(event: &Event) -> Option<Record> {
    let call = operation_of(&event.call).filter(|call| *call != Operation::ThreadExit);
    call.map(|call| call.to_record(0))
}

/// The call, or the time that passes before the next.
fn timed_record(step: &Step) -> Option<Record> {
    let is_call = !matches!(step.operation, Operation::ThreadExit | Operation::Mark);
    is_call.then(|| step.operation.to_record(0))
}

/// Times all of a trace on an allocator and its model, and returns its line of the table.
fn compare(
    criterion: &mut Criterion,
    subject: &Subject,
    rival: &mut Rival,
) -> (String, Option<f64>) {
    let name = format!("{} {}", subject.name, rival.variant.allocator);
    let mut group = criterion.benchmark_group(&name);
    group
        .throughput(Throughput::Elements(subject.operations))
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20);
    let variant = &rival.variant;
    if let Some(oracle) = &mut rival.oracle {
        group.bench_function("real", |bencher| {
            bencher.iter_custom(|count| (0..count).map(|_| time_real(oracle, subject)).sum());
        });
    }
    group.bench_function("model", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| time_model(subject, variant)).sum());
    });
    group.bench_function("recording", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| time_recording(subject, variant)).sum());
    });
    group.finish();
    let [mut real, mut model, mut recording] = [const { Times(Vec::new()) }; 3];
    for _ in 0..ROUNDS {
        if let Some(oracle) = &mut rival.oracle {
            real.0.push(time_real(oracle, subject));
        }
        model.0.push(time_model(subject, variant));
        recording.0.push(time_recording(subject, variant));
    }
    line(&name, subject.operations, [real, model, recording])
}

fn time_real(oracle: &mut Oracle, subject: &Subject) -> Duration {
    let workload = &subject.workload;
    let records = match oracle.release().family {
        AllocatorFamily::Glibc => &subject.records,
        AllocatorFamily::Jemalloc => &subject.timed,
    };
    oracle
        .time(records, workload.blocks, workload.header.touch)
        .unwrap_or_else(|error| panic!("{}: {error}", subject.name))
}

fn time_model(subject: &Subject, variant: &Variant) -> Duration {
    let start = ThreadTime::now();
    let mut simulation = Simulation::new(Arc::clone(&subject.workload), variant)
        .unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    simulation.run_until(u64::MAX);
    let took = start.elapsed();
    assert!(
        simulation.position() == subject.workload.events.len() as u64,
        "the simulation stopped early"
    );
    took
}

fn time_recording(subject: &Subject, variant: &Variant) -> Duration {
    let start = ThreadTime::now();
    let recording = highwater_simulator::run(
        &subject.workload,
        variant,
        &Options::default(),
        &mut unwatched,
    )
    .unwrap_or_else(|error| panic!("{}: {error}", subject.name));
    let took = start.elapsed();
    assert!(recording.events > 0, "nothing was recorded");
    took
}

/// How long each round took.
struct Times(Vec<Duration>);

impl Times {
    /// Operations a second at the median.
    fn rate(mut self, operations: u64) -> Option<f64> {
        self.0.sort();
        let median = self.0.get(self.0.len() / 2)?;
        Some(operations as f64 / median.as_secs_f64())
    }
}

/// The line of the table, and how many times as fast as the real allocator the model is.
fn line(name: &str, operations: u64, times: [Times; 3]) -> (String, Option<f64>) {
    let [real, model, recording] = times.map(|times| times.rate(operations));
    let rate =
        |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.2} M", rate / 1e6));
    let ratio = |side: Option<f64>| match (side, real) {
        (Some(side), Some(real)) => format!("{:.2} x", side / real),
        _ => "-".to_owned(),
    };
    let text = format!(
        "{name:<36} {operations:>10} {:>12} {:>12} {:>12} {:>8} {:>10}",
        rate(real),
        rate(model),
        rate(recording),
        ratio(model),
        ratio(recording)
    );
    (text, model.zip(real).map(|(model, real)| model / real))
}
