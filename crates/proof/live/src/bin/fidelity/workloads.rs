//! What is run: random sequences, traces, patterns; and under which settings.

use crate::options::Options;
use anyhow::{Context, Result};
use highwater_live::{
    AllocatorFamily, Environment, Sequence, all_environments, generate, generate_threads,
    generate_timed, jemalloc_environments, of_workload, timed_of_workload,
};
use highwater_workload::pattern::Parameters;
use highwater_workload::{Pattern, trace, unwatched};
use std::path::{Path, PathBuf};

/// The settings under which programs are run: those that people try.
const SETTINGS: [&str; 11] = [
    "",
    "MALLOC_TRIM_THRESHOLD_=65536",
    "MALLOC_TRIM_THRESHOLD_=4194304",
    "MALLOC_ARENA_MAX=2",
    "MALLOC_ARENA_MAX=1",
    "MALLOC_MMAP_THRESHOLD_=16384",
    "MALLOC_TOP_PAD_=0",
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=0",
    "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    "MALLOC_TRIM_THRESHOLD_=65536 MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=16384",
];
/// The same for jemalloc.
const CONFS: [&str; 8] = [
    "",
    "MALLOC_CONF=dirty_decay_ms:1000,muzzy_decay_ms:1000",
    "MALLOC_CONF=dirty_decay_ms:5000,muzzy_decay_ms:5000",
    "MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0",
    "MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1",
    "MALLOC_CONF=narenas:1,tcache:false",
    "MALLOC_CONF=narenas:1,tcache_max:1024,dirty_decay_ms:1000,muzzy_decay_ms:0",
    "MALLOC_CONF=retain:false",
];
const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../web/traces");
const THREADS_MAX: u16 = 16;

/// A workload and the settings it is run under.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) settings: Vec<Environment>,
}

/// The sequence of a seed.
type Make = fn(u64) -> Sequence;

/// Where its sequences come from.
pub(crate) enum Source {
    /// A program.
    Program {
        /// Its calls, and at its marks what is resident.
        calls: Sequence,
        /// The same calls with the allocator's figures asked for at the marks, where it has any.
        questions: Option<Sequence>,
    },
    /// Random ones of so many operations: under no setting a quarter, the rest in equal parts under each of the others.
    Random { make: Make, operations: u64 },
}

/// A pattern or a trace.
pub(crate) struct Program {
    name: String,
    workload: std::sync::Arc<highwater_workload::Workload>,
}

/// All programs.
pub(crate) fn programs(options: &Options) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for scenario in Pattern::ALL {
        let workload = scenario
            .build(&Parameters::default(), &mut unwatched)
            .with_context(|| scenario.name())?;
        programs.push(Program {
            name: format!("pattern {}", scenario.name()),
            workload: workload.into(),
        });
    }
    for path in traces(options)? {
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let workload = trace::read(&bytes).with_context(|| path.display().to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        programs.push(Program {
            name: format!("trace {name}"),
            workload: workload.into(),
        });
    }
    Ok(programs)
}

/// All that is run on each release of an allocator, with about so many random operations.
pub(crate) fn all(family: AllocatorFamily, programs: &[Program], operations: u64) -> Vec<Workload> {
    let random = |name: &str, make: Make| Workload {
        name: format!("random operations, {name}"),
        source: Source::Random {
            make,
            operations: operations / 2,
        },
        settings: random_settings(family),
    };
    let (one, many): (Make, Make) = match family {
        AllocatorFamily::Glibc => (generate, |seed| generate_threads(seed, THREADS_MAX)),
        AllocatorFamily::Jemalloc => (|seed| timed(seed, 1), |seed| timed(seed, THREADS_MAX)),
    };
    let random = [random("one thread", one), random("2 to 16 threads", many)];
    let programs = programs.iter().map(|program| program.under(family));
    random.into_iter().chain(programs).collect()
}

/// Every other sequence asks for figures, the others for what is resident.
fn timed(seed: u64, threads_max: u16) -> Sequence {
    let sequence = generate_timed(seed, threads_max);
    match seed % 2 {
        0 => sequence,
        _ => sequence.asking(),
    }
}

/// No setting, then each of the others.
fn random_settings(family: AllocatorFamily) -> Vec<Environment> {
    let mut environments = match family {
        AllocatorFamily::Glibc => all_environments(),
        AllocatorFamily::Jemalloc => jemalloc_environments(),
    };
    environments.retain(|environment| !environment.lines.is_empty());
    environments.insert(0, Environment::default());
    environments
}

impl Program {
    fn under(&self, family: AllocatorFamily) -> Workload {
        let source = match family {
            AllocatorFamily::Glibc => Source::Program {
                calls: of_workload(&self.workload),
                questions: None,
            },
            AllocatorFamily::Jemalloc => {
                let calls = timed_of_workload(&self.workload);
                Source::Program {
                    questions: Some(calls.clone().asking()),
                    calls,
                }
            }
        };
        let settings: &[&str] = match family {
            AllocatorFamily::Glibc => &SETTINGS,
            AllocatorFamily::Jemalloc => &CONFS,
        };
        let threads = match self.workload.last_thread.0 {
            0 => "one thread".to_owned(),
            last => format!("{} threads", u32::from(last) + 1),
        };
        Workload {
            name: format!("{}, {threads}", self.name),
            source,
            settings: settings
                .iter()
                .map(|text| Environment::parse(text))
                .collect(),
        }
    }
}

/// The bundled ones, then those that were named, each once.
fn traces(options: &Options) -> Result<Vec<PathBuf>> {
    let bundled = Path::new(BUNDLED);
    let entries = std::fs::read_dir(bundled).with_context(|| BUNDLED)?;
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
