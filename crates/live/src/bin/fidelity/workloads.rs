//! What is run: random sequences, traces, patterns; and under which settings.

use crate::named;
use crate::options::Options;
use highwater_live::{
    Environment, Sequence, all_environments, generate, generate_threads, of_workload,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Scenario, trace, unwatched};
use std::path::{Path, PathBuf};

/// The settings under which programs are run: those that people try.
const SETTINGS: [&str; 10] = [
    "",
    "MALLOC_TRIM_THRESHOLD_=65536",
    "MALLOC_TRIM_THRESHOLD_=4194304",
    "MALLOC_ARENA_MAX=2",
    "MALLOC_ARENA_MAX=1",
    "MALLOC_MMAP_THRESHOLD_=16384",
    "MALLOC_TOP_PAD_=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=0",
    "MALLOC_TRIM_THRESHOLD_=65536 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=16384",
];
const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/traces");
const THREADS_MAX: u16 = 16;

/// A workload and the settings it is run under.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) settings: Vec<Environment>,
}

/// Where its sequences come from.
pub(crate) enum Source {
    /// One, of a program.
    Program(Sequence),
    /// Random ones of so many operations: under no setting a quarter, the rest in equal parts under each of the others.
    Random {
        make: fn(u64) -> Sequence,
        operations: u64,
    },
}

/// All that is run on each library.
pub(crate) fn all(options: &Options) -> Result<Vec<Workload>, String> {
    let mut environments = all_environments();
    environments.retain(|environment| !environment.lines.is_empty());
    environments.insert(0, Environment::default());
    let random = |name: &str, make| Workload {
        name: format!("random operations, {name}"),
        source: Source::Random {
            make,
            operations: options.operations / 2,
        },
        settings: environments.clone(),
    };
    let mut workloads = vec![
        random("one thread", generate),
        random("2 to 16 threads", |seed| {
            generate_threads(seed, THREADS_MAX)
        }),
    ];
    for scenario in Scenario::ALL {
        let made = scenario
            .build(&Parameters::default(), &mut unwatched)
            .map_err(|error| format!("{}: {error}", scenario.name()))?;
        workloads.push(program(format!("pattern {}", scenario.name()), &made));
    }
    for path in traces(options)? {
        let bytes = std::fs::read(&path).map_err(|error| named(&path, &error))?;
        let read = trace::read(&bytes).map_err(|error| named(&path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        workloads.push(program(format!("trace {name}"), &read));
    }
    Ok(workloads)
}

fn program(name: String, made: &highwater_workload::Workload) -> Workload {
    let sequence = of_workload(made);
    let name = match sequence.threads() {
        1 => format!("{name}, one thread"),
        threads => format!("{name}, {threads} threads"),
    };
    let settings = SETTINGS.into_iter().map(Environment::parse);
    Workload {
        name,
        source: Source::Program(sequence),
        settings: settings.collect(),
    }
}

/// The bundled ones, then those that were named, each once.
fn traces(options: &Options) -> Result<Vec<PathBuf>, String> {
    let bundled = Path::new(BUNDLED);
    let entries = std::fs::read_dir(bundled).map_err(|error| named(bundled, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".hwt") || name.ends_with(".hwt.gz")
        })
        .collect();
    paths.sort();
    for trace in &options.traces {
        if !paths
            .iter()
            .any(|path| path.file_name() == trace.file_name())
        {
            paths.push(trace.clone());
        }
    }
    Ok(paths)
}
